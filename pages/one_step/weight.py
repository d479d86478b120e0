"""One weight: its kernel with the gradient beside it, the optimiser's rule with its numbers put in, and another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.insight import kernels_of
from pages.one_step import explained_words, rule_words, words
from pages.one_step.asking import STEP, Weight, choose_optimiser, choose_weight
from pages.one_step.course import OPTIMISERS, OWN
from pages.one_step.stepping import View
from pages.ui.drawing.sheets import picture
from pages.ui.frame.controlled import controlled_in_popover
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import count, short

if TYPE_CHECKING:
    import numpy as np

KERNEL_PX = 72


def one_weight(view: View) -> None:
    """Draw it, once the step is done."""
    if view.asked.stage < STEP:
        return
    rule = view.step.rule
    layer = rule.weight.partition(".")[0]
    st.markdown(f"## One weight of {count(view.step.weights)}")
    caption(rule_words.place_words(layer, rule.place))
    if len(rule.place) == 4:
        _kernel(layer, rule.place, view)
    caption(f"g = {rule_words.figure(rule.gradient)}. {rule_words.gradient_says(rule.gradient)}", "gradient")
    for line in rule.lines:
        st.markdown(
            f":small[:gray[{rule_words.is_for(line, rule)}]]  \n"
            f":small[{line.symbol} = {line.formula}]  \n"
            f":small[= {rule_words.with_numbers(line)} =] **{rule_words.figure(line.value)}**"
        )
    st.markdown(rule_words.change_words(rule))
    caption(" ".join(filter(None, (rule_words.moves_the_other_way(rule), rule_words.outcome(rule)))))
    with st.container(horizontal=True, gap="small"):
        _choice(view, layer, rule.place)
        _optimiser(view)


def _kernel(layer: str, place: tuple[int, ...], view: View) -> None:
    """Draw kernel, gradient and move; a click on one of their cells chooses that weight."""
    kernel, (row, column) = view.step.kernel, place[2:]
    parts = {"kernel": kernel.before, "gradient": kernel.gradient, "move": kernel.move}
    with st.container(horizontal=True, gap="xsmall"):
        for name, values in parts.items():
            with st.container(gap="xsmall", width=KERNEL_PX + 6):
                caption(name)
                _part(name, values.numpy(), (row, column), layer, place)
                caption(words.limits(values.numpy()))


def _part(name: str, values: np.ndarray, at: tuple[int, int], layer: str, place: tuple[int, ...]) -> None:
    row, column = at
    picture(
        values,
        f"one_step_{name}",
        alt=words.rows_alt(name, values),
        px=KERNEL_PX,
        scale="signed",
        rects=[(row, column, row + 1, column + 1)],
        clickable=True,
        values=[short(float(one)) for one in values.ravel()],
        on_click=lambda row, column: choose_weight((layer, (*place[:2], row, column))),
    )


def _choice(view: View, layer: str, place: tuple[int, ...]) -> None:
    """Draw the way to any other weight."""
    shapes = kernels_of(view.course.now.net)
    with st.popover("Another weight", width="content"):
        names = list(shapes)
        default, choosing = controlled_in_popover("one-step-layer", layer, _choose_layer)
        st.selectbox(
            "Layer",
            names,
            index=names.index(default) if default in names else 0,
            filter_mode=None,
            **choosing,
        )
        for part, name in enumerate(rule_words.NAMES_OF_PLACE[len(place)]):
            value, numbering = controlled_in_popover(
                f"one-step-{name}", place[part], _choose_place, layer, place, part
            )
            most = shapes[layer][part] - 1
            if most:
                st.number_input(f"{name.capitalize()}, 0 to {most}", 0, most, min(value, most), **numbering)
        st.button(
            "The one that moves farthest",
            key="one_step_farthest",
            on_click=choose_weight,
            args=((layer, None),),
        )


def _choose_layer(layer: str) -> None:
    choose_weight((layer, None))


def _choose_place(layer: str, place: tuple[int, ...], part: int, value: int) -> None:
    weight: Weight = layer, (*place[:part], int(value), *place[part + 1 :])
    choose_weight(weight)


def _optimiser(view: View) -> None:
    """Draw the choice among optimisers: what would another one do?"""
    names = {OWN: f"{explained_words.optimiser(view.course.own)}, the recipe’s own"} | {
        name: words.OPTIMISERS[name] for name in OPTIMISERS
    }
    with st.popover("Another optimiser", width="content"):
        default, choosing = controlled_in_popover(
            "one-step-optimiser", view.course.optimiser, choose_optimiser
        )
        keys = list(names)
        st.radio("Optimiser", keys, index=keys.index(default), format_func=names.__getitem__, **choosing)
        caption(words.FROM_THE_FIRST_STEP)
