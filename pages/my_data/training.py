"""From pictures to a network: how it is trained, the button, and the ways into what came of it."""

from __future__ import annotations

import streamlit as st

from cnn_core.data.own.names import is_own, parts_of
from cnn_core.data.own.own_set import OwnSet
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec, fitted
from cnn_core.runs import Run
from cnn_core.settings import settings
from cnn_core.training import TrainSpec
from pages.my_data import words
from pages.my_data.chosen import View
from pages.ui.drawing.said_and_measured import unknown
from pages.ui.forms import guess_accuracy
from pages.ui.forms.own_picture import confusing
from pages.ui.forms.recipe import GENTLE
from pages.ui.frame.shell import turn_to
from pages.ui.visitor import design, server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, on_primary

EPOCHS, BATCH = 20, 16  # half a second for 45 pictures; batches of 64 would make one step of an epoch
_CHANGES = "data_changes"
WATCHED = 8  # of the newest runs: whether one of them learnt from this set
WAYS_IN = (("evaluate", "Evaluate"), ("feature_maps", "Feature maps"), ("filters", "Filters"))


def train_button(view: View) -> None:
    """Draw the page's one primary button. A click starts the training and turns to where it can be watched."""
    problem = StudentError(words.EMPTY) if view.one is None else view.one.problem()
    total = view.contents.count()
    if (
        st.button(
            on_primary(words.train_on(total), is_enabled=problem is None),
            key="data_train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=problem is not None,
            help=None if problem is None else problem.message,
        )
        and view.one is not None
        and _start(view.one)
    ):
        turn_to("train")


def settings_of(view: View) -> None:
    """Draw the choice of random changes, and what a training does with the pictures."""
    train = view.contents.count("train")
    if view.one is None or view.one.problem() is not None:
        return
    st.toggle(words.CHANGES, value=True, key=_CHANGES, persist_state="session")
    caption(words.why_changes(train))
    caption(words.what_train_does(view.contents.count(), train))


def recipe() -> TrainSpec:
    """How own pictures are learnt from: the lesson's optimiser, small batches, many passes."""
    changes = GENTLE if st.session_state.get(_CHANGES, True) else None
    return TrainSpec(epochs=min(EPOCHS, settings().max_epochs), batch_size=BATCH, augment=changes)


def _start(one: OwnSet) -> bool:
    with refusals.collect("data"):
        spec = _design(one)
        run_id = server.store().submit(spec, recipe(), one.key, who.visitor(), one.name)
        server.wake_runner()
        design.look_at(f"run:{run_id}")
        return True
    return False


def _design(one: OwnSet) -> ModelSpec:
    """The design in the sidebar, for these pictures and so many answers. Raises StudentError where it cannot be."""
    inspection = design.inspect(design.shown())
    if inspection.spec is None:
        raise inspection.problem or StudentError("This network cannot be trained.")
    return fitted(inspection.spec, one.shape, len(one.contents().classes))


# ---------------------------------------------------------------- what came of it


def came_of_it(view: View) -> None:
    """Draw what the newest network that learnt from this set reads, and the ways into it."""
    run = None if view.one is None else _newest(view.one)
    if run is None:
        return
    status = run.status
    if not guess_accuracy.ask(run, "my_data") and not status.unfinished:
        unknown(words.WHAT_IT_READS, 40)
        return
    guess_accuracy.show(run, "my_data")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if status.unfinished:
            st.markdown(words.in_training(run.name), width="content")
            _way(run, "train", "Watch it")
            return
        result = status.result or {}
        tests = int(result.get("count", 0))
        right = round(float(result.get("accuracy", 0.0)) * tests)
        st.markdown(words.came_to(run.name, right, tests), width="content")
        for page, word in WAYS_IN:
            _way(run, page, word)
        if _way_button(run, "confuse", "Confuse it"):
            turn_to("evaluate", view=confusing(dataset_of(run.dataset)))


def _newest(one: OwnSet) -> Run | None:
    for run in server.store().runs(owner=who.visitor(), limit=WATCHED):
        mine = is_own(run.dataset) and parts_of(run.dataset)[0] == one.id
        if mine and (run.status.unfinished or run.status.state == "finished"):
            return run
    return None


def _way(run: Run, page: str, word: str) -> None:
    if _way_button(run, page, word):
        turn_to(page)


def _way_button(run: Run, key: str, word: str) -> bool:
    return st.button(
        word, key=f"data_to_{key}", type="tertiary", on_click=design.look_at, args=(f"run:{run.id}",)
    )
