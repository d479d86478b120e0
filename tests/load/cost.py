"""What one student costs the server's processor: a page in a new tab, a page by a click in the bar, a click on a page.

Nothing is timed by the clock on the wall, so that a busy machine changes little. Beside another tree (an older commit)
both servers are asked in turns.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil

from tests.browser.conftest import ROOT, Server, serving
from tests.load.classroom import ADDRESSES, processes
from tests.load.student import Answer, Student

SETTLE = 0.05  # seconds after an answer in which the server puts away what it needed
MOST_AHEAD, QUIET = 120.0, 0.05  # seconds; seconds of processor in one second
CLICKS = 3  # different widgets of a page that are clicked, one after the other
KINDS = ("new tab", "turn", "click")


@dataclass
class Cost:
    """Processor seconds of one server for one page.

    cold:  the first opening that anybody asks of this server.
    times: kind of request -> each time.
    size:  bytes of a page in a new tab.
    runs:  kind of request -> most runs of the script that one of them made; more than one is work done twice.
    """

    cold: float = 0.0
    times: dict[str, list[float]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    size: int = 0
    runs: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))


def costs(
    trees: list[Path], folder: Path, times: int, pages: list[str] | None = None
) -> list[dict[str, Cost]]:
    """{address: Cost} for each tree."""
    with ExitStack() as stack:
        servers = [
            stack.enter_context(serving(folder / f"tree_{number}", root=tree, CONVSCOPE_WARM="1"))
            for number, tree in enumerate(trees)
        ]
        return asyncio.run(_in_turns(servers, times, ADDRESSES if pages is None else pages))


def wait_until_quiet(server: Server) -> None:
    """Wait until the server has computed what it computes ahead: a class comes to one that was started before."""
    end = time.monotonic() + MOST_AHEAD
    while time.monotonic() < end:
        before = _of_the_family(server)
        time.sleep(1.0)
        if _of_the_family(server) - before < QUIET:
            return


def _of_the_family(server: Server) -> float:
    """Seconds of the server and of all that computes ahead for it."""
    total = processor_time(server)
    for process in [one for these in processes(server.runs).values() for one in these]:
        with suppress(psutil.Error):  # it has just ended
            total += sum(process.cpu_times()[:2])
    return total


async def _in_turns(servers: list[Server], times: int, pages: list[str]) -> list[dict[str, Cost]]:
    found: list[dict[str, Cost]] = [{page: Cost() for page in pages} for _ in servers]
    for page in pages:
        for server, cost in zip(servers, found, strict=True):
            cost[page].cold = await _new_tab(server, page, None)
    for server in servers:
        await asyncio.to_thread(wait_until_quiet, server)
    for page in pages:
        seated = [_student(server) for server in servers]
        for server, student in zip(servers, seated, strict=True):
            await _new_tab(server, page, None)
            await student.open(_away(page))
            await student.turn_to(page)
        for turn in range(times):
            for server, student, cost in zip(servers, seated, found, strict=True):
                await _new_tab(server, page, cost[page])
                await _turn(server, student, page, cost[page])
                await _click(server, student, turn, cost[page])
        await asyncio.gather(*(student.close() for student in seated))
    return found


async def _new_tab(server: Server, page: str, cost: Cost | None) -> float:
    student = _student(server)
    before = processor_time(server)
    answer = _checked(await student.open(page))
    await student.close()
    await asyncio.sleep(SETTLE)
    used = processor_time(server) - before
    if cost is not None:
        cost.size = answer.size
        _note(cost, "new tab", used, answer)
    return used


async def _turn(server: Server, student: Student, page: str, cost: Cost) -> None:
    await student.turn_to(_away(page))
    await asyncio.sleep(SETTLE)
    before = processor_time(server)
    answer = _checked(await student.turn_to(page))
    await asyncio.sleep(SETTLE)
    _note(cost, "turn", processor_time(server) - before, answer)


async def _click(server: Server, student: Student, turn: int, cost: Cost) -> None:
    """Change a widget; on a page without any in its body nothing is measured."""
    if not (choices := student.choices()):
        return
    widget = choices[turn % min(CLICKS, len(choices))]
    before = processor_time(server)
    answer = _checked(await student.choose(widget, turn // CLICKS))
    await asyncio.sleep(SETTLE)
    _note(cost, "click", processor_time(server) - before, answer)


def _note(cost: Cost, kind: str, used: float, answer: Answer) -> None:
    cost.times[kind].append(used)
    cost.runs[kind] = max(cost.runs[kind], answer.runs)


def _checked(answer: Answer) -> Answer:
    if answer.errors:
        raise RuntimeError(f"{answer.page or 'home'}: {answer.errors[0]}")
    return answer


def _away(page: str) -> str:
    return ADDRESSES[1] if page != ADDRESSES[1] else ADDRESSES[2]


def _student(server: Server) -> Student:
    # No time counts here, and two cold servers on a busy machine need a while.
    host = server.url.removeprefix("http://")
    return Student(host, secrets.token_urlsafe(16), patience=MOST_AHEAD)


def processor_time(server: Server) -> float:
    """Seconds of all threads of the server, those that have ended too, to the nanosecond.

    psutil counts in hundredths of a second. On Linux the clock of another process has this number (posix-timers.h).
    """
    return time.clock_gettime((~server.process.pid << 3) | 2)


def told(found: list[dict[str, Cost]]) -> str:
    """The table: milliseconds, the median of each; of two trees also how many times cheaper the first is."""
    lines = []
    for kind in ("cold", *KINDS):
        lines += [f"{kind}, ms of the server's processor", _head(len(found))]
        lines += [_row(page, kind, [tree[page] for tree in found]) for page in found[0]]
        lines.append("")
    return "\n".join(lines)


def _head(trees: int) -> str:
    beside = f"{'beside':>9}{'ratio':>8}" if trees > 1 else ""
    return f"{'':16}{'here':>9}{beside}{'kB':>7}{'runs':>6}"


def _row(page: str, kind: str, trees: list[Cost]) -> str:
    values = [1e3 * (cost.cold if kind == "cold" else _middle(cost.times[kind])) for cost in trees]
    cells = "".join(f"{value:9.1f}" for value in values)
    if len(values) > 1:
        cells += f"{values[1] / values[0] if values[0] else 0:8.2f}"
    here = trees[0]
    return f"{page or 'home':16}{cells}{here.size / 1e3:7.0f}{here.runs.get(kind, 0) or '':>6}"


def _middle(values: list[float]) -> float:
    return median(values) if values else 0.0


def measured(folder: Path, times: int, beside: Path | None, pages: list[str] | None) -> str:
    """The table, of this tree and another one."""
    return told(costs([ROOT, *([beside] if beside else [])], folder, times, pages))
