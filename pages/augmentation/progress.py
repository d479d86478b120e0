"""How far two trainings are, anew each second while one of them goes on."""

from __future__ import annotations

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.runs import Pair, Run
from pages.augmentation import pair_words
from pages.ui.drawing.evaluation_charts import WITH_AND_WITHOUT
from pages.ui.frame.announcement import announce
from pages.ui.visitor import server, who
from pages.ui.wording import no_room, refusals
from pages.ui.wording.blocks import caption, problem, small
from pages.ui.wording.run_states import state_words

_STATE = "pair_state"  # (key, unfinished) at the last tick


def progress(pair: Pair) -> None:
    """Draw where both runs stand, anew each second while one of them goes on."""
    st.fragment(_tick, run_every=1.0 if pair.unfinished else None)(pair)


def _tick(pair: Pair) -> None:
    try:
        pair = Pair(*(server.store().run(run.id) for run in pair.runs))
        if pair.unfinished:
            with refusals.collect("pair_runner"):  # what stands there is shown all the same
                server.store().seen(who.visitor())
                server.wake_runner()
        _show(pair)
        announce("pair_spoken", pair_words.aloud(pair))
    except StudentError as error:  # deleted in another tab
        problem(error)
        return
    # The last tick draws the page once more: without a timer, and with the curves.
    before = st.session_state.get(_STATE)
    st.session_state[_STATE] = (pair.key, pair.unfinished)
    if before == (pair.key, True) and not pair.unfinished:
        st.rerun()


def _show(pair: Pair) -> None:
    with st.container(gap="xsmall"):
        for name, run in zip(WITH_AND_WITHOUT, pair.runs, strict=True):
            status = run.status
            st.markdown(f"**{name.capitalize()}** {small(_state_words(run))}")
            if status.unfinished:
                st.progress(min(1.0, status.epoch / max(run.recipe.epochs, 1)))
    if pair.finished:
        caption(pair_words.RESULT_STANDS_BELOW)
    refusals.draw("pair_runner")
    if pair.unfinished:
        no_room.draw()
        st.button("Stop both", key="stop_pair", icon=":material/stop:", on_click=_stop, args=(pair,))


def _state_words(run: Run) -> str:
    words = state_words(run) or pair_words.end_of_training(run.status.result, run.status.seconds)
    return f":red[{words}]" if run.status.state == "failed" else words


def _stop(pair: Pair) -> None:
    for run in pair.runs:
        with refusals.collect("pair"):
            if run.status.unfinished:
                server.store().control(run.id, who.visitor(), "stop")
