"""A button that copies a text: a link that is to be sent to others."""

from __future__ import annotations

import streamlit as st

from pages.ui.frame.components import component_file

_copy_text = st.components.v2.component(
    "copy_text",
    html="""<button type="button"><svg viewBox="0 0 24 24" aria-hidden="true">
<path d="M10 8H7a4 4 0 0 0 0 8h3M14 8h3a4 4 0 0 1 0 8h-3M9 12h6"/>
</svg><span aria-live="polite"></span></button>""",
    css=component_file("copy_link.css"),
    js=component_file("copy_link.js"),
)


def copy_text(key: str, text: str, label: str) -> None:
    """Draw the button.  text: what is copied.  label: what it says."""
    _copy_text(key=key, data=[{"text": text, "label": label}])
