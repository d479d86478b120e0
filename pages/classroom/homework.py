"""Homework: what is asked until when, what a student hands in, and for the teacher what all handed in."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import Homework, Seat, Task
from cnn_core.classroom.homework import is_task_id
from pages.classroom import homework_desk, homework_student
from pages.classroom import homework_words as words
from pages.classroom.live import live
from pages.classroom.place import when
from pages.ui.frame import address
from pages.ui.frame.screens import is_on_wall
from pages.ui.visitor import server, who
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import caption, plain

TASK = address.Part("task", "homework_task", "", lambda text: text if is_task_id(text) else None)


def draw(seat: Seat, summary: DeltaGenerator) -> None:
    """The view of one class.  summary: the place for it."""
    homework = Homework(server.classes(), server.store())
    address.follow(TASK)
    refusals.draw("homework")
    tasks = homework.tasks(seat.classroom)
    leads = seat.is_teacher and not is_on_wall()
    if leads and homework_desk.is_writing(bool(tasks)):
        homework_desk.write(seat, tasks)
        screen_summary.put(summary, words.page_summary(len(tasks), "", "", ""))
        return
    task = _chosen(tasks)
    if task is None:
        class_id = seat.classroom.id
        live(_none_yet, lambda: server.classes().shown_stamp(class_id), ("tasks", class_id))
        screen_summary.put(summary, words.page_summary(0, "", "", ""))
        return
    _head(task, seat)
    if leads:
        state = homework_desk.draw(seat, task)
    elif seat.member is not None and not is_on_wall():
        state = homework_student.draw(seat, task, homework.own(who.visitor(), task.id))
    else:
        state = words.wanted(task)
        st.markdown(state)
    screen_summary.put(summary, words.page_summary(len(tasks), task.title, when(task.due, seat.at), state))
    address.tell(TASK)


def _none_yet() -> None:
    """Say so, until there is a task: then the whole page is drawn anew."""
    seat = server.classes().seat(who.visitor())
    if seat is None or Homework(server.classes(), server.store()).tasks(seat.classroom):
        st.rerun()
    caption(words.NO_TASK)


def _chosen(tasks: list[Task]) -> Task | None:
    """The task that is open: of the link, or the newest."""
    by_id = {task.id: task for task in tasks}
    if st.session_state.get(TASK.key) not in by_id:
        st.session_state[TASK.key] = tasks[0].id if tasks else ""
    if len(tasks) > 1 and not is_on_wall():
        st.selectbox(
            words.WHICH_TASK, list(by_id), format_func=lambda one: by_id[one].title, key=TASK.key, width=480
        )
    return by_id.get(st.session_state[TASK.key])


def _head(task: Task, seat: Seat) -> None:
    st.markdown(f"## {plain(task.title)}")
    date = when(task.due, seat.at)
    is_student = seat.member is not None and not seat.is_teacher and not is_on_wall()
    st.markdown(words.until(date, seat.at > task.due) if is_student else words.due(date))
    if task.words:
        st.markdown(words.lines(task.words))
