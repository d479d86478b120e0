"""The arithmetic of one pixel of one map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import PixelSum, explain_pixel
from cnn_core.model.layer_files import kind_named
from pages.feature_maps import words
from pages.feature_maps.maps import Reading, scale_of
from pages.feature_maps.selection import Pixel, choose, selected
from pages.ui.drawing.answer_charts import waterfall
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import number_grid, picture
from pages.ui.forms.digit_input import singular
from pages.ui.wording.blocks import caption, problem

if TYPE_CHECKING:
    import numpy as np


def pixel(reading: Reading, refusal: str) -> None:
    """Draw the arithmetic of one number: its field on the image, patch × kernel = products, and the sum.

    refusal: a sentence where a link named another one that is not there, else "".
    """
    place = selected(reading.maps)
    try:
        parts = explain_pixel(reading.network.net, reading.chosen.image, *place)
    except StudentError as error:
        problem(error)
        return
    with st.container(gap="xsmall"):
        st.markdown(words.WHERE_FROM)
        caption(words.pixel_place(*place))
        if refusal:
            caption(refusal)
    both = st.grid(2, min_column_width=130, gap="small")
    with both, st.container(gap="xsmall"):
        _field(reading, parts)
    with both, st.container(gap="xsmall"):
        _map(reading, place)
    _arithmetic(parts)


def _field(reading: Reading, parts: PixelSum) -> None:
    size = words.window(parts)
    rows, columns = parts.field
    caption(f"it sees {size} pixels")
    picture(
        reading.chosen.image[0].numpy(),
        "pixel_digit",
        alt=words.image_alt(singular(reading.network.dataset), size),
        px=120,
        limits=(0.0, 1.0),
        rects=[(rows[0], columns[0], rows[1] + 1, columns[1] + 1)],
    )


def _map(reading: Reading, place: Pixel) -> None:
    layer, channel, row, column = place
    values = reading.maps[layer][channel]
    caption(words.map_range(channel, float(values.min()), float(values.max())))
    picture(
        values,
        "pixel_map",
        alt=f"Map {channel} of {layer}; click a pixel",
        px=120,
        scale=scale_of(values),
        rects=[(row, column, row + 1, column + 1)],
        clickable=True,
        on_click=lambda row, column: choose(Pixel(layer, channel, row, column)),
    )


def _arithmetic(parts: PixelSum) -> None:
    if rule := kind_named(parts.layer).pooling_rule:
        _pooling(parts, rule)
    elif parts.patch.shape[1] == 1 and parts.patch.shape[0] == 1:
        caption(words.ONE_NUMBER)
        _sum(parts)
    else:
        _products(parts)
        _sum(parts)


def _pooling(parts: PixelSum, rule: str) -> None:
    caption(words.pooled(parts.channels[0], parts.patch.shape[1], parts.patch.shape[2], rule))
    winner = None
    if parts.winner:
        winner = (parts.winner[0] - parts.below.rows[0], parts.winner[1] - parts.below.columns[0])
    number_grid(parts.patch[0].numpy(), alt="The pixels below", scale="activation", cell_px=44, mark=winner)
    st.markdown(words.comes_out(parts.value))


def _products(parts: PixelSum) -> None:
    """Patch × kernel = products, over one channel below."""
    i = parts.channels.index(_channel_below(parts))
    patch, kernel, products = (part[i].numpy() for part in (parts.patch, parts.kernel, parts.products))
    row = st.grid(3, min_column_width=86, gap="xsmall")
    with row:
        _grid(words.BELOW, patch, scale_of(parts.patch.numpy()))
        _grid(words.KERNEL, kernel, "signed")
        _grid(words.PRODUCTS, products, "signed")
    caption(words.products(products.size, float(parts.products[i].sum()), int(parts.padding.sum())))


def _channel_below(parts: PixelSum) -> int:
    inputs = words.inputs(parts)
    below = st.selectbox(
        "Input channel",
        list(inputs),
        format_func=lambda channel: inputs.get(channel, str(channel)),
        key=f"pixel_below_{parts.layer}_{parts.channel}_{parts.row}_{parts.column}",
        label_visibility="collapsed",
        filter_mode=None,
    )
    return below if below in parts.channels else parts.contributions[0].channel


def _grid(title: str, values: np.ndarray, scale: str) -> None:
    size = len(values)
    with st.container(gap="xsmall"):
        caption(title)
        if size <= 4:
            number_grid(values, alt=title, scale=scale, cell_px=84 // size)
        else:
            picture(values, f"grid_{title}", alt=title, px=84, scale=scale)


def _sum(parts: PixelSum) -> None:
    show(
        waterfall(words.terms(parts), (words.last_bar(parts), parts.value), mode()),
        key="pixel_sum",
        alt=words.sum_alt(parts),
    )
    if words.has_activation(parts):
        caption(words.activated(parts.total, parts.activation, parts.value))
