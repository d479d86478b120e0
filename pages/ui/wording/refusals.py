"""What a click could not do, said by the next run of the page: a callback may not draw.

with refusals.collect("runs"):      # in the callback
    server.store().delete(run_id, who.visitor())
refusals.draw("runs")               # where the page wants it said
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cnn_core import journal
from cnn_core.errors import StudentError
from pages.ui.wording.blocks import problem


@contextmanager
def collect(place: str) -> Iterator[None]:
    """Keep a StudentError that is raised inside the block, for `draw(place)`; what follows in the block is left out.

    place: one of the page's own words, so that a refusal is said where the click was.
    """
    try:
        yield
    except StudentError as error:
        refuse(place, error)


def refuse(place: str, error: StudentError) -> None:
    """Keep a refusal for `draw(place)`."""
    journal.tell("refusal", place=place, said=str(error))
    st.session_state[_key(place)] = error


def waits(place: str) -> bool:
    """Whether there is a refusal of this place that was not said yet."""
    return _key(place) in st.session_state


def draw(place: str) -> None:
    """Say the last refusal of this place, once; draw nothing where there was none."""
    error = st.session_state.pop(_key(place), None)
    if error is not None:
        problem(error)


def _key(place: str) -> str:
    return f"refusal_{place}"
