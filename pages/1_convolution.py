"""What does a kernel do? The lesson by hand: one kernel, then pooling, then how a cat's face is put together."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.convolution.cat import cat
from pages.convolution.kernel import one_kernel
from pages.convolution.pooling import pooling
from pages.convolution.questions import questions
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.wording.blocks import next_question

require_shell()

SECTIONS = {
    "One kernel": one_kernel,
    "Pooling": pooling,
    "How a cat’s face is learnt": cat,
    "Check yourself": questions,
}


def ask() -> Sequence:
    """Draw the tabs. Returns one container for each section; one of them is open, and a link can name it."""
    return st.tabs(list(SECTIONS), on_change="rerun", key="convolution_tab", bind="query-params")


def show(tabs: Sequence, summary: DeltaGenerator) -> None:
    """Draw the section of the tab that is open, and its summary; only that one is computed."""
    for tab, section in zip(tabs, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                section(summary)


def page(summary: DeltaGenerator) -> None:
    """The tabs and what is in the open one.  summary: the place for it."""
    show(ask(), summary)


page(page_head("convolution"))
next_question("train", "is the next step: the network finds its kernels by itself.")
