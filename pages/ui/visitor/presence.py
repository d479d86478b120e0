"""A visitor is here: whichever page they look at, what they asked for keeps its place in the queue."""

from __future__ import annotations

import streamlit as st

from pages.ui.visitor import server, who

MOST_SECONDS, LEAST_SECONDS = 60.0, 2.0  # between two signs of life of a page on which nobody clicks


def stay() -> None:
    """Let the server know, now and while the page stays open; for dashboard.py. Draws nothing.

    A page that nobody clicks on runs no more: where something of the visitor's waits, a timer does it.
    """
    if note():
        st.fragment(note, run_every=_seconds())()


def note() -> bool:
    """Whether anything of the visitor's waits or is at work."""
    from cnn_core.runs.presence import still_here

    return still_here(server.store(), who.visitor())


def _seconds() -> float:
    """Often enough that two may be lost before the visitor counts as gone."""
    from cnn_core.settings import settings

    return max(LEAST_SECONDS, min(MOST_SECONDS, settings().away_seconds / 3))
