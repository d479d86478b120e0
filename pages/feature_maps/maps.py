"""The maps of every layer, and which of their pixels is looked at."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core.insight import feature_maps, never_fires
from pages.ui.forms.digit_input import Chosen
from pages.ui.frame import address, process
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import plain

WATCHED = 2_000  # test images among which a filter that never fires is looked for


PLACE = (
    "pixel"  # (layer, channel, row, column) of the number that is taken apart; also its name in the address
)


_REFUSED = "pixel_refused"  # (layers of the network, sentence)


Maps = dict[str, np.ndarray]


@st.cache_data(show_spinner=False, max_entries=64)
def maps_of(weights_key: str, image_key: str, _shown: networks.LoadedNetwork, _chosen: Chosen) -> Maps:
    """{layer: (C, H, W)} for every layer that has maps, and {last layer: (classes,)} logits."""
    return {name: maps.numpy() for name, maps in feature_maps(_shown.net, _chosen.image).items()}


@st.cache_data(show_spinner=False, max_entries=32)
@process.in_turn
def silent_filters(weights_key: str, dataset: str, _shown: networks.LoadedNetwork) -> Maps:
    """{layer: (C,) bool} for filters that fire on none of the first 2,000 test images."""
    test = server.images(dataset, "test").take(WATCHED)
    return {
        name: silent.numpy() for name, silent in never_fires(_shown.net, test.images.float() / 255).items()
    }


@st.cache_data(show_spinner=False, max_entries=64)
def probabilities_of(
    weights_key: str, image_key: str, _shown: networks.LoadedNetwork, _chosen: Chosen
) -> list[float]:
    return _shown.net.predict(_chosen.image[None])[0].tolist()


def mapped_layers(maps: Maps, every: bool) -> list[str]:
    """The layers whose output is maps: convolutions, or all of them."""
    return [
        name for name, values in maps.items() if values.ndim == 3 and (every or name.startswith("conv2d"))
    ]


def open_map(layer: str, channel: int, maps: Maps) -> None:
    row, column = np.unravel_index(maps[layer][channel].argmax(), maps[layer][channel].shape)
    st.session_state[PLACE] = (layer, channel, int(row), int(column))


def follow_address(maps: Maps) -> str:
    """Take over the pixel of a link, and write the clicked one there.

    Returns a sentence where it is not in this network, until another one is clicked or another network chosen.
    """
    text = address.asked(PLACE)
    if text:
        layer, *numbers = text.split(".")
        st.session_state[PLACE] = (layer, *(address.whole_number(n, 10**6) for n in numbers))
    place = st.session_state.get(PLACE)
    if place and not is_in(place, maps):
        named = plain((text or ".".join(map(str, place)))[:40])
        told = f"This network has no such pixel ({named}). You are looking at its strongest one."
        st.session_state[_REFUSED] = (tuple(maps), told)
        del st.session_state[PLACE]
        place = None
    elif place:
        st.session_state.pop(_REFUSED, None)
    address.write(PLACE, ".".join(map(str, place)) if place else "")
    layers, told = st.session_state.get(_REFUSED, ((), ""))
    return told if layers == tuple(maps) else ""


def is_in(place: tuple, maps: Maps) -> bool:
    """Whether (layer, channel, row, column) is a number of one of these maps."""
    values = maps.get(place[0])
    return (
        values is not None
        and values.ndim == len(place) - 1 == 3
        and all(v is not None and v < n for v, n in zip(place[1:], values.shape, strict=True))
    )


def place_of(maps: Maps) -> tuple[str, int, int, int]:
    """The number that is taken apart: the one clicked, else the strongest of the second layer, for this very image."""
    layers = mapped_layers(maps, True)
    place = st.session_state.get(PLACE)
    if place and is_in(place, maps):
        return place
    convolutions = mapped_layers(maps, False) or layers
    layer = convolutions[min(1, len(convolutions) - 1)]
    channel, row, column = np.unravel_index(maps[layer].argmax(), maps[layer].shape)
    return layer, int(channel), int(row), int(column)
