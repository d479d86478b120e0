"""Somebody curious what breaks: a thousand hostile inputs through all doors of a running server, and what came of it.

Nobody may be shown an error, no line of the server's or the runner's log may be an error, nothing may be written
outside the store, and memory must stay bounded.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cnn_core.classroom import Asks, Classes, Classroom, Homework, Outcome, Task
from cnn_core.lesson.guess_questions import NumberQuestion
from cnn_core.runs import RunStore
from tests.browser.conftest import COMPLAINTS, ROOT, Server
from tests.load.classroom import end_runner
from tests.load.inputs import Input, inputs
from tests.load.student import Student

MOST_GROWTH = 600_000_000  # bytes that the server may hold more than after the first inputs, at any moment
SLOW = 10.0  # seconds: told, not judged


@dataclass
class Siege:
    """What came of it. Each fault: (door, input, what was seen)."""

    done: Counter[str] = field(default_factory=Counter)  # by door
    faults: list[tuple[str, str, str]] = field(default_factory=list)
    slow: list[tuple[str, str, float]] = field(default_factory=list)
    unanswered: list[tuple[str, str]] = field(
        default_factory=list
    )  # what a tab waited for in vain; told, not judged
    outside: list[str] = field(default_factory=list)  # paths outside the store that are new or changed
    classes: list[str] = field(
        default_factory=list
    )  # what became of classes that nobody attacked, or should not be
    streamlits: int = 0  # looks into the log that found warnings of Streamlit's own
    memory: list[int] = field(default_factory=list)  # of the server, bytes after each input
    peak: int = 0  # bytes, at any moment

    @property
    def is_good(self) -> bool:
        return not self.faults and not self.outside and not self.classes and self.growth < MOST_GROWTH

    @property
    def growth(self) -> int:
        """Bytes from after the first inputs, when all pages have been loaded, to the most there ever were."""
        return self.peak - self.memory[min(20, len(self.memory) - 1)] if self.memory else 0


async def besiege(
    server: Server,
    count: int,
    seed: int = 0,
    home: Path | None = None,
    each_door: bool = False,
    only: str = "",
) -> Siege:
    """Let all inputs come, one after another, each from a new visitor in a new tab.

    home: the server's HOME and TMPDIR, where nothing may be left; None does not look there.
    each_door: every door in turn, not by lot.
    only: doors that begin so; "" is all.
    """
    town = Town(server.runs)
    siege, host = Siege(), server.url.removeprefix("http://")
    before, process = written(server.runs, home), psutil.Process(server.process.pid)
    watching = asyncio.create_task(_watch(process, siege))
    logs = _Logs(server)
    try:
        for one in inputs(count, seed, each_door, only):
            began = time.monotonic()
            for error in await _try(host, one, town.attacked.code):
                if "no answer within" in error:
                    siege.unanswered.append((one.door, one.name))
                else:
                    siege.faults.append((one.door, one.name, error))
            if (seconds := time.monotonic() - began) > SLOW:
                siege.slow.append((one.door, one.name, seconds))
            siege.faults += [(one.door, one.name, line) for line in logs.new_complaints()]
            siege.done[one.door] += 1
            siege.memory.append(process.memory_info().rss)
        await asyncio.sleep(2)
        siege.faults += [("end", "", line) for line in logs.new_complaints()]
        siege.streamlits = logs.streamlits
    finally:
        watching.cancel()
        end_runner(server.runs)
    siege.outside = sorted(written(server.runs, home) - before)
    siege.classes = town.harmed()
    return siege


class Town:
    """Two classes with a student each: one whose code the attackers have, and one of which they know nothing."""

    def __init__(self, runs: Path) -> None:
        self._runs, self._classes = runs, Classes(runs)
        self.attacked, self._inside = self._opened("attacked")
        self._quiet, self._outside = self._opened("quiet")
        self._before = self._state()

    def _opened(self, title: str) -> tuple[Classroom, str]:
        teacher, student = secrets.token_urlsafe(16), secrets.token_urlsafe(16)
        classroom, _ = self._classes.open(teacher, title, 2)
        self._classes.join(student, classroom.code, "Ada")
        self._set_work(teacher)
        self._classes.keep(student, "answers", {"kept": title})
        return self._classes.seat(teacher).classroom, student

    def _set_work(self, teacher: str) -> None:
        """Something to answer and something to hand in, so that their forms are there to be attacked."""
        question = NumberQuestion(
            id="tour.moves",
            asked="How many of its maps stay dark?",
            network="Lesson convnet",
            page="tour",
            least=0,
            most=64,
        )
        Asks(self._classes).ask(teacher, question, Outcome(28, "Half of them."))
        task = Task(
            id="",
            title="99 %",
            words="Train one.",
            due=time.time() + 3600,
            wants_run=False,
            questions=("What helped?",),
        )
        Homework(self._classes, RunStore(self._runs)).give(teacher, task)

    def _state(self) -> dict[str, object]:
        """What no attacker may change: all of the quiet class; of the other its student, and what the teacher set."""
        now = {one.id: one for one in self._classes.all()}
        attacked = now.get(self.attacked.id)
        seat = self._classes.seat(self._inside)
        return {
            "the quiet class": {
                path.relative_to(self._quiet.path).as_posix(): path.read_bytes()
                for path in self._quiet.path.rglob("*")
                if path.is_file()
            },
            "the teacher's part": attacked and attacked.to_dict(),
            "a student's seat": seat and seat.member,
            "what a student kept": self._classes.kept_of(self._inside, "answers"),
        }

    def harmed(self) -> list[str]:
        """What is other than it was, and files that no class of ours has."""
        now = self._state()
        found = [what for what, before in self._before.items() if now[what] != before]
        ours = {"codes", "of", "lock", *(one.id for one in self._classes.all())}
        strange = {path.name for path in self._classes.path.iterdir()} - ours
        return found + sorted(f"strange: {name}" for name in strange if not name.startswith("."))


async def _try(host: str, one: Input, code: str) -> list[str]:
    """What went wrong, as the attacker's own tab shows it; and a new tab must be served as ever afterwards."""
    student = Student(host, secrets.token_urlsafe(16), code=code)
    try:
        await one.do(student)
    except (OSError, LookupError, EOFError) as error:
        if type(error).__name__ not in (
            "ConnectionClosedError",
            "ConnectionClosedOK",
        ):  # hung up on: a fair answer
            student.answers and student.answers[-1].errors.append(f"{type(error).__name__}: {error}")
    except Exception as error:
        if "ConnectionClosed" not in type(error).__name__:
            raise
    finally:
        await student.close()
    # The server may refuse what it likes.
    seen = [error for answer in student.answers for error in answer.errors]
    return [error for error in seen if "refused with status" not in error]


class _Logs:
    """New lines of the server's and the runner's log that are complaints, each with some lines after it."""

    def __init__(self, server: Server) -> None:
        self._paths = [server.log, server.runs / "runner.log"]
        self.streamlits = 0
        self._read: dict[Path, int] = {
            path: path.stat().st_size if path.exists() else 0 for path in self._paths
        }

    def new_complaints(self) -> list[str]:
        found = []
        for path in self._paths:
            if not path.exists():
                continue
            with path.open(errors="replace") as log:
                log.seek(self._read[path])
                text = log.read()
                self._read[path] = log.tell()
            if is_ours(text):
                found.append(f"{path.name}: {text[-1500:]}")
            elif COMPLAINTS.search(text):
                self.streamlits += 1
        return found


def is_ours(text: str) -> bool:
    """Whether lines of a log tell a mistake of ours: an error, or a traceback through a file of ours.

    Streamlit warns by itself, with a traceback through its own files, of what it cannot read in a message.
    """
    if re.search(r"\bERROR\b|Uncaught app execution|went wrong|(?i:deprecated)", text):
        return True
    ours = any(f'File "{ROOT / part}' in text for part in ("pages/", "cnn_core/", "dashboard.py"))
    return ours and "Traceback" in text


async def _watch(process: psutil.Process, siege: Siege) -> None:
    while True:
        siege.peak = max(siege.peak, process.memory_info().rss)
        await asyncio.sleep(0.05)


def written(runs: Path, home: Path | None) -> set[str]:
    """What lies where nothing may be written: the program's own folder, and the server's HOME and TMPDIR."""
    found = set()
    for top in [ROOT, *([home] if home else [])]:
        for folder, folders, names in os.walk(top):
            folders[:] = [name for name in folders if name not in (".git", ".venv", "__pycache__", ".hypothesis")
                          and not name.startswith(".") and Path(folder, name) != runs]  # fmt: skip
            for name in names:
                path = Path(folder, name)
                status = path.stat(follow_symlinks=False)
                found.add(f"{path} {status.st_size} {status.st_mtime_ns}")
    return found


def told(siege: Siege) -> str:
    """The table."""
    doors = ", ".join(f"{count} {door}" for door, count in siege.done.most_common())
    first = siege.memory[min(20, len(siege.memory) - 1)] if siege.memory else 0
    tenth = max(1, len(siege.memory) // 10)
    course = " ".join(f"{size / 1e6:,.0f}" for size in siege.memory[tenth - 1 :: tenth])
    kinds = Counter((door, hashlib.sha1(seen[-200:].encode()).hexdigest()) for door, _, seen in siege.faults)
    lines = [
        f"{siege.done.total()} hostile inputs: {doors}",
        f"faults: {len(siege.faults)} of {len(kinds)} kinds; written outside the store: {len(siege.outside)}; "
        f"classes harmed: {', '.join(siege.classes) or 'none'}",
        f"server: {first / 1e6:,.0f} MB after the first, {siege.peak / 1e6:,.0f} MB at most",
        f"after each tenth of all, MB: {course}",
        f"inputs after which Streamlit itself warned of a value that it could not read: {siege.streamlits}",
        f"slower than {SLOW:.0f} s: {len(siege.slow)}; without any answer: {len(siege.unanswered)}",
    ]
    lines += [f"  slow: {door}, {name[:120]}: {seconds:.0f} s" for door, name, seconds in siege.slow[:10]]
    lines += [f"  no answer: {door}, {name[:120]}" for door, name in siege.unanswered[:10]]
    lines += [f"outside: {path}" for path in siege.outside[:20]]
    shown: set[tuple[str, str]] = set()
    for door, name, seen in siege.faults:
        kind = (door, hashlib.sha1(seen[-200:].encode()).hexdigest())
        if kind not in shown and len(shown) < 30:
            shown.add(kind)
            lines.append(f"--- {door}: {name}\n{seen}")
    return "\n".join(lines)
