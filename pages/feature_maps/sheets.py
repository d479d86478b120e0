"""The sheets: the maps of every layer, the image itself beside the first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.insight import can_be_silent, first_kernels, silent_in, unchanging_in
from cnn_core.kept import kept
from cnn_core.looking import WATCHED
from pages.feature_maps import image_words, words
from pages.feature_maps.asking import Options
from pages.feature_maps.maps import Reading, mapped_layers, ranges_of, scale_of
from pages.feature_maps.selection import choose, selected, strongest
from pages.ui.drawing.contact_sheet import Limits, Sheet, contact_sheet, signed_sheet
from pages.ui.drawing.sheets import image_picture, sheet
from pages.ui.forms.digit_input import singular
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see

if TYPE_CHECKING:
    from torch import Tensor

FIRST_PX = 452  # the first sheet: where there is no such room beside the image, it goes below
IMAGE_PX = 84  # the input beside the first sheet: three screen pixels for each of its own

OPENS = "pixel_card"  # key of the container in which a click on a map opens it


def sheets(reading: Reading, options: Options) -> None:
    """Draw one contact sheet for each layer; a click on a tile opens that map at the right."""
    layers = mapped_layers(reading.maps, options.every)
    if not layers:
        return
    # Not columns: on a narrow screen those would shrink the image to one screen pixel for each of its own.
    with st.container(horizontal=True, gap="medium", key="maps_first_row"):
        with st.container(width=IMAGE_PX + 12):
            _image(reading)
        with st.container(width=FIRST_PX, key="maps_first"):
            _layer(layers[0], reading, options, is_clickable=True)
    if options.kernels:
        _first_kernels(reading)
    for layer in layers[1:]:
        _layer(layer, reading, options, is_clickable=True)


def sheets_beside(reading: Reading, options: Options) -> None:
    """Draw the sheets of another network, for the same image; they cannot be clicked."""
    st.markdown(words.beside(reading.network.title))
    for layer in mapped_layers(reading.maps, options.every):
        _layer(layer, reading, options, is_clickable=False)


def legend(reading: Reading, options: Options) -> None:
    """Say what the colours and the marks mean."""
    names = mapped_layers(reading.maps, options.every)
    network = reading.network
    watched = min(WATCHED, _test_images(network.dataset))
    silent = sum(can_be_silent(network.spec, name) for name in names)
    what_you_see(
        words.legend(
            [reading.maps[name] for name in names],
            singular(network.dataset),
            watched,
            any_silent=silent > 0,
            all_silent=silent == len(names),
        )
    )


def _image(reading: Reading) -> None:
    image, best = reading.chosen.image, reading.best
    _, height, width = image.shape
    with st.container(gap="xsmall"):
        st.markdown(sheet_heading("input", f"{height}×{width}"))
        alt = f"The image: {reading.chosen.title}"
        image_picture(image.numpy(), "maps_input", alt=alt, px=IMAGE_PX)
        st.markdown(words.read_as(reading.classes[best], reading.probabilities[best]))


def _first_kernels(reading: Reading) -> None:
    """Draw the kernels that lie on the image itself: of a colour image in colour."""
    spec = reading.network.spec
    layer = spec.layer_names[0]
    kernels = first_kernels(reading.network.net)
    if kernels is None:
        caption(image_words.NO_FIRST_KERNELS)
        return
    weights = kernels.numpy()
    channels, height, width = weights.shape[1:]
    largest = float(np.abs(weights).max())
    with st.container(gap="xsmall"):
        st.markdown(
            sheet_heading(
                f"kernels of {layer}", *image_words.kernel_facts(len(weights), (height, width), largest)
            )
        )
        sheet(
            signed_sheet(weights, (-largest, largest)),
            key="maps_kernels",
            alt=image_words.kernels_alt(layer),
            tile_px=36,
            labels=image_words.kernel_labels(weights),
            clickable=False,
        )
    caption(image_words.how_kernels_are_drawn(channels))


def _layer(layer: str, reading: Reading, options: Options, is_clickable: bool) -> None:
    maps = reading.maps[layer]
    channels, height, _ = maps.shape
    network = reading.network
    watched = _test_images(network.dataset)
    looks = network.weights_key, reading.chosen.key, layer, options.limits, watched
    extremes = ranges_of(network)[layer] if watched else None
    drawn, marks, labels = _looks(*looks, reading, extremes)
    pixel = selected(reading.maps) if is_clickable else None
    leads_to = [strongest(reading.maps, layer, channel) for channel in range(channels)]
    with st.container(gap="xsmall"):
        facts = words.sheet_facts(
            maps.shape,
            drawn.low,
            drawn.high,
            dark=int((marks.dark & ~marks.silent).sum()),
            silent=int(marks.silent.sum()),
            unchanging=int(marks.unchanging.sum()),
        )
        st.markdown(sheet_heading(layer, *facts))
        sheet(
            drawn,
            key=f"{'maps' if is_clickable else 'beside'}_{layer}",
            alt=words.sheet_alt(layer, channels),
            tile_px=52 if height > 20 or channels <= 16 else 33,
            labels=labels,
            states=[
                "never fires" if silent else "zero" if dark else None
                for silent, dark in zip(marks.silent, marks.dark, strict=True)
            ],
            selected=pixel.channel if pixel and pixel.layer == layer else None,
            clickable=is_clickable,
            on_click=lambda channel: choose(leads_to[channel]),
            opens=OPENS if is_clickable else None,
        )


@dataclass(frozen=True, eq=False)
class _Marks:
    """What is marked of the C maps of a layer, (C,) bool each.

    dark: zero everywhere for this image.
    silent: of those, the ones whose filter fires on no test image either.
    unchanging: the same number on all test images, of a layer that cannot be silent.
    extremes: (C, 2), the range of each on the test images, of a layer that cannot be silent; else None.
    Where there are no test images only `dark` is known.
    """

    dark: np.ndarray
    silent: np.ndarray
    unchanging: np.ndarray
    extremes: np.ndarray | None


def _test_images(dataset: str) -> int:
    """How many there are on this machine."""
    return 0 if server.why_no_images(dataset) is not None else len(server.images(dataset, "test"))


@kept(8)  # thirty who look at the same
def _looks(
    weights_key: str,
    image_key: str,
    layer: str,
    limits: Limits,
    watched: int,
    _reading: Reading,
    _extremes: Tensor | None,
) -> tuple[Sheet, _Marks, list[str]]:
    maps = _reading.maps[layer]
    drawn = contact_sheet(maps, scale_of(maps), limits)
    marks = _marks(layer, _reading.network, drawn, _extremes)
    return drawn, marks, _labels(drawn, marks)


def _marks(layer: str, network: LoadedNetwork, drawn: Sheet, extremes: Tensor | None) -> _Marks:
    if extremes is None:
        unknown = np.zeros_like(drawn.dark)
        return _Marks(drawn.dark, unknown, unknown, None)
    silent = silent_in(network.spec, layer, extremes).numpy() & drawn.dark
    unchanging = unchanging_in(network.spec, layer, extremes).numpy()
    is_relu_like = can_be_silent(network.spec, layer)
    return _Marks(drawn.dark, silent, unchanging, None if is_relu_like else extremes.numpy())


def _labels(drawn: Sheet, marks: _Marks) -> list[str]:
    """What each tile is called: its number and range, and of a layer that cannot be silent that on the test images."""
    if marks.extremes is None:
        return [words.tile_label(i, low, high) for i, (low, high) in enumerate(drawn.ranges)]
    return [
        words.tile_label(i, low, high, tuple(overall), bool(constant))
        for i, ((low, high), overall, constant) in enumerate(
            zip(drawn.ranges, marks.extremes.tolist(), marks.unchanging, strict=True)
        )
    ]
