"""A class of students on one real server for a while, and what came of it: times, errors, memory, runs."""

from __future__ import annotations

import asyncio
import os
import random
import secrets
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cnn_core.runs import RunStore
from pages.train.words import WATCHING
from pages.ui.frame.shell import PAGES, exists
from tests.browser.conftest import COMPLAINTS, Server
from tests.load.acts import act
from tests.load.student import Answer, Student

MOST_STUDENTS, MOST_SECONDS = 200, 900.0
ROUNDS = 3  # visits that a page's work is an average of
ADDRESSES = [page.url_path for page in PAGES if exists(page)]
# Buttons without lasting effect. Whatever starts a training is left to those who are there to train.
HARMLESS = ("draw_again", "grow")
STARTS_OR_CHANGES_RUNS = ("recipe_", "own_", "rate_", "pick_", "menu_")


@dataclass(frozen=True)
class Plan:
    """How a lesson goes. Time in seconds."""

    students: int = 30
    training: int = 2  # of them press Train
    watching: int = 4  # of them open the link to somebody's run
    seconds: float = 120.0
    think: float = 8.0  # between two clicks, on average
    watch: float = 16.0  # how long those who train or watch stay with the curves at first
    arrive: float = 10.0  # within which everybody opens the dashboard
    acts: float = 0.1  # share of looks at which a student draws, sends a photo, loses the line: see acts.py
    wait: float = 300.0  # for the runs, after the lesson
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.students <= MOST_STUDENTS or not 0 < self.seconds <= MOST_SECONDS:
            raise ValueError(f"at most {MOST_STUDENTS} students for {MOST_SECONDS:.0f} s")
        if self.training + self.watching > self.students:
            raise ValueError("more train and watch than there are")


@dataclass
class Outcome:
    """What was measured. Memory in bytes, of one moment each: the highest there was."""

    first: list[Answer] = field(default_factory=list)  # one student alone, on the cold server
    work: dict[str, float] = field(
        default_factory=dict
    )  # page -> processor seconds of the server, once it is warm
    answers: list[Answer] = field(default_factory=list)
    memory: Counter[str] = field(default_factory=Counter)  # "server", "runner", "workers"
    server_then: dict[str, int] = field(
        default_factory=dict
    )  # the server's memory after a minute, and at the end
    cpu: dict[str, float] = field(
        default_factory=dict
    )  # seconds used by the server and by the students themselves
    asked: int = 0  # trainings
    runs: dict[str, str] = field(default_factory=dict)  # run id -> state, long after
    complaints: list[str] = field(default_factory=list)  # lines of the server's log

    @property
    def errors(self) -> list[str]:
        return [
            f"{answer.page or 'home'}, {answer.kind}: {error}"
            for answer in (*self.first, *self.answers)
            for error in answer.errors
        ]

    @property
    def lost(self) -> list[str]:
        """Runs that were asked for and did not finish, by id and state; a training that never became a run too."""
        never = ["never became a run"] * max(0, self.asked - len(self.runs))
        return [f"{run_id} {state}" for run_id, state in self.runs.items() if state != "finished"] + never

    def times(self, kind: str, page: str | None = None) -> list[float]:
        return [a.seconds for a in self.answers if a.kind == kind and page in (None, a.page)]


def percentile(values: list[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed; NaN of none.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 0.5)
    2.0
    """
    if not values:
        return float("nan")
    return sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]


async def lesson(server: Server, plan: Plan, is_first: bool = True) -> Outcome:
    """Let the class work on the server, then wait for its runs. Ends by itself.

    is_first: whether nobody was on this server before; then the teacher looks at every page before the class comes.
    """
    outcome, host = Outcome(), server.url.removeprefix("http://")
    if is_first:
        await _first_visitor(server, outcome)
    watching_memory = asyncio.create_task(_measure_memory(server, outcome))
    began = _cpu(server)
    try:
        await _all_students(host, RunStore(server.runs), plan, outcome)
        outcome.cpu = {name: used - began[name] for name, used in _cpu(server).items()}
        await _wait_for_runs(RunStore(server.runs), plan.wait, outcome)
    finally:
        watching_memory.cancel()
        end_runner(server.runs)
    said = server.log.read_text(errors="replace").splitlines()
    outcome.complaints = [line for line in said if COMPLAINTS.search(line)]
    return outcome


async def _first_visitor(server: Server, outcome: Outcome) -> None:
    """The teacher, who looks at every page before the class comes in, and once more to see what each costs."""
    teacher = Student(server.url.removeprefix("http://"), secrets.token_urlsafe(16))
    try:
        await teacher.open()
        for address in ADDRESSES[1:]:
            await teacher.turn_to(address)
        outcome.first = teacher.answers[:]
        # Processor time says what a page costs, however busy the machine is with something else.
        for address in ADDRESSES:
            before = _cpu(server)["server"]
            for _ in range(ROUNDS):
                await teacher.turn_to(address)
            outcome.work[address] = (_cpu(server)["server"] - before) / ROUNDS
    finally:
        await teacher.close()


async def _all_students(host: str, store: RunStore, plan: Plan, outcome: Outcome) -> None:
    end = time.monotonic() + plan.seconds
    students = [Student(host, secrets.token_urlsafe(16), outcome.answers) for _ in range(plan.students)]
    tasks = [
        asyncio.create_task(_one_student(student, number, store, plan, end, outcome))
        for number, student in enumerate(students)
    ]
    # Each stops at the end of the lesson; an answer may take its whole patience, no more.
    done, late = await asyncio.wait(tasks, timeout=plan.seconds + 90)
    for task in late:
        task.cancel()
    for task in done:
        task.result()
    if late:
        outcome.answers.append(
            Answer("", "page", float("nan"), 0, [f"{len(late)} students never came to an end"])
        )


async def _one_student(
    student: Student, number: int, store: RunStore, plan: Plan, end: float, outcome: Outcome
) -> None:
    dice = random.Random(1000 * plan.seed + number)

    async def think() -> None:
        left = end - time.monotonic()
        await student.think(max(0.0, min(left, plan.think * dice.uniform(0.5, 1.5))))

    try:
        await asyncio.sleep(plan.arrive * number / plan.students)
        await student.open()
        await think()
        if number < plan.training:
            await _train(student, outcome)
            await student.think(max(0.0, min(end - time.monotonic(), plan.watch / 2)))
            await _leave_and_return(student, store, in_same_tab=number % 2 == 1)
            await student.think(max(0.0, min(end - time.monotonic(), plan.watch / 2)))
        elif number < plan.training + plan.watching and (ids := await _some_run(store, end)):
            await student.open("train", net=f"run:{dice.choice(ids)}")
            await student.think(max(0.0, min(end - time.monotonic(), plan.watch)))
        turn = number  # so that not everybody is on the same page
        while time.monotonic() < end:
            turn += 1
            await student.turn_to(ADDRESSES[turn % len(ADDRESSES)])
            await think()
            if dice.random() < plan.acts and time.monotonic() < end:
                await act(student, dice)
                await think()
            for _ in range(dice.choice((0, 1, 2))):
                if time.monotonic() < end:
                    await _click(student, dice)
                    await think()
    except OSError as error:  # the server hung up, or refused
        outcome.answers.append(
            Answer(student.page, "page", float("nan"), 0, [f"{type(error).__name__}: {error}"])
        )
    finally:
        await student.close()


async def _train(student: Student, outcome: Outcome) -> None:
    await student.turn_to("train")
    outcome.asked += 1
    answer = await student.press("train")
    if not student.address.get("net", "").startswith("run:"):
        answer.errors.append("pressing Train led to no run")


async def _leave_and_return(student: Student, store: RunStore, in_same_tab: bool) -> None:
    """The line is lost in mid-training; back again, it must be the student's own run still."""
    student.drop()
    await asyncio.sleep(1)
    answer = await (student.come_back() if in_same_tab else student.visit_again())
    run_id = student.address.get("net", "").removeprefix("run:")
    if run_id not in {run.id for run in store.runs(owner=student.token)}:
        answer.errors.append("back again, the run in the address was not the student's own")
    elif any(WATCHING in text for text in student.said):
        answer.errors.append("back again, the student's own run was called somebody else's")


async def _click(student: Student, dice: random.Random) -> None:
    widgets = student.widgets.values()
    buttons = [w for w in widgets if w.kind == "button" and w.key in HARMLESS and not w.element.disabled]
    choices = [w for w in student.choices() if not w.key.startswith(STARTS_OR_CHANGES_RUNS)]
    if not buttons and not choices:
        return
    widget = dice.choice(buttons + choices)
    if widget.kind == "button":
        await student.press(widget.key)
    else:
        await student.choose(widget, dice.randrange(100))


async def _some_run(store: RunStore, end: float) -> list[str]:
    while time.monotonic() < end:
        if ids := [run.id for run in store.runs()]:
            return ids
        await asyncio.sleep(1)
    return []


async def _wait_for_runs(store: RunStore, seconds: float, outcome: Outcome) -> None:
    end = time.monotonic() + seconds
    while any(run.status.unfinished for run in store.runs()) and time.monotonic() < end:
        await asyncio.sleep(0.5)
    outcome.runs = {run.id: run.status.state for run in store.runs()}


# ---------------------------------------------------------------- processes


def processes(runs: Path) -> dict[str, list[psutil.Process]]:
    """The runner of this runs folder, which is nobody's child, and its workers."""
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if "cnn_core.runs" in words and str(runs) in words:
            return {"runner": [process], "workers": process.children(recursive=True)}
    return {"runner": [], "workers": []}


def end_runner(runs: Path) -> None:
    """Nothing goes on after us, also where the runs took longer than we waited. Workers end with their runner."""
    found = [process for these in processes(runs).values() for process in these]
    for process in found[:1]:
        process.terminate()
    for process in psutil.wait_procs(found, timeout=20)[1]:
        process.kill()


async def _measure_memory(server: Server, outcome: Outcome) -> None:
    began = time.monotonic()
    while True:
        found = {"server": [psutil.Process(server.process.pid)], **processes(server.runs)}
        for name, these in found.items():
            now = sum(map(_resident, these))
            outcome.memory[name] = max(outcome.memory[name], now)
            if name == "server":
                when = "after a minute" if time.monotonic() - began < 60 else "at the end"
                outcome.server_then[when] = now
        await asyncio.sleep(1)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:  # it has just ended
        return 0


def _cpu(server: Server) -> dict[str, float]:
    return {
        "server": sum(psutil.Process(server.process.pid).cpu_times()[:2]),
        "students": sum(psutil.Process(os.getpid()).cpu_times()[:2]),
    }


# ---------------------------------------------------------------- in words


def report(plan: Plan, outcome: Outcome) -> str:
    """The table. A time is until the answer, or until a bar says how long it takes; `whole` is p95 with that wait."""
    lines = [
        f"{plan.students} students, {plan.training} training, {plan.watching} watching, {plan.seconds:.0f} s, "
        f"{plan.think:g} s between clicks",
        "",
        f"{'':16}{'first':>8}{'work':>8}{'n':>6}{'p50':>8}{'p95':>8}{'most':>8}{'whole':>8}{'kB':>7}{'errors':>8}",
    ]
    first = {answer.page: answer.seconds for answer in outcome.first}
    for address in ADDRESSES:
        answers = [a for a in outcome.answers if a.kind == "page" and a.page == address]
        lines.append(_row(address or "home", answers, first.get(address), outcome.work.get(address)))
    for title, kind in (("all pages", "page"), ("clicks", "click"), ("acts", "act"), ("live ticks", "tick")):
        lines.append(_row(title, [a for a in outcome.answers if a.kind == kind]))
    memory = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in outcome.memory.items())
    cpu = ", ".join(f"{name} {used:.0f} s" for name, used in outcome.cpu.items())
    states = ", ".join(f"{n} {state}" for state, n in Counter(outcome.runs.values()).items()) or "none"
    then = ", ".join(f"{when} {size / 1e6:,.0f} MB" for when, size in outcome.server_then.items())
    lines += _waits(outcome.answers)
    lines += ["", f"memory at most: {memory}", f"server: {then}", f"processor: {cpu}", f"runs: {states}"]
    lines += [f"lost: {words}" for words in outcome.lost]
    lines += [f"error: {words} ({n} times)" for words, n in Counter(outcome.errors).most_common(20)]
    lines += [f"log: {line}" for line in outcome.complaints[:20]]
    return "\n".join(lines)


def _waits(answers: list[Answer]) -> list[str]:
    """Those who were told how long it takes, and where the longest times without a word were."""
    told = [answer.seconds for answer in answers if answer.told_after is not None]
    spread = f", {percentile(told, 0.5):.1f} s in the median, {max(told):.1f} s at most" if told else ""
    slow = sorted((one for one in answers if one.blank == one.blank), key=lambda one: -one.blank)[:8]
    came = min((one.at for one in answers if one.at), default=0.0)
    words = [
        f"{one.page or 'home'} {one.what or one.kind} {one.blank:.2f} s (asked at {one.at - came:.0f} s)"
        for one in slow
    ]
    return ["", f"behind a bar that said how long: {len(told)}{spread}", f"slowest: {', '.join(words)}"]


def _row(title: str, answers: list[Answer], first: float | None = None, work: float | None = None) -> str:
    times = [answer.blank for answer in answers if answer.seconds == answer.seconds]
    size = statistics.median(answer.size for answer in answers) / 1e3 if answers else 0.0
    spread = percentile(times, 0.5), percentile(times, 0.95), percentile(times, 1.0)
    once = "".join(f"{value:8.2f}" if value is not None else " " * 8 for value in (first, work))
    whole = percentile([answer.seconds for answer in answers if answer.seconds == answer.seconds], 0.95)
    cells = "".join(f"{value:8.2f}" for value in (*spread, whole))
    return f"{title:16}{once}{len(answers):6}{cells}{size:7.0f}{sum(len(a.errors) for a in answers):8}"
