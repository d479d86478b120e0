"""What the Filters page asks: which layer, which filter, which steps of the recipe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from cnn_core.insight import RECIPES
from cnn_core.looking import STEPS, standard_filter, standard_layer
from pages.filters import words
from pages.filters.climbing import Climb
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.frame.controlled import controlled
from pages.ui.frame.screens import main_action
from pages.ui.visitor import scene
from pages.ui.wording.blocks import caption

_FILTER = "filter"  # (layer, index) that the card is about; in the address as "conv2d_2.41"
_LAYER = "filters_layer"
_REFUSED = "filter_refused"  # (layers of the network, sentence)
_GROWS = "filter_grows"  # whether one filter is watched, instead of the sheet of all

MOST_STEPS, MOST_SEED = 200, 9_999

# What the recipe "clean" adds to "lesson", each with its name on the screen and what it is for.
SWITCHES: dict[str, tuple[str, str]] = {
    "leak": ("Leaky slope", "A relu that is off has no slope to climb. One that leaks a little has."),
    "jitter": (
        "Shake",
        "The picture is moved by up to 2 pixels at each step, so no pixel matters alone.",
    ),
    "blur": ("Soften", "15 % of a blurred copy is mixed in at each step: less noise, broader strokes."),
    "clamp": ("Stay between black and white", "Without it, pixels can run far below black and above white."),
    "rescue": (
        "Rescue silent filters",
        "They begin again: with other noise, then with the test image that excites them most.",
    ),
}


_RECIPE = "filters_recipe"
_VIEW, VIEWS = "filters_view", ("pictures", "made_of", "more")
_TOWARDS = (
    "filters_towards"  # number of the class that the ways of a filter lead to; None: the one it helps most
)
_PARTS = (
    address.one_of("view", _VIEW, {view: view for view in VIEWS}, "pictures"),
    address.Part("towards", _TOWARDS, None, lambda text: address.whole_number(text, 100_000)),
    address.one_of("recipe", _RECIPE, {"lesson": "lesson", "clean": "clean"}, "clean"),
    address.whole("steps", "filters_steps", 1, MOST_STEPS, STEPS),
    address.whole("seed", "filters_seed", 0, MOST_SEED, 0),
    address.switch("grow", _GROWS),
)


def switch_parts() -> tuple[address.Part, ...]:
    """The switches of the recipe that is chosen, in the address: on or off where they differ from it."""
    recipe = st.session_state.get(_RECIPE, "clean")
    return tuple(address.switch(name, f"filters_{recipe}_{name}", recipe == "clean") for name in SWITCHES)


@dataclass(frozen=True)
class Question:
    """What is looked at: one filter of a layer, and how its picture is climbed to.

    is_chosen: it was clicked or named by a link, and is not just the one to begin with.
    grows: it is watched alone, step by step.
    view: of VIEWS.
    towards: number of the class that the ways of the filter lead to; None for the one that it helps most.
    """

    layer: str
    index: int
    climb: Climb
    is_chosen: bool
    grows: bool
    view: str = "pictures"
    towards: int | None = None


def follow_address(layers: dict[str, int]) -> None:
    """Take over the filter of a link; a sentence is kept for one that is not in this network."""
    text = address.asked(_FILTER)
    if text:
        _adopt(text, layers)
    layer = st.session_state.get(_LAYER)
    if layer is None:
        return
    chosen_layer, index = st.session_state.get(_FILTER, (None, 0))
    if layer not in layers:
        sentence = words.no_such_layer(str(layer))
        st.session_state.pop(_LAYER)
    elif chosen_layer == layer and not _is_one_of(index, layers[layer]):
        sentence = words.no_such_filter(layer, str(index), layers[layer])
        st.session_state.pop(_FILTER)
    else:
        return
    st.session_state[_REFUSED] = (tuple(layers), sentence)


def ask(layers: dict[str, int], classes: Sequence[str]) -> Question:
    """Draw the control strip, and let the address say what is looked at.

    layers:  {name: filters} of those that can be asked.
    classes: what the network's outputs are called.
    """
    address.follow(*_PARTS)
    address.follow(*switch_parts())
    with st.container(horizontal=True, vertical_alignment="center", key="filters_strip"):
        question = _ask(layers, classes)
    address.tell(*_PARTS, *switch_parts())
    return question


def _ask(layers: dict[str, int], classes: Sequence[str]) -> Question:
    view = choice.one_of("View", {view: words.VIEWS[view] for view in VIEWS}, _VIEW)
    layer = standard_layer(layers) if view == "more" else _layer(layers)
    if view == "pictures":
        recipe = choice.one_of(
            "Recipe", {recipe: recipe.title() for recipe in ("lesson", "clean")}, _RECIPE, "clean"
        )
        climb = _options(recipe)
        st.space("stretch")
    else:
        climb = _climb(st.session_state.get(_RECIPE, "clean"))
    index, is_chosen = _filter(layer, layers[layer])
    if view != "more":
        address.write(_FILTER, f"{layer}.{index}" if is_chosen or layer != standard_layer(layers) else "")
    question = Question(layer, index, climb, is_chosen, grows=False, view=view)
    if view == "pictures":
        return replace(question, grows=_grow_button(layer, index))
    if view == "made_of":
        _one_filter(layer, index, layers[layer])
        return replace(question, towards=_towards(classes))
    return question


def _one_filter(layer: str, index: int, width: int) -> None:
    st.selectbox(
        words.word(layer).title(),
        range(width),
        format_func=lambda one: f"{words.word(layer)} {one}",
        label_visibility="collapsed",
        width=130,
        **controlled(f"filters_one_{layer}", index, lambda one: choose(layer, one)),
    )


def _towards(classes: Sequence[str]) -> int | None:
    offered = [None, *range(len(classes))]
    if st.session_state.get(_TOWARDS) not in offered:
        st.session_state[_TOWARDS] = None
    return st.selectbox(
        "Towards",
        offered,
        format_func=lambda one: words.towards(None if one is None else classes[one]),
        key=_TOWARDS,
        label_visibility="collapsed",
        width=220,
        persist_state="session",
    )


def choose(layer: str, index: int) -> None:
    """Make this filter the one that is looked at, unless a teacher's scene keeps another; for callbacks."""
    if scene.refuses("filters.filter"):
        return
    st.session_state[_FILTER] = (layer, index)


def go_to(layer: str, index: int) -> None:
    """Look at this filter, of whichever layer; for callbacks."""
    if scene.refuses("filters.filter"):
        return
    st.session_state[_LAYER] = layer
    choose(layer, index)


def draw_refusal(layers: dict[str, int], question: Question) -> None:
    """Say what a link named and this network does not have, until another filter is chosen."""
    refused_in, sentence = st.session_state.get(_REFUSED, ((), ""))
    if refused_in == tuple(layers) and not question.is_chosen:
        caption(f"{sentence} You are looking at {question.layer}.")


def _adopt(text: str, layers: dict[str, int]) -> None:
    """Choose what a link says, "conv2d_2.41" or "conv2d_2", whether there is such a filter or not."""
    layer, _, number = text.partition(".")
    index = address.whole_number(number, layers.get(layer, 0)) if number else 0
    st.session_state[_LAYER] = layer
    st.session_state[_FILTER] = (layer, index) if index is not None else (layer, number)


def _filter(layer: str, width: int) -> tuple[int, bool]:
    """The filter of this layer that is looked at, and whether somebody chose it."""
    chosen_layer, index = st.session_state.get(_FILTER, (None, 0))
    if chosen_layer == layer and _is_one_of(index, width):
        return index, True
    return standard_filter(width), False


def _is_one_of(index: Any, width: int) -> bool:
    return isinstance(index, int) and index < width


def _layer(layers: dict[str, int]) -> str:
    names, first = list(layers), standard_layer(layers)
    layer = st.selectbox(
        "Layer",
        names,
        index=names.index(first),
        key=_LAYER,
        label_visibility="collapsed",
        width=116 if max(map(len, names)) < 9 else 180,  # so that the strip keeps to one line
        persist_state="session",
    )
    return str(layer or first)


def _options(recipe: str) -> Climb:
    with st.popover("Options", icon=":material/tune:", width="content"):
        for name, (label, purpose) in SWITCHES.items():
            key = f"filters_{recipe}_{name}"
            st.toggle(label, recipe == "clean", help=purpose, key=key, persist_state="session")
        left, right = st.columns(2)
        left.number_input("Steps", 1, MOST_STEPS, STEPS, key="filters_steps", persist_state="session")
        right.number_input("Seed of the noise", 0, MOST_SEED, 0, key="filters_seed", persist_state="session")
        caption(words.RECIPES)
    return _climb(recipe)


def _climb(recipe: str) -> Climb:
    """What the widgets of the recipe say, or said where they are not drawn."""
    said, in_recipe, changes = st.session_state, recipe == "clean", {}
    for name in SWITCHES:
        # What does not stand as in the recipe has the value of the other one.
        if (is_on := bool(said.get(f"filters_{recipe}_{name}", in_recipe))) != in_recipe:
            changes[name] = getattr(RECIPES["clean" if is_on else "lesson"], name)
    steps, seed = int(said.get("filters_steps", STEPS)), int(said.get("filters_seed", 0))
    return Climb(recipe, steps, seed, tuple(sorted(changes.items())))


def _grow_button(layer: str, index: int) -> bool:
    grows = bool(st.session_state.get(_GROWS, False))
    with main_action("filters"):
        st.button(
            words.back_to_all(layer) if grows else words.watch_it_grow(layer, index),
            icon=":material/arrow_back:" if grows else ":material/play_arrow:",
            key="grow",
            on_click=lambda: st.session_state.update({_GROWS: not grows}),
        )
    return grows
