"""A lecture: a teacher says "open Convolution now", and thirty do, within a second of each other.

Nothing trains meanwhile. Each page three times, the first page in a new tab each time: what a class meets first.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import dataclass, field

import psutil

from tests.browser.conftest import COMPLAINTS, Server
from tests.load.classroom import ADDRESSES, MOST_STUDENTS, percentile
from tests.load.student import Answer, Student

WITHIN = 1.0  # seconds between the first and the last who does what was said
BETWEEN = 0.5  # seconds from the last answer to the teacher's next word


@dataclass(frozen=True)
class Word:
    """One thing that the teacher said, and what came of it.

    page:  where everybody goes.
    time:  how often it was said before, 0 at first.
    work:  processor seconds of the server for everybody together.
    memory: bytes that the server holds when all are there.
    """

    page: str
    time: int
    answers: list[Answer]
    work: float
    memory: int


@dataclass
class Lecture:
    """All that was said, in order. complaints: lines of the server's log."""

    words: list[Word] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @property
    def errors(self) -> list[str]:
        return [
            f"{word.page or 'home'}: {error}"
            for word in self.words
            for answer in word.answers
            for error in answer.errors
        ]


async def lecture(
    server: Server, students: int, times: int = 3, links: bool = False, pages: list[str] | None = None
) -> Lecture:
    """Let the class do everything together.

    links: each page is opened by its link, in a new tab; else by a click in the bar.
    pages: addresses, in the order in which they are said; None is all pages as they stand in the bar.
    """
    if not 1 <= students <= MOST_STUDENTS:
        raise ValueError(f"at most {MOST_STUDENTS} students")
    host, said, dice = server.url.removeprefix("http://"), Lecture(), random.Random(0)
    everybody = [Student(host, secrets.token_urlsafe(16)) for _ in range(students)]
    process = psutil.Process(server.process.pid)
    try:
        for turn in range(times):
            for page in ADDRESSES if pages is None else pages:
                before = sum(process.cpu_times()[:2])
                in_new_tab = links or page == "" or not everybody[0].pages
                answers = await asyncio.gather(
                    *(_go(student, page, in_new_tab, WITHIN * dice.random()) for student in everybody)
                )
                work = sum(process.cpu_times()[:2]) - before
                said.words.append(Word(page, turn, answers, work, process.memory_info().rss))
                await asyncio.sleep(BETWEEN)
    finally:
        await asyncio.gather(*(student.close() for student in everybody))
    lines = server.log.read_text(errors="replace").splitlines()
    said.complaints = [line for line in lines if COMPLAINTS.search(line)]
    return said


async def _go(student: Student, page: str, in_new_tab: bool, after: float) -> Answer:
    await asyncio.sleep(after)
    began = time.monotonic()
    try:
        return await (student.open(page) if in_new_tab else student.turn_to(page))
    except OSError as error:  # the server hung up, or refused
        return Answer(page, "page", time.monotonic() - began, 0, [f"{type(error).__name__}: {error}"])


def told(said: Lecture) -> str:
    """The table: seconds of all times together, then those of the first time alone, when nothing is computed yet."""
    students = len(said.words[0].answers)
    lines = [
        f"{students} students go to each page within {WITHIN:.0f} s of each other; seconds",
        "",
        f"{'':16}{'n':>6}{'p50':>8}{'p95':>8}{'most':>8}{'first p50':>11}{'p95':>8}{'most':>8}"
        f"{'work/look':>11}{'MB':>7}{'errors':>8}",
    ]
    for page in dict.fromkeys(word.page for word in said.words):
        lines.append(_row(page, [word for word in said.words if word.page == page]))
    lines.append(_row("all pages", said.words))
    lines += [f"error: {words}" for words in sorted(set(said.errors))[:20]]
    lines += [f"log: {line}" for line in said.complaints[:20]]
    return "\n".join(lines)


def _row(title: str, words: list[Word]) -> str:
    answers = [answer for word in words for answer in word.answers]
    at_first = [answer.seconds for word in words if word.time == 0 for answer in word.answers]
    errors = sum(len(answer.errors) for answer in answers)
    work = sum(word.work for word in words) / len(answers)
    return (
        f"{title or 'home':16}{len(answers):6}{_spread([answer.seconds for answer in answers])}   "
        f"{_spread(at_first)}{work:11.3f}{max(word.memory for word in words) / 1e6:7.0f}{errors:8}"
    )


def _spread(times: list[float]) -> str:
    return "".join(f"{percentile(times, share):8.2f}" for share in (0.5, 0.95, 1.0))
