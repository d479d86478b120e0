"""One kernel swept over one image, position by position."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.lesson import Sweep, visits
from cnn_core.lesson.convolution import Padding, output_size
from pages.convolution import words
from pages.convolution.kernel_choice import SWEEP, adopt_edit, ask_kernel
from pages.ui.drawing.sweep import kernel_sweep
from pages.ui.frame import held
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import answer, caption, problem, what_you_see


@st.fragment
def one_kernel(summary: DeltaGenerator) -> None:
    """Draw the strip, the sweep, and what there is to notice.  summary: the place for it."""
    answer_place = st.empty()
    choice = ask_kernel()
    try:
        title, swept = choice.sweep()
    except StudentError as error:
        problem(error)
        return
    with answer_place:
        answer(words.asks_every_place(swept), "kernel", "multiply-add")
    kernel = choice.kernel
    screen_summary.put(summary, words.summary_of_sweep(swept, kernel, title, choice.padding, choice.relu))
    refusals.draw("kernel")
    kernel_sweep(
        swept,
        key=SWEEP,
        title=title,
        geometry=f"{choice.geometry}/{swept.kernel.shape[-1]}",
        formula=words.size_lines(swept, choice.padding),
        relu=choice.relu,
        on_edit=adopt_edit,
    )
    what_you_see(words.what_a_sweep_shows(choice.relu), "relu")
    why(swept, choice.padding)


def why(swept: Sweep, padding: Padding) -> None:
    """Draw what padding and strides are for, in the numbers of this very sweep; not what a teacher's scene hides."""
    counts = visits(swept)
    size = swept.kernel.shape[-1]
    rows, columns = (output_size(side, size, 1, padding, swept.dilation) for side in swept.image.shape[1:])
    left, right = st.columns(2, gap="medium")
    if not held.is_hidden("convolution.padding"):
        with left:
            caption(words.why_padding(swept, padding, int(counts[0, 0]), int(counts.max())), "padding")
    if not held.is_hidden("convolution.strides"):
        with right:
            caption(words.why_strides(swept, rows * columns), "stride")
