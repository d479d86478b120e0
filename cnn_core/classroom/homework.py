"""Homework: a task with a date, and what each student hands in for it: a network, answers, predictions.

    class.json                         shows["homework"] = {"tasks": [id, …]}, the oldest first
    tasks/<task>.json                  the task
    handed_<task>/<member>.json        what was handed in last: copies, whatever becomes of the run
    weights/<member>.<task>.<by lot>.safetensors   the network's weights, as its run had them then

A student may hand in again; what was there before is replaced. After the date it counts as late.
"""

from __future__ import annotations

import math
import re
import secrets
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

from cnn_core.checks import is_number
from cnn_core.classroom.classes import Classes
from cnn_core.classroom.handed import HandedIn, HandedRun, handed_in_of, run_to_hand_in
from cnn_core.classroom.record import Classroom, Member, Seat, clean_name, clean_text
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, locked, read_json, sync, write_json

if TYPE_CHECKING:
    from cnn_core.lesson.guesses import Guess
    from cnn_core.runs import RunStore

PART, TASKS, WEIGHTS = "homework", "tasks", "weights"
MOST_TASKS = 12  # of one class
MOST_QUESTIONS, MOST_PREDICTIONS = 6, 24
LONGEST_TITLE, LONGEST_WORDS, LONGEST_QUESTION, LONGEST_ANSWER = 80, 3000, 300, 2000  # letters
LARGEST_WEIGHTS = 64_000_000  # bytes of one network
LARGEST_OF_CLASS = 300_000_000  # bytes of all networks that a class keeps
_ID = re.compile(r"[a-z]{8}", re.ASCII)
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_FILE = re.compile(r"[a-z0-9]{8}\.[a-z]{8}\.[0-9a-f]{8}\.safetensors", re.ASCII)
_PREDICTION = re.compile(r"[a-z0-9_.]{1,60}", re.ASCII)


@dataclass(frozen=True)
class Task:
    """What a student is to do.

    id:          its name in the class and in a link.
    title:       one line.
    words:       what is to be done, in the teacher's words; lines are kept.
    due:         until when, in seconds since 1970.
    wants_run:   whether a network is to be handed in.
    questions:   to be answered in words.
    predictions: {id of a prediction: what it is called}, to be made before their answers are seen.
    """

    id: str
    title: str
    words: str
    due: float
    wants_run: bool = True
    questions: tuple[str, ...] = ()
    predictions: Mapping[str, str] | None = None

    @property
    def topic(self) -> str:
        """Under which the class keeps what was handed in."""
        return f"handed_{self.id}"


def is_task_id(value: object) -> TypeGuard[str]:
    """Whether this can be a task's id, and so the name of its file."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


class Homework:
    """The homework of the classes. Cheap to make.

    store: where the runs and the visitors' notebooks are.

    Everywhere `token` is the visitor's secret. What changes anything raises StudentError where it may not, or where the
    disk refuses.
    """

    def __init__(self, classes: Classes, store: RunStore, clock: Callable[[], float] = time.time) -> None:
        self._classes, self._store, self._clock = classes, store, clock

    # The teacher's

    def give(self, token: str, task: Task) -> Task:
        """Give the class a task; one with the id of another replaces it, and what was handed in for that stays.

        task: its id may be "": then it is a new one.
        """
        seat = self._teacher(token)
        checked = self._checked(task, seat.classroom)
        given = checked if is_task_id(checked.id) else replace(checked, id=_new_id())

        def change(shown: object) -> dict[str, Any]:
            ids = _ids(shown)
            if given.id not in ids and len(ids) >= MOST_TASKS:
                raise StudentError(
                    f"This class has {len(ids)} tasks, which is as many as it keeps.",
                    hint="Delete an old one first.",
                )
            return {"tasks": list(dict.fromkeys((*ids, given.id)))}

        folder = seat.classroom.path / TASKS
        with explain_disk_errors("The class cannot keep the task"):
            folder.mkdir(exist_ok=True)
            write_json(folder / f"{given.id}.json", asdict(given), durable=True)
            sync(folder.parent)
        self._classes.show(token, PART, change)
        return given

    def take_back(self, token: str, task_id: str) -> None:
        """Delete a task, with all that was handed in for it."""
        classroom = self._teacher(token).classroom
        if not is_task_id(task_id):
            return
        self._classes.show(
            token, PART, lambda shown: {"tasks": [one for one in _ids(shown) if one != task_id]}
        )
        with explain_disk_errors("The task cannot be deleted"):
            shutil.rmtree(classroom.path / f"handed_{task_id}", ignore_errors=True)
            for file in (classroom.path / WEIGHTS).glob(f"*.{task_id}.*"):
                file.unlink(missing_ok=True)
            (classroom.path / TASKS / f"{task_id}.json").unlink(missing_ok=True)

    def table(self, token: str, task_id: str) -> list[tuple[Member, HandedIn | None]]:
        """All members as they came, and what each handed in; for a teacher alone."""
        classroom = self._teacher(token, also_ended=True).classroom
        task = self.task(classroom, task_id)
        if task is None:
            raise _gone()
        kept = self._classes.kept(classroom, task.topic)
        return [(one, handed_in_of(kept.get(one.id, {}))) for one in self._classes.members(classroom)]

    def weights_of(self, token: str, task_id: str, member_id: str) -> Path | None:
        """The file of the network that a member handed in; for a teacher alone. None where there is none."""
        folder = self._teacher(token, also_ended=True).classroom.path / WEIGHTS
        handed = next((one for member, one in self.table(token, task_id) if member.id == member_id), None)
        if handed is None or handed.run is None or not _FILE.fullmatch(handed.run.file):
            return None
        file = folder / handed.run.file
        return file if file.is_file() else None

    # A student's

    def hand_in(self, token: str, task_id: str, run_id: str = "", answers: Sequence[object] = ()) -> HandedIn:
        """Hand in, in place of what was handed in before.

        run_id:  of the visitor's own training that is done; "" for none.
        answers: one for each question of the task, in their order.
        The predictions are taken from the visitor's notebook: what they said last.
        """
        seat = self._classes.sitting(token)
        task = self.task(seat.classroom, task_id)
        if task is None:
            raise _gone()
        said = _checked_answers(task, answers)
        run = self._own_run(token, run_id) if run_id else None
        if task.wants_run and run is None:
            raise StudentError("This task asks for a network.", hint="Choose one of your trainings.")
        if not task.wants_run:
            run = None
        assert seat.member is not None
        folder, own = seat.classroom.path / WEIGHTS, f"{seat.member.id}.{task.id}"
        with explain_disk_errors("Your work cannot be handed in"):
            folder.mkdir(exist_ok=True)
            with locked(folder / f"{own}.lock"):  # two tabs may hand in at once
                return self._handed(token, task, folder, own, run, said)

    def _handed(
        self, token: str, task: Task, folder: Path, own: str, run: HandedRun | None, said: tuple[str, ...]
    ) -> HandedIn:
        """Write it all down.  own: how the names of this member's files for this task begin."""
        before = handed_in_of(self._classes.kept_of(token, task.topic))
        now = self._clock()
        handed = HandedIn(
            at=now,
            first=before.first if before is not None else now,
            times=before.times + 1 if before is not None else 1,
            is_late=now > task.due,
            answers=tuple(zip(task.questions, said, strict=True)),
            predictions=self._predictions(token, task),
            run=None if run is None else self._copied(folder, own, run),
        )
        try:
            self._classes.keep(token, task.topic, handed.to_dict())
        except StudentError:
            _remove(folder, own, but=_file_of(before))
            raise
        _remove(folder, own, but=_file_of(handed))
        return handed

    def own(self, token: str, task_id: str) -> HandedIn | None:
        """What this member has handed in for a task."""
        return (
            handed_in_of(self._classes.kept_of(token, f"handed_{task_id}")) if is_task_id(task_id) else None
        )

    # What there is

    def tasks(self, classroom: Classroom) -> list[Task]:
        """The class's tasks, the newest first."""
        found = (self.task(classroom, one) for one in reversed(_ids(classroom.shows.get(PART))))
        return [one for one in found if one is not None]

    def task(self, classroom: Classroom, task_id: str) -> Task | None:
        """One of them; None where there is none of this id."""
        if task_id not in _ids(classroom.shows.get(PART)):
            return None
        return _task_of(read_json(classroom.path / TASKS / f"{task_id}.json"), task_id)

    # Inside

    def _teacher(self, token: str, also_ended: bool = False) -> Seat:
        seat = self._classes.seat(token)
        if seat is None or not seat.is_teacher:
            raise StudentError("Only its teacher can do this.", hint="Open the class by the teacher’s link.")
        if not seat.is_open and not also_ended:
            raise StudentError(f"The class “{seat.classroom.title}” has ended.", hint="Open a new one.")
        return seat

    def _checked(self, task: Task, classroom: Classroom) -> Task:
        title = clean_name(task.title, LONGEST_TITLE)
        if not title:
            raise StudentError("A task needs a title.", hint="Type at least one letter.")
        if not is_number(task.due) or not math.isfinite(task.due) or task.due <= self._clock():
            raise StudentError("The date of the task is past.", hint="Choose a later one.")
        if task.due > classroom.ends:
            raise StudentError(
                "The class ends before the date of the task.",
                hint="Choose an earlier date, or let the class go on.",
            )
        asked = (clean_name(one, LONGEST_QUESTION) for one in task.questions)
        questions = tuple(dict.fromkeys(one for one in asked if one))
        if len(questions) > MOST_QUESTIONS:
            raise StudentError(
                f"A task has up to {MOST_QUESTIONS} questions, and these are {len(questions)}.",
                hint="Ask fewer.",
            )
        predictions = {
            name: clean_name(words, LONGEST_TITLE) or name
            for name, words in list((task.predictions or {}).items())[:MOST_PREDICTIONS]
            if isinstance(name, str) and _PREDICTION.fullmatch(name)
        }
        if not (task.wants_run or questions or predictions):
            raise StudentError(
                "Nothing is to be handed in.", hint="Ask for a network, an answer or a prediction."
            )
        words = clean_text(task.words, LONGEST_WORDS)
        return Task(task.id, title, words, float(task.due), bool(task.wants_run), questions, predictions)

    def _own_run(self, token: str, run_id: str) -> HandedRun:
        run = self._store.run(run_id)
        if not run.is_owner(token):
            raise StudentError("That network is not yours.", hint="Choose one of your own trainings.")
        return run_to_hand_in(run)

    def _copied(self, folder: Path, own: str, run: HandedRun) -> HandedRun:
        """The run's card, once its weights are copied: what is handed in outlives the run.

        own: how the names of this member's files for this task begin.
        """
        source = self._store.run(run.id).snapshot_path(run.moment)
        name = f"{own}.{secrets.token_hex(4)}.safetensors"
        size = source.stat().st_size
        taken = sum(one.stat().st_size for one in folder.iterdir() if not one.name.startswith(own))
        if size > LARGEST_WEIGHTS or taken + size > LARGEST_OF_CLASS:
            most = LARGEST_WEIGHTS if size > LARGEST_WEIGHTS else LARGEST_OF_CLASS
            whose = "One network" if size > LARGEST_WEIGHTS else "All networks of a class"
            raise StudentError(
                f"{whose} may take {most // 1_000_000} MB, and this one has {size / 1e6:.1f} MB.",
                hint="Hand in a smaller one, or tell your teacher.",
            )
        try:
            shutil.copyfile(source, folder / name)
            sync(folder / name, folder, folder.parent)
        except OSError:
            (folder / name).unlink(missing_ok=True)
            raise
        return replace(run, size=size, file=name)

    def _predictions(self, token: str, task: Task) -> tuple[Guess, ...]:
        guesses = self._store.notebooks.of(token).guesses
        said = {guess.question: guess for guess in guesses if guess.state != "skipped"}  # the last of each
        return tuple(said[name] for name in task.predictions or {} if name in said)


# ---------------------------------------------------------------- strangers' words


def _checked_answers(task: Task, answers: Sequence[object]) -> tuple[str, ...]:
    if isinstance(answers, str) or not isinstance(answers, Sequence) or len(answers) != len(task.questions):
        raise StudentError(
            f"This task has {len(task.questions)} questions; it may have been changed a moment ago.",
            hint="Look at the task once more.",
        )
    for place, one in enumerate(answers, 1):
        if not isinstance(one, str):
            raise StudentError(f"Answer {place} is no text.", hint="Type it.")
        if len(one) > LONGEST_ANSWER:
            raise StudentError(
                f"Answer {place} has {len(one):,} letters, and up to {LONGEST_ANSWER:,} are read.",
                hint="Say it in fewer words.",
            )
    return tuple(clean_text(one, LONGEST_ANSWER) for one in answers)


# ---------------------------------------------------------------- files


def _file_of(handed: HandedIn | None) -> str:
    return handed.run.file if handed is not None and handed.run is not None else ""


def _remove(folder: Path, own: str, but: str) -> None:
    """Delete this member's weights for a task.  but: the name of the one that stays."""
    for file in folder.glob(f"{own}.*.safetensors"):
        if file.name != but:
            with suppress(OSError):
                file.unlink()


def _ids(shown: object) -> list[str]:
    listed = shown.get("tasks") if isinstance(shown, dict) else None
    return [one for one in listed if is_task_id(one)] if isinstance(listed, list) else []


def _task_of(values: Mapping[str, Any], task_id: str) -> Task | None:
    """What a file says; None where it makes no sense."""
    title, words, due = values.get("title"), values.get("words"), values.get("due")
    questions, predictions = values.get("questions"), values.get("predictions")
    if (
        not (isinstance(title, str) and isinstance(words, str) and is_number(due))
        or not (isinstance(questions, list) and isinstance(predictions, dict))
        or not all(isinstance(one, str) for one in (*questions, *predictions.values()))
    ):
        return None
    wants = values.get("wants_run") is True
    return Task(task_id, title, words, float(due), wants, tuple(questions), predictions)


def _new_id() -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(8))


def _gone() -> StudentError:
    return StudentError("There is no such task in your class.", hint="Ask your teacher for the link.")
