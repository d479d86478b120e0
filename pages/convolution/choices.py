"""Widgets that several tabs of the Convolution page have; all of them come back as they were when one returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import streamlit as st

from pages.ui.frame import address
from pages.ui.visitor import server

T = TypeVar("T")


def one_of(
    label: str,
    options: Sequence[T],
    key: str,
    words: Callable[[T], str] = str,
    **look: Any,
) -> T:
    """Draw a choice of one among a few, the first to begin with.

    words: what an option is called.
    look:  anything else that `st.segmented_control` takes.
    """
    return st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        format_func=words,
        persist_state="session",
        **look,
    )


def digit_number(key: str, **look: Any) -> int:
    """Draw the choice of a test digit by its number.

    look: anything else that `st.number_input` takes.
    """
    last = len(server.images()) - 1
    return st.number_input("Test digit, number", 0, last, 0, key=key, persist_state="session", **look)


def test_digit(key: str) -> address.Part:
    """The number of a test digit in the address.  key: of the widget, as in `digit_number`."""
    return address.whole("digit", key, 0, len(server.images()) - 1, 0)
