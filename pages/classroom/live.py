"""What is drawn anew when the class changes."""

from __future__ import annotations

from collections.abc import Callable, Hashable

import streamlit as st

from pages.ui.frame import broadcast


def live(draw: Callable[[], object], stamp: Callable[[], Hashable], name: tuple[str, str]) -> None:
    """Draw it now, and again whenever the stamp has changed.

    None inside another: what is sent to the inner one's place after the outer was drawn anew breaks the page.

    stamp: cheap, and without a visitor.  name: of what the stamp is about, and of which class: the same for all of it.
    """

    def look() -> None:
        broadcast.wake(name, stamp, key=f"class_live_{name[0]}")
        draw()

    st.fragment(look, run_every=broadcast.every())()
