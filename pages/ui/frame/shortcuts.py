"""Keys that do what a button does, on every page alike.

All go with Alt: a letter alone would be typed by whoever speaks to the machine, or hit by chance (WCAG 2.1.4).
Streamlit's own buttons take theirs by `st.button(shortcut=...)` and show it; what a component of ours plays, and the
link to the next page, are found by components/shortcuts.js.
"""

from __future__ import annotations

import streamlit as st

from pages.ui.frame.components import component_file

PLAY = "Alt+P"  # play, and pause
STEP = "Alt+S"  # one step on; with Shift back
NEXT = "Alt+N"  # the next page

_listener = st.components.v2.component(
    "shortcuts",
    html="""<span hidden></span>
""",
    js=component_file("shortcuts.js"),
)


def listen() -> None:
    """Let the keys work on the page; draws nothing. For dashboard.py."""
    _listener(key="shortcuts", height=1)
