"""A test digit by its number, which several tabs of the Convolution page ask for."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui.frame import address
from pages.ui.visitor import server


def digit_number(key: str, **look: Any) -> int:
    """Draw the choice of a test digit by its number.

    look: anything else that `st.number_input` takes.
    """
    last = len(server.images()) - 1
    return st.number_input("Test digit, number", 0, last, 0, key=key, persist_state="session", **look)


def test_digit(key: str) -> address.Part:
    """The number of a test digit in the address.  key: of the widget, as in `digit_number`."""
    return address.whole("digit", key, 0, len(server.images()) - 1, 0)
