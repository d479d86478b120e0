"""That the server's disk has no room for work now: one sentence, the same wherever somebody waits for work or asks."""

from __future__ import annotations

import streamlit as st

from cnn_core.files import FULL, READ_ONLY, TELL
from pages.ui.visitor import server

_SENTENCES = {
    FULL: "The disk of this server has too little room for work. What is saved stays, and what waits begins by itself "
    "when there is room.",
    READ_ONLY: "This server cannot write to its disk now. What is saved stays; nothing new can be kept or begun.",
}


def sentence(lack: str) -> str:
    """What is said; "" where there is room.

    >>> sentence("read_only")
    'This server cannot write to its disk now. What is saved stays; nothing new can be kept or begun.'
    """
    return _SENTENCES.get(lack, "")


def draw() -> None:
    """Say it, and whom to tell; draw nothing where there is room."""
    if said := sentence(server.lack()):
        st.markdown(f":yellow[:material/hard_drive: {said}]  \n{TELL}")
