"""Before a training: choose images and recipe, see what to expect, and start."""

from __future__ import annotations

import streamlit as st

from cnn_core.data import available, fetch_in_background
from cnn_core.data.network import recent_failure
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec, inspect_draft
from cnn_core.runs.expectation import expect
from cnn_core.settings import settings
from pages.ui.drawing.diagram import network_diagram
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.recipe import Choice, data_set_and_recipe
from pages.ui.visitor import design, server, who
from pages.ui.wording.blocks import answer, caption, on_primary, plain, problem, small, what_you_see
from pages.ui.wording.numbers import about, count

PROBLEM = "train_problem"  # a StudentError of the last click, shown once


MAIN, SIDE = 576, 292


def last_problem() -> None:
    if error := st.session_state.pop(PROBLEM, None):
        problem(error)


def before() -> None:
    """Ask what to train and how; say what to expect; start."""
    inspected = inspect_draft(_draft())
    spec = inspected.spec
    shown_answer = st.empty()
    with st.container(horizontal=True, vertical_alignment="center", key="train_strip"):
        choice = data_set_and_recipe()
        st.space("stretch")
        data = available(choice.dataset)
        absent = data.state == "damaged" or (data.state == "missing" and cannot_be_had(choice.dataset))
        possible = spec is not None and choice.problem is None and not absent
        st.button(
            on_primary("Train"),
            key="train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not possible,
            on_click=_start,
            args=(spec, choice),
        )
    last_problem()
    if choice.problem:
        problem(choice.problem)
    with shown_answer:
        answer(_nothing_yet())
    left, right = st.columns([MAIN, SIDE], gap="medium")
    with left:
        if spec is None:
            problem(inspected.problem or StudentError("This network cannot be trained."))
            caption("The sidebar shows where, and offers a way out.")
        else:
            show(
                network_diagram(spec, mode()),
                key="train_diagram",
                alt=f"The layers of {spec.name}, drawn to scale",
            )
            what_you_see(
                "Each block is what one layer makes of the digit: as high as its maps, as wide as it has many. "
                "The maps shrink while their number grows."
            )
    with right:
        if spec is not None and choice.problem is None:
            _expectation(spec, choice)


def _draft() -> dict:
    try:
        return design.shown()
    except StudentError:
        return design.lesson()


def _nothing_yet() -> str:
    mine = server.store().runs(owner=who.visitor(), limit=1)
    if not mine:
        return "Not yet: you have trained nothing so far. Choose a network in the sidebar and a recipe here."
    return "This network is not in training. Press Train, or choose one of your runs in the sidebar."


def _expectation(spec: ModelSpec, choice: Choice) -> None:
    data = available(choice.dataset)
    noun = dataset_of(choice.dataset).noun
    if data.state == "missing" or _could_be_fetched(data.state, choice.dataset):
        _fetch(choice.dataset)
    if data.state == "missing" and cannot_be_had(choice.dataset):
        return
    learn, keep = split_sizes(data.train or 60_000)
    expected = expect(server.store(), spec, choice.recipe, choice.dataset, learn, data.state == "sample")
    st.markdown("**What to expect**")
    st.metric("Time on this machine", about(expected.seconds).removeprefix("about "))
    if expected.accuracy is None:
        caption(f"How many {noun} it will read nobody knows: {expected.why}.")
    else:
        st.metric(
            f"Accuracy on test {noun}", f"{100 * expected.accuracy:.{0 if data.state == 'sample' else 1}f} %"
        )
        caption(f"This is {expected.why}.")
    used = min(learn, choice.recipe.train_size or learn)
    caption(
        f"It learns from {count(used)} {noun}, {choice.recipe.epochs} times over. {count(keep)} are kept aside to "
        f"see whether it understands or only remembers, and {count(data.test or 10_000)} more are read at the end."
    )
    if data.state == "sample":
        st.markdown(f":yellow[:material/cloud_off:] {small(plain(data.source))}")
    elif data.state == "damaged":
        problem(StudentError(data.source))


def _could_be_fetched(state_of_data: str, dataset: str) -> bool:
    """Whether the digits that came with us stand in for all of them, and nobody has found yet that it must be so."""
    return state_of_data == "sample" and not settings().offline and not recent_failure(dataset)


def cannot_be_had(dataset: str) -> bool:
    """Whether it was tried to fetch a data set, and nothing came of it."""
    return settings().offline or bool(recent_failure(dataset))


def _fetch(dataset: str) -> None:
    """A data set that is not here yet: fetched while the visitor reads."""
    going_on = fetch_in_background(dataset).state == "running"
    st.fragment(_fetching, run_every=1.0 if going_on else None)(dataset, going_on)


def _fetching(dataset: str, went_on: bool) -> None:
    fetch = fetch_in_background(dataset)
    if fetch.state == "running":
        st.progress(fetch.fraction, text=fetch.message)
    elif went_on:
        st.rerun()
    elif available(dataset).state == "missing":
        folder = dataset_of(dataset).folder
        hint = f"Choose MNIST, or put its four files into the data folder, under {folder}/raw."
        problem(StudentError(fetch.message, hint=hint))
        st.button(
            "Try again", icon=":material/refresh:", key="fetch_again", on_click=_fetch_again, args=(dataset,)
        )


def _fetch_again(dataset: str) -> None:
    fetch_in_background(dataset, again=True)


def _start(spec: ModelSpec, choice: Choice) -> None:
    try:
        run_id = server.store().submit(spec, choice.recipe, choice.dataset, owner=who.visitor())
        server.wake_runner()
    except StudentError as error:
        st.session_state[PROBLEM] = error
        return
    design.look_at(f"run:{run_id}")
