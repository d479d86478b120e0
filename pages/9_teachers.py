"""What can I teach in fifteen minutes? Three ready lessons, each with its link, plan, questions and worksheet."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.teachers import words
from pages.teachers.lessons import LESSONS
from pages.teachers.one_lesson import draw
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.frame.shell import ROOT, entry, page_head, require_shell
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption

require_shell()

LESSON = address.one_of(
    "lesson", "teachers_lesson", {lesson: lesson for lesson in LESSONS}, next(iter(LESSONS))
)


def ask() -> str:
    """Which lesson: a key of LESSONS. A link can name it."""
    return choice.in_address(LESSON, words.LESSON, {key: lesson.title for key, lesson in LESSONS.items()})


def page(summary: DeltaGenerator) -> None:
    """One of the lessons.  summary: the place for it."""
    answer(words.ANSWER)
    lesson = LESSONS[ask()]
    screen_summary.put(summary, words.summary_of(lesson))
    draw(lesson)
    caption(words.OWN)
    st.page_link(
        ROOT / entry("tour").file,
        label=words.WORKSHEETS,
        icon=":material/print:",
        width="content",
        query_params={"view": "worksheets"},
    )


page(page_head("teachers"))
