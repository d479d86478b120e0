"""What pooling keeps of a map, and what it forgets."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import streamlit as st
from torch import Tensor

from cnn_core.insight import feature_maps
from cnn_core.lesson.convolution import difference, kept_by_max, nudge, output_size, pool
from cnn_core.model import summarize
from pages.convolution.kernel import KEPT
from pages.ui.drawing.sheets import picture
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import caption, what_you_see
from pages.ui.wording.numbers import big, count, number, percent


@st.cache_data(show_spinner=False, max_entries=64)
def maps_before_and_after(
    weights_key: str, index: int, right: int, down: int, _net: Any, _image: Tensor
) -> tuple:
    """Maps of every layer for the digit and for the nudged digit."""
    return feature_maps(_net, _image), feature_maps(_net, nudge(_image, right, down))


def pooled_layer(maps: dict[str, Tensor]) -> tuple[str, str] | None:
    """The first pooling layer and the layer before it, or None."""
    names = list(maps)
    for before, name in pairwise(names):
        if "pooling2d" in name and not name.startswith("global") and maps[before].ndim == 3:
            return before, name
    return None


def nudge_text(pixels: int) -> str:
    return (
        "not nudged" if pixels == 0 else f"nudged {abs(pixels)} px to the {'right' if pixels > 0 else 'left'}"
    )


@st.fragment
def pooling() -> None:
    """What 2×2 pooling keeps of one map, and what a nudge of the digit does to the maps."""
    shown = networks.current()
    digits = server.images()
    line = st.empty()
    with st.container(horizontal=True, vertical_alignment="center"):
        kind = st.segmented_control(
            "Pooling", ["max", "average"], default="max", required=True, key="pooling_kind",
            label_visibility="collapsed", format_func=lambda word: f"{word} of 2×2", **KEPT,
        )  # fmt: skip
        index = st.number_input(
            "Test digit, number", 0, len(digits) - 1, 0, key="pooling_digit", width=180,
            label_visibility="collapsed", icon=":material/tag:", **KEPT,
        )  # fmt: skip
        right = st.select_slider(
            "Nudge", list(range(-3, 4)), value=1, key="pooling_nudge", width=260, label_visibility="collapsed",
            format_func=nudge_text, **KEPT,
        )  # fmt: skip
    image = digits.images[int(index)].float() / 255
    before, after = maps_before_and_after(shown.weights_key, int(index), right, 0, shown.net, image)
    pair = pooled_layer(before)
    if pair is None:
        st.markdown("This network pools nothing. Choose the lesson’s convnet in the sidebar.")
        return
    source, name = pair
    best = int(before[source].amax(dim=(1, 2)).argmax())
    one = before[source][best : best + 1]
    kept = pool(one, kind)
    line.markdown(
        f"Of every four numbers it {'keeps' if kind == 'max' else 'makes'} one: "
        f"**{count(one.numel())}** become **{count(kept.numel())}**. "
        "Where exactly the edge was is forgotten; that there was one is not."
    )
    left, side = st.columns([576, 292], gap="medium")
    with left:
        maps_of_pooling(image, one, kept, kind, f"{source}, map {best}")
        st.markdown(
            f"**The digit nudged by {abs(right)} px** :gray[how much each layer’s maps change, 0 none, 1 all]"
        )
        changes(image, right, before, after)
    with side:
        why_pool(shown, name)


def maps_of_pooling(image: Tensor, one: Tensor, kept: Tensor, kind: str, name: str) -> None:
    """Draw the digit, one of its maps with the kept pixels, and what pooling leaves of it."""
    top = float(one.max())
    pictures = (
        ("pooling_digit_picture", f"**digit** :gray[{image.shape[1]}×{image.shape[2]}]", image, "grey", 1.0),
        ("pooling_before", f"**{name}** :gray[{one.shape[1]}×{one.shape[2]}]", one, "activation", top),
        (
            "pooling_after",
            f"**{kind} of 2×2** :gray[{kept.shape[1]}×{kept.shape[2]}]",
            kept,
            "activation",
            top,
        ),
    )
    for column, (key, heading, maps, scale, most) in zip(st.columns(3), pictures, strict=True):
        with column:
            st.markdown(heading)
            picture(
                maps[0].numpy(), key, alt=heading.replace("*", ""), px=182, scale=scale, limits=(0.0, most)
            )
    if kind == "max":
        chosen = kept_by_max(one)
        share = float(one[chosen].sum() / one.sum()) if one.sum() else 0.0
        of = f"{count(int(chosen.sum()))} of {count(one.numel())} values"
        note = f"It keeps {of}, {percent(share)} of the brightness."
    else:
        note = (
            "It keeps a little of every value: softer, and a single bright pixel becomes a quarter as bright."
        )
    what_you_see(f"{note} Both pictures have one scale, 0 to {number(top, 1)}.")


def changes(image: Tensor, right: int, before: dict[str, Tensor], after: dict[str, Tensor]) -> None:
    """Draw one bar a layer: how different the nudged digit's maps are from the digit's."""
    rows = [("digit", difference(image, nudge(image, right)))]
    rows += [(name, difference(before[name], after[name])) for name in before if before[name].ndim == 3]
    st.html(bars_of(rows))
    pools = [value for name, value in rows if "pooling" in name]
    caption(
        f"The pixels themselves change by {number(rows[0][1])}, the last map by {number(rows[-1][1])}; "
        f"after the first pooling it is {number(pools[0])}. Pooling does not make a net blind to shifts: "
        "each layer forgets a little."
    )


def bars_of(rows: list[tuple[str, float]]) -> str:
    """A table of bars, 0 to 1, as HTML; its colours are the theme's, its names are layers'."""
    lines = "".join(
        f'<tr><td style="padding:3px 16px 3px 0;white-space:nowrap">{name}</td>'
        f'<td style="width:100%"><div style="background:var(--st-text-color,currentColor);opacity:.75;height:12px;'
        f'width:{100 * min(value, 1):.0f}%"></div></td>'
        f'<td style="padding-left:12px;text-align:right;font-variant-numeric:tabular-nums">{number(value)}</td></tr>'
        for name, value in rows
    )
    return f'<table style="font-size:14px;width:100%;border-collapse:collapse">{lines}</table>'


def why_pool(shown: networks.LoadedNetwork, name: str) -> None:
    """Draw three reasons, each with this network's own numbers."""
    rows = summarize(shown.spec)
    names = [row.name for row in rows]
    at = names.index(name)
    st.subheader("Why pool at all?", anchor=False)
    work = next((row for row in rows[at + 1 :] if row.type == "conv2d"), None)
    if work is not None:
        _, height, width = rows[at - 1].output_shape
        _, rows_now, columns_now = work.output_shape
        layer = shown.spec.layers[names.index(work.name)]
        there = [
            output_size(side, layer.kernel_size, layer.strides, layer.padding) for side in (height, width)
        ]
        without = work.macs * there[0] * there[1] / (rows_now * columns_now)
        st.markdown(
            f"**Less to compute.** {work.name} needs {big(work.macs)} multiply-adds; "
            f"without {name} it would need {big(without)}."
        )
        st.markdown(
            f"**A wider view.** One value of {work.name} sees {work.receptive_field}×{work.receptive_field} pixels "
            f"of the digit with {layer.kernel_size}×{layer.kernel_size} weights."
        )
    st.markdown(
        "**Small shifts forgotten.** A stroke that moves by a pixel often stays in the same window of 2×2: "
        "nudge the digit and read the bars."
    )
