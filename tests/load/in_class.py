"""A class for a while: a teacher opens it, students join by its code, and do what one does in a class.

Meanwhile something happens in it every few seconds, and it is measured when each screen shows it. In the middle the
server is killed as by kill -9 and started again; whatever somebody was told is kept must be there afterwards.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import parse_qsl

from websockets.exceptions import ConnectionClosed

from cnn_core.classroom import Asks, Classes, Classroom, drawings_of
from cnn_core.classroom.asks import now_of
from cnn_core.owners import owner_of
from cnn_core.runs import RunStore
from pages.classroom.digits_draw import PAD
from tests.browser.conftest import COMPLAINTS, Server, free_port, healthy, serving
from tests.load.acts import drawing
from tests.load.classroom import end_runner, percentile
from tests.load.student import Answer, Student

QUESTION = "Pooling · What a layer does"  # one that is answered by a number
LATE = 120.0  # seconds for which a lesson may go on where it has not seen enough events
ELSEWHERE = ("convolution", "feature_maps", "filters", "evaluate", "runs")  # where a student looks meanwhile


@dataclass(frozen=True)
class ClassPlan:
    """How the lesson goes. Time in seconds."""

    students: int = 30
    seconds: float = 300.0
    think: float = 8.0  # between two things that a student does, on average
    training: int = 4  # students who train a network
    recipe: str = "recipe=fast"  # as the address of Train says it
    every: float = 5.0  # between two events of the class
    within: float = 5.0  # after which an event that a screen does not show is missed
    least: int = 0  # events: the lesson goes on until there were so many
    kill: bool = True  # the server, in the middle
    wait: float = 300.0  # for the runs, after the lesson
    seed: int = 0


@dataclass
class InClass:
    """What came of it. delays: from an event to a screen that shows it, in seconds."""

    answers: list[Answer] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    missed: int = 0  # screens that did not show an event
    events: int = 0
    cut: int = 0  # what a student was about to be answered when the server was killed
    work: dict[str, float] = field(
        default_factory=dict
    )  # processor seconds of the server while all sit and look
    kept: str = ""  # what students were told is kept, in words
    lost: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> list[str]:
        return [f"{a.page or 'home'}, {a.kind}: {error}" for a in self.answers for error in a.errors]

    @property
    def is_good(self) -> bool:
        return not (self.errors or self.lost or self.complaints or self.missed)


class Lesson:
    """One class on one server that may be killed."""

    def __init__(self, plan: ClassPlan, server: Server, start: Callable[[], Server] | None = None) -> None:
        """start: begins the server anew where it was killed; None where it is not to be."""
        self.plan, self.outcome = plan, InClass()
        self.server, self._start = server, start
        self.classes, self.store = Classes(self.server.runs), RunStore(self.server.runs)
        self.teacher = secrets.token_urlsafe(16)
        self.students = [
            Student(self._host, secrets.token_urlsafe(16), self.outcome.answers) for _ in range(plan.students)
        ]
        self.drawn: dict[str, int] = {}  # token -> how many drawings they were told are kept
        self.answered: set[str] = set()  # tokens of those who were told that their answer is
        self.end = 0.0
        self.up = asyncio.Event()
        self.up.set()

    @property
    def _host(self) -> str:
        return self.server.url.removeprefix("http://")

    async def run(self) -> InClass:
        """The lesson, then what is left of it."""
        classroom = await self._open()
        self.end = time.monotonic() + self.plan.seconds
        tasks = [asyncio.create_task(self._student(n, classroom)) for n in range(self.plan.students)]
        tasks.append(asyncio.create_task(self._events()))
        if self._start is not None:
            tasks.append(asyncio.create_task(self._kill(self.plan.seconds / 2)))
        for task in asyncio.as_completed(tasks):
            await task
        await self._wait_for_runs()
        self._check(classroom)
        end_runner(self.server.runs)
        said = self.server.log.read_text(errors="replace").splitlines()
        self.outcome.complaints = [line for line in said if COMPLAINTS.search(line)]
        return self.outcome

    # ------------------------------------------------------------ the teacher

    async def _open(self) -> Classroom:
        teacher = Student(self._host, self.teacher, self.outcome.answers)
        await teacher.open("classroom")
        teacher.fill("class_title", "Thirty at once")
        await teacher.press("class_open")
        teacher.address["view"] = "questions"
        await teacher.turn_to("classroom")
        (which,) = [one for one in teacher.widgets.values() if one.key == "questions_which"]
        await teacher.choose(which, list(which.element.options).index(QUESTION))
        await teacher.press("questions_ask")
        await teacher.close()
        seat = self.classes.seat(self.teacher)
        if seat is None:
            raise RuntimeError("the button opened no class")
        return seat.classroom

    async def _events(self) -> None:
        """Something new on the board every few seconds: a student there gives themselves another name.

        Trainings go on besides; of those nobody can say when a screen should have shown what.
        """
        await asyncio.sleep(min(30.0, self.plan.seconds / 4))
        for number in itertools.count():
            await asyncio.sleep(self.plan.every)
            if self._is_over():
                return
            await self.up.wait()
            running = [one for one in self.students if one.address.get("net", "").startswith("run:")]
            looking = [one for one in self.students if _is_at_board(one) and not one.is_waiting]
            if running and looking:
                who = running[number % len(running)].token
                await self._measure(f"Event{number:04d}", who, looking)

    async def _measure(self, name: str, token: str, looking: list[Student]) -> None:
        """A student takes this name: when does each of those see it who look at the board?"""
        mark = name.encode()
        for student in looking:
            student.sees[mark] = None
        began = time.monotonic()
        await asyncio.to_thread(self.classes.rename, token, name)
        while any(one.sees[mark] is None and _is_at_board(one) for one in looking):
            await asyncio.sleep(0.05)
            if time.monotonic() > began + self.plan.within:
                break
        seen = {id(student): student.sees.pop(mark) for student in looking}
        if not self.up.is_set():
            return
        self.outcome.events += 1
        for student in looking:
            at = seen[id(student)]
            if at is not None:
                self.outcome.delays.append(at - began)
            elif _is_at_board(student):  # who has turned elsewhere meanwhile need not see it
                self.outcome.missed += 1

    async def _kill(self, after: float) -> None:
        await asyncio.sleep(after)
        self.up.clear()
        self.server.kill()
        assert self._start is not None
        self.server = await asyncio.to_thread(self._start)
        self.up.set()

    # ------------------------------------------------------------ a student

    async def _student(self, number: int, classroom: Classroom) -> None:
        student, dice = self.students[number], random.Random(1000 * self.plan.seed + number)
        await asyncio.sleep(min(10.0, self.plan.seconds / 6) * number / self.plan.students)
        await self._surely(student, partial(self._join, student, number, classroom))
        if number < self.plan.training:
            await self._surely(student, partial(self._train, student))
        while not self._is_over():
            act = dice.choices([self._board, self._elsewhere, self._draw, self._answer], [5, 2, 2, 2])[0]
            await self._surely(student, partial(act, student, dice))
            await self._surely(student, partial(student.think, self.plan.think * dice.uniform(0.5, 1.5)))
        with suppress(OSError, ConnectionClosed):
            await student.close()

    def _is_over(self) -> bool:
        now = time.monotonic()
        return now > self.end and (self.outcome.events >= self.plan.least or now > self.end + LATE)

    async def _surely(self, student: Student, act: Callable[[], Awaitable[object]]) -> None:
        """Do it; where the server is killed meanwhile, come back when it is there again, as a browser does."""
        try:
            await act()
        except LookupError as error:
            student.answers.append(Answer(student.page, "act", float("nan"), 0, [str(error)]))
        except (OSError, ConnectionClosed, EOFError) as error:
            if self.up.is_set() and healthy(self.server):
                student.answers.append(
                    Answer(student.page, "page", float("nan"), 0, [f"{type(error).__name__}: {error}"])
                )
                return
            self.outcome.cut += 1
            await self.up.wait()
            student.drop()
            with suppress(OSError, ConnectionClosed, EOFError):
                await student.come_back()

    async def _join(self, student: Student, number: int, classroom: Classroom) -> None:
        await student.open("classroom", join=classroom.code)
        student.fill("class_my_name", f"Student {number}")
        await student.submit("class_join")
        if self.classes.seat(student.token) is None:
            student.answers[-1].errors.append("pressing Join led to no seat")

    async def _train(self, student: Student) -> None:
        await student.open("train", **dict(parse_qsl(self.plan.recipe)))
        answer = await student.press("train")
        if not student.address.get("net", "").startswith("run:"):
            answer.errors.append("pressing Train led to no run")

    async def _board(self, student: Student, dice: random.Random) -> None:
        student.address["view"] = "board"
        await student.turn_to("classroom")

    async def _elsewhere(self, student: Student, dice: random.Random) -> None:
        await student.turn_to(dice.choice(ELSEWHERE))

    async def _draw(self, student: Student, dice: random.Random) -> None:
        """A digit for the class's own test set."""
        student.address["view"] = "digits"
        await student.turn_to("classroom")
        if not any(widget.key == PAD for widget in student.widgets.values()):
            return  # all that one student may draw
        student.drawn += 1
        await student.tell(PAD, waiting=[[student.drawn, dice.randrange(10), drawing(dice)]])
        if found := re.search(r"You have drawn (\d+) of", " ".join(student.said)):
            self.drawn[student.token] = int(found[1])

    async def _answer(self, student: Student, dice: random.Random) -> None:
        """What the teacher asks."""
        student.address["view"] = "questions"
        await student.turn_to("classroom")
        for widget in [one for one in student.widgets.values() if one.key.startswith("guess_say_")]:
            await student.press(widget.key)
        if any(text.startswith("You said") for text in student.said):
            self.answered.add(student.token)

    # ------------------------------------------------------------ afterwards

    async def _wait_for_runs(self) -> None:
        end = time.monotonic() + self.plan.wait
        while any(run.status.unfinished for run in self.store.runs()) and time.monotonic() < end:
            await asyncio.sleep(0.5)
        self.outcome.runs = {run.id: run.status.state for run in self.store.runs()}

    def _check(self, classroom: Classroom) -> None:
        there = {member.owner for member in self.classes.members(classroom)}
        expected = {owner_of(student.token): n for n, student in enumerate(self.students)}
        self.outcome.lost += [f"student {n}" for owner, n in expected.items() if owner not in there]
        self.outcome.lost += [f"a member whom nobody knows: {owner}" for owner in there - set(expected)]
        self.outcome.lost += [
            f"{run} {state}" for run, state in self.outcome.runs.items() if state != "finished"
        ]
        drawn = Counter(one.member for one in drawings_of(self.classes, classroom))
        asks = Asks(self.classes)
        question = now_of(self.classes.classroom(classroom.id) or classroom)
        for number, student in enumerate(self.students):
            seat = self.classes.seat(student.token)
            there = drawn[seat.member.id] if seat is not None and seat.member is not None else 0
            if there < self.drawn.get(student.token, 0):
                self.outcome.lost.append(f"{self.drawn[student.token] - there} drawings of student {number}")
            if student.token in self.answered and asks.own(student.token, question) is None:
                self.outcome.lost.append(f"the answer of student {number}")
        self.outcome.kept = f"{sum(self.drawn.values())} drawings, {len(self.answered)} answers"


def _is_at_board(student: Student) -> bool:
    return (
        student.page == "classroom"
        and student.address.get("view", "board") == "board"
        and student.is_connected
    )


def in_class(plan: ClassPlan, folder: Path, **environment: str) -> InClass:
    """Let it happen, on a server of its own."""
    port = free_port()
    with ExitStack() as stack:

        def start() -> Server:
            return stack.enter_context(serving(folder, port=port, is_for_many=True, **environment))

        lesson = Lesson(plan, start(), start if plan.kill else None)
        return asyncio.run(lesson.run())


def told(plan: ClassPlan, outcome: InClass) -> str:
    """The table."""
    lines = [
        f"{plan.students} students in one class for {plan.seconds:.0f} s, {plan.think:g} s between two things"
        + (", the server killed in the middle" if plan.kill else ""),
        f"{'':12}{'n':>6}{'p50':>8}{'p95':>8}{'most':>8}{'errors':>8}",
    ]
    for title, kind in (("pages", "page"), ("clicks", "click"), ("live", "tick")):
        answers = [a for a in outcome.answers if a.kind == kind]
        lines.append(
            _row(
                title,
                [a.seconds for a in answers if a.seconds == a.seconds],
                sum(len(a.errors) for a in answers),
            )
        )
    lines.append(_row("to a screen", outcome.delays, outcome.missed))
    states = ", ".join(f"{n} {state}" for state, n in Counter(outcome.runs.values()).items()) or "none"
    lines += [
        f"{outcome.events} events; kept: {outcome.kept}; runs: {states}; cut off by the kill: {outcome.cut}"
    ]
    lines += [f"lost: {words}" for words in outcome.lost[:20]]
    lines += [f"error: {words} ({n} times)" for words, n in Counter(outcome.errors).most_common(20)]
    lines += [f"log: {line}" for line in outcome.complaints[:20]]
    return "\n".join(lines)


def _row(title: str, times: list[float], errors: int) -> str:
    spread = "".join(f"{percentile(times, share):8.2f}" for share in (0.5, 0.95, 1.0))
    return f"{title:12}{len(times):6}{spread}{errors:8}"
