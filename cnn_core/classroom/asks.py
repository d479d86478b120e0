"""The predictions of a class: the teacher asks, everybody says something, then all see what was said and what is so.

A question goes through three stages, and never back: "asked" while answers are taken, "answers" while the class sees
what it said, "measured" once it sees what is so. One question at a time can be answered. What comes later is not handed
out sooner, to nobody: `said` is empty before "answers", `outcome` None before "measured", for teachers too.

    class.json   shows["asks"] = {"now": id or "", "asked": its words while answers are taken, else "",
                                  "stages": {id: stage}, the oldest first}
    answers/<member>.json        {question's id: {"said": value, "at": seconds since 1970, "changes": how often}}
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cnn_core.classroom.classes import Classes
from cnn_core.classroom.question_file import (
    FOLDER,
    ClassQuestion,
    Drawing,
    Outcome,
    checked_outcome,
    for_class,
    guess_in,
    is_question_id,
    outcome_in,
    question_in,
    to_file,
)
from cnn_core.classroom.record import Classroom
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, locked, read_json, sync, write_json
from cnn_core.lesson.guess_questions import GuessQuestion
from cnn_core.lesson.guesses import Guess, Value

PART, TOPIC = "asks", "answers"
STAGES = ("asked", "answers", "measured")
MOST_QUESTIONS = 40  # of one class


class Asks:
    """The questions of the classes. Cheap to make.

    Everywhere `token` is the visitor's secret. What changes anything raises StudentError where it may not, or where the
    disk refuses.
    """

    def __init__(self, classes: Classes, clock: Callable[[], float] = time.time) -> None:
        self._classes = classes
        self._clock = clock

    # The teacher's

    def ask(
        self, token: str, question: GuessQuestion, outcome: Outcome, drawing: Drawing | None = None
    ) -> ClassQuestion:
        """Ask the class. The question before is not open any more; what was said to it stays.

        outcome: measured already: it stays hidden until `show(…, "measured")`.
        """
        seat = self._classes.seat(token)
        if seat is None or not seat.is_teacher:
            raise StudentError(
                "Only a teacher can ask the class.", hint="Open the class by the teacher’s link."
            )
        question_id = f"q{secrets.token_hex(5)}"
        asked = ClassQuestion(
            question_id, for_class(question, question_id), drawing or Drawing(), self._clock()
        )
        content = to_file(asked, checked_outcome(question, outcome))
        words = asked.question.skipped().asked
        folder = seat.classroom.path / FOLDER
        with explain_disk_errors("The class cannot be asked"):
            folder.mkdir(exist_ok=True)
            write_json(folder / f"{question_id}.json", content, durable=True)
            sync(folder.parent)

        def change(stages: dict[str, str]) -> dict[str, Any]:
            if len(stages) >= MOST_QUESTIONS:
                raise StudentError(
                    f"This class has been asked {len(stages)} questions, which is as many as it keeps.",
                    hint="Take an old one away first.",
                )
            return {"now": question_id, "asked": words, "stages": {**stages, question_id: STAGES[0]}}

        try:
            self._change(token, lambda _shown, stages: change(stages))
        except StudentError:
            _remove(folder / f"{question_id}.json")
            raise
        return asked

    def show(self, token: str, question_id: str, stage: str) -> None:
        """Let the class see more of a question: its "answers", then what was "measured". There is no way back."""
        if stage not in STAGES[1:]:
            raise ValueError(f"no stage: {stage!r}")

        def change(shown: Mapping[str, Any], stages: dict[str, str]) -> dict[str, Any]:
            if question_id not in stages:
                raise _gone()
            further = max(STAGES.index(stage), STAGES.index(stages[question_id]))
            return {"now": question_id, "asked": "", "stages": {**stages, question_id: STAGES[further]}}

        self._change(token, change)

    def bring_back(self, token: str, question_id: str) -> None:
        """Have a question of before on the screens again, at the stage where it was; "" puts the present one away."""

        def change(shown: Mapping[str, Any], stages: dict[str, str]) -> dict[str, Any]:
            if question_id and question_id not in stages:
                raise _gone()
            is_open = stages.get(question_id) == STAGES[0]
            seat = self._classes.seat(token)
            asked = self.question(seat.classroom, question_id) if seat is not None and is_open else None
            words = asked.question.skipped().asked if asked is not None else ""
            return {"now": question_id, "asked": words, "stages": stages}

        self._change(token, change)

    def drop(self, token: str, question_id: str) -> None:
        """Take a question away, for good. What was said to it is never shown again."""

        def change(shown: Mapping[str, Any], stages: dict[str, str]) -> dict[str, Any]:
            rest = {one: stage for one, stage in stages.items() if one != question_id}
            is_now = shown.get("now") == question_id
            return {
                "now": "" if is_now else shown.get("now", ""),
                "asked": "" if is_now else shown.get("asked", ""),
                "stages": rest,
            }

        classroom = self._change(token, change)
        if is_question_id(question_id):
            _remove(classroom.path / FOLDER / f"{question_id}.json")

    def _change(
        self, token: str, change: Callable[[Mapping[str, Any], dict[str, str]], dict[str, Any]]
    ) -> Classroom:
        return self._classes.show(token, PART, lambda shown: change(_mapping(shown), stages_of(shown)))

    # A student's

    def answer(self, token: str, question_id: str, said: object) -> Guess:
        """Say something to the question that is open, or something else than before. Returns what was kept."""
        seat = self._classes.sitting(token)
        # A reveal takes the same lock: an answer is either among those that it shows, or refused.
        with (
            explain_disk_errors("Your answer cannot be kept"),
            locked(seat.classroom.path / "lock"),
        ):
            classroom = self._classes.sitting(token).classroom
            asked = self.question(classroom, question_id)
            if asked is None:
                raise _gone()
            if not is_open(classroom, question_id):
                raise StudentError(
                    "Answers to this question are not taken any more.", hint="The next question is yours."
                )
            guess = asked.question.guess(said)
            kept = {
                one: value
                for one, value in self._classes.kept_of(token, TOPIC).items()
                if one in stages_of(classroom.shows.get(PART))
            }
            before = _mapping(kept.get(question_id))
            changes = before.get("changes", 0) + 1 if before else 0
            kept[question_id] = {"said": guess.said, "at": self._clock(), "changes": changes}
            self._classes.keep(token, TOPIC, kept)
        return guess

    def own(self, token: str, question_id: str) -> Value:
        """What this member said to a question; None where it is nothing."""
        seat = self._classes.seat(token)
        asked = self.question(seat.classroom, question_id) if seat is not None else None
        if asked is None:
            return None
        said = _mapping(self._classes.kept_of(token, TOPIC).get(question_id)).get("said")
        guess = guess_in(asked, said)
        return guess.said if guess is not None else None

    # What is there to see

    def question(self, classroom: Classroom, question_id: str) -> ClassQuestion | None:
        """A question of the class, without what was measured."""
        if question_id not in stages_of(classroom.shows.get(PART)):
            return None
        return question_in(self._file(classroom, question_id), question_id)

    def outcome(self, classroom: Classroom, question_id: str) -> Outcome | None:
        """What was measured; None before it is shown."""
        if stage_of(classroom, question_id) != STAGES[2]:
            return None
        asked = self.question(classroom, question_id)
        return None if asked is None else outcome_in(self._file(classroom, question_id), asked)

    def said(self, classroom: Classroom, question_id: str) -> list[Value]:
        """What the class said, each member's last word, without names; [] before it is shown."""
        if stage_of(classroom, question_id) not in STAGES[1:]:
            return []
        return self._said(classroom, question_id)

    def answered(self, classroom: Classroom, question_id: str) -> tuple[int, int]:
        """How many have answered, of how many students."""
        teachers = {owner for owner, key in classroom.teachers.items() if key in classroom.keys}
        students = sum(member.owner not in teachers for member in self._classes.members(classroom))
        count = len(self._said(classroom, question_id))
        return count, max(count, students)

    def _said(self, classroom: Classroom, question_id: str) -> list[Value]:
        asked = self.question(classroom, question_id)
        if asked is None:
            return []
        kept = (_mapping(one.get(question_id)) for one in self._classes.kept(classroom, TOPIC).values())
        guesses = (guess_in(asked, one.get("said")) for one in kept if one)
        return [guess.said for guess in guesses if guess is not None]

    def _file(self, classroom: Classroom, question_id: str) -> dict[str, Any]:
        return (
            read_json(classroom.path / FOLDER / f"{question_id}.json") if is_question_id(question_id) else {}
        )


# ---------------------------------------------------------------- of what a class is shown


def stages_of(shown: object) -> dict[str, str]:
    """{question's id: its stage} of a class's `shows["asks"]`, the oldest first."""
    stages = _mapping(_mapping(shown).get("stages"))
    return {one: stage for one, stage in stages.items() if is_question_id(one) and stage in STAGES}


def stage_of(classroom: Classroom, question_id: str) -> str:
    """The stage of a question; "" of one that there is not."""
    return stages_of(classroom.shows.get(PART)).get(question_id, "")


def now_of(classroom: Classroom) -> str:
    """The id of the question that the class is at; "" where it is at none."""
    now = _mapping(classroom.shows.get(PART)).get("now")
    return now if is_question_id(now) and stage_of(classroom, now) else ""


def is_open(classroom: Classroom, question_id: str) -> bool:
    """Whether answers to it are taken."""
    return now_of(classroom) == question_id and stage_of(classroom, question_id) == STAGES[0]


def waiting(classroom: Classroom) -> str:
    """The words of the question that waits for answers; "" where none does. Cheap."""
    now = now_of(classroom)
    asked = _mapping(classroom.shows.get(PART)).get("asked")
    return asked if now and is_open(classroom, now) and isinstance(asked, str) else ""


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _gone() -> StudentError:
    return StudentError("This question is not asked any more.", hint="Wait for the next one.")


def _remove(file: Path) -> None:
    file.unlink(missing_ok=True)
