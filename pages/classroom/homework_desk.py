"""The teacher's side of homework: setting a task, the table of what was handed in, each one's work, all as a file.

What is clicked is checked by the core, by the visitor's token.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from datetime import time as clock_time

import streamlit as st

from cnn_core.classroom import HandedIn, Homework, Member, Seat, Task
from cnn_core.classroom.homework import LONGEST_TITLE, LONGEST_WORDS
from cnn_core.errors import StudentError
from pages.classroom import homework_pack, joining
from pages.classroom import homework_words as words
from pages.classroom.live import live
from pages.classroom.place import when
from pages.ui.forms import class_question
from pages.ui.forms.copy_text import copy_text
from pages.ui.frame.shell import turn_to
from pages.ui.trained.trained import file_stem
from pages.ui.visitor import design, networks, server, who
from pages.ui.wording import guesses, refusals
from pages.ui.wording.blocks import caption, on_primary, plain, problem

_WRITING = "homework_writing"  # id of the task that is being changed, "" for a new one; absent while none is
_WHOSE = "homework_whose"
_NOON = clock_time(18, 0)
USUAL_DAYS = 7


def _homework() -> Homework:
    return Homework(server.classes(), server.store())


# ---------------------------------------------------------------- setting a task


def is_writing(has_tasks: bool) -> bool:
    """Whether a task is being written: a new one, or one that is changed. Where there is none, the first is."""
    return not has_tasks or _WRITING in st.session_state


def write(seat: Seat, tasks: Sequence[Task]) -> None:
    """Draw the form of a task."""
    task = next((one for one in tasks if one.id == st.session_state.get(_WRITING)), None)
    if not tasks:
        caption(words.NO_TASK_TEACHER)
    behind = st.context.timezone_offset or 0
    here = timezone(timedelta(minutes=-behind))
    last = datetime.fromtimestamp(seat.classroom.ends, here)
    usual = min(
        datetime.fromtimestamp(seat.at, here) + timedelta(days=USUAL_DAYS), last - timedelta(minutes=1)
    )
    due = datetime.fromtimestamp(task.due, here) if task is not None else usual
    with st.form("homework_form", border=False):
        title = st.text_input(
            words.TITLE, task.title if task else "", max_chars=LONGEST_TITLE, placeholder=words.TITLE_EXAMPLE
        )
        text = st.text_area(words.WORDS, task.words if task else "", max_chars=LONGEST_WORDS)
        with st.container(horizontal=True):
            day = st.date_input(words.DUE_DAY, due.date(), max_value=last.date(), width=200)
            at = st.time_input(words.DUE_TIME, due.time().replace(second=0, microsecond=0), width=140)
        wants_run = st.checkbox(words.WANTS_RUN, task.wants_run if task else True)
        questions = st.text_area(
            words.QUESTIONS, "\n".join(task.questions) if task else "", placeholder=words.QUESTIONS_EXAMPLE
        )
        titles = _titles(task)
        predictions = st.multiselect(
            words.WHICH_PREDICTIONS,
            list(titles),
            list(task.predictions or {}) if task else [],
            format_func=titles.__getitem__,
        )
        with st.container(horizontal=True):
            label = words.SET_IT if task is None else words.KEEP_CHANGES
            is_done = st.form_submit_button(on_primary(label), type="primary")
            is_left = bool(tasks) and st.form_submit_button(words.CANCEL)
    caption(words.until_class_ends(when(seat.classroom.ends, seat.at)))
    if is_left:
        st.session_state.pop(_WRITING, None)
        st.rerun()
    if is_done:
        _give(
            Task(
                task.id if task else "",
                title,
                text,
                datetime.combine(day, at, here).timestamp(),
                wants_run,
                tuple(line for line in questions.split("\n") if line.strip()),
                {name: titles[name] for name in predictions},
            )
        )


def _titles(task: Task | None) -> dict[str, str]:
    """{id of a prediction: what it is called}."""
    lesson = class_question.lesson()
    now = lesson.titles(networks.current()) if lesson is not None else {}
    return {
        **(task.predictions or {} if task else {}),
        **{f"tour.{step}": title for step, title in now.items()},
    }


def _give(task: Task) -> None:
    try:
        given = _homework().give(who.visitor(), task)
    except StudentError as error:
        problem(error)
        return
    st.session_state.pop(_WRITING, None)
    st.query_params["task"] = given.id
    st.rerun()


def _begin(task_id: str) -> None:
    st.session_state[_WRITING] = task_id


def _delete(task_id: str) -> None:
    with refusals.collect("homework"):
        _homework().take_back(who.visitor(), task_id)


# ---------------------------------------------------------------- what was handed in


def draw(seat: Seat, task: Task) -> str:
    """Draw the table, and what one of them handed in. Returns who has, in a sentence."""
    caption(words.wanted(task))
    _acts(seat, task)
    class_id = seat.classroom.id
    live(lambda: _handed(seat, task), lambda: server.classes().stamp(class_id), ("homework", class_id))
    return _who_has(_homework().table(who.visitor(), task.id))


def _acts(seat: Seat, task: Task) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(width=230):
            link = f"{joining.address_of(seat.classroom)}&view=homework&task={task.id}"
            copy_text("homework_link", link, words.COPY_LINK)
        if seat.is_open:
            st.button(words.NEW, key="homework_new", on_click=_begin, args=("",))
            st.button(words.CHANGE, key="homework_change", on_click=_begin, args=(task.id,))
        with st.popover(words.DELETE, type="tertiary"):
            st.markdown(words.DELETE_WHAT)
            st.button(words.DELETE, key="homework_delete", on_click=_delete, args=(task.id,))


def _who_has(table: Sequence[tuple[Member, HandedIn | None]]) -> str:
    handed = [one for _, one in table if one is not None]
    return words.who_has(len(handed), len(table), sum(one.is_late for one in handed))


def _handed(seat: Seat, task: Task) -> None:
    """Draw who has handed in what; anew whenever somebody does."""
    try:
        table = _homework().table(who.visitor(), task.id)
    except StudentError:  # wiped, deleted, or no teacher any more: the whole page says so
        st.rerun()
    st.markdown(_who_has(table))
    if not table:
        return
    handed = [(member, one) for member, one in table if one is not None]
    if handed:
        rows = [dict(zip(words.HEAD, _row(member, one, seat), strict=True)) for member, one in handed]
        st.dataframe(rows, hide_index=True, key="homework_table")
    if missing := [member.name for member, one in table if one is None]:
        caption(words.nothing_from(missing))
    _download_all(seat, task, table)
    _one(seat, task, handed)


def _row(member: Member, one: HandedIn, seat: Seat) -> list[str]:
    """As HEAD calls its columns."""
    run = one.run
    answers = f"{sum(bool(answer) for _, answer in one.answers)} of {len(one.answers)}" if one.answers else ""
    return [
        member.name,
        when(one.at, seat.at),
        "late" if one.is_late else "",
        run.name if run else "",
        *(words.figures(run) if run else ("", "", "")),
        answers,
        str(len(one.predictions)) if one.predictions else "",
    ]


def _download_all(seat: Seat, task: Task, table: Sequence[tuple[Member, HandedIn | None]]) -> None:
    if not any(one is not None for _, one in table):
        return
    pack = homework_pack.Pack.of(task, seat.classroom.title, when(task.due, seat.at), table, seat.at)
    st.download_button(
        words.ALL,
        pack.writer(),
        file_name=f"{file_stem(task.title, 'homework')}.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        key="homework_all",
    )
    if pack.left_out:
        caption(words.too_large(pack.left_out, homework_pack.LARGEST_ZIP // 1_000_000))


# ---------------------------------------------------------------- one student's


def _one(seat: Seat, task: Task, handed: list[tuple[Member, HandedIn]]) -> None:
    if not handed:
        return
    names = {member.id: member.name for member, _ in handed}
    whose = st.selectbox(
        words.LOOK_AT,
        list(names),
        index=None,
        format_func=lambda one: names.get(one, ""),
        key=_WHOSE,
        width=320,
    )
    one = next((one for member, one in handed if member.id == whose), None)
    if one is None or whose is None:
        return
    with st.container(border=True):
        st.markdown(words.handed(one, when(one.at, seat.at)))
        if one.run is not None:
            _network(task, whose, one)
        for question, answer in one.answers:
            st.markdown(f"**{plain(question)}**  \n{words.lines(answer) or words.NO_ANSWER}")
        for guess in one.predictions:
            st.markdown(f"{guess.asked}  \n:gray[{plain(guesses.told(guess))}]")


def _network(task: Task, member_id: str, one: HandedIn) -> None:
    """Draw the ways to the network: the run, while it is there, and the copy of its weights."""
    assert one.run is not None
    run_id, classes, store, token = one.run.id, server.classes(), server.store(), who.visitor()

    def weights() -> bytes:  # outside of a script run
        file = Homework(classes, store).weights_of(token, task.id, member_id)
        return file.read_bytes() if file is not None else b""

    try:
        is_here = bool(server.store().run(run_id).id)
    except StudentError:
        is_here = False
    with st.container(horizontal=True):
        if is_here and st.button(words.LOOK_INSIDE, key="homework_inside", icon=":material/search:"):
            design.look_at(f"run:{run_id}")
            turn_to("feature_maps")
        st.download_button(
            words.WEIGHTS,
            weights,
            file_name=f"{file_stem(one.run.name)}.safetensors",
            icon=":material/download:",
            on_click="ignore",
            key="homework_weights",
        )
    caption(words.RUN_HERE if is_here else words.RUN_GONE)
