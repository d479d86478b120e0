"""Which number of which map is taken apart: the one clicked, the one a link names, else the strongest."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import streamlit as st

from pages.feature_maps import words
from pages.feature_maps.maps import Maps, mapped_layers
from pages.ui.frame import address
from pages.ui.visitor import scene

_PIXEL = "pixel"  # the session's Pixel; also its name in the address
_REFUSED = "pixel_refused"  # (layers of the network, sentence)


class Pixel(NamedTuple):
    """One number of one map."""

    layer: str
    channel: int
    row: int
    column: int


def strongest(maps: Maps, layer: str, channel: int | None = None) -> Pixel:
    """The largest number of a layer's maps, or of one of them."""
    values = maps[layer] if channel is None else maps[layer][channel : channel + 1]
    first = 0 if channel is None else channel
    place, row, column = np.unravel_index(values.argmax(), values.shape)
    return Pixel(layer, first + int(place), int(row), int(column))


def choose(pixel: Pixel) -> None:
    """Make this the number that is taken apart, unless a teacher's scene keeps another; for callbacks."""
    if scene.refuses("feature_maps.pixel"):
        return
    st.session_state[_PIXEL] = pixel


def selected(maps: Maps) -> Pixel:
    """The number that is taken apart: the one chosen, else the strongest of the second layer, for this very image."""
    pixel = st.session_state.get(_PIXEL)
    if pixel and is_in(pixel, maps):
        return Pixel(*pixel)
    layers = mapped_layers(maps, False) or mapped_layers(maps, True)
    return strongest(maps, layers[min(1, len(layers) - 1)])


def follow_address(maps: Maps) -> str:
    """Take over the pixel of a link, and write the clicked one there.

    Returns a sentence where it is not in this network, until another one is clicked or another network chosen.
    """
    text = address.asked(_PIXEL)
    if text:
        st.session_state[_PIXEL] = _parsed(text)
    pixel = st.session_state.get(_PIXEL)
    if pixel and is_in(pixel, maps):
        st.session_state.pop(_REFUSED, None)
    elif pixel:
        st.session_state[_REFUSED] = (tuple(maps), words.no_such_pixel(text or _written(pixel)))
        del st.session_state[_PIXEL]
        pixel = None
    address.write(_PIXEL, _written(pixel) if pixel else "")
    layers, sentence = st.session_state.get(_REFUSED, ((), ""))
    return sentence if layers == tuple(maps) else ""


def is_in(pixel: tuple, maps: Maps) -> bool:
    """Whether (layer, channel, row, column) is a number of one of these maps."""
    values = maps.get(pixel[0])
    return (
        values is not None
        and values.ndim == len(pixel) - 1 == 3
        and all(v is not None and v < n for v, n in zip(pixel[1:], values.shape, strict=True))
    )


def _parsed(text: str) -> tuple:
    """What a link says, as it says it: (layer, channel, row, column) if it is one of ours."""
    layer, *numbers = text.split(".")
    return (layer, *(address.whole_number(number, 10**6) for number in numbers))


def _written(pixel: tuple) -> str:
    return ".".join(map(str, pixel))
