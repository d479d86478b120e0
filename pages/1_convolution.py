"""What does a kernel do? The lesson by hand: one kernel, then pooling, then how a cat's face is put together."""

from __future__ import annotations

import streamlit as st

from pages.convolution.cat import cat
from pages.convolution.kernel import one_kernel
from pages.convolution.pooling import pooling
from pages.convolution.questions import questions
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.wording.blocks import (
    next_question,
)

require_shell()


# ---------------------------------------------------------------- the page

page_head("convolution")
tabs = st.tabs(
    ["One kernel", "Pooling", "How a cat’s face is learnt", "Check yourself"],
    on_change="rerun",
    key="convolution_tab",
)
for tab, section in zip(tabs, (one_kernel, pooling, cat, questions), strict=True):
    if tab.open:
        with tab:
            section()
next_question("train", "lets the network find its kernels by itself.")
