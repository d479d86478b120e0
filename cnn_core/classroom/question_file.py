"""A question to a class as its file holds it: what everybody is asked, and apart from it what was measured.

    classes/<id>/asked/<question>.json   the question, its pictures, what came of it and why

The two are read by different functions: whoever draws the question before its answers are shown never holds the answer.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeGuard

from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import (
    ChoiceQuestion,
    CurveQuestion,
    GuessQuestion,
    NumberQuestion,
    PointQuestion,
)
from cnn_core.lesson.guesses import LARGEST, MOST_LETTERS, MOST_OPTION, MOST_POINTS, Guess, Value, value_of

FOLDER = "asked"
LONGEST_WHY = 600  # letters
LARGEST_PICTURES = 300_000  # bytes of all that a question is drawn with
MOST_OPTIONS = 12
_KINDS: dict[str, type[GuessQuestion]] = {
    "choice": ChoiceQuestion,
    "number": NumberQuestion,
    "point": PointQuestion,
    "curve": CurveQuestion,
}
_SECRETS = ("answer", "hints", "hint")  # of a choice: they would tell it
_ID = re.compile(r"q[0-9a-f]{10}", re.ASCII)
_PLACE = re.compile(r"[a-z_]{0,40}", re.ASCII)


@dataclass(frozen=True)
class Drawing:
    """What a question is drawn with, as plain values.

    image:    a PNG: of a point what is tapped, of others what the question speaks of.
    pictures: a PNG of many tiles, of a choice one for each option, of a curve one for each of `marks`.
    tiles:    their height, width, how many they are, and how many stand in a row; four zeros without pictures.
    marks:    of a curve, which ticks are written out; () is as it likes.
    alt:      what the image or the pictures show.
    px:       wished width of the image or of a tile, in CSS pixels.
    """

    image: bytes = b""
    pictures: bytes = b""
    tiles: tuple[int, int, int, int] = (0, 0, 0, 0)
    marks: tuple[int, ...] = ()
    alt: str = ""
    px: int = 84


@dataclass(frozen=True)
class ClassQuestion:
    """What a class is asked: the same for all, and nothing in it tells the answer.

    id:       its name in the class: "q3f09a1c2d4".
    question: what may be said. In notebooks it has an id of its own, and its `about` begins with this one.
    drawing:  what it is drawn with.
    at:       when it was asked, in seconds since 1970.
    """

    id: str
    question: GuessQuestion
    drawing: Drawing = field(default_factory=Drawing)
    at: float = 0.0

    @property
    def kind(self) -> str:
        """ "choice", "number", "point" or "curve"."""
        return self.question.skipped().kind


@dataclass(frozen=True)
class Outcome:
    """What was measured when it was asked.

    value: of the question's kind.
    why:   one or two sentences in Markdown.
    page, state: where it can be looked at: a page's address and what the address says.
    """

    value: Value
    why: str
    page: str = ""
    state: Mapping[str, str] = field(default_factory=dict)


def is_question_id(value: object) -> TypeGuard[str]:
    """Whether this can be a question's id, and so the name of its file."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def for_class(question: GuessQuestion, question_id: str) -> GuessQuestion:
    """The question without what tells its answer, and another one than the student may have met on a page.

    Its own id, "class.…", for whoever answers it in class has not answered the page's, which would show the answer.
    """
    about = f"{question_id}/{question.about}"[: MOST_LETTERS["about"]]
    open_one = replace(question, id=f"class.{question.id}"[: MOST_LETTERS["question"]], about=about)
    if isinstance(open_one, ChoiceQuestion):
        return replace(open_one, answer=None, hints={}, hint="")
    return open_one


def checked_outcome(question: GuessQuestion, outcome: Outcome) -> Outcome:
    """What was measured, in bounds. Raises StudentError where it is no answer to the question."""
    kind = question.skipped().kind
    value = value_of(kind, outcome.value)
    fits = value is not None
    if isinstance(question, ChoiceQuestion):
        fits = value in question.options
    elif isinstance(question, CurveQuestion):
        fits = isinstance(value, tuple) and len(value) == len(question.ticks)
    if not fits:
        raise StudentError("Nothing could be measured for this question.", hint="Ask another one.")
    state = {name[:40]: text[:300] for name, text in list(outcome.state.items())[:20]}
    page = outcome.page if _PLACE.fullmatch(outcome.page) else ""
    return Outcome(value, outcome.why[:LONGEST_WHY], page, state)


# ---------------------------------------------------------------- to a file, and back


def to_file(asked: ClassQuestion, outcome: Outcome) -> dict[str, Any]:
    """As JSON holds both. Raises StudentError where its pictures are too large."""
    drawing = asked.drawing
    if len(drawing.image) + len(drawing.pictures) > LARGEST_PICTURES:
        raise StudentError("The pictures of this question are too large for a class.", hint="Ask another.")
    values = {
        one.name: getattr(asked.question, one.name)
        for one in fields(asked.question)
        if one.name not in _SECRETS
    }
    return {
        "question": {"kind": asked.kind, **values},
        "drawing": {
            "image": base64.b64encode(drawing.image).decode(),
            "pictures": base64.b64encode(drawing.pictures).decode(),
            "tiles": list(drawing.tiles),
            "marks": list(drawing.marks),
            "alt": drawing.alt[:400],
            "px": drawing.px,
        },
        "at": asked.at,
        "outcome": {
            "value": outcome.value,
            "why": outcome.why,
            "page": outcome.page,
            "state": dict(outcome.state),
        },
    }


def question_in(values: Mapping[str, Any], question_id: str) -> ClassQuestion | None:
    """The question of a file; None where it makes no sense."""
    try:
        question = _question_of(dict(values["question"]))
        return ClassQuestion(question_id, question, _drawing_of(values["drawing"]), float(values["at"]))
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def outcome_in(values: Mapping[str, Any], asked: ClassQuestion) -> Outcome | None:
    """What was measured, of the same file; None where it makes no sense."""
    try:
        told = values["outcome"]
        state = {str(name): str(text) for name, text in dict(told["state"]).items()}
        return checked_outcome(
            asked.question, Outcome(told["value"], str(told["why"]), str(told["page"]), state)
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def guess_in(asked: ClassQuestion, said: object) -> Guess | None:
    """What a member said, as a guess; None where it is no answer to this question."""
    try:
        return asked.question.guess(said)
    except StudentError:
        return None


def _question_of(values: dict[str, Any]) -> GuessQuestion:
    kind = _KINDS[values.pop("kind")]
    known = {one.name for one in fields(kind)} - set(_SECRETS)
    for name in ("options", "ticks"):
        if name in values:
            values[name] = tuple(values[name])
    question = kind(**{name: value for name, value in values.items() if name in known})
    question.skipped()  # raises where its words are no words
    if not _makes_sense(question):
        raise ValueError("no question")
    return question


def _makes_sense(question: GuessQuestion) -> bool:
    if isinstance(question, ChoiceQuestion):
        options = question.options
        return 2 <= len(set(options)) == len(options) <= MOST_OPTIONS and all(
            isinstance(one, str) and 0 < len(one) <= MOST_OPTION for one in options
        )
    if isinstance(question, PointQuestion):
        return 0 < question.rows <= 4096 and 0 < question.columns <= 4096
    ends = -LARGEST <= question.least < question.most <= LARGEST
    if isinstance(question, CurveQuestion):
        return ends and 2 <= len(question.ticks) <= MOST_POINTS
    return ends and question.step > 0


def _drawing_of(values: Mapping[str, Any]) -> Drawing:
    height, width, count, columns = (int(one) for one in values["tiles"])
    return Drawing(
        base64.b64decode(values["image"]),
        base64.b64decode(values["pictures"]),
        (height, width, count, columns),
        tuple(int(one) for one in values["marks"]),
        str(values["alt"]),
        int(values["px"]),
    )
