"""Which changes leave a 7 a 7? Random changes of one digit, what a network reads each time, and whether they help."""

from __future__ import annotations

import streamlit as st

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.export.augmentation import keras_line, torchvision_line
from cnn_core.lesson import drawn
from cnn_core.runs import Pair
from pages.augmentation.dragged import dragged
from pages.augmentation.lies import where_the_label_breaks
from pages.augmentation.reading import Asked
from pages.augmentation.sheets import draws, fill_modes, one_alone
from pages.augmentation.with_and_without import (
    Order,
    outcome,
    pairs_of,
    progress,
    recipe_options,
    start_buttons,
    start_one,
)
from pages.augmentation.words import verdict
from pages.ui.forms.augment_settings import (
    draw_again,
    draws_and_seed,
    kind_of_changes,
    seven_settings,
    spec_of,
)
from pages.ui.forms.digit_input import chosen_image, way_and_number
from pages.ui.frame.shell import ROOT, entry, page_head, require_shell
from pages.ui.visitor import design, networks, server
from pages.ui.wording.blocks import answer, caption, next_question, problem
from pages.ui.wording.numbers import shape_text

require_shell()

LOOKS = {"draws": "Draws", "alone": "One alone", "fill": "Fill modes"}


# ---------------------------------------------------------------- code, training


def as_code(spec: AugmentSpec) -> None:
    st.markdown("### The same in your own code")
    keras, torchvision = st.tabs(["Keras", "torchvision"])
    with keras:
        st.code(keras_line(spec), language="python", wrap_lines=True)
        caption("The geometry of this page is Keras’s own, pixel for pixel.")
    with torchvision:
        st.code(torchvision_line(spec), language="python", wrap_lines=True)
        caption("Nearly the same: torchvision zooms both axes alike and shifts by whole pixels.")


def training(shown: networks.LoadedNetwork, spec: AugmentSpec, pairs: list[Pair]) -> None:
    """Draw what starts the two trainings, and how far they are.  pairs: the visitor's of this design."""
    busy = bool(pairs) and pairs[0].unfinished
    caption(
        "Does it help to learn from such pictures? Train the same network twice from one seed, with and without these "
        "changes, and compare both under turn and shift."
    )
    buttons = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Recipe", icon=":material/tune:", width="content"):
            recipe, dataset = recipe_options(shown.dataset)
        order = Order(shown.spec, recipe, spec, dataset)
        alone = st.button(
            "Train with this", key="train_one", help="One run, with these changes. Opens the Train page."
        )
    with buttons:
        start_buttons(order, busy)
    if alone and start_one(order):
        st.switch_page(ROOT / entry("train").file)
    if pairs:
        progress(pairs[0])


# ---------------------------------------------------------------- the page


def begin_with_a_seven(dataset: str) -> None:
    """The question is about a 7: where no digit was chosen yet, choose one. (The sample does not begin with a 7.)"""
    if dataset == "mnist" and "digit" not in st.session_state and "digit_way" not in st.session_state:
        sevens = (server.images(dataset, "test").labels == 7).nonzero()
        st.session_state["digit"] = int(sevens[0]) if len(sevens) else 0


def page() -> None:
    shown = networks.current()
    pairs = pairs_of(shown.spec)
    told = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="augment_strip"):
        kind = kind_of_changes()
        spec = spec_of(kind, pairs[0].augment if pairs else None)
        look = st.segmented_control(
            "Look at",
            list(LOOKS),
            format_func=LOOKS.__getitem__,
            default="draws",
            required=True,
            key="look",
            label_visibility="collapsed",
            bind="query-params",
        )
        with st.popover("Seven settings", icon=":material/tune:", width="content"):
            seven_settings(spec)
            count, seed = draws_and_seed()
        st.space("stretch")
        st.button("Draw again", icon=":material/casino:", key="draw_again", on_click=draw_again)
    begin_with_a_seven(shown.dataset)
    with st.container(horizontal=True, vertical_alignment="center", key="augment_digit"):
        way = way_and_number(shown.dataset)
    if shown.note:
        caption(shown.note)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        chosen = chosen_image(way, shown.dataset)
    if chosen is None:
        return
    if shown.spec.input_shape != tuple(chosen.image.shape):
        theirs, ours = shape_text(shown.spec.input_shape), shape_text(tuple(chosen.image.shape))
        problem(
            StudentError(
                f"This network takes images of {theirs}, and these are {ours}.", "Choose another one."
            )
        )
        return
    try:
        asked = Asked(shown, chosen, spec)
        changes = tuple(drawn(spec, count, chosen.image.shape[-2:], seed))
        reading = asked.read(changes)
    except (StudentError, RuntimeError) as error:  # a network for other images than ours
        problem(
            error if isinstance(error, StudentError) else StudentError("This network takes other images.")
        )
        return
    settings = {"lesson": "the lesson’s", "gentle": "the gentle", "own": "your own"}[kind]
    with told:
        answer(verdict(asked, reading, settings))
    with left:
        if look == "alone":
            one_alone(asked)
        elif look == "fill":
            fill_modes(asked, changes)
        else:
            draws(asked, reading, seed)
    with right:
        dragged(asked)
        training(shown, spec, pairs)
    where_the_label_breaks(asked)
    if pairs:
        outcome(pairs)
    as_code(spec)
    if not shown.trained:
        st.button("Look at the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",))


page_head("augmentation")
page()
next_question("runs", "lays the two runs side by side.")
