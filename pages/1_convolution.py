"""What does a kernel do? The lesson by hand: one kernel, then pooling, then how a cat's face is put together."""

from __future__ import annotations

import random
import secrets
from itertools import pairwise
from typing import Any

import numpy as np
import streamlit as st
import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.insight import feature_maps
from cnn_core.insight.cat_face import Stage, cat_photo, cat_stages, spotlight
from cnn_core.insight.convolution import (
    NAMED_KERNELS,
    Sweep,
    change,
    checked_kernel,
    kept_by_max,
    named_kernel,
    nudge,
    pool,
    sweep,
)
from cnn_core.insight.quiz import KINDS, ask, mark
from cnn_core.insight.small_pictures import ring, small_cat
from cnn_core.model import summarize
from cnn_core.model.layers import kind_named
from pages.ui import state
from pages.ui.messages import (
    answer,
    big,
    caption,
    count,
    next_question,
    number,
    on_primary,
    percent,
    problem,
    sheet_heading,
    what_you_see,
)
from pages.ui.sheets import contact_sheet, picture, sheet
from pages.ui.shell import page_head, require_shell
from pages.ui.sweep import kernel_sweep

require_shell()

MINE, LEARNT = "my own", "learnt by the network"
KERNELS = [*NAMED_KERNELS, LEARNT, MINE]
IMAGES = ["test digit", "ring, 8×8", "cat, grey", "cat, in colour"]
KEPT = {"persist_state": "session"}  # this page's widgets come back as they were
SWEEP, EDIT, REFUSED = "convolution_sweep", "convolution_edit", "convolution_refused"


# ---------------------------------------------------------------- one kernel


def image_of(kind: str, index: int) -> tuple[str, Tensor]:
    """What is swept over: its name, and (C, H, W) in [0, 1]."""
    if kind == "ring, 8×8":
        return "ring", ring()
    if kind.startswith("cat"):
        return "cat", small_cat(color=kind == "cat, in colour")
    digits = state.images()
    return f"a {digits.classes[int(digits.labels[index])]}", digits.images[index].float() / 255


def first_kernels() -> Tensor | None:
    """The first layer's kernels of the network in the sidebar, (filters, 1, k, k); None if it has none."""
    name, child = next(iter(state.network().net.named_children()))
    weights = child.conv.weight if kind_named(name).has_filters else None
    return weights if weights is not None and weights.shape[1] == 1 and weights.shape[-1] <= 7 else None


def kernel_of(name: str, size: int, channels: int, learnt: int) -> Tensor:
    """The kernel to lay on, (channels, k, k)."""
    if name == MINE:
        edited = st.session_state.get(EDIT)
        if edited is not None and len(edited) == channels:
            return torch.tensor(edited)
        if edited is not None and channels > 1:  # made for a grey image: a third of it for each colour
            return (torch.tensor(edited) / channels).expand(channels, -1, -1)
        if edited is not None:  # made for colours: what it does to grey
            return torch.tensor(edited).sum(dim=0, keepdim=True)
        name = "vertical edges"
    if name == LEARNT:
        kernels = first_kernels()
        if kernels is None:
            raise StudentError(
                "This network does not begin with a convolution, so it has no kernel to show.",
                hint="Choose the lesson’s convnet in the sidebar.",
            )
        one = kernels[learnt % len(kernels), 0].detach()
    else:
        one = named_kernel(name, size)
    return (one / channels).expand(channels, -1, -1)  # in colour: a third of the weight for each channel


def adopt_edit() -> None:
    """A cell was changed in the browser: check it, and from now on the kernel is the visitor's own."""
    edit = st.session_state[SWEEP].get("edit")
    try:
        values = edit.get("kernel") if isinstance(edit, dict) else None
        kernel = checked_kernel(values, channels=3 if isinstance(values, list) and len(values) == 3 else 1)
    except StudentError as error:
        st.session_state[REFUSED] = error
        return
    st.session_state[EDIT] = kernel.tolist()
    st.session_state["convolution_kernel"] = MINE


def size_lines(swept: Sweep, padding: str) -> list[str]:
    """The formula of the output's size with the numbers put in, for the height and, where it differs, the width."""
    k, left_right, top_bottom = swept.kernel.shape[-1], sum(swept.padding[:2]), sum(swept.padding[2:])
    span = swept.dilation * (k - 1) + 1
    lines = ["(side + padding − kernel) / strides + 1"]
    if swept.dilation > 1:
        lines.append(f"kernel: {k} cells spread over {swept.dilation} × ({k} − 1) + 1 = {span} pixels")
    sides = {(swept.image.shape[1], top_bottom, swept.output.shape[0])}
    sides.add((swept.image.shape[2], left_right, swept.output.shape[1]))
    for side, padded, result in sorted(sides):
        rest = (side + padded - span) % swept.stride
        down = ", rounded down" if rest else ""
        lines.append(f"({side} + {padded} − {span}) / {swept.stride} + 1 = {result}{down}")
    if padding == "same":
        lines.append(f"“same” adds just enough for {swept.image.shape[1]} / {swept.stride}, rounded up.")
    return lines


@st.fragment
def one_kernel() -> None:
    """The strip, the sweep, and what there is to notice."""
    line = st.empty()
    strip = st.container(horizontal=True, vertical_alignment="center", key="convolution_strip")
    with strip:
        name = st.selectbox(
            "Kernel", KERNELS, key="convolution_kernel", label_visibility="collapsed", width=210,
            format_func=lambda kernel: f"kernel: {kernel}", **KEPT,
        )  # fmt: skip
        padding = st.segmented_control(
            "Padding", ["valid", "same"], default="valid", required=True, key="convolution_padding",
            label_visibility="collapsed", format_func=lambda word: f"padding “{word}”", **KEPT,
        )  # fmt: skip
        stride = st.selectbox(
            "Strides", [1, 2, 3], key="convolution_stride", label_visibility="collapsed", width=120,
            format_func=lambda moves: f"strides {moves}", **KEPT,
        )  # fmt: skip
        with st.popover("Options", icon=":material/tune:"):
            kind = st.selectbox("Image", IMAGES, key="convolution_image", **KEPT)
            digits = state.images()
            index = st.number_input(
                "Test digit, number", 0, len(digits) - 1, 0, key="convolution_digit",
                disabled=kind != IMAGES[0], **KEPT,
            )  # fmt: skip
            size = st.segmented_control(
                "Kernel size", [3, 5, 7], default=3, required=True, key="convolution_size",
                format_func=lambda side: f"{side}×{side}", **KEPT,
            )  # fmt: skip
            dilation = st.segmented_control(
                "Dilation", [1, 2, 3], default=1, required=True, key="convolution_dilation",
                help="2 leaves a pixel free between the kernel’s cells: a wider view for the same weights.", **KEPT,
            )  # fmt: skip
            learnt = st.number_input(
                "Learnt kernel, number", 0, 511, 0, key="convolution_learnt", disabled=name != LEARNT, **KEPT
            )
            relu = st.toggle(
                "relu after the sum, as in the lesson", value=True, key="convolution_relu", **KEPT
            )
    try:
        title, image = image_of(kind, int(index))
        kernel = kernel_of(name, size, len(image), int(learnt))
        swept = sweep(image, kernel, stride, padding, dilation)
    except StudentError as error:
        problem(error)
        return
    each = swept.kernel.numel()
    line.markdown(
        f"It asks every place the same question, “does it look like me here?” "
        f"**{count(swept.count)} places**, {each} products each: {count(each * swept.count)} multiply-adds."
    )
    if (refused := st.session_state.pop(REFUSED, None)) is not None:
        problem(refused)
    kernel_sweep(
        swept,
        key=SWEEP,
        title=title,
        geometry=f"{kind}/{index}/{padding}/{stride}/{dilation}/{kernel.shape[-1]}",
        formula=size_lines(swept, padding),
        relu=relu,
        on_edit=adopt_edit,
    )
    bright = (
        "black is zero or less, pale yellow the largest sum" if relu else "orange is above zero, blue below"
    )
    what_you_see(
        f"The teal frame is where the kernel lies, and the pixel it makes. In the output {bright}. "
        "Point at a pixel of the output, or press Play; change a weight in the grid and see all of it change."
    )


# ---------------------------------------------------------------- pooling


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
        if kind_named(name).pooling_rule and maps[before].ndim == 3:
            return before, name
    return None


def nudge_text(pixels: int) -> str:
    return (
        "not nudged" if pixels == 0 else f"nudged {abs(pixels)} px to the {'right' if pixels > 0 else 'left'}"
    )


@st.fragment
def pooling() -> None:
    """What 2×2 pooling keeps of one map, and what a nudge of the digit does to the maps."""
    shown = state.network()
    digits = state.images()
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
    rows = [("digit", change(image, nudge(image, right)))]
    rows += [(name, change(before[name], after[name])) for name in before if before[name].ndim == 3]
    st.html(bars_of(rows))
    pools = [value for name, value in rows[1:] if kind_named(name).pooling_rule]
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


def why_pool(shown: state.Shown, name: str) -> None:
    """Draw three reasons, each with this network's own numbers."""
    rows = summarize(shown.spec)
    names = [row.name for row in rows]
    at = names.index(name)
    st.subheader("Why pool at all?", anchor=False)
    work = next((row for row in rows[at + 1 :] if kind_named(row.name).has_filters), None)
    if work is not None:
        _, height, width = rows[at - 1].output_shape
        _, rows_now, columns_now = work.output_shape
        window = shown.spec.layers[names.index(work.name)].window()
        there = [window.output_size(side) for side in (height, width)]
        without = work.macs * there[0] * there[1] / (rows_now * columns_now)
        st.markdown(
            f"**Less to compute.** {work.name} needs {big(work.macs)} multiply-adds; "
            f"without {name} it would need {big(without)}."
        )
        st.markdown(
            f"**A wider view.** One value of {work.name} sees {work.receptive_field}×{work.receptive_field} pixels "
            f"of the digit with {window.side}×{window.side} weights."
        )
    st.markdown(
        "**Small shifts forgotten.** A stroke that moves by a pixel often stays in the same window of 2×2: "
        "nudge the digit and read the bars."
    )


# ---------------------------------------------------------------- a cat's face


@st.cache_resource(show_spinner=False)
def stages() -> dict[str, Stage]:
    """The cat's maps: the same for everybody, computed once."""
    return cat_stages()


STORY = {
    "edges": "Early: where brightness changes, and in which direction.",
    "parts": "In the middle: several edges at once make an eye, an ear, a nose.",
    "wholes": "Late: parts in the right places make a face.",
}


@st.fragment
def cat() -> None:
    """Real maps of a network for photos, at three depths; a chosen one lights up its places in the photo."""
    try:
        found = stages()
    except StudentError as error:
        problem(error)
        return
    stage, place = st.session_state.get("cat_map", ("parts", 8))  # its eyes
    answer(
        "Edges first, then parts, then wholes: each layer is made of **the one before it**, and nobody drew a cat."
    )
    left, side = st.columns([576, 292], gap="medium")
    with left:
        for name, story in STORY.items():
            maps = found[name].maps
            _, height, width = maps.shape
            st.markdown(sheet_heading(name, f"{len(maps)} of {found[name].total} maps of {height}×{width}"))
            sheet(
                contact_sheet(maps.numpy(), "activation", "own"),
                key=f"cat_{name}",
                alt=f"The strongest maps of the cat: {story}",
                tile_px=84,
                columns=6,
                labels=[f"{name}, map {index}" for index in found[name].indices],
                selected=place if name == stage else None,
                on_click=lambda index, name=name: st.session_state.update(cat_map=(name, index)),
            )
            caption(story)
    with side:
        photo = cat_photo()
        index = found[stage].indices[place]
        picture(rgb(photo), "cat_photo", alt="A photo of a tabby cat’s face", px=292, smooth=True)
        st.markdown(f"**{stage}, map {index}** :gray[lights up here]")
        lit = spotlight(photo, found[stage].maps[place])
        picture(rgb(lit), "cat_lit", alt=f"The photo, bright where map {index} is", px=292, smooth=True)
        what_you_see(
            "Click a map. EfficientNet-Lite0 learnt these from a million photos; shown are the maps that differ most "
            "from place to place, each from 0 to its own maximum."
        )


def rgb(image: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] as (H, W, 3) bytes."""
    return (image.permute(1, 2, 0) * 255).round().byte().numpy()


# ---------------------------------------------------------------- questions


def new_question() -> None:
    kind = st.session_state.get("quiz_kind") or next(iter(KINDS))
    st.session_state["quiz_question"] = ask(kind, random.Random(secrets.randbits(64)))
    st.session_state["quiz_typed"] = ""
    st.session_state["quiz_verdict"] = None


def check_answer() -> None:
    question, typed = st.session_state["quiz_question"], st.session_state["quiz_typed"]
    verdict = mark(question, typed)
    if verdict.is_right is not None and st.session_state.get("quiz_verdict") is None:  # the first try counts
        right, asked = st.session_state.get("quiz_score", (0, 0))
        st.session_state["quiz_score"] = (right + verdict.is_right, asked + 1)
    st.session_state["quiz_verdict"] = verdict if verdict.is_right is not None else None
    st.session_state["quiz_hint"] = None if verdict.is_right is not None else verdict.comment


@st.fragment
def questions() -> None:
    """One question at a time, with fresh numbers; the answer is marked and explained."""
    st.session_state.setdefault("quiz_kind", next(iter(KINDS)))
    if "quiz_question" not in st.session_state:
        new_question()
    right, asked = st.session_state.get("quiz_score", (0, 0))
    answer(
        f"**{right} of {asked}** right at the first try."
        if asked
        else "Five kinds of questions, with new numbers each time."
    )
    st.segmented_control(
        "Kind of question", list(KINDS), required=True, key="quiz_kind", on_change=new_question,
        label_visibility="collapsed", **KEPT,
    )  # fmt: skip
    st.markdown(f"##### {st.session_state['quiz_question'].text}")
    with st.form("quiz", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input("Your answer", key="quiz_typed", width=200, placeholder="a whole number")
            st.form_submit_button(on_primary("Check"), type="primary", on_click=check_answer)
    verdict = st.session_state.get("quiz_verdict")
    if verdict is not None and verdict.is_right:
        st.markdown(f":green[:material/check: {verdict.comment}]")
    elif verdict is not None:
        st.markdown(f":red[:material/close: {verdict.comment}]")
    elif st.session_state.get("quiz_hint"):
        st.markdown(st.session_state["quiz_hint"])
    st.button("Another question", on_click=new_question)


# ---------------------------------------------------------------- the page

page_head("convolution")
tabs = st.tabs(
    ["One kernel", "Pooling", "How a cat’s face is learnt", "Check yourself"],
    on_change="rerun",
    key="convolution_tab",
)
for tab, section in zip(tabs, (one_kernel, pooling, cat, questions), strict=True):
    if tab.open:
        with tab:
            section()
next_question("train", "lets the network find its kernels by itself.")
