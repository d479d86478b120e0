"""Three places on a page, in the order in which a phone shows them."""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

_BOARD = """<style>
.stVerticalBlock.st-key-{key} {{ display: grid; gap: 1rem 2rem; grid-template-columns: minmax(0, 1fr) }}
.stVerticalBlock.st-key-{key} > * {{ min-width: 0 }}
@media (min-width: 641px) {{
  .stVerticalBlock.st-key-{key} {{ grid-template: {areas} }}
  .stVerticalBlock.st-key-{key} > :nth-child(1) {{ grid-area: first }}
  .stVerticalBlock.st-key-{key} > :nth-child(2) {{ grid-area: second }}
  .stVerticalBlock.st-key-{key} > :nth-child(3) {{ grid-area: third }}
}}
</style>"""


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
    """The half of `board` that need not be said again when a fragment draws its places anew."""
    st.html(_BOARD.format(key=key, areas=_AREAS[second]))


def board_places(key: str) -> tuple[DeltaGenerator, ...]:
    """The other half."""
    with st.container(key=key):
        return tuple(st.container(key=f"{key}_{place}") for place in ("first", "second", "third"))
