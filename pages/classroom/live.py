"""What is drawn anew when the class changes. In one place, so that how it is noticed can be exchanged."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

SECONDS = 2.0


def live(draw: Callable[[], object]) -> None:
    """Draw it now, and again while the page is open."""
    st.fragment(draw, run_every=SECONDS)()
