"""The arithmetic of one pixel of one map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import PixelSum, explain_pixel
from cnn_core.kept import kept
from cnn_core.model.layer_files import kind_named
from pages.feature_maps import image_words, words
from pages.feature_maps.maps import Reading, scale_of
from pages.feature_maps.selection import Pixel, choose, selected
from pages.ui.drawing.answer_charts import waterfall
from pages.ui.drawing.contact_sheet import as_picture, signed_picture
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import image_picture, number_grid, picture
from pages.ui.forms.digit_input import singular
from pages.ui.forms.take_out import take_out
from pages.ui.wording.blocks import caption, problem

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor

    from pages.ui.drawing.contact_sheet import Limits

GRID_PX = 87  # side of a grid: three of them fit beside each other, with room between them


def pixel(reading: Reading, refusal: str) -> None:
    """Draw the arithmetic of one number: its field on the image, patch × kernel = products, and the sum.

    refusal: a sentence where a link named another one that is not there, else "".
    """
    place = selected(reading.maps)
    try:
        parts = _parts(reading.network.weights_key, reading.chosen.key, place, reading)
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
    what = "map" if reading.maps[place.layer].ndim == 3 else "unit"
    take_out(reading.network.spec, place.layer, place.channel, what, "pixel_take_out")


@kept(4)  # whoever opens the page looks at the same one first
def _parts(weights_key: str, image_key: str, place: Pixel, _reading: Reading) -> PixelSum:
    return explain_pixel(_reading.network.net, _reading.chosen.image, *place)


def _field(reading: Reading, parts: PixelSum) -> None:
    size = words.window(parts)
    rows, columns = parts.field
    caption(f"it sees {size} pixels")
    image_picture(
        reading.chosen.image.numpy(),
        "pixel_digit",
        alt=words.image_alt(singular(reading.network.dataset), size),
        px=120,
        rects=[(rows[0], columns[0], rows[1] + 1, columns[1] + 1)],
    )


def _map(reading: Reading, place: Pixel) -> None:
    layer, channel, row, column = place
    values = reading.maps[layer][channel]
    caption(words.map_range(channel, float(values.min()), float(values.max())))
    picture(
        values,
        "pixel_map",
        alt=words.map_alt(layer, words.map_range(channel, float(values.min()), float(values.max()))),
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
        if image_words.is_in_colour(parts):
            _products_in_colour(parts)
        else:
            _products(parts)
        _sum(parts)


def _pooling(parts: PixelSum, rule: str) -> None:
    caption(
        words.pooled(
            image_words.named(parts, parts.channels[0]), parts.patch.shape[1], parts.patch.shape[2], rule
        )
    )
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
        _grid(image_words.BELOW, patch, scale_of(parts.patch.numpy()))
        _grid(image_words.KERNEL, kernel, "signed")
        _grid(image_words.PRODUCTS, products, "signed")
    if apart := words.holes(parts):
        caption(apart)
    caption(words.products(products.size, float(parts.products[i].sum()), int(parts.padding.sum())))


def _products_in_colour(parts: PixelSum) -> None:
    """Patch × kernel = products, over red, green and blue of the image, one below the other."""
    largest = float(parts.kernel.abs().max())
    with st.container(horizontal=True, gap="small"):
        for title, image in (
            (image_words.BELOW, as_picture(parts.patch.numpy())),
            (image_words.KERNEL, signed_picture(parts.kernel.numpy(), (-largest, largest))),
        ):
            with st.container(gap="xsmall", width=GRID_PX + 4):
                caption(title)
                picture(image, f"colour_{title}", alt=image_words.in_colour_alt(title), px=GRID_PX)
    caption(image_words.HOW_A_KERNEL_IS_COLOURED)
    columns = (
        (image_words.BELOW, parts.patch, "activation"),
        (image_words.KERNEL, parts.kernel, "signed"),
        (image_words.PRODUCTS, parts.products, "signed"),
    )
    for i, name in enumerate(image_words.COLOURS):
        st.markdown(
            image_words.sum_of_colour(name, parts.products[i].numel(), float(parts.products[i].sum()))
        )
        row = st.grid(3, min_column_width=GRID_PX + 2, gap="xsmall")
        for title, values, scale in columns:
            with row:
                # The words above the first row stand for all three.
                _grid("" if i else title, values[i].numpy(), scale, f"{name}, {title}", _largest(values))
    if padding := int(parts.padding.sum()):
        caption(image_words.on_padding(padding))


def _largest(values: Tensor) -> tuple[float, float]:
    """One scale for all three colours."""
    most = float(values.abs().max()) or 1.0
    return (0.0 if float(values.min()) >= 0 else -most), most


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


def _grid(title: str, values: np.ndarray, scale: str, alt: str = "", limits: Limits = "own") -> None:
    size, alt = len(values), alt or title
    with st.container(gap="xsmall"):
        if title:
            caption(title)
        if size <= 4:
            number_grid(values, alt=alt, scale=scale, limits=limits, cell_px=GRID_PX // size)
        else:
            picture(values, f"grid_{alt}", alt=alt, px=GRID_PX, scale=scale, limits=limits)


def _sum(parts: PixelSum) -> None:
    show(
        waterfall(words.terms(parts), (words.last_bar(parts), parts.value), mode()),
        key="pixel_sum",
        alt=words.sum_alt(parts),
    )
    if words.has_activation(parts):
        caption(words.activated(parts.total, parts.activation, parts.value))
