"""Processes that look into networks for this one: started when they are needed, shared, ended when nobody asks.

A question on its way is an `Asked`. However many ask the same, it is answered once; when none of them has waited for
some seconds it is given up, and its process is ended in the middle of the work.
"""

from __future__ import annotations

import logging
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import cnn_core
from cnn_core.errors import StudentError
from cnn_core.machine import resident
from cnn_core.settings import settings

log = logging.getLogger("convscope.looking")

SHORT = 10.0  # seconds: what one of several processes is kept free for
PATIENCE = 5.0  # seconds without anybody who waits: then it is given up
IDLE_SECONDS = 60.0  # a process without work ends after this: it takes 300 MB
POLL_SECONDS = 0.2


class GivenUp(Exception):
    """Nobody waited any longer."""


class Asked:
    """A question on its way.

    seconds: how long it is expected to take, once it has begun.
    message: makes what the process is told; called when it begins.
    patience: seconds without anybody who waits, after which it is given up.
    """

    def __init__(
        self, key: Hashable, seconds: float, message: Callable[[], bytes], patience: float = PATIENCE
    ) -> None:
        self.key, self.seconds, self.message, self.patience = key, seconds, message, patience
        self.came = time.monotonic()
        self.taken = False  # a process has it
        self.began: float | None = None  # to work on it: a cold process imports torch first
        self.fraction = 0.0  # that is done, where the job tells
        self.is_far = False  # another machine has it
        self._done = threading.Event()
        self._answer: Any = None
        self._error: Exception | None = None
        self._waiting, self._left = 0, time.monotonic()
        self._lock = threading.Lock()

    @property
    def order(self) -> float:
        """Whose is smaller comes first: short work overtakes long work that came up to so many seconds earlier."""
        return self.came + self.seconds

    @property
    def rest(self) -> float:
        """Seconds until it is done, once it has begun: by how far it is, else by how long it was expected to take."""
        if self.began is None:
            return self.seconds
        passed = time.monotonic() - self.began
        if self.fraction > 0.02:
            return passed * (1 - self.fraction) / self.fraction
        return max(1.0, self.seconds - passed)

    @property
    def share(self) -> float:
        """The fraction that is done, as far as that is known."""
        if self.began is None:
            return 0.0
        passed = time.monotonic() - self.began
        return self.fraction or min(0.95, passed / max(self.seconds, 0.1))

    @property
    def is_done(self) -> bool:
        """Whether it was answered, refused or given up."""
        return self._done.is_set()

    @contextmanager
    def awaited(self) -> Iterator[None]:
        """Somebody waits for it inside the `with` block."""
        with self._lock:
            self._waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting -= 1
                self._left = time.monotonic()

    def nobody_waits(self) -> bool:
        """Whether nobody has for so long that it is given up."""
        with self._lock:
            return not self._waiting and time.monotonic() - self._left > self.patience

    def wait(self, seconds: float) -> bool:
        """Wait for it; True when it is done."""
        return self._done.wait(seconds)

    def answer(self) -> Any:
        """What came of it. Raises what the work raised, StudentError where its process died, GivenUp."""
        if self._error is not None:
            raise self._error
        return self._answer

    def settle(self, answer: Any = None, error: Exception | None = None) -> None:
        """It is done."""
        self._answer, self._error = answer, error
        self._done.set()


class Lookers:
    """At most `processes` of them. Where there are several, the last does what is short, and nothing else."""

    def __init__(self, processes: int = 1) -> None:
        self._on_their_way: dict[Hashable, Asked] = {}
        self._changed = threading.Condition()
        self._lanes: list[threading.Thread | None] = [None] * processes
        self._at_work: set[_Process] = set()

    def ask(
        self, key: Hashable, seconds: float, message: Callable[[], bytes], patience: float | None = None
    ) -> Asked:
        """Ask, or join whoever asks the same.

        key:      the same for the same question to the same weights.
        patience: seconds without anybody who waits, after which it is given up; None is PATIENCE.
        """
        patience = PATIENCE if patience is None else patience
        with self._changed:
            asked = self._on_their_way.get(key)
            if asked is None:
                asked = self._on_their_way[key] = Asked(key, seconds, message, patience)
            asked.patience = max(asked.patience, patience)
            for lane, thread in enumerate(self._lanes):
                if thread is None and self._takes(lane, asked):
                    self._lanes[lane] = threading.Thread(target=self._serve, args=(lane,), daemon=True)
                    self._lanes[lane].start()  # type: ignore[union-attr]
            self._changed.notify_all()
            return asked

    def seconds_before(self, asked: Asked) -> float:
        """How long others who come first will take, in the lane that is done first."""
        with self._changed:
            before = [
                one
                for one in self._on_their_way.values()
                if one is not asked and (one.taken or one.order < asked.order)
            ]
        return sum(one.rest for one in before) / (max(1, len(self._lanes)) if asked.seconds <= SHORT else 1)

    def processes(self) -> list[int]:
        """The numbers of the processes that are there now, in the system's count."""
        return sorted(process.number for process in set(self._at_work))

    def memory(self) -> int:
        """Bytes of memory that all of them have now; 0 where there is none."""
        return sum(map(resident, self.processes()))

    def _takes(self, lane: int, asked: Asked) -> bool:
        return lane == 0 or lane < len(self._lanes) - 1 or asked.seconds <= SHORT

    # ------------------------------------------------------------ a thread for each process

    def _serve(self, lane: int) -> None:
        process = None
        try:
            while (asked := self._next(lane)) is not None:
                process = self._do(asked, process)
        finally:
            self._end(process)

    def _new(self, *options: str) -> _Process:
        process = _Process(*options)
        self._at_work.add(process)
        return process

    def _end(self, process: _Process | None) -> None:
        if process is not None:
            self._at_work.discard(process)
            process.end()

    def _next(self, lane: int) -> Asked | None:
        until = time.monotonic() + IDLE_SECONDS
        with self._changed:
            while True:
                self._give_up_what_nobody_awaits()
                mine = [a for a in self._on_their_way.values() if not a.taken and self._takes(lane, a)]
                if mine:
                    first = min(mine, key=lambda asked: asked.order)
                    first.taken = True
                    return first
                if time.monotonic() > until:
                    self._lanes[lane] = None
                    return None
                self._changed.wait(1.0)

    def _give_up_what_nobody_awaits(self) -> None:
        for asked in list(self._on_their_way.values()):
            if not asked.taken and asked.nobody_waits():
                del self._on_their_way[asked.key]
                asked.settle(error=GivenUp())

    def _do(self, asked: Asked, process: _Process | None) -> _Process | None:
        """Have it answered, by this process or a new one. Returns the one that can go on, if any."""
        answer: Any = None
        error: Exception | None = None
        try:
            if process is None or not process.is_alive():
                self._end(process)
                process = self._new()
            try:
                answer = process.ask(asked)
            except (
                EOFError,
                OSError,
            ):  # a cluster that loses its head ends whoever was connected: once more, here
                if not asked.is_far:
                    raise
                self._end(process)
                process = self._new("--here")
                answer = process.ask(asked)
        except (EOFError, OSError) as raised:
            log.warning("a process that looked into a network ended: %s", raised)
            error = StudentError(_DIED, hint="Try it again, or look at a smaller network.")
        except Exception as raised:  # whoever waits has to hear of it
            error = raised
        if process is not None and not (error is None or isinstance(error, StudentError | _OurError)):
            self._end(process)
            process = None
        with self._changed:
            self._on_their_way.pop(asked.key, None)
        asked.settle(answer, error)
        return process


_DIED = "The process that looked into this network ended: perhaps the memory of this machine was full."


class _OurError(RuntimeError):
    """The work failed by a mistake of ours; with the process's own traceback."""


class _Process:
    """`python -m cnn_core.looking`, and the way to it."""

    def __init__(self, *options: str) -> None:
        self._way, theirs = Pipe()
        root = Path(cnn_core.__file__).resolve().parent.parent
        here = settings()
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")])),
            "CONVSCOPE_DATA": str(here.data_dir.absolute()),
            "CONVSCOPE_RUNS": str(here.runs_dir.absolute()),  # visitors' own pictures lie there
        }
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "cnn_core.looking", str(theirs.fileno()), *options],
                cwd=root,
                env=environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    @property
    def number(self) -> int:
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, asked: Asked) -> Any:
        """Wait for the answer. Raises GivenUp, EOFError, OSError, and what the work raises."""
        way: Connection = self._way
        way.send_bytes(asked.message())
        while True:
            if asked.nobody_waits():
                raise GivenUp
            if way.poll(POLL_SECONDS):
                kind, said = pickle.loads(way.recv_bytes())
                if kind == "answer":
                    return said
                if kind in ("begun", "far away"):
                    asked.is_far = kind == "far away"
                    asked.began = time.monotonic()
                elif kind == "far":
                    asked.fraction = said
                elif kind == "refusal":
                    raise said
                else:
                    raise _OurError(said)

    def end(self) -> None:
        self._way.close()
        with suppress(OSError):
            self._process.kill()
        self._process.wait()
