"""What can I teach in fifteen minutes? Three ready lessons, each with its link, plan, questions and worksheet."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.teachers import words
from pages.teachers.lessons import LESSONS
from pages.teachers.one_lesson import draw
from pages.ui.frame import address
from pages.ui.frame.shell import ROOT, entry, page_head, require_shell
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption

require_shell()

_LESSON = "teachers_lesson"
LESSON = address.one_of("lesson", _LESSON, {lesson: lesson for lesson in LESSONS}, next(iter(LESSONS)))


def ask() -> str:
    """Which lesson: a key of LESSONS. A link can name it."""
    address.follow(LESSON)
    lesson = st.segmented_control(
        words.LESSON,
        list(LESSONS),
        format_func=lambda lesson: LESSONS[lesson].title,
        default=next(iter(LESSONS)),
        required=True,
        key=_LESSON,
        label_visibility="collapsed",
        persist_state="session",
    )
    address.tell(LESSON)
    return str(lesson)


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
