"""A student's homework: choosing a network, answering, handing in."""

from __future__ import annotations

from hashlib import blake2b

import streamlit as st

from cnn_core.classroom import HandedIn, Homework, Seat, Task
from cnn_core.classroom.homework import LONGEST_ANSWER
from cnn_core.lesson.guesses import Guess
from cnn_core.runs import Run
from pages.classroom import homework_words as words
from pages.classroom.place import when
from pages.ui.forms import class_question, guess
from pages.ui.frame.shell import ROOT, entry
from pages.ui.visitor import server, who
from pages.ui.wording import guesses, refusals
from pages.ui.wording.blocks import caption, on_primary, plain

LOOKED_AT = 60  # of a visitor's newest runs


def draw(seat: Seat, task: Task, before: HandedIn | None) -> str:
    """Draw what is to be handed in, and what was.  before: handed in already.  Returns that in a sentence."""
    told = words.wanted(task) if before is None else words.handed(before, when(before.at, seat.at))
    st.markdown(told)
    runs = _runs() if task.wants_run else []
    run_id = _choose_run(task, runs, before) if task.wants_run else ""
    for question in task.questions:
        st.text_area(
            plain(question),
            value=_answered(before, question),
            max_chars=LONGEST_ANSWER,
            key=_key(task, question),
            persist_state="session",
        )
    if task.predictions:
        _predictions(task)
    can = seat.is_open and bool(run_id or not task.wants_run)
    label = words.HAND_IN if before is None else words.HAND_IN_AGAIN
    st.button(
        on_primary(label, can),
        key="homework_hand_in",
        type="primary",
        disabled=not can,
        on_click=_hand_in,
        args=(task, run_id),
    )
    return told


def _key(task: Task, question: str) -> str:
    """Of the question itself: the teacher may put another in its place while somebody writes."""
    return (
        f"homework_answer_{task.id}_{blake2b(question.encode('utf-8', 'replace'), digest_size=6).hexdigest()}"
    )


def _answered(before: HandedIn | None, question: str) -> str:
    return dict(before.answers).get(question, "") if before is not None else ""


def _hand_in(task: Task, run_id: str) -> None:
    answers = [st.session_state.get(_key(task, question), "") for question in task.questions]
    with refusals.collect("homework"):
        Homework(server.classes(), server.store()).hand_in(who.visitor(), task.id, run_id, answers)
        st.toast(words.HANDED, icon=":material/check:")


# ---------------------------------------------------------------- a network


def _runs() -> list[Run]:
    """The visitor's trainings that are done, the newest first."""
    runs = server.store().runs(owner=who.visitor(), limit=LOOKED_AT)
    return [
        run for run in runs if run.kind == "training" and not run.status.unfinished and run.status.saved_step
    ]


def _choose_run(task: Task, runs: list[Run], before: HandedIn | None) -> str:
    if not runs:
        caption(words.NO_NETWORK)
        st.page_link(ROOT / entry("train").file, label=words.TO_TRAIN, icon=":material/play_arrow:")
        return ""
    names = {run.id: words.run_option(run.name, (run.status.result or {}).get("accuracy")) for run in runs}
    last = before.run.id if before is not None and before.run is not None else ""
    ids = list(names)
    return str(
        st.selectbox(
            words.YOUR_NETWORK,
            ids,
            index=ids.index(last) if last in names else 0,
            format_func=names.__getitem__,
            key=f"homework_run_{task.id}",
            width=480,
        )
    )


# ---------------------------------------------------------------- predictions


def _predictions(task: Task) -> None:
    """Draw which predictions are made, and the ways to those that are not."""
    said: dict[str, Guess] = {one.question: one for one in guess.notebook().guesses if one.state != "skipped"}
    wanted = task.predictions or {}
    caption(words.what_is_made(sum(name in said for name in wanted), len(wanted)))
    lesson = class_question.lesson()
    for name, title in wanted.items():
        step = name.removeprefix("tour.")
        if name in said:
            st.markdown(f"- {plain(title)}: **{plain(guesses.said_words(said[name]))}**")
        elif lesson is not None and step in lesson.pages:
            st.page_link(
                ROOT / entry(lesson.pages[step]).file,
                label=f"{plain(title)}: {words.NOT_MADE}",
                icon=":material/arrow_forward:",
                query_params={"step": step},
            )
        else:
            st.markdown(f"- {plain(title)}: {words.NOT_MADE}")
