"""Which of the curves is drawn: the accuracy, its last per cents enlarged, or the loss. An address can say it."""

from __future__ import annotations

import streamlit as st

from pages.runs import words
from pages.ui.frame import address

_MEASURE = address.one_of(
    "measure", "runs_measure", {measure: measure for measure in words.MEASURES}, "accuracy"
)


def ask_measure() -> str:
    """Draw the choice. Returns a key of `words.MEASURES`."""
    address.follow(_MEASURE)
    measure = st.segmented_control(
        "Measure",
        list(words.MEASURES),
        format_func=words.MEASURES.__getitem__,
        default="accuracy",
        required=True,
        key="runs_measure",
        label_visibility="collapsed",
        persist_state="session",
    )
    address.tell(_MEASURE)
    return str(measure)
