"""One lesson: its link, its plan, its questions, its worksheet; and a class that begins with it."""

from __future__ import annotations

import streamlit as st

from cnn_core.export import Sheet, SheetQuestion, export_worksheet
from pages.teachers import words
from pages.teachers.lessons import Lesson
from pages.ui.forms import make_link
from pages.ui.frame.shell import turn_to
from pages.ui.visitor import entering, scene, server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, on_primary

_GOING = "teachers_going"  # whether the next run leads to the class that is to be opened


def draw(lesson: Lesson) -> None:
    """Draw it."""
    st.markdown(f"**{lesson.title}.** {lesson.teaches}")
    if lesson.needs:
        caption(lesson.needs)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.markdown(f"**{words.PLAN}**")
        st.markdown(words.plan_table(lesson))
    with right:
        _ways(lesson)
    st.markdown(f"**{words.QUESTIONS}**")
    for number, (question, answer) in enumerate(lesson.answered(), 1):
        with st.expander(f"{number}. {question}"):
            st.markdown(answer)


def _ways(lesson: Lesson) -> None:
    """Draw what a teacher can do with it."""
    st.markdown(words.LINK)
    st.code(make_link.link_to(lesson.id), language=None, wrap_lines=True)
    refusals.draw("teachers")
    with st.container(horizontal=True):
        _for_class(lesson)
        st.link_button(
            words.LOOK,
            f"{make_link.link_to(lesson.id)}&{entering.PREVIEW}=on",
            icon=":material/visibility:",
        )
        st.download_button(
            words.WORKSHEET,
            lambda: worksheet(lesson),
            f"{lesson.id}_worksheet.html",
            "text/html",
            key="teachers_worksheet",
            icon=":material/print:",
            on_click="ignore",
        )


def _for_class(lesson: Lesson) -> None:
    """Draw the way to a class with this scene, or into the class there is."""
    seat = server.classes().seat(who.visitor())
    if seat is None or not seat.is_teacher or not seat.is_open:
        st.button(
            on_primary(words.OPEN_CLASS),
            key="teachers_open",
            type="primary",
            icon=":material/group_add:",
            on_click=_begin_class,
            args=(lesson.id,),
        )
        if st.session_state.pop(_GOING, False):
            turn_to("classroom")
        return
    if seat.classroom.shows.get("scene") == {"id": lesson.id}:
        st.markdown(f":green[:material/check: {words.IS_SET}]")  # the line above the page ends it
    else:
        st.button(
            on_primary(words.SET_FOR_CLASS),
            key="teachers_set",
            type="primary",
            icon=":material/group:",
            on_click=_set,
            args=(lesson.id,),
        )


def _begin_class(scene_id: str) -> None:
    scene.want_for_class(scene_id)
    st.session_state[_GOING] = True


def _set(scene_id: str) -> None:
    with refusals.collect("teachers"):
        server.scenes().show_class(who.visitor(), scene_id)


def worksheet(lesson: Lesson) -> str:
    """Its questions on one page to print, without their answers."""
    questions = [SheetQuestion(f"{number}", asked) for number, (asked, _) in enumerate(lesson.answered(), 1)]
    return export_worksheet(Sheet(lesson.title, "Convscope", questions, words.HOW))
