"""A teacher's own challenge: a measure, a limit, and perhaps a goal."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from cnn_core.classroom import Challenge
from pages.classroom import board_words as words
from pages.ui.wording import refusals

_MEASURE, _LIMIT, _AT, _GOAL = "board_own_measure", "board_own_limit", "board_own_at", "board_own_goal"


def ask(now: Challenge, take: Callable[[Challenge], None], place: str) -> None:
    """Draw the form.

    now:  the challenge that holds: where the form begins.
    take: called with the new one, in a callback.
    place: of refusals.
    """
    st.markdown(f"**{words.OWN_CHALLENGE}**")
    with st.form("board_own", border=False):
        st.selectbox(
            words.MEASURE,
            list(words.MEASURES),
            index=list(words.MEASURES).index(now.measure),
            format_func=words.MEASURES.__getitem__,
            key=_MEASURE,
        )
        left, right = st.columns(2)
        with left:
            st.selectbox(
                words.LIMIT,
                list(words.LIMITS),
                index=list(words.LIMITS).index(now.limit),
                format_func=words.LIMITS.__getitem__,
                key=_LIMIT,
            )
        with right:
            st.number_input(words.AT, 0.0, value=_shown(now), format="%g", key=_AT)
        goal = None if now.goal is None else 100 * now.goal
        st.number_input(words.GOAL, 0.0, 100.0, value=goal, format="%g", key=_GOAL, help=words.GOAL_HELP)
        is_sent = st.form_submit_button(words.SET, on_click=_set, args=(take, place))
    if is_sent and not refusals.waits(place):
        st.rerun()  # the page has another challenge, and the dialog is done


def _shown(now: Challenge) -> float:
    return 100 * now.at if now.limit == "accuracy" else float(now.at)


def _set(take: Callable[[Challenge], None], place: str) -> None:
    with refusals.collect(place):
        take(read(*(st.session_state.get(key) for key in (_MEASURE, _LIMIT, _AT, _GOAL))))


def read(measure: object, limit: object, at: object, goal: object) -> Challenge:
    """The challenge that a form says; shares come in per cent. Raises StudentError for what cannot be scored.

    >>> read("accuracy", "parameters", 5000.0, 97.0)
    Challenge(measure='accuracy', limit='parameters', at=5000.0, goal=0.97)
    >>> read("macs", "accuracy", 95.0, None)
    Challenge(measure='macs', limit='accuracy', at=0.95, goal=None)
    """
    number = float(at) if isinstance(at, int | float) else 0.0
    share = goal / 100 if isinstance(goal, int | float) and goal else None
    where = number / 100 if limit == "accuracy" else number if limit else 0.0
    return Challenge(str(measure), str(limit or ""), where, share)
