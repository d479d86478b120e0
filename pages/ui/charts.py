"""Charts in one hand: the template, the scales by meaning, and the figures that several pages draw."""

from __future__ import annotations

import streamlit as st


def mode() -> str:
    """The visitor's theme, "light" or "dark"; light while the browser has not told us."""
    return "dark" if st.context.theme.type == "dark" else "light"
