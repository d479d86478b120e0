"""What a run is, and the buttons its owner has for it."""

from __future__ import annotations

import streamlit as st

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.runs import Run
from cnn_core.training import RECIPES
from pages.train.before import PROBLEM, last_problem
from pages.ui.forms.recipe import RATES
from pages.ui.forms.sidebar import TOLD
from pages.ui.visitor import design, server, who
from pages.ui.wording.blocks import small
from pages.ui.wording.run_states import run_label


def _at_once(run: Run) -> Run:
    """The run as it stands now; where it was deleted in another tab, the page begins anew."""
    if not run.folder.is_dir():
        st.rerun()
    return run.at_once()


def is_told_otherwise(run: Run, mine: bool) -> bool:
    """Whether the sidebar says something else of this run than what is true now."""
    return mine and st.session_state.get(TOLD) != run_label(run)


def shows_another_rate(run: Run) -> bool:
    """Whether the strip shows a learning rate that was changed since, in another tab."""
    rate = _rate_now(run)
    return st.session_state.get(f"rate_{run.id}", rate) != rate


def _strip(run: Run) -> None:
    """What it is, and what its owner can do to it."""
    run = _at_once(run)
    mine = run.is_owner(who.visitor())
    _buttons(run, mine)
    last_problem()
    if is_told_otherwise(run, mine):  # "2 epochs more" was pressed
        st.rerun()


def _buttons(run: Run, mine: bool) -> None:
    status, recipe = run.status, run.recipe
    named = next((title for key, title in (("lesson", "Lesson"), ("fast", "Fast")) if _is(run, key)), "Own")
    with st.container(horizontal=True, vertical_alignment="center", key="run_strip"):
        facts = (
            f"**{named} recipe** :gray[· {dataset_of(run.dataset).title} · batches of {recipe.batch_size}]"
        )
        if not run.has_recipe:
            facts = "**Opened from a file** :gray[· how it was trained is not known]"
        st.markdown(facts, width="content")
        if not mine:
            st.markdown(small("Somebody else’s run; you are watching."), width="content")
            return
        if status.unfinished:
            _rate(run)
            st.space("stretch")
            with st.container(horizontal=True, width="content"):  # on a phone they stay together
                if status.state == "paused":
                    _button("Resume", "play_arrow", run, "resume")
                else:
                    _button("Pause", "pause", run, "pause")
                _button("Stop", "stop", run, "stop")
        else:
            st.space("stretch")
            if status.state == "finished" and recipe.schedule == "constant":
                st.button(
                    "2 epochs more",
                    icon=":material/forward_media:",
                    key="extend",
                    on_click=_extend,
                    args=(run.id,),
                )
            label = "Try again" if status.state == "failed" else "Train another"
            # The whole page changes, not this fragment alone.
            if st.button(label, icon=":material/restart_alt:", key="again", on_click=_again, args=(run.id,)):
                st.rerun()


def _is(run: Run, key: str) -> bool:
    recipe = run.recipe
    return recipe.replace(seed=0, train_size=None, epochs=RECIPES[key].epochs) == RECIPES[key]


def _rate_now(run: Run) -> float:
    return float(run.control.get("learning_rate") or run.recipe.learning_rate)


def _rate(run: Run) -> None:
    now = st.session_state[f"rate_{run.id}"] = _rate_now(run)  # whichever tab it was changed in
    st.selectbox(
        "Learning rate",
        sorted({*RATES, now}),
        format_func=lambda rate: f"learning rate {rate:g}",
        key=f"rate_{run.id}",
        label_visibility="collapsed",
        filter_mode=None,
        width=200,
        on_change=_change_rate,
        args=(run.id,),
    )


def _change_rate(run_id: str) -> None:
    _wish(run_id, learning_rate=st.session_state[f"rate_{run_id}"])


def _button(label: str, icon: str, run: Run, action: str) -> None:
    st.button(label, icon=f":material/{icon}:", key=action, on_click=_wish, args=(run.id, action))


def _wish(run_id: str, action: str | None = None, learning_rate: float | None = None) -> None:
    try:
        server.store().control(run_id, who.visitor(), action, learning_rate)
        if action == "resume":
            server.wake_runner()
    except StudentError as error:
        st.session_state[PROBLEM] = error


def _extend(run_id: str) -> None:
    try:
        server.store().extend(run_id, who.visitor(), 2)
        server.wake_runner()
    except StudentError as error:
        st.session_state[PROBLEM] = error


def _again(run_id: str) -> None:
    """Back to the design of that run, to change it or its recipe."""
    try:
        design.commit(server.store().run(run_id).spec.to_dict())
    except StudentError as error:
        st.session_state[PROBLEM] = error
