"""What a page costs the server: through a real websocket, cold and warm, beside the least that Streamlit can do.

A student (tests/load) asks a server of its own for each page. Its peer is a page of Streamlit that shows a title and
nothing else, asked in turns: the rest of the time is ours. The live chart's peer is the same server as Streamlit
sets it up by default, collecting garbage after each tick.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import NamedTuple

from pages.ui.frame.shell import PAGES, exists
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, in_milliseconds
from tests.browser.conftest import Server, serving
from tests.load.cost import SETTLE, processor_time, wait_until_quiet
from tests.load.student import Answer, Student

ADDRESSES = [page.url_path for page in PAGES if exists(page)]
FEW = ["", "train", "filters"]  # if it is to be quick
EMPTY_PAGE = 'import streamlit as st\n\nst.title("What is this?")\n'
LEAST = "a Streamlit page with a title alone"
TICKS = 6.0  # seconds of a training that are watched, and of the rest before
FIRST_TICK = 30  # seconds to wait for it at most


def lines(plan: Plan, _keras: KerasPeer | None) -> Iterator[Line]:
    """One line after the other, as they are measured."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        for address in () if plan.quick else ADDRESSES[1:]:
            with serving(Path(folder) / f"cold_{address}") as server:
                yield cold(server, address)
        # Whoever comes first to the server of all other lines is its first visitor, too.
        with serving(Path(folder) / "warm") as server:
            yield cold(server, "")
            yield from warm(plan, server, Path(folder))
        if not plan.quick:
            yield live(plan, Path(folder))


def cold(server: Server, address: str) -> Line:
    """The first page anybody asks a new server for: until its script has finished, trained pictures included.

    Once for each page: most of it is what all of them import, so that they are each other's repetition.
    """
    found = in_milliseconds((asyncio.run(first_visit(server, address)),))
    most = 10_000 if address != "train" else 5_000  # with a trained picture, and without
    return Line("pages", f"{_named(address)}, first of a cold server", "ms", found, most=most)


def warm(plan: Plan, ours: Server, folder: Path) -> Iterator[Line]:
    """Every page once it has been seen before, in turns with the empty one."""
    script = folder / "empty.py"
    script.write_text(EMPTY_PAGE)
    with serving(folder / "empty", script=str(script)) as least:
        for address in FEW if plan.quick else ADDRESSES:
            mine, theirs, sizes = asyncio.run(in_turns(ours, least, address, plan.rounds))
            yield Line(
                "pages", f"{_named(address)}, warm", "ms",
                in_milliseconds(tuple(one.seconds for one in mine)),
                in_milliseconds(tuple(one.seconds for one in theirs)),
                LEAST, most=300, note=f"{median(sizes) / 1e3:.0f} kB",
            )  # fmt: skip
            # One interpreter draws for everybody: thirty at once wait for thirty times this.
            yield Line(
                "pages", f"{_named(address)}, warm, processor time", "ms",
                in_milliseconds(tuple(one.work for one in mine)),
                in_milliseconds(tuple(one.work for one in theirs)),
                LEAST, most=33,
            )  # fmt: skip


def live(plan: Plan, folder: Path) -> Line:
    """What one tick of a live chart costs the server's processor, while a training goes on elsewhere.

    Both servers are watched at once: what is taken is their processors' time, and both meet the same machine.
    """
    with (
        serving(folder / "live_ours", STREAMLIT_RUNNER_POST_SCRIPT_GC="false") as ours,
        serving(folder / "live_default", STREAMLIT_RUNNER_POST_SCRIPT_GC="true") as default,
    ):
        for server in (ours, default):
            wait_until_quiet(server)  # what it computes ahead is not its rest
        found = asyncio.run(ticks_of_both(ours, default, plan.pick(1, 3)))
    mine, theirs = (in_milliseconds(tuple(values)) for values in found)
    return Line(
        "pages", "one tick of the live chart, processor time", "ms", mine, theirs, "Streamlit's default", most=10
    )  # fmt: skip


async def ticks_of_both(ours: Server, default: Server, turns: int) -> list[list[float]]:
    """Seconds of a tick, turn by turn: of our server, and of the other."""
    return list(await asyncio.gather(ticks(ours, turns), ticks(default, turns)))


async def first_visit(server: Server, address: str) -> float:
    """Seconds until the first page is there."""
    student = visitor(server)
    try:
        return checked(await student.open(address)).seconds
    finally:
        await student.close()


class Look(NamedTuple):
    """One look at a page.  seconds: until it was there.  work: of the server's processor."""

    seconds: float
    work: float


async def in_turns(
    ours: Server, least: Server, address: str, rounds: int
) -> tuple[list[Look], list[Look], list[int]]:
    """(looks at our page, looks at the empty one, bytes of ours), turn by turn.

    Each visit comes from another page, so that nothing on it is there already.
    """
    student, other = visitor(ours), visitor(least)
    mine, theirs, sizes = [], [], []
    away = ADDRESSES[1] if address != ADDRESSES[1] else ADDRESSES[2]
    try:
        await student.open(address)
        await other.open()
        for turn in range(rounds + 1):
            await student.turn_to(away)
            look, size = await _looked(ours, student, address)
            empty, _ = await _looked(least, other, "")
            if turn:  # the first is a warming up
                mine.append(look)
                theirs.append(empty)
                sizes.append(size)
    finally:
        await student.close()
        await other.close()
    return mine, theirs, sizes


async def _looked(server: Server, student: Student, address: str) -> tuple[Look, int]:
    await asyncio.sleep(SETTLE)
    before = processor_time(server)
    answer = checked(await student.turn_to(address))
    await asyncio.sleep(SETTLE)
    return Look(answer.seconds, processor_time(server) - before), answer.size


async def ticks(server: Server, turns: int) -> list[float]:
    """What a tick costs in each of so many trainings, beyond what the server does at rest.

    At rest Streamlit looks at its own settings files five times a second; that is not the chart's.
    """
    student = visitor(server)
    try:
        await student.open("train")
        await student.think(2.0)
        before = processor_time(server)
        await student.think(TICKS)
        at_rest = processor_time(server) - before
        found = [await a_tick(server, student, at_rest)]
        for _ in range(turns - 1):
            await student.open("train")  # the run before it was stopped
            found.append(await a_tick(server, student, at_rest))
        return found
    finally:
        await student.close()


async def a_tick(server: Server, student: Student, at_rest: float) -> float:
    """Press Train, watch, stop; what the server's processor did beyond `at_rest`, shared among the ticks."""
    checked(await student.press("train"))
    pressed = len(student.answers)
    for _ in range(FIRST_TICK):
        await student.think(1.0)
        if _ticks(student, pressed):
            break
    await student.think(3.0)  # until there is a curve
    seen, before = len(student.answers), processor_time(server)
    await student.think(TICKS)
    used = processor_time(server) - before
    ticks = _ticks(student, seen)
    if not ticks:
        raise RuntimeError("The training was over before its chart had moved.")
    with suppress(LookupError):  # it may be done by now
        await student.press("stop")
        await student.think(3.0)  # until its worker has
    return (used - at_rest) / len(ticks)


def _ticks(student: Student, since: int) -> list[Answer]:
    return [checked(answer) for answer in student.answers[since:] if answer.kind == "tick"]


def visitor(server: Server) -> Student:
    return Student(server.url.removeprefix("http://"), secrets.token_urlsafe(16))


def checked(answer: Answer) -> Answer:
    """A page that showed an error has measured nothing."""
    if answer.errors:
        raise RuntimeError(f"{_named(answer.page)}: {answer.errors[0]}")
    return answer


def _named(address: str) -> str:
    return f"page {address or 'home'}"
