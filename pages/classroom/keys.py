"""A teacher's key: taken out of the address it came by, and shown once after it was made.

It stands behind the address's #, which no browser sends: so no server and no proxy writes it down.
"""

from __future__ import annotations

import streamlit as st

from pages.classroom import joining, place, words
from pages.ui.forms.copy_text import copy_text
from pages.ui.frame.components import component_file
from pages.ui.visitor import server, who
from pages.ui.wording import refusals

_NEW = "class_new_key"  # (the key, whether it is a second teacher's), until the teacher has kept it
_FROM_ADDRESS = "class_key"

_key_in_address = st.components.v2.component(
    "class_key", html="<span hidden></span>\n<!-- nothing to see -->", js=component_file("class_key.js")
)
_code_field = st.components.v2.component(
    "code_field", html="<span hidden></span>\n<!-- nothing to see -->", js=component_file("code_field.js")
)


def follow() -> None:
    """Let whoever came by a teacher's link be one. Draws nothing."""
    _key_in_address(key=_FROM_ADDRESS, height=1, on_key_change=_enter)


def _enter() -> None:
    key = st.session_state[_FROM_ADDRESS].get("key")
    with refusals.collect("class"):
        server.classes().enter(who.visitor(), key, who.network())
        place.turn_to_desk()


def fit_for_a_phone(field: str) -> None:
    """Let a phone's keyboard write capitals and no words of its own into a field. Draws nothing.  field: its key."""
    _code_field(key="code_field", data=[{"field": field}], height=1)


def show_once(key: str, is_second: bool) -> None:
    """Keep a new key until it was shown; for a callback."""
    st.session_state[_NEW] = (key, is_second)


def is_new() -> bool:
    """Whether one is shown."""
    return _NEW in st.session_state


def draw_new() -> None:
    """Draw the key that was made just now: to be copied, and read only where one asks, for a wall has many readers."""
    key, is_second = st.session_state.get(_NEW, ("", False))
    if not key:
        return
    link = f"{joining.page_address()}#key={key}"
    with st.container(border=True, key="class_new_link"):
        st.markdown(words.SECOND_KEY if is_second else words.KEEP_THE_KEY)
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container(width=240):
                copy_text("class_copy_key", link, words.COPY_SECOND_KEY if is_second else words.COPY_KEY)
            is_shown = st.toggle(words.SHOW_KEY, key="class_show_key")
            st.space("stretch")
            st.button(words.KEY_IS_KEPT, key="class_key_kept", type="tertiary", on_click=_is_kept)
        if is_shown:
            st.code(link, language=None, wrap_lines=True)


def _is_kept() -> None:
    st.session_state.pop(_NEW, None)
