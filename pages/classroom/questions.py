"""The predictions of the class: one question at a time, everybody's answers, and what is so.

A student's page is drawn anew when the teacher goes on; the teacher's counts the answers as they come.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import ClassQuestion, Seat
from cnn_core.classroom.asks import PART, now_of, stage_of, stages_of
from cnn_core.classroom.tally import verdict
from cnn_core.lesson.guesses import Guess
from pages.classroom import answer_charts, asking
from pages.classroom import question_words as words
from pages.classroom.live import live
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms import class_question, guess
from pages.ui.frame import held, screens, shell
from pages.ui.frame.announcement import announce
from pages.ui.visitor import server, who
from pages.ui.wording import guesses, refusals, screen_summary
from pages.ui.wording.blocks import caption, plain

_CHANGING = "questions_changing"  # id of the question whose answer the visitor wants to change
PICTURE_PX, BESIDE_PX = 140, 84
# The style's own element takes no column.
_BESIDE = """<style>.st-key-questions_title { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 0 1.25rem;
  align-items: center }
.st-key-questions_title > [data-testid="stElementContainer"]:has(style) { display: none }</style>"""
ON_A_WALL, AT_A_DESK = 1.3, 1.0  # how large a chart's letters are, in rem


def draw(seat: Seat, summary: DeltaGenerator) -> None:
    """The view of one class.  summary: the place for it."""
    now = now_of(seat.classroom)
    asked = class_question.asks().question(seat.classroom, now) if now else None
    sentence = asked.question.asked if asked is not None else ""
    counts = class_question.asks().answered(seat.classroom, now) if asked is not None else (0, 0)
    screen_summary.put(summary, words.page_summary(sentence, stage_of(seat.classroom, now), *counts))
    classes, class_id = server.classes(), seat.classroom.id
    # Not the page but this alone is drawn anew: on thirty screens when the teacher goes on, and where answers are
    # counted with each that comes. One part for both, for none may stand inside another.
    if seat.is_teacher or screens.is_on_wall():
        live(lambda: _now(class_id), lambda: classes.stamp(class_id), ("answers", class_id))
    else:
        live(lambda: _now(class_id), lambda: classes.shown_stamp(class_id), ("asks", class_id))


def _now(class_id: str) -> None:
    """Draw what the class is at, as it is now."""
    seat = server.classes().seat(who.visitor())
    if seat is None or seat.classroom.id != class_id:
        st.rerun()  # wiped, or taken out: the whole page says so
    now = now_of(seat.classroom)
    asked = class_question.asks().question(seat.classroom, now) if now else None
    stage = stage_of(seat.classroom, now) if asked is not None else ""
    leads = seat.is_teacher and not screens.is_on_wall()
    announce("questions-stage", words.announced(stage))
    refusals.draw("questions")
    if asked is not None:
        _question(seat, asked, stage)
        if leads:
            asking.bar(asked, stage)
    elif leads:
        asking.choose()
    else:
        caption(words.NOTHING_NOW if stages_of(seat.classroom.shows.get(PART)) else words.NOTHING_ASKED)
    _before(seat, now, leads)


# ---------------------------------------------------------------- the question that the class is at


def _question(seat: Seat, asked: ClassQuestion, stage: str) -> None:
    if network := words.network_of(asked.question.network):
        caption(network)
    if stage == "asked":
        _open(seat, asked)
    else:
        _title(asked)
        refusals.draw("guess")  # an answer that came a moment too late
        _answers(seat, asked, stage)


def _open(seat: Seat, asked: ClassQuestion) -> None:
    """While answers are taken."""
    if seat.member is not None and not seat.is_teacher and seat.is_open and not screens.is_on_wall():
        _answer(asked)
        return
    _shown(asked)
    if not seat.is_open:
        caption(words.ENDED)
    st.markdown(words.answered(*class_question.asks().answered(seat.classroom, asked.id)))


def _shown(asked: ClassQuestion) -> None:
    """Draw the question as those see it who do not answer."""
    _title(asked)
    if options := getattr(asked.question, "options", ()):
        st.markdown(" · ".join(plain(option) for option in options))
    if asked.kind == "point" and asked.drawing.image:
        _image(asked, PICTURE_PX)
    look = class_question.look_of(asked)
    if look.pictures is not None:
        alt = look.alt or asked.question.asked
        sheet(look.pictures, f"questions_tiles_{asked.id}", alt=alt, tile_px=look.px, clickable=False)


def _title(asked: ClassQuestion) -> None:
    """Draw its words, large, beside the digit that they speak of: what comes below has the room."""
    words_of_it = f"{'##' if screens.is_on_wall() else '####'} {asked.question.asked}"
    if asked.kind == "point" or not asked.drawing.image:
        st.markdown(words_of_it)
        return
    with st.container(key="questions_title"):
        st.html(_BESIDE)
        _image(asked, BESIDE_PX)
        st.markdown(words_of_it)


def _image(asked: ClassQuestion, px: int) -> None:
    picture(
        asked.drawing.image,
        f"questions_image_{asked.id}",
        alt=asked.drawing.alt,
        px=px,
        read_out=False,
    )


def _answer(asked: ClassQuestion) -> None:
    """A student's: the question, or what they said to it."""
    said = class_question.asks().own(who.visitor(), asked.id)
    is_open = said is None or st.session_state.get(_CHANGING) == asked.id
    if asked.drawing.image and asked.kind != "point":
        _image(asked, PICTURE_PX)
    if is_open:
        if said is None and guess.guess_of(asked.question) is not None:
            guess.ask_again(asked.question)  # their notebook has it, and the class has not
        guess.ask(asked.question, class_question.look_of(asked), tell=lambda one: _tell(asked.id, one))
        return
    refusals.draw("guess")
    st.markdown(guesses.question(asked.question.asked))
    st.markdown(words.you_said(asked.question.guess(said)))
    caption(words.WAIT)
    st.button(words.CHANGE, key=f"questions_change_{asked.id}", on_click=_change, args=(asked,))


def _tell(question_id: str, said: Guess) -> None:
    class_question.asks().answer(who.visitor(), question_id, said.said)
    st.session_state.pop(_CHANGING, None)


def _change(asked: ClassQuestion) -> None:
    st.session_state[_CHANGING] = asked.id
    guess.ask_again(asked.question)


# ---------------------------------------------------------------- and its answers


def _answers(seat: Seat, asked: ClassQuestion, stage: str) -> None:
    """Draw what was said, and from "measured" on what is so."""
    asks = class_question.asks()
    said, outcome = asks.said(seat.classroom, asked.id), asks.outcome(seat.classroom, asked.id)
    measured = outcome.value if outcome is not None else None
    own = None if screens.is_on_wall() else asks.own(who.visitor(), asked.id)  # a wall is everybody's
    letters = ON_A_WALL if screens.is_on_wall() else AT_A_DESK
    if outcome is None:
        st.markdown(words.how_many(len(said)))
    else:
        told = words.what_most_said(asked.question, verdict(asked.question, said, measured), measured)
        st.markdown(f"{'###' if screens.is_on_wall() else '#####'} {told}")
    st.html(answer_charts.chart(asked, said, measured, own, shell.mode(), letters))
    if note := words.legend(asked.kind, outcome is not None, own is not None):
        caption(note)
    if outcome is not None:
        st.markdown(outcome.why)
        _keep(asked, measured)
        if outcome.page and outcome.page not in held.closed() and not screens.is_on_wall():
            page = shell.entry(outcome.page).file
            st.page_link(
                shell.ROOT / page,
                label=words.LOOK_AT_IT,
                icon=":material/search:",
                query_params=outcome.state,
            )
    if own is None and seat.member is not None and not seat.is_teacher and not screens.is_on_wall():
        caption(words.too_late())


def _keep(asked: ClassQuestion, measured: object) -> None:
    """What was measured stands beside what the student said, in their notebook too."""
    mine = guess.guess_of(asked.question)
    if mine is not None and mine.measured is None:
        guess.keep(mine, measured)


# ---------------------------------------------------------------- those before


def _before(seat: Seat, now: str, leads: bool) -> None:
    """Draw the questions of before; to students only those whose answers were shown."""
    stages = stages_of(seat.classroom.shows.get(PART))
    earlier = [(one, stage) for one, stage in reversed(stages.items()) if one != now]
    told = [(one, stage) for one, stage in earlier if leads or stage != "asked"]
    if not told or screens.is_on_wall():
        return
    with st.expander(f"{words.BEFORE} ({len(told)})", key="questions_before", on_change="rerun") as box:
        if not box.open:
            return
        for question_id, stage in told:
            asked = class_question.asks().question(seat.classroom, question_id)
            if asked is None:
                continue
            if leads:
                asking.row(
                    asked, words.STAGES[stage], class_question.asks().answered(seat.classroom, asked.id)
                )
            else:
                st.markdown(f"**{asked.question.asked}**")
                _answers(seat, asked, stage)
