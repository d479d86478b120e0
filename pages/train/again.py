"""Before a training: it was done already, or another one goes on."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.runs import Run
from cnn_core.training.spec import MAX_SEED
from pages.train import end_words, runner
from pages.ui.forms.recipe import Choice
from pages.ui.visitor import design, server, who
from pages.ui.wording import refusals

_ASKED = "train_already"  # (what is to be trained, the run that did it)
WATCHED = 6  # of the newest runs: whether one of them goes on


def start(spec: ModelSpec, choice: Choice) -> None:
    """Train; but where that was done already, ask first. For a callback."""
    with refusals.collect("train"):
        run = server.store().equal_run(spec, choice.recipe, choice.dataset, who.visitor())
        if run is None or run.status.unfinished:
            _train(spec, choice)
        else:
            st.session_state[_ASKED] = (_asked(spec, choice), run.id)


def question(spec: ModelSpec | None, choice: Choice) -> None:
    """Draw the question that `start` left, for as long as design and recipe are those it was about."""
    asked, run_id = st.session_state.get(_ASKED, (None, ""))
    if spec is None or asked is None or asked != _asked(spec, choice):
        st.session_state.pop(_ASKED, None)
        return
    try:
        run = server.store().run(run_id)
        seed = _next_seed(spec, choice)
    except StudentError:  # deleted in another tab
        st.session_state.pop(_ASKED, None)
        return
    with st.container(border=True, key="train_already_box"):
        st.markdown(end_words.trained_already(run, spec.name))
        with st.container(horizontal=True):
            st.button(end_words.SHOW_IT, key="already_show", on_click=_show, args=(run.id,))
            st.button(end_words.TRAIN_AGAIN, key="already_again", on_click=_again, args=(spec, choice))
            other = Choice(choice.dataset, choice.title, choice.recipe.replace(seed=seed))
            st.button(end_words.with_seed(seed), key="already_seed", on_click=_again, args=(spec, other))


def _asked(spec: ModelSpec, choice: Choice) -> tuple:
    return spec.fingerprint, choice.recipe, choice.dataset


def _next_seed(spec: ModelSpec, choice: Choice) -> int:
    """The next seed with which this was not trained yet."""
    seed = choice.recipe.seed
    for seed in range(choice.recipe.seed + 1, min(choice.recipe.seed + 50, MAX_SEED)):
        recipe = choice.recipe.replace(seed=seed)
        if server.store().equal_run(spec, recipe, choice.dataset, who.visitor()) is None:
            break
    return seed


def _show(run_id: str) -> None:
    st.session_state.pop(_ASKED, None)
    design.look_at(f"run:{run_id}")


def _again(spec: ModelSpec, choice: Choice) -> None:
    st.session_state.pop(_ASKED, None)
    with refusals.collect("train"):
        _train(spec, choice, again=True)


def _train(spec: ModelSpec, choice: Choice, again: bool = False) -> None:
    run_id = server.store().submit(spec, choice.recipe, choice.dataset, owner=who.visitor(), again=again)
    design.look_at(f"run:{run_id}")
    runner.wake()


# ---------------------------------------------------------------- one that goes on


def way_back() -> None:
    """Draw a link to the visitor's newest run that goes on, where there is one."""
    if run := _unfinished():
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(end_words.goes_on(run), width="content")
            st.button("Show it", key="way_back", on_click=_show, args=(run.id,), type="tertiary")


def _unfinished() -> Run | None:
    for run in server.store().runs(owner=who.visitor(), limit=WATCHED):
        if run.kind == "training" and run.status.unfinished:
            return run
    return None
