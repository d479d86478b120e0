"""What is this? Two sentences, one living picture (a digit on its way through a trained network), two ways on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.frame.board import board
from pages.ui.frame.shell import ROOT, entry, exists, page_head, require_shell
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see
from pages.ui.wording.numbers import plural, probability, shape_text

if TYPE_CHECKING:  # torch takes seconds to load on a cold server: the page is there before it
    import torch

    from cnn_core.data import ImageSet

require_shell()

_CHOSEN = "home_digit"  # which of the ten digits


@st.cache_data(show_spinner=False, max_entries=4)
def one_of_each(dataset: str, _test: ImageSet) -> list[int]:
    """For each class the first test image of it: indices into the test set."""
    return [int((_test.labels == label).nonzero()[0]) for label in range(len(_test.classes))]


def digits(test: ImageSet) -> torch.Tensor:
    """Draw the ten digits to choose from; the chosen one as (1, 28, 28) in [0, 1]."""
    indices = one_of_each(f"{test.name}/{len(test)}", test)
    images = test.images[indices].float() / 255
    chosen = st.session_state.get(_CHOSEN, 7) % len(indices)
    sheet(
        contact_sheet(images[:, 0].numpy(), "grey", (0.0, 1.0)),
        key="home_digits",
        alt="Ten test digits to choose from",
        tile_px=56,
        labels=[f"a {name}" for name in test.classes],
        selected=chosen,
        columns=10,
        on_click=lambda index: st.session_state.update({_CHOSEN: index}),
    )
    return images[chosen]


def maps_of(shown: networks.LoadedNetwork, image: torch.Tensor) -> None:
    """Draw the maps of each convolution of the network, for this image."""
    from cnn_core.insight import feature_maps

    maps = feature_maps(shown.net, image)
    for name in [name for name in maps if name.startswith("conv2d")]:
        tiles = contact_sheet(maps[name].numpy(), "activation", "own")
        channels, height, width = maps[name].shape
        st.markdown(sheet_heading(name, f"{plural(channels, 'map')} of {height}×{width}"))
        states = ["zero" if dark else None for dark in tiles.dark]
        sheet(
            tiles,
            key=f"home_{name}",
            alt=f"{plural(channels, 'feature map')} of {name}, {shape_text(maps[name].shape)}",
            tile_px=33,
            states=states,
            labels=[f"{name}, map {i}" for i in range(channels)],
            clickable=False,
        )


page_head("")
st.markdown(
    "Convscope is a place to see how a convolutional network learns to read, and to open the very network you trained. "
    "Below, a digit goes through one that was trained before you came: click another and watch every layer answer."
)
top, right, below = board("home_board", second="right")
with right:
    verdict = st.container()
    st.space("small")
    for url_path, label, icon in (
        ("feature_maps", "Look inside this network", "search"),
        ("train", "Train your own", "play_arrow"),
    ):
        if exists(entry(url_path)):
            st.page_link(ROOT / entry(url_path).file, label=label, icon=f":material/{icon}:", width="stretch")
# What needs torch comes last, into the places kept for it.
with top:
    shown = networks.current()
    if shown.note:
        caption(shown.note)
    test = server.images("mnist", "test")
    image = digits(test)
with below:
    maps_of(shown, image)
    what_you_see(
        "Each tile is what one filter found in the digit: black is nothing, pale yellow is much, 0 marks one that "
        "found nothing at all. From the first sheet to the last the maps get smaller and the questions harder."
    )
with verdict:
    chances = shown.net.predict(image[None])[0].numpy()
    best = int(np.argmax(chances))
    st.markdown(f"The network reads a **{test.classes[best]}**, {probability(float(chances[best]))} sure.")
    show(bars(chances.tolist(), list(test.classes), mode()), key="home_bars", alt="Probability of each digit")
