"""What Home draws of the digit's way: the ten to choose from, the maps of each layer, the answer.

Torch is not imported before a section needs it: it takes seconds on a cold server, and the page is there before it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.model.layer_files import kind_named
from pages.home import words
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.contact_sheet import contact_sheet, image_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.frame.shell import ROOT, entry, exists
from pages.ui.wording.blocks import sheet_heading, what_you_see

if TYPE_CHECKING:
    import numpy as np
    import torch

    from cnn_core.data import ImageSet
    from pages.ui.visitor.networks import LoadedNetwork

_CHOSEN = "home_digit"  # which of the ten digits
_FIRST = 7


def digits(test: ImageSet) -> torch.Tensor:
    """Draw the ten digits to choose from. Returns the chosen one, (1, 28, 28) in [0, 1]."""
    indices = _one_of_each(f"{test.name}/{len(test)}", test)
    images = test.images[indices].float() / 255
    chosen = st.session_state.get(_CHOSEN, _FIRST) % len(indices)
    sheet(
        image_sheet(images.numpy()),
        key="home_digits",
        alt="Ten test digits to choose from",
        tile_px=56,
        labels=[f"a {name}" for name in test.classes],
        selected=chosen,
        columns=10,
        on_click=lambda index: st.session_state.update({_CHOSEN: index}),
    )
    return images[chosen]


def maps_of_each_layer(network: LoadedNetwork, image: torch.Tensor) -> None:
    """Draw the maps of each convolution of the network, for an image (1, 28, 28) in [0, 1]."""
    from cnn_core.insight import feature_maps

    for layer, maps in feature_maps(network.net, image).items():
        if kind_named(layer).has_filters:
            _maps(layer, maps.numpy())
    what_you_see(words.WHAT_YOU_SEE)


def answer(network: LoadedNetwork, image: torch.Tensor, classes: tuple[str, ...]) -> None:
    """Draw what the network reads in an image (1, 28, 28) in [0, 1], and how sure it is."""
    chances = network.net.predict(image[None])[0]
    best = int(chances.argmax())
    st.markdown(words.verdict(classes[best], float(chances[best])))
    show(bars(chances.tolist(), list(classes), mode()), key="home_bars", alt="Probability of each digit")


def ways_on() -> None:
    """Draw the two links that lead on."""
    for url_path, label, icon in (
        ("feature_maps", "Look inside this network", "search"),
        ("train", "Train your own", "play_arrow"),
    ):
        page = entry(url_path)
        if exists(page):
            st.page_link(ROOT / page.file, label=label, icon=f":material/{icon}:", width="stretch")


@st.cache_data(show_spinner=False, max_entries=4)
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
