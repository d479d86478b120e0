"""The sheets: the maps of every layer, the image itself beside the first."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core.model.layer_files import kind_named
from pages.feature_maps import words
from pages.feature_maps.asking import Options
from pages.feature_maps.maps import WATCHED, Reading, mapped_layers, scale_of, silent_filters
from pages.feature_maps.selection import choose, selected, strongest
from pages.ui.drawing.contact_sheet import Sheet, contact_sheet
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms.digit_input import singular
from pages.ui.visitor import server
from pages.ui.wording.blocks import sheet_heading, what_you_see


def sheets(reading: Reading, options: Options) -> None:
    """Draw one contact sheet a layer; a click on a tile opens that map at the right."""
    layers = mapped_layers(reading.maps, options.every)
    if not layers:
        return
    image, first = st.columns([100, 460], gap="small")
    with image:
        _image(reading)
    with first:
        _layer(layers[0], reading, options, is_clickable=True)
    for layer in layers[1:]:
        _layer(layer, reading, options, is_clickable=True)


def sheets_beside(reading: Reading, options: Options) -> None:
    """Draw the sheets of another network, for the same image; they cannot be clicked."""
    st.markdown(words.beside(reading.network.title))
    for layer in mapped_layers(reading.maps, options.every):
        _layer(layer, reading, options, is_clickable=False)


def legend(reading: Reading, options: Options) -> None:
    """Say what the colours and the marks mean."""
    layers = [reading.maps[name] for name in mapped_layers(reading.maps, options.every)]
    dataset = reading.network.dataset
    watched = min(WATCHED, len(server.images(dataset, "test")))
    what_you_see(words.legend(layers, singular(dataset), watched))


def _image(reading: Reading) -> None:
    image, best = reading.chosen.image, reading.best
    _, height, width = image.shape
    with st.container(gap="xsmall"):
        st.markdown(sheet_heading("input", f"{height}×{width}"))
        alt = f"The image: {reading.chosen.title}"
        picture(image[0].numpy(), "maps_input", alt=alt, px=84, limits=(0.0, 1.0))
        st.markdown(words.read_as(reading.classes[best], reading.probabilities[best]))


def _layer(layer: str, reading: Reading, options: Options, is_clickable: bool) -> None:
    maps = reading.maps[layer]
    channels, height, _ = maps.shape
    drawn = contact_sheet(maps, scale_of(maps), options.limits)
    silent = _silent(layer, reading, drawn)
    dark = drawn.dark & ~silent
    pixel = selected(reading.maps) if is_clickable else None
    with st.container(gap="xsmall"):
        facts = words.sheet_facts(maps.shape, drawn.low, drawn.high, int(dark.sum()), int(silent.sum()))
        st.markdown(sheet_heading(layer, *facts))
        sheet(
            drawn,
            key=f"{'maps' if is_clickable else 'beside'}_{layer}",
            alt=words.sheet_alt(layer, channels),
            tile_px=52 if height > 20 or channels <= 16 else 33,
            labels=[words.tile_label(i, low, high) for i, (low, high) in enumerate(drawn.ranges)],
            states=["never fires" if s else "zero" if d else None for s, d in zip(silent, dark, strict=True)],
            selected=pixel.channel if pixel and pixel.layer == layer else None,
            clickable=is_clickable,
            on_click=lambda channel: choose(strongest(reading.maps, layer, channel)),
        )


def _silent(layer: str, reading: Reading, drawn: Sheet) -> np.ndarray:
    """(C,) bool: maps that are dark, of filters that fire on no test image either."""
    network = reading.network
    if not kind_named(layer).has_filters:
        return np.zeros(drawn.count, bool)
    return silent_filters(network.weights_key, network.dataset, network)[layer] & drawn.dark
