"""Words for a screen reader: nobody sees them, and they are spoken when they change."""

from __future__ import annotations

import streamlit as st

from pages.ui.frame.components import component_file

_announcement = st.components.v2.component(
    "announcement",
    html="""<div aria-live="polite" role="status"
style="position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"></div>""",
    js=component_file("announcement.js"),
)


def announce(key: str, words: str) -> None:
    """Let a screen reader say these words as soon as it has finished what it says; once for each change of them."""
    _announcement(key=key, data=[{"words": words}], height=1)
