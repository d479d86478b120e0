"""What happens in one step? Four images forward, their loss, the gradients back, one move of all weights, and again."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from pages.one_step import explained_words, guessing, words
from pages.one_step.asking import AGAIN, STAGES, ask, follow, is_playing, tell
from pages.one_step.course import course_of
from pages.one_step.four import four
from pages.one_step.layers import below_max_pooling, layers
from pages.one_step.sizes import sizes
from pages.one_step.stepping import View, can_be_faster, view_of
from pages.one_step.weight import one_weight
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, further_question, next_question, problem, what_you_see

require_shell()

TICK = 0.5  # seconds between two looks at whether the next stage is due, while it plays
WHILE_TRAINING = 5.0  # seconds until the weights of a run in training are looked at anew


def view(summary: DeltaGenerator, ticks: bool) -> None:
    """Draw all that depends on the network.  summary: the place for it.  ticks: whether it is drawn for Play."""
    network = networks.current()
    answer_place = st.empty()
    try:
        course = course_of(network, follow())
    except StudentError as error:  # no images to learn from
        problem(error)
        return
    asked = ask(course)
    if ticks != is_playing():
        st.rerun()  # the timer is begun and ended by the page
    if network.note:
        caption(network.note)
    try:
        with st.spinner(words.doing(asked.after)):
            seen = view_of(course, asked)
    except StudentError as error:
        problem(error)
        return
    show(seen, answer_place, summary)
    tell()


def show(view: View, answer_place: DeltaGenerator, summary: DeltaGenerator) -> None:
    """Draw the answer, forward and back at left, sizes and one weight at right."""
    stage, step = view.asked.stage, view.step
    may_tell = guessing.may_tell(view)
    said = words.answer(stage, view.asked.after, step, view.noun, may_tell)
    with answer_place:
        answer(said, "loss")
    screen_summary.put(
        summary,
        words.summary_of_step(view.course.now.title, STAGES[stage - 1], said, view.noun, len(step.labels)),
    )
    left, right = st.columns([592, 276], gap="medium")
    with left:
        if may_tell:
            guessing.show(view)
        four(view, may_tell)
        layers(view)
        explained(view, may_tell)
    with right:
        sizes(view)
        one_weight(view)
    further_question("train", words.so_many_steps(view.course.steps), "Train shows it.")


def explained(view: View, may_tell: bool) -> None:
    """Say what there is to see, and where these weights come from."""
    step, spec = view.step, view.course.now.spec
    has_maps = any(layer.has_maps for layer in step.layers)
    what_you_see(
        explained_words.what_you_see(
            view.asked.stage, step, view.marked, below_max_pooling(spec), has_maps, view.noun
        ),
        "pooling",
    )
    if view.asked.stage == AGAIN and may_tell:
        caption(words.onwards(step))
    if apart := explained_words.as_in_training(spec):
        caption(apart)
    is_faster = view.asked.faster and can_be_faster(view.course)
    caption(
        explained_words.where_it_comes_from(
            view.asked.after, view.course, step.learning_rate, step.has_memory, is_faster
        )
    )


def page(summary: DeltaGenerator) -> None:
    """Draw the page; while it plays, anew at each tick.  summary: the place for it."""
    ticks = is_playing()
    every = TICK if ticks else WHILE_TRAINING if networks.is_training() else None
    st.fragment(view, run_every=every)(summary, ticks)


page(page_head("one_step"))
next_question("evaluate", "asks a trained network about the test images.")
