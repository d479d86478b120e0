"""What does a kernel do? The lesson by hand: one kernel, then pooling, then how a cat's face is put together."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.convolution.cat import cat
from pages.convolution.kernel import one_kernel
from pages.convolution.pooling import pooling
from pages.convolution.questions import questions
from pages.ui.frame import address, held
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.wording.blocks import next_question

require_shell()

SECTIONS = {
    "One kernel": one_kernel,
    "Pooling": pooling,
    "How a cat’s face is learnt": cat,
    "Check yourself": questions,
}
_TAB = "convolution_tab"  # the open one, of the widget; which forgets it when the page is left
_OPEN = "convolution_open"  # the same, and it stays
TAB = address.one_of(
    "tab",
    _TAB,
    dict(zip(("kernel", "pooling", "cat", "questions"), SECTIONS, strict=True))
    | {title: title for title in SECTIONS},
    "One kernel",
    before="convolution_tab",
)


def ask() -> Sequence:
    """Draw the tabs. Returns one container for each section; one of them is open, and a link can name it."""
    if _TAB not in st.session_state and _OPEN in st.session_state:
        st.session_state[_TAB] = st.session_state[_OPEN]
    address.follow(TAB)
    tabs = st.tabs(list(SECTIONS), on_change="rerun", key=_TAB)
    st.session_state[_OPEN] = next(
        (title for title, tab in zip(SECTIONS, tabs, strict=True) if tab.open), "One kernel"
    )
    address.tell(TAB)
    return tabs


def show(tabs: Sequence, summary: DeltaGenerator) -> None:
    """Draw the section of the tab that is open, and its summary; only that one is computed."""
    for tab, section in zip(tabs, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                section(summary)


def page(summary: DeltaGenerator) -> None:
    """The tabs and what is in the open one; that alone where a teacher's scene keeps it.  summary: the place for it."""
    if held.holds("convolution.tab"):
        address.follow(TAB)
        SECTIONS[st.session_state[_TAB]](summary)
    else:
        show(ask(), summary)


page(page_head("convolution"))
next_question("train", "shows a network that finds its kernels by itself.")
