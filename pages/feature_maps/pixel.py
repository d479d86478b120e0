"""The arithmetic of one pixel of one map."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import PixelSum, explain_pixel
from pages.feature_maps.maps import PLACE, Maps, place_of
from pages.ui.drawing.answer_charts import waterfall
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import number_grid, picture
from pages.ui.forms.digit_input import Chosen, singular
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, problem
from pages.ui.wording.numbers import number, plural, signed


def pixel(shown: networks.LoadedNetwork, chosen: Chosen, maps: Maps, refused: str) -> None:
    """Draw the arithmetic of one number: its field on the digit, patch × kernel = products, and the sum."""
    layer, channel, row, column = place_of(maps)
    try:
        found = explain_pixel(shown.net, chosen.image, layer, channel, row, column)
    except StudentError as error:
        problem(error)
        return
    with st.container(gap="xsmall"):
        st.markdown("#### Where does this pixel come from?")
        caption(f"{layer}, map {channel}, row {row}, column {column}. Click any map, then any pixel.")
        if refused:
            caption(refused)
    both = st.grid(2, min_column_width=130, gap="small")
    rows, columns = found.field
    seen = f"{rows[1] - rows[0] + 1}×{columns[1] - columns[0] + 1}"
    with both, st.container(gap="xsmall"):
        caption(f"it sees {seen} pixels")
        picture(
            chosen.image[0].numpy(),
            "pixel_digit",
            alt=f"The {singular(shown.dataset)}, with the {seen} pixels that this number sees",
            px=120,
            limits=(0.0, 1.0),
            rects=[(rows[0], columns[0], rows[1] + 1, columns[1] + 1)],
        )
    with both, st.container(gap="xsmall"):
        values = maps[layer][channel]
        caption(f"map {channel}, {number(float(values.min()))} to {number(float(values.max()))}")
        picture(
            values,
            "pixel_map",
            alt=f"Map {channel} of {layer}; click a pixel",
            px=120,
            scale="activation" if values.min() >= 0 else "signed",
            rects=[(row, column, row + 1, column + 1)],
            clickable=True,
            on_click=lambda r, c: st.session_state.update({PLACE: (layer, channel, r, c)}),
        )
    _products(found)


def _products(found: PixelSum) -> None:
    if found.type == "max_pooling2d":
        _pooling(found, "The largest wins; the others are forgotten.")
    elif found.type == "average_pooling2d":
        _pooling(found, "Each counts the same.")
    elif found.patch.shape[1] == 1 and found.patch.shape[0] == 1:
        caption("One number comes in, one goes out.")
        _sum(found)
    else:
        _convolution(found)


def _pooling(found: PixelSum, rule: str) -> None:
    caption(
        f"Map {found.channels[0]} below, {found.patch.shape[1]}×{found.patch.shape[2]} of its pixels. {rule}"
    )
    winner = None
    if found.winner:
        winner = (found.winner[0] - found.below.rows[0], found.winner[1] - found.below.columns[0])
    number_grid(found.patch[0].numpy(), alt="The pixels below", scale="activation", cell_px=44, mark=winner)
    st.markdown(f"**{number(found.value)}** comes out.")


def _convolution(found: PixelSum) -> None:
    parts = found.contributions
    names = {part.channel: f"map {part.channel} below: {signed(part.total)}" for part in parts}
    if found.patch.shape[0] == 1:
        names = {parts[0].channel: "the image below"}
    below = st.selectbox(
        "Input channel",
        list(names),
        format_func=lambda channel: names.get(channel, str(channel)),
        key=f"pixel_below_{found.layer}_{found.channel}_{found.row}_{found.column}",
        label_visibility="collapsed",
        filter_mode=None,
    )
    i = found.channels.index(below if below in found.channels else parts[0].channel)
    size = found.patch.shape[1]
    grids = (
        ("below", found.patch[i].numpy(), "activation" if found.patch.min() >= 0 else "signed"),
        ("× kernel", found.kernel[i].numpy(), "signed"),
        ("= products", found.products[i].numpy(), "signed"),
    )
    row = st.grid(3, min_column_width=86, gap="xsmall")
    for words, values, scale in grids:
        with row, st.container(gap="xsmall"):
            caption(words)
            if size <= 4:
                number_grid(values, alt=words, scale=scale, cell_px=84 // size)
            else:
                picture(values, f"grid_{words}", alt=words, px=84, scale=scale)
    total = float(found.products[i].sum())
    padding = int(found.padding.sum())
    edge = f" {plural(padding, 'cell lies', 'cells lie')} on padding and count as 0." if padding else ""
    caption(f"These {size * size} products add up to **{number(total)}**.{edge}")
    _sum(found)


def _sum(found: PixelSum, most: int = 4) -> None:
    parts = found.contributions
    single = found.patch.shape[0] == 1
    terms = [("the image" if single else f"map {part.channel}", part.total) for part in parts[:most]]
    if rest := parts[most:]:
        terms.append((plural(len(rest), "other map"), sum(part.total for part in rest)))
    terms.append(("bias", found.bias))
    last = "sum" if found.activation in ("linear", "softmax") else f"sum, {found.activation}"
    show(
        waterfall(terms, (last, found.value), mode()),
        key="pixel_sum",
        alt=f"The contributions add up to {number(found.total)}, and {last} gives {number(found.value)}",
    )
    if found.activation not in ("linear", "softmax"):
        same = abs(found.value - found.total) < 1e-6
        makes = "leaves it as it is" if same else f"makes **{number(found.value)}** of it"
        caption(f"All together {number(found.total)}; {found.activation} {makes}.")
