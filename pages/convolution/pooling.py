"""What pooling keeps of a map, and what it forgets."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from torch import Tensor

from cnn_core.insight import feature_maps
from cnn_core.kept import kept
from cnn_core.lesson import (
    brightest_map,
    difference,
    kept_by_max,
    nudge,
    pool,
    pooling_saving,
    share_of_brightness,
)
from cnn_core.lesson.convolution import Pooling
from cnn_core.model import ModelSpec
from cnn_core.model.layer_files import kind_named
from cnn_core.model.reach import read_of_image
from pages.convolution import guessing, words
from pages.convolution.choices import digit_number, test_digit
from pages.ui.drawing.sheets import picture
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.visitor import networks, server
from pages.ui.wording import screen_summary, terms
from pages.ui.wording.blocks import answer, caption, what_you_see
from pages.ui.wording.numbers import number, signed

POOLINGS: list[Pooling] = ["max", "average"]
MOST_NUDGE = 3  # pixels to either side
_PARTS = (
    address.one_of("pooling", "pooling_kind", {kind: kind for kind in POOLINGS}, "max"),
    address.whole("move", "pooling_nudge", -MOST_NUDGE, MOST_NUDGE, 1),
)

Maps = dict[str, Tensor]  # a layer's name -> its maps (C, H, W), or its numbers (units,)


@kept(8)
def maps_before_and_after(
    weights_key: str, digit: int, right: int, down: int, _net: Any, _image: Tensor
) -> tuple[Maps, Maps]:
    """What every layer gives for the digit, and for the digit moved by so many pixels."""
    return feature_maps(_net, _image), feature_maps(_net, nudge(_image, right, down))


def pooled_layer(maps: Maps) -> tuple[str, str] | None:
    """The layer before the first pooling layer, and that layer; None where the network pools no maps."""
    names = list(maps)
    for before, name in pairwise(names):
        if kind_named(name).pooling_rule and maps[before].ndim == 3:
            return before, name
    return None


@dataclass(frozen=True, eq=False)
class PooledMap:
    """One map and what pooling makes of it.  before, after: (1, H, W)."""

    name: str  # "conv2d_1, map 3"
    kind: Pooling
    before: Tensor
    after: Tensor

    @property
    def top(self) -> float:
        """The largest value, which ends the scale of both pictures."""
        return float(self.before.max())


def brightest_pooled(layer: str, maps: Tensor, kind: Pooling) -> PooledMap:
    """The map with the largest value, and what is left of it.  maps: (C, H, W), what `layer` gives."""
    index = brightest_map(maps)
    before = maps[index : index + 1]
    return PooledMap(f"{layer}, map {index}", kind, before, pool(before, kind))


# ---------------------------------------------------------------- the section


@st.fragment
def pooling(summary: DeltaGenerator) -> None:
    """Draw what 2×2 pooling keeps of one map, and what a nudge of the digit does to the maps.

    summary: the place for it.
    """
    network = networks.current()
    answer_place = st.empty()
    kind, digit, right = ask_pooling()
    image = server.images().images[digit].float() / 255
    if network.spec.input_shape != tuple(image.shape):
        network = networks.named(server.DEFAULT)
        caption(words.OTHER_IMAGES)
    before, after = maps_before_and_after(network.weights_key, digit, right, 0, network.net, image)
    layers = pooled_layer(before)
    if layers is None:
        st.markdown(words.POOLS_NOTHING)
        screen_summary.put(summary, words.POOLS_NOTHING)
        return
    source, name = layers
    one = brightest_pooled(source, before[source], kind)
    with answer_place:
        answer(words.fewer_numbers(kind, one.before.numel(), one.after.numel()), "pooling")
    left, side = st.columns([576, 292], gap="medium")
    with left:
        maps_of_pooling(image, one)
        st.markdown(words.nudge_heading(right))
        rows = [("digit", difference(image, nudge(image, right)))]
        rows += [(name, difference(before[name], after[name])) for name in before if before[name].ndim == 3]
        asked = guessing.may_tell(network, digit, right, rows)
        forgets = changes(rows) if asked is None else asked.asked
    with side:
        why_pool(network.spec, name)
    sizes = one.before.numel(), one.after.numel()
    screen_summary.put(summary, words.summary_of_pooling(one.name, kind, sizes, right, forgets))


def ask_pooling() -> tuple[Pooling, int, int]:
    """Draw the strip. Returns the kind of pooling, the test digit, and by how many pixels it moves to the right."""
    parts = (*_PARTS, test_digit("pooling_digit"))
    address.follow(*parts)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = choice.one_of("Pooling", {kind: f"{kind} of 2×2" for kind in POOLINGS}, "pooling_kind")
        digit = digit_number("pooling_digit", width=180)
        right = _ask_nudge()
    address.tell(*parts)
    return kind, digit, right


def _ask_nudge() -> int:
    return choice.one_of(
        "Move the digit, pixels to the right",
        {pixels: signed(pixels, 0) if pixels else "0" for pixels in range(-MOST_NUDGE, MOST_NUDGE + 1)},
        "pooling_nudge",
        1,
        is_labelled=True,
    )


def maps_of_pooling(image: Tensor, one: PooledMap) -> None:
    """Draw the digit, one of its maps, and what pooling leaves of it.  image: (1, H, W) in [0, 1]."""
    first, second, third = st.columns(3)
    with first:
        _picture("pooling_digit_picture", "digit", image, "grey", 1.0)
    with second:
        _picture("pooling_before", one.name, one.before, "activation", one.top)
    with third:
        _picture("pooling_after", f"{one.kind} of 2×2", one.after, "activation", one.top)
    what_you_see(words.one_scale(_note(one), one.top, bool(one.before.min() < 0)))


def _picture(key: str, title: str, maps: Tensor, scale: str, most: float) -> None:
    size = f"{maps.shape[1]}×{maps.shape[2]}"
    st.markdown(f"**{title}** :gray[{size}]")
    picture(maps[0].numpy(), key, alt=f"{title}, {size}", px=182, scale=scale, limits=(0.0, most))


def _note(one: PooledMap) -> str:
    if one.kind != "max":
        return words.SOFTER
    chosen = kept_by_max(one.before)
    brightness = share_of_brightness(one.before, chosen) if one.before.min() >= 0 else None
    return words.kept_by_maximum(int(chosen.sum()), one.before.numel(), brightness)


def changes(rows: list[tuple[str, float]]) -> str:
    """Draw one bar for each row; returns what they say.  rows: as `guessing.may_tell` takes them."""
    said = words.what_pooling_forgets(rows)
    with st.container(key="pooling_changes"):
        st.html(bars_of(rows))
        caption(said)
    return said


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


def why_pool(spec: ModelSpec, name: str) -> None:
    """Draw three reasons for the pooling layer of that name and what it costs, with this network's own numbers."""
    st.header("Why pool at all?", anchor=False)
    saving = pooling_saving(spec, name)
    if saving is not None:
        terms.draw(words.less_to_compute(saving, name), "multiply-add")
        st.markdown(words.wider_view(saving))
    st.markdown(words.SMALL_SHIFTS)
    _, height, width = spec.input_shape
    rows, columns = read_of_image(spec)
    if left := words.left_over(height - rows, width - columns):
        st.markdown(left)
