"""Three places on a page, in the order in which a phone shows them."""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.frame import streamlit_inside

_AREAS = {
    "left": '"second first" auto "second third" 1fr / minmax(0, 592fr) minmax(0, 276fr)',
    "right": '"first second" auto "third second" 1fr / minmax(0, 592fr) minmax(0, 276fr)',
}


def board(key: str, second: Literal["left", "right"]) -> tuple[DeltaGenerator, ...]:
    """Three containers in the order in which a phone shows them.

    On a wider screen the second has a column for itself, `second`, 592 pixels wide at the left or 276 at the right;
    the first and the third share the other. Streamlit's columns can only be stacked as they stand.
    """
    board_style(key, second)
    return board_places(key)


def board_style(key: str, second: Literal["left", "right"]) -> None:
    """The columns of `board`, without its containers; once, where a fragment draws those anew each second."""
    streamlit_inside.grid_style(key, _AREAS[second])


def board_places(key: str) -> tuple[DeltaGenerator, ...]:
    """The three containers of `board`; their columns are said by `board_style`."""
    with st.container(key=key):
        return tuple(st.container(key=f"{key}_{place}") for place in ("first", "second", "third"))
