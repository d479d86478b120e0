"""How large each layer's gradient was at each moment of a training, and how far its weights had come."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.runs import replay_guessing as guessing
from pages.runs.course import Course
from pages.runs.words import looking
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.legend import named_styles
from pages.ui.drawing.over_time_charts import moment_axis, sizes_chart
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.wording.blocks import answer, what_you_see
from pages.ui.wording.layer_sizes import EXPLAINED, NAMES, What, alt, in_words

OFFERED: tuple[What, ...] = ("gradient", "way")
_WHAT = address.one_of("size", "replay_size", {what: what for what in OFFERED}, "gradient")


def sizes(course: Course, strip: DeltaGenerator) -> str | None:
    """Draw them. Returns the line above; None until it is guessed.

    strip: where the choice of what is drawn stands, beside that of the view.
    Raises StudentError, as where the training images are not here.
    """
    with strip:
        what = choice.in_address(_WHAT, "Size of what", {what: NAMES[what] for what in OFFERED})
    with st.spinner(looking(len(course.files))):
        moments = course.sizes()
    at_each = [one.gradient if what == "gradient" else one.from_start for one in moments]
    if what == "gradient" and not guessing.ask_largest(course, moments[-1]):
        return None
    answer(said := in_words(what, moments[-1].step, at_each[-1]))
    lines = {name: [one.get(name) for one in at_each] for name in at_each[-1]}
    st.markdown(named_styles(list(lines), mode()))
    show(
        sizes_chart(
            list(range(len(moments))), lines, moment_axis([one.step for one in moments]), mode(), height=380
        ),
        key="replay_sizes",
        alt=alt(what, {name: (line[0], line[-1]) for name, line in lines.items()}),
    )
    what_you_see(EXPLAINED[what])
    return said
