"""What Home draws of the digit's way: the maps of each layer, a guess and the answer, and the ways on.

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
from pages.home.image import DRAWN
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.forms import guess
from pages.ui.frame.shell import ROOT, entry, exists
from pages.ui.visitor import networks, server, who
from pages.ui.wording import keys, refusals
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see
from pages.ui.wording.picture_words import how_sure
from pages.ui.wording.terms import all_terms

if TYPE_CHECKING:
    import numpy as np
    import torch

    from cnn_core.data import ImageSet
    from pages.home.image import HomeImage
    from pages.ui.visitor.networks import LoadedNetwork

QUESTION = "home.what_is_read"
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


def answer(network: LoadedNetwork, image: HomeImage, classes: tuple[str, ...]) -> str:
    """Ask what the network reads in the image; after a guess show it, and how sure it is.

    Returns the sentence that asks, or answers.
    """
    if image.is_pad_empty:
        ask_anew_of_a_drawing()
    chances = network.net.predict(image.pixels[None])[0].tolist()
    best = classes[max(range(len(chances)), key=chances.__getitem__)]
    asked = ChoiceQuestion(
        id=QUESTION,
        asked=words.GUESS,
        network=network.title,
        about=DRAWN if image.is_drawn else guess.about(network, image.about),
        options=tuple(classes),
        answer=best,
        hints={name: words.only_so_much(name, chance) for name, chance in zip(classes, chances, strict=True)},
    )
    if not guess.first(asked):
        return words.GUESS
    verdict = words.verdict(best, max(chances))
    if not guess.has_said(asked):
        st.markdown(verdict)
    guess.shown(asked, best, verdict)
    show(bars(chances, list(classes), mode()), key="home_bars", alt=how_sure(chances, classes))
    return verdict


def ways_on() -> None:
    """Draw the four ways on; the first begins the lesson."""
    st.markdown(words.WHERE_NEXT)
    for url_path, (label, icon, parameters) in words.WAYS_ON.items():
        page = entry(url_path)
        if exists(page):
            st.page_link(
                ROOT / page.file,
                label=label,
                icon=f":material/{icon}:",
                width="stretch",
                query_params=parameters or None,
            )


def for_teachers() -> None:
    """Draw the door to the ready lessons, and from there to the worksheets."""
    st.page_link(
        ROOT / entry("teachers").file,
        label=words.FOR_TEACHERS,
        icon=":material/theater_comedy:",
        width="content",
    )


def to_the_class() -> None:
    """Draw the door for who has a class's code, or wants to open a class."""
    st.page_link(
        ROOT / entry("classroom").file, label=words.TO_THE_CLASS, icon=":material/group:", width="content"
    )


def glossary() -> None:
    """All words of the field with their meanings, and all keys, folded."""
    with st.expander(words.ALL_WORDS):
        st.markdown(all_terms())
    with st.expander(keys.TITLE):
        st.markdown(keys.help_text())


def ask_anew_of_a_drawing() -> None:
    """Forget the guess about the drawing before: the pad is empty again."""
    if guess.notebook().guess((QUESTION, DRAWN)) is not None:
        with refusals.collect("guess"):
            server.store().notebooks.forget_guess(who.visitor(), (QUESTION, DRAWN))


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
