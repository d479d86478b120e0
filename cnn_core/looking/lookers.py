"""Processes that look into networks for this one: started when they are needed, shared, ended when nobody asks.

A question on its way is an `Asked`. However many ask the same, it is answered once; when none of them has waited for
some seconds it is given up, and its process is ended in the middle of the work.

What is light need not wait for a process to begin: threads of this one answer it. Where many are served, one process is
there before anybody asks, for what is light alone (`be_ready`): work in the server would hold up its pages, for Python
runs one thread at a time. The threads then do what that process has no time for.
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
READY = b""  # a message that asks nothing: import what an answer takes


class GivenUp(Exception):
    """Nobody waited any longer."""


class Asked:
    """A question on its way.

    seconds: how long it is expected to take, once it has begun.
    message: makes what the process is told; called when it begins. None where only this process can answer.
    patience: seconds without anybody who waits, after which it is given up.
    here:    answers it in this process; None where that would take too long.
    keep:    called with the answer, whether anybody still waits for it or not.
    """

    def __init__(
        self,
        key: Hashable,
        seconds: float,
        message: Callable[[], bytes] | None,
        patience: float = PATIENCE,
        here: Callable[[], Any] | None = None,
        keep: Callable[[Any], None] | None = None,
    ) -> None:
        self.key, self.seconds, self.message, self.patience = key, seconds, message, patience
        self.here, self.keep = here, keep
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
        """It is done. What it would take to answer it, a network among that, is let go."""
        self._answer, self._error = answer, error
        self.message = self.here = self.keep = None
        self._done.set()


class Lookers:
    """Lanes, each of which does one thing after the other: processes, threads of this one, one more process at most.

    processes: for what is heavy, at most. Where there are several, the last does what is short, and nothing else.
    threads:   of this process, for what is light.
    """

    def __init__(self, processes: int = 1, threads: int = 1) -> None:
        self._on_their_way: dict[Hashable, Asked] = {}
        self._changed = threading.Condition()
        self._heavy = range(processes)
        self._here = range(processes, processes + threads)
        self._light = processes + threads  # of the process that is there before anybody asks
        self._is_kept = self._is_free = False  # whether that one is wished; and whether it has nothing to do
        self._lanes: dict[int, threading.Thread] = {}
        self._at_work: set[_Process] = set()

    def ask(
        self,
        key: Hashable,
        seconds: float,
        message: Callable[[], bytes] | None,
        patience: float | None = None,
        here: Callable[[], Any] | None = None,
        keep: Callable[[Any], None] | None = None,
    ) -> Asked:
        """Ask, or join whoever asks the same.

        key:      the same for the same question to the same weights.
        patience: seconds without anybody who waits, after which it is given up; None is PATIENCE.
        here:     of what is light: answers it in this process.
        keep:     is called with the answer, also where nobody waits for it any more.
        """
        patience = PATIENCE if patience is None else patience
        with self._changed:
            asked = self._on_their_way.get(key)
            if asked is None:
                asked = self._on_their_way[key] = Asked(key, seconds, message, patience, here, keep)
            asked.patience = max(asked.patience, patience)
            self._see_to(asked)
            self._changed.notify_all()
            return asked

    def _see_to(self, asked: Asked) -> None:
        """Have lanes there that take it."""
        for lane in (*self._heavy, *self._here, *([self._light] if self._is_kept else [])):
            if lane not in self._lanes and self._takes(lane, asked):
                self._begin(lane)

    def be_ready(self) -> None:
        """From now on have a process there for what is light; it takes 300 MB."""
        with self._changed:
            self._is_kept = True
            if self._light not in self._lanes:
                self._begin(self._light)

    def _begin(self, lane: int) -> None:
        self._lanes[lane] = threading.Thread(target=self._serve, args=(lane,), name="looking", daemon=True)
        self._lanes[lane].start()

    def seconds_before(self, asked: Asked) -> float:
        """How long others who come first will take, in the lane that is done first."""
        is_light = asked.here is not None
        with self._changed:
            before = [
                one
                for one in self._on_their_way.values()
                if one is not asked
                and (one.here is not None) is is_light
                and (one.taken or one.order < asked.order)
            ]
        lanes = len(self._here) + self._is_kept if is_light else len(self._heavy)
        return sum(one.rest for one in before) / (max(1, lanes) if is_light or asked.seconds <= SHORT else 1)

    def processes(self) -> list[int]:
        """The numbers of the processes that are there now, in the system's count."""
        return sorted(process.number for process in set(self._at_work))

    def memory(self) -> int:
        """Bytes of memory that all of them have now; 0 where there is none."""
        return sum(map(resident, self.processes()))

    def _takes(self, lane: int, asked: Asked) -> bool:
        if lane == self._light:
            return asked.here is not None and asked.message is not None
        if lane in self._here:
            return asked.here is not None and not (self._is_free and asked.message is not None)
        return asked.here is None and (lane == 0 or lane < len(self._heavy) - 1 or asked.seconds <= SHORT)

    # ------------------------------------------------------------ a thread for each process

    def _serve(self, lane: int) -> None:
        process = self._warm() if lane == self._light else None
        try:
            while (asked := self._next(lane, process)) is not None:
                if lane in self._here:
                    self._do_here(asked)
                else:
                    process = self._do(asked, process, *(["--light"] if lane == self._light else []))
        finally:
            self._end(process)

    def _warm(self) -> _Process | None:
        """A process that has imported what an answer takes; None where none can be had."""
        process = None
        try:
            process = self._new("--light")
            process.get_ready()
        except (EOFError, OSError) as error:
            log.warning("no process is there for what is light: %s", error)
            self._end(process)
            return None
        return process

    def _new(self, *options: str) -> _Process:
        process = _Process(*options)
        self._at_work.add(process)
        return process

    def _end(self, process: _Process | None) -> None:
        if process is not None:
            self._at_work.discard(process)
            process.end()

    def _next(self, lane: int, process: _Process | None) -> Asked | None:
        until = time.monotonic() + IDLE_SECONDS
        with self._changed:
            while True:
                self._give_up_what_nobody_awaits()
                if lane == self._light:
                    self._is_free = process is not None and process.is_alive()
                    if not self._is_free:  # another one is begun where somebody asks
                        del self._lanes[lane]
                        self._see_to_the_others()
                        return None
                mine = [a for a in self._on_their_way.values() if not a.taken and self._takes(lane, a)]
                if mine:
                    first = min(mine, key=lambda asked: asked.order)
                    first.taken = True
                    if lane == self._light:
                        self._is_free = False
                        self._see_to_the_others()
                    return first
                if time.monotonic() > until and lane != self._light:
                    del self._lanes[lane]
                    return None
                self._changed.wait(1.0)

    def _see_to_the_others(self) -> None:
        """The process for what is light has no time: what waits for it is for the threads."""
        for asked in self._on_their_way.values():
            if not asked.taken:
                self._see_to(asked)
        self._changed.notify_all()

    def _give_up_what_nobody_awaits(self) -> None:
        for asked in list(self._on_their_way.values()):
            if not asked.taken and asked.nobody_waits():
                del self._on_their_way[asked.key]
                asked.settle(error=GivenUp())

    def _do_here(self, asked: Asked) -> None:
        """Answer it in this thread."""
        answer: Any = None
        error: Exception | None = None
        asked.began = time.monotonic()
        try:
            assert asked.here is not None
            answer = asked.here()
        except Exception as raised:  # whoever waits has to hear of it
            error = raised
        self._settle(asked, answer, error)

    def _do(self, asked: Asked, process: _Process | None, *options: str) -> _Process | None:
        """Have it answered, by this process or a new one. Returns the one that can go on, if any."""
        answer: Any = None
        error: Exception | None = None
        try:
            if process is None or not process.is_alive():
                self._end(process)
                process = self._new(*options)
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
            if asked.here is not None:
                self._end(process)
                self._do_here(asked)
                return None
            error = StudentError(_DIED, hint="Try it again, or look at a smaller network.")
        except Exception as raised:  # whoever waits has to hear of it
            error = raised
        if process is not None and not (error is None or isinstance(error, StudentError | _OurError)):
            self._end(process)
            process = None
        self._settle(asked, answer, error)
        return process

    def _settle(self, asked: Asked, answer: Any, error: Exception | None) -> None:
        if error is None and asked.keep is not None:
            asked.keep(answer)  # before anybody can ask the same anew
        with self._changed:
            self._on_their_way.pop(asked.key, None)
        asked.settle(answer, error)


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

    def get_ready(self) -> None:
        """Wait until it has imported what an answer takes. Raises EOFError, OSError."""
        self._way.send_bytes(READY)
        self._way.recv_bytes()

    def ask(self, asked: Asked) -> Any:
        """Wait for the answer. Raises GivenUp, EOFError, OSError, and what the work raises."""
        way: Connection = self._way
        assert asked.message is not None
        way.send_bytes(asked.message())
        while True:
            if asked.here is None and asked.nobody_waits():  # a new process takes longer than what is light
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
