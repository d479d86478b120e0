"""What the Filters page asks: which layer, which filter, which steps of the recipe."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.filters.climbing import standard_layer, word
from pages.ui.frame import address
from pages.ui.wording.blocks import caption, plain

STEPS = 40


FILTER = "filter"  # (layer, index) that the card is about; in the address as "conv2d_2.41"


_LAYER = "filters_layer"


REFUSED = "filter_refused"  # (layers of the network, sentence)


SWITCHES: dict[str, tuple[str, float, float, str]] = {
    # name: label, the lesson's value, the clean one's, what it is for
    "leak": (
        "Leaky slope",
        0.0,
        0.01,
        "A silent filter gives no slope to climb; a relu that leaks a little does.",
    ),
    "jitter": (
        "Shake",
        0,
        2,
        "The picture is moved by up to 2 pixels at each step, so no pixel matters alone.",
    ),
    "blur": (
        "Soften",
        0.0,
        0.15,
        "15 % of a blurred copy is mixed in at each step: less noise, broader strokes.",
    ),
    "clamp": ("Stay between black and white", False, True, "Without it, pixels run off to −20 or +240."),
    "rescue": (
        "Rescue silent filters",
        False,
        True,
        "Other noise, then the digit that excites it most, as a start.",
    ),
}


def follow_address(layers: dict[str, int]) -> None:
    """Take over the filter of a link; a sentence is kept for one that is not in this network."""
    text = address.asked(FILTER)
    if text:
        layer, _, rest = text.partition(".")
        index = address.whole_number(rest, layers.get(layer, 0)) if rest else 0
        st.session_state[_LAYER] = layer
        st.session_state[FILTER] = (layer, index) if index is not None else (layer, rest)
    layer = st.session_state.get(_LAYER)
    chosen = st.session_state.get(FILTER)
    missing = ""
    if layer is not None and layer not in layers:
        missing = f"This network has no layer {plain(str(layer)[:30])} to ask."
        st.session_state.pop(_LAYER)
    elif chosen and chosen[0] == layer and not (isinstance(chosen[1], int) and chosen[1] < layers[layer]):
        missing = f"{layer} has no {word(layer)} {plain(str(chosen[1])[:20])}: they go from 0 to {layers[layer] - 1}."
        st.session_state.pop(FILTER)
    if missing:
        st.session_state[REFUSED] = (tuple(layers), missing)


def strip(layers: dict[str, int]) -> tuple[str, str, int, int, dict[str, Any]]:
    """The control strip: (layer, recipe, steps, seed, the switches that differ from the recipe)."""
    kept = {"persist_state": "session"}
    names = list(layers)
    first = standard_layer(layers)
    if len(names) <= 4:
        layer = st.segmented_control(
            "Layer", names, default=first, required=True, key=_LAYER, label_visibility="collapsed", **kept
        )
    else:
        layer = st.selectbox(
            "Layer",
            names,
            index=names.index(first),
            key=_LAYER,
            label_visibility="collapsed",
            width=150,
            **kept,
        )
    recipe = st.segmented_control(
        "Recipe",
        ["lesson", "clean"],
        format_func=str.title,
        default="clean",
        required=True,
        key="filters_recipe",
        label_visibility="collapsed",
        **kept,
    )
    recipe = str(recipe or "clean")
    how: dict[str, Any] = {}
    with st.popover("Options", icon=":material/tune:", width="content"):
        for name, (label, lesson, clean, why) in SWITCHES.items():
            standard = recipe == "clean"
            on = st.toggle(label, standard, help=why, key=f"filters_{recipe}_{name}", **kept)
            if on != standard:
                how[name] = clean if on else lesson
        left, right = st.columns(2)
        steps = left.number_input("Steps", 1, 200, STEPS, key="filters_steps", **kept)
        seed = right.number_input("Seed of the noise", 0, 9999, 0, key="filters_seed", **kept)
        caption("“Lesson” is the notebook’s own loop; “Clean” adds the five things above.")
    return str(layer or first), recipe, int(steps), int(seed), how
