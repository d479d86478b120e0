"""What a run is, and the buttons its owner has for it."""

from __future__ import annotations

import streamlit as st

from cnn_core.runs import Run, going_on
from pages.train import end_words, runner
from pages.train.words import WATCHING, facts
from pages.ui.forms.recipe import RATES
from pages.ui.forms.sidebar import TOLD, own_label
from pages.ui.frame.screens import main_action
from pages.ui.frame.shortcuts import PLAY
from pages.ui.visitor import design, server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import on_primary, small
from pages.ui.wording.run_states import more_epochs

MORE_EPOCHS = 2  # with one click


def strip(run: Run) -> None:
    """Draw what it is, and what its owner can do to it. A fragment of its own: it stays as it is while curves grow."""
    run = at_once(run)
    mine = run.is_owner(who.visitor())
    with st.container(horizontal=True, vertical_alignment="center", key="run_strip"):
        st.markdown(facts(run), width="content")
        if not mine:
            st.markdown(small(WATCHING), width="content")
        elif run.status.unfinished:
            _while_it_goes_on(run)
        else:
            _afterwards(run)
    refusals.draw("train")
    if sidebar_is_stale(run, mine):  # "2 epochs more" was pressed
        st.rerun()


def at_once(run: Run) -> Run:
    """The run as it stands now; where it was deleted in another tab, the page begins anew."""
    if not run.folder.is_dir():
        st.rerun()
    return run.at_once()


def sidebar_is_stale(run: Run, mine: bool) -> bool:
    """Whether the sidebar says something else of this run than what is true now."""
    return mine and st.session_state.get(TOLD) != own_label(run)


# ---------------------------------------------------------------- while it goes on


def _while_it_goes_on(run: Run) -> None:
    _rate(run)
    st.space("stretch")
    with main_action("train"):  # on a phone they stay together
        if run.status.state == "paused":
            _button("Resume", "play_arrow", run, "resume", PLAY)
        else:
            _button("Pause", "pause", run, "pause", PLAY)
        _button("Stop", "stop", run, "stop")


def _button(label: str, icon: str, run: Run, action: str, shortcut: str | None = None) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        key=action,
        on_click=_wish,
        args=(run.id, action),
        shortcut=shortcut,
    )


def _wish(run_id: str, action: str | None = None, learning_rate: float | None = None) -> None:
    with refusals.collect("train"):
        server.store().control(run_id, who.visitor(), action, learning_rate)
        if action == "resume":
            runner.wake()


def _rate(run: Run) -> None:
    now = st.session_state[_rate_key(run.id)] = _rate_now(run)  # whichever tab it was changed in
    st.selectbox(
        "Learning rate",
        sorted({*RATES, now}),
        format_func=lambda rate: f"learning rate {rate:g}",
        key=_rate_key(run.id),
        label_visibility="collapsed",
        filter_mode=None,
        width=200,
        on_change=_change_rate,
        args=(run.id,),
    )


def _rate_key(run_id: str) -> str:
    return f"rate_{run_id}"


def _rate_now(run: Run) -> float:
    return float(run.control.get("learning_rate") or run.recipe.learning_rate)


def rate_is_stale(run: Run) -> bool:
    """Whether the strip shows a learning rate that was changed since, in another tab."""
    rate = _rate_now(run)
    return st.session_state.get(_rate_key(run.id), rate) != rate


def _change_rate(run_id: str) -> None:
    _wish(run_id, learning_rate=st.session_state[_rate_key(run_id)])


# ---------------------------------------------------------------- afterwards


def _afterwards(run: Run) -> None:
    st.space("stretch")
    state = run.status.state
    if state in ("stopped", "failed"):
        _on(run)
    if state == "finished" and run.recipe.schedule == "constant":
        label = f"{MORE_EPOCHS} epochs more"
        st.button(
            label,
            icon=":material/forward_media:",
            key="extend",
            help=more_epochs(run),
            on_click=_extend,
            args=(run.id,),
        )
    label = "Try again" if state == "failed" else "Train another"
    with main_action("train"):
        if st.button(label, icon=":material/restart_alt:", key="again", on_click=_again, args=(run.id,)):
            st.rerun()  # the whole page changes, not this fragment alone


def _on(run: Run) -> None:
    has_diverged = going_on.diverged(run)
    why = end_words.from_where(going_on.sound_step(run)) if has_diverged else None
    if run.status.state == "stopped":
        why = end_words.ON_AS_BEFORE
    if st.button(
        on_primary(end_words.go_on(has_diverged, going_on.rate_to_try(run))),
        icon=":material/play_arrow:",
        key="go_on",
        type="primary",
        help=why,
        on_click=_go_on,
        args=(run.id,),
        shortcut=PLAY,
    ):
        st.rerun()  # the whole page changes, not this fragment alone


def _go_on(run_id: str) -> None:
    with refusals.collect("train"):
        server.store().go_on(run_id, who.visitor())
        runner.wake()


def _extend(run_id: str) -> None:
    with refusals.collect("train"):
        server.store().extend(run_id, who.visitor(), MORE_EPOCHS)
        runner.wake()


def _again(run_id: str) -> None:
    """Back to the design of that run, to change it or its recipe."""
    with refusals.collect("train"):
        design.commit(server.store().run(run_id).spec.to_dict())
