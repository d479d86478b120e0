"""A prediction for the teacher's class: measured here, kept on the server, and asked of everybody at once.

Where a page or the lesson has a question, a teacher has the button "Ask your class". The class sees the question on its
own page. What was measured stays on the server until the teacher shows it, and is not drawn for the teacher either.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.classroom import Asks, ClassQuestion, Outcome
from cnn_core.classroom.question_file import Drawing
from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import GuessQuestion
from cnn_core.lesson.guesses import Value
from pages.ui.drawing.contact_sheet import Sheet, colour, png
from pages.ui.forms.guess_look import Look, plain_value
from pages.ui.frame.shell import turn_to
from pages.ui.visitor import server, who
from pages.ui.wording import class_questions as words
from pages.ui.wording import refusals

if TYPE_CHECKING:
    from pages.ui.visitor.networks import LoadedNetwork


@dataclass(frozen=True, eq=False)
class Prediction:
    """A question that a class can be asked.

    measure: gives what it comes to, and one sentence of why. Raises StudentError.
    look:    what it is drawn with.
    image:   what it speaks of, as a PNG, where it is not drawn with that already; alt: what it shows.
    page, state: where it can be looked at afterwards: a page, and what its address says.
    """

    question: GuessQuestion
    measure: Callable[[], tuple[Value, str]]
    look: Look = field(default_factory=Look)
    image: bytes = b""
    alt: str = ""
    page: str = ""
    state: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Lesson:
    """The predictions of the lesson.

    titles: {id: what a list calls it} of those that a network can be asked, in the lesson's order.
    pages:  {id: the page that it is about} of all. In notebooks a prediction's question is called "tour.<id>".
    make:   one about a network, with fresh numbers for each seed. Raises StudentError where it cannot be made.
    """

    titles: Callable[[LoadedNetwork], dict[str, str]]
    pages: Mapping[str, str]
    make: Callable[[str, LoadedNetwork, str], Prediction]


_NOT_OF_THE_PAGE = {"step", "design", "screen"}

# The lesson stands in a room of its own, which no other page may know; the front door hands it over.
_lessons: list[Lesson] = []


def offer(lesson: Lesson) -> None:
    """Let teachers choose from these."""
    _lessons[:] = [lesson]


def lesson() -> Lesson | None:
    """What teachers can choose from."""
    return _lessons[0] if _lessons else None


def asks() -> Asks:
    """The questions of this server's classes."""
    return Asks(server.classes())


def teaches() -> bool:
    """Whether the visitor is the teacher of a class that has not ended. Cheap."""
    seat = server.classes().seat(who.visitor())
    return seat is not None and seat.is_teacher and seat.is_open


def button(prediction: Prediction, key: str) -> None:
    """For a teacher, draw the button that asks the class this, and leads to the question; for others nothing.

    key: tells it from others on the page.
    """
    if not teaches():
        return
    refusals.draw("class_question")
    if st.button(
        words.ASK_YOUR_CLASS, key=f"class_question_{key}", type="tertiary", icon=":material/groups:"
    ):
        put(prediction)


def offer_shown(question: GuessQuestion, measured: object, why: str, look: Look, key: str) -> None:
    """For a teacher, the same button beside what a page has measured.

    measured: as the page gives it.  look: what its question is drawn with.
    """
    if teaches():
        value = _plain(question, measured)
        state = {name: text for name, text in st.query_params.items() if name not in _NOT_OF_THE_PAGE}
        button(Prediction(question, lambda: (value, why), look, page=question.page, state=state), key)


def put(prediction: Prediction) -> None:
    """Measure it, ask the class, and open the question's page; in a run of a page, not in a callback."""
    try:
        with st.spinner(words.MEASURING):
            value, why = prediction.measure()
        question = prediction.question
        outcome = Outcome(_plain(question, value), why, prediction.page, prediction.state)
        asks().ask(who.visitor(), question, outcome, drawing_of(prediction))
    except StudentError as error:
        refusals.refuse("class_question", error)
        st.rerun()
    turn_to("classroom", view="questions")


def _plain(question: GuessQuestion, value: object) -> Value:
    plain = plain_value(question, value)
    return tuple(plain) if isinstance(plain, list) else plain  # type: ignore[return-value]


# ---------------------------------------------------------------- what it is drawn with, to a file and back


def drawing_of(prediction: Prediction) -> Drawing:
    """Its pictures as plain bytes."""
    look = prediction.look
    sheet = look.pictures
    drawing = Drawing(prediction.image or _png(look.image), alt=look.alt or prediction.alt, px=look.px)
    if sheet is None:
        return drawing
    tiles = sheet.tile_height, sheet.tile_width, sheet.count, sheet.columns
    return replace(drawing, pictures=sheet.png, tiles=tiles, marks=_marks(look.marks))


def _marks(marks: Sequence[int] | None) -> tuple[int, ...]:
    return () if marks is None else tuple(marks)


def _png(image: np.ndarray | bytes | None) -> bytes:
    if image is None or isinstance(image, bytes):
        return image or b""
    return png(colour(image, "grey") if image.ndim == 2 else image)


def look_of(asked: ClassQuestion, narrow: bool = False) -> Look:
    """How the question is drawn."""
    drawing = asked.drawing
    height, width, count, columns = drawing.tiles
    pictures = (
        Sheet(drawing.pictures, height, width, count, columns, np.zeros((count, 2)))
        if drawing.pictures and count
        else None
    )
    return Look(
        pictures=pictures,
        image=drawing.image if asked.kind == "point" else None,
        alt=drawing.alt,
        marks=drawing.marks or None,
        px=drawing.px,
        narrow=narrow,
    )
