"""What Home draws of the digit's way: the ten to choose from, the maps of each layer, a guess and the answer.

Torch is not imported before a section needs it: it takes seconds on a cold server, and the page is there before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.kept import kept
from cnn_core.lesson.guess_questions import ChoiceQuestion
from cnn_core.model.layer_files import kind_named
from pages.home import words
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.contact_sheet import contact_sheet, image_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.forms import guess
from pages.ui.frame import address
from pages.ui.frame.shell import ROOT, entry, exists
from pages.ui.visitor import networks, server
from pages.ui.wording import keys
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see
from pages.ui.wording.picture_words import how_sure
from pages.ui.wording.terms import all_terms

if TYPE_CHECKING:
    import numpy as np
    import torch

    from cnn_core.data import ImageSet
    from pages.ui.visitor.networks import LoadedNetwork

_CHOSEN = "home_digit"  # which of the ten digits
_FIRST = 7
_ON_A_PHONE = (
    "<style>@media (min-width: 768px) {{ .pages-are-behind {{ display: none }} }}</style>"
    '<div class="pages-are-behind">{}</div>'
)


def hint_on_a_phone() -> None:
    """Say where the other pages are, where the window is too narrow for the bar."""
    st.html(_ON_A_PHONE.format(words.PAGES_ARE_BEHIND))


def with_images(network: LoadedNetwork) -> tuple[LoadedNetwork, ImageSet]:
    """The network, and test images of what it has learnt to tell apart.

    Where there are none here, or of another size, the lesson's convnet with digits; it draws the sentence that says so.
    """
    try:
        test = server.images(network.dataset, "test")
        if tuple(test.images.shape[1:]) == network.spec.input_shape:
            return network, test
    except StudentError:
        pass
    caption(words.no_images_for(network.title))
    return networks.ours("lesson"), server.images("mnist", "test")


def digits(test: ImageSet) -> torch.Tensor:
    """Draw the ten digits to choose from. Returns the chosen one, (1, 28, 28) in [0, 1]."""
    indices = _one_of_each(f"{test.name}/{len(test)}", test)
    images = test.images[indices].float() / 255
    part = address.whole("show", _CHOSEN, 0, len(indices) - 1, min(_FIRST, len(indices) - 1))
    address.follow(part)
    chosen = st.session_state.get(_CHOSEN, _FIRST) % len(indices)
    sheet(
        image_sheet(images.numpy()),
        key="home_digits",
        alt="Test images to choose from",
        tile_px=56,
        labels=[words.with_article(name) for name in test.classes],
        selected=chosen,
        columns=10,
        on_click=_choose,
    )
    address.tell(part)
    return images[chosen]


def chosen_name(test: ImageSet) -> str:
    """What the chosen one is, with its article: "a 7"."""
    return words.with_article(test.classes[st.session_state.get(_CHOSEN, _FIRST) % len(test.classes)])


def maps_of_each_layer(network: LoadedNetwork, image: torch.Tensor) -> dict[str, tuple[int, int, int]]:
    """Draw the maps of each convolution of the network, for an image (1, 28, 28) in [0, 1].

    Returns (maps, height, width) of each.
    """
    layers = _maps_of(network.weights_key, image.numpy().tobytes(), network, image)
    of_filters = {name: maps for name, maps in layers.items() if kind_named(name).has_filters}
    for layer, maps in of_filters.items():
        _maps(layer, maps.numpy())
    if of_filters:
        what_you_see(words.WHAT_YOU_SEE, "feature map", "filter")
    else:
        caption(words.without_maps(", ".join(layers)))
    return {layer: (len(maps), maps.shape[1], maps.shape[2]) for layer, maps in of_filters.items()}


@kept(8)
def _maps_of(
    weights_key: str, pixels: bytes, _network: LoadedNetwork, _image: torch.Tensor
) -> dict[str, torch.Tensor]:
    from cnn_core.insight import feature_maps

    return feature_maps(_network.net, _image)


def answer(network: LoadedNetwork, image: torch.Tensor, classes: tuple[str, ...]) -> str:
    """Ask what the network reads in an image (1, 28, 28) in [0, 1]; after a guess show it, and how sure it is.

    Returns the sentence that asks, or answers.
    """
    chances = network.net.predict(image[None])[0].tolist()
    best = max(range(len(chances)), key=chances.__getitem__)
    asked = ChoiceQuestion(
        id="home.what_is_read",
        asked=words.GUESS,
        network=network.title,
        about=guess.about(network, st.session_state.get(_CHOSEN, _FIRST)),
        options=tuple(classes),
        answer=classes[best],
        hints={name: words.only_so_much(name, chance) for name, chance in zip(classes, chances, strict=True)},
    )
    if not guess.first(asked):
        return words.GUESS
    said = words.verdict(classes[best], chances[best])
    if guess.guess_of(asked) is None:
        st.markdown(said)
    guess.shown(asked, classes[best], said)
    show(bars(chances, list(classes), mode()), key="home_bars", alt=how_sure(chances, classes))
    return said


def ways_on() -> None:
    """Draw the links that lead on; the first begins the lesson."""
    for url_path, (label, icon) in words.WAYS_ON.items():
        page = entry(url_path)
        if exists(page):
            st.page_link(ROOT / page.file, label=label, icon=f":material/{icon}:", width="stretch")


def _choose(index: int) -> None:
    st.session_state[_CHOSEN] = index


def glossary() -> None:
    """All words of the field with their meanings, and all keys, folded."""
    with st.expander(words.ALL_WORDS):
        st.markdown(all_terms())
    with st.expander(keys.TITLE):
        st.markdown(keys.help_text())


@kept(0.01)
def _one_of_each(dataset: str, _test: ImageSet) -> list[int]:
    """For each class the first test image of it: indices into the test set."""
    return [int((_test.labels == label).nonzero()[0]) for label in range(len(_test.classes))]


def _maps(layer: str, maps: np.ndarray) -> None:
    channels, height, width = maps.shape
    shape = (channels, height, width)
    tiles = contact_sheet(maps, "activation", "own")
    st.markdown(sheet_heading(layer, words.sheet_fact(shape)))
    sheet(
        tiles,
        key=f"home_{layer}",
        alt=words.sheet_alt(layer, shape),
        tile_px=33,
        states=["zero" if dark else None for dark in tiles.dark],
        labels=[f"{layer}, map {i}" for i in range(channels)],
        clickable=False,
    )
