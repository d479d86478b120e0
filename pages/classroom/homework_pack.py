"""All that was handed in for a task as one ZIP: decided when the page is drawn, written on a click."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from cnn_core.classroom import HandedIn, HandedRun, Homework, Member, Task
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.export.homework import (
    LARGEST_ZIP,
    WEIGHTS,
    HandedPage,
    HomeworkPage,
    export_homework,
    write_zip,
)
from cnn_core.export.record import NetOfRecord
from pages.classroom.place import when
from pages.ui.trained.tables import lines_csv
from pages.ui.trained.trained import file_stem
from pages.ui.visitor import server, who
from pages.ui.wording.predictions import prediction
from pages.ui.wording.screen_summary import spoken

HEAD = (
    "student", "handed in", "late", "times", "network", "data set", "accuracy", "accuracy from", "accuracy to",
    "test images", "parameters", "steps", "seconds",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pack:
    """What the ZIP of a task will hold.

    page:  what its page says.  csv: its table.
    files: (name in the ZIP, id of the member whose network it is).
    """

    task: Task
    page: HomeworkPage
    csv: str
    files: tuple[tuple[str, str], ...]

    @classmethod
    def of(
        cls,
        task: Task,
        class_title: str,
        due: str,
        table: Sequence[tuple[Member, HandedIn | None]],
        now: float,
    ) -> Pack:
        """Of what was handed in.  due: in words.  now: seconds since 1970."""
        files: dict[str, str] = {}
        room, left_out, pages = LARGEST_ZIP, 0, []
        for member, one in table:
            if one is None:
                continue
            page = _page(member, one, when(one.at, now))
            if one.run is not None and one.run.size <= room:
                room -= one.run.size
                name = f"{file_stem(member.name, 'student')}_{member.id}.safetensors"
                files[name] = member.id
                page = replace(page, file=f"{WEIGHTS}/{name}")
            elif one.run is not None:
                left_out += 1
            pages.append(page)
        missing = [member.name for member, one in table if one is None]
        whole = HomeworkPage(task.title, task.words, class_title, due, pages, missing, left_out)
        return cls(task, whole, _csv(task, table, now), tuple(files.items()))

    @property
    def left_out(self) -> int:
        """How many networks have no room in it."""
        return self.page.left_out

    def writer(self) -> Callable[[], bytes]:
        """Writes it when it is asked for, outside of a script run: whether the visitor may is asked again then."""
        homework, token = Homework(server.classes(), server.store()), who.visitor()

        def write() -> bytes:
            out = io.BytesIO()
            found = [(name, homework.weights_of(token, self.task.id, member)) for name, member in self.files]
            write_zip(
                out,
                export_homework(self.page),
                self.csv,
                [(name, file) for name, file in found if file is not None],
            )
            return out.getvalue()

        return write


def _page(member: Member, one: HandedIn, at: str) -> HandedPage:
    return HandedPage(
        member.name,
        at,
        one.is_late,
        None if one.run is None else _net(one.run),
        one.answers,
        [prediction(guess) for guess in one.predictions],
    )


def _net(run: HandedRun) -> NetOfRecord | None:
    """The network's part of the page; None of a design that this server cannot build."""
    spec = run.design
    if spec is None:
        return None
    facts = {"Learnt from": _dataset(run)} | ({"Steps": f"{run.steps:,}"} if run.steps else {})
    return NetOfRecord(run.name, spec, run.accuracy, run.count, run.is_test, facts)


def _dataset(run: HandedRun) -> str:
    """What its data set is called; its key, which may be a secret of a student's own set, is not told."""
    try:
        return dataset_of(run.dataset).name
    except StudentError:
        return ""


def _csv(task: Task, table: Sequence[tuple[Member, HandedIn | None]], now: float) -> str:
    asked = [f"answer: {question}" for question in task.questions]
    guessed = [f"prediction: {title}" for title in (task.predictions or {}).values()]
    return lines_csv((*HEAD, *asked, *guessed), [_line(task, member, one, now) for member, one in table])


def _line(task: Task, member: Member, one: HandedIn | None, now: float) -> list[object]:
    if one is None:
        return [member.name, *[""] * (len(HEAD) - 1 + len(task.questions) + len(task.predictions or {}))]
    answers = dict(one.answers)
    said = {guess.question: spoken(prediction(guess).said) for guess in one.predictions}
    return [
        member.name,
        when(one.at, now),
        "late" if one.is_late else "",
        one.times,
        *_numbers(one.run),
        *(answers.get(question, "") for question in task.questions),
        *(said.get(name, "") for name in task.predictions or {}),
    ]


def _numbers(run: HandedRun | None) -> list[object]:
    if run is None:
        return [""] * 9
    low, high = run.interval or ("", "")
    accuracy = "" if run.accuracy is None else run.accuracy
    return [
        run.name,
        _dataset(run),
        accuracy,
        low,
        high,
        run.count or "",
        run.parameters,
        run.steps,
        run.seconds,
    ]
