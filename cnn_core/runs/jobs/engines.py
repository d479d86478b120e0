"""Where the work is done: an engine starts runs, says which have come back, and how many more it could take.

`LocalEngine` keeps warm worker processes on this machine, by Pebble: a worker that is killed or runs out of
memory takes only its own run down with it.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import sys
import time
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.context import (
    BaseContext,
    ForkServerContext,
    ForkServerProcess,
    SpawnContext,
    SpawnProcess,
)
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from pebble import ProcessExpired, ProcessPool

from cnn_core.machine import is_small
from cnn_core.runs.fairness import Room
from cnn_core.runs.run import Run
from cnn_core.settings import settings

log = logging.getLogger("convscope.runner")

# What `returned` reports for a run whose worker died, or that no worker took up; else what the work itself returned.
LOST, NOT_BEGUN = "lost", "not begun"


class Engine(Protocol):
    """What the runner asks of an engine: this machine, or a cluster (`ray_engine`)."""

    trouble: str  # a sentence for the operator where it cannot work now, else ""

    def room(self) -> Room:
        """How many more runs it could start now, of which kinds."""

    def start(self, run_id: str) -> None:
        """Let a worker do this run, where the room had one free, else a spare one."""

    def returned(self) -> list[tuple[str, str]]:
        """Runs that came back since the last call, each with what `work` said, LOST or NOT_BEGUN."""

    def leave(self) -> None:
        """Ask all workers to keep what they have and come back; may be asked again and again."""

    def stop(self) -> None:
        """End all workers, whatever they do."""


SPARE_SECONDS = 30.0  # the spare worker ends after so long without work: it takes 300 MB


class LocalEngine:
    """`workers` processes with torch imported and the data mapped, each with `threads` threads.

    While all of them are busy a spare one is started for what takes seconds, so that nobody who dreams or opens a file
    has to wait for somebody's fifty epochs.

    spares: 1, or 0 on a machine that has no memory for it: a training then makes room for such work.
    """

    def __init__(self, store_path: Path, workers: int, threads: int, spares: int = 1) -> None:
        self.store_path, self.workers, self.threads, self.spares = store_path, workers, threads, spares
        self.at_work: dict[str, Any] = {}  # run id -> future
        self.trouble = ""
        self.breaks = 0  # pools that broke without any run coming back from them
        self.spare: ProcessPool | None = None
        self.in_spare: set[str] = set()
        self.without_worker: list[str] = []
        self.last_spare = 0.0
        self.pool = self._new_pool(workers)

    def _new_pool(self, workers: int) -> ProcessPool:
        pool = ProcessPool(
            workers,
            initializer=_begin,
            initargs=(str(self.store_path), self.threads),
            context=how_processes_begin(),
        )
        pool.active  # noqa: B018  starts the workers now, so that they are warm when the first run comes
        return pool

    def free(self) -> int:
        """How many workers have nothing to do."""
        return self.workers - len(self.at_work.keys() - self.in_spare)

    def room(self) -> Room:
        """See Engine."""
        return Room(self.free(), self.spares - len(self.in_spare), self.spares, self.workers)

    def start(self, run_id: str) -> None:
        """See Engine."""
        spare = self.free() <= 0
        try:
            pool = self._spare_pool() if spare else self._whole_pool()
            self.at_work[run_id] = pool.schedule(_work, args=(str(self.store_path), run_id))
        except RuntimeError:  # also BrokenProcessPool
            log.warning("run %s: no worker for it", run_id, exc_info=True)
            self.without_worker.append(run_id)
            return
        if spare:
            self.in_spare.add(run_id)

    def _whole_pool(self) -> ProcessPool:
        if not self.pool.active:
            self._mend()
        return self.pool

    def _spare_pool(self) -> ProcessPool:
        if self.spare is None or not self.spare.active:
            self.spare = self._new_pool(1)
        return self.spare

    def _end_spare_in_time(self) -> None:
        now = time.monotonic()
        if self.in_spare:
            self.last_spare = now
        elif self.spare is not None and now - self.last_spare > SPARE_SECONDS:
            self.spare.stop()
            self.spare.join()
            self.spare = None

    def returned(self) -> list[tuple[str, str]]:
        """See Engine."""
        outcomes = [(run_id, NOT_BEGUN) for run_id in self.without_worker]
        self.without_worker.clear()
        for run_id, future in list(self.at_work.items()):
            if future.done():
                del self.at_work[run_id]
                self.in_spare.discard(run_id)
                outcomes.append((run_id, self._outcome(run_id, future)))
        # Pebble gives up when a worker dies while none of them is at work; a new pool is all it takes.
        if not self.pool.active and not self.at_work:
            with suppress(BrokenProcessPool):  # tried again when the next run comes
                self._mend()
        self._end_spare_in_time()
        return outcomes

    def _outcome(self, run_id: str, future: Any) -> str:
        error = future.exception()
        if error is None:
            self.breaks = 0
            return str(future.result())
        if isinstance(error, ProcessExpired):
            log.warning("run %s: its worker ended with code %s", run_id, error.exitcode)
        else:
            log.warning("run %s: %s: %s", run_id, type(error).__name__, error)
        return LOST

    def _mend(self) -> None:
        self.breaks += 1
        log.warning("the pool of workers broke; a new one is made")
        time.sleep(min(10.0, 0.1 * 2**self.breaks))  # where workers cannot live, do not burn a core on it
        self._end_pool()
        self.pool = self._new_pool(self.workers)

    def leave(self) -> None:
        """See Engine."""
        ours = {process.pid for process in multiprocessing.active_children() if process.pid is not None}
        for pid in ours.intersection(Run(self.store_path / run_id).status.pid for run_id in self.at_work):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def stop(self) -> None:
        """See Engine."""
        self._end_pool()

    def _end_pool(self) -> None:
        for pool in filter(None, (self.pool, self.spare)):
            pool.stop()
            with suppress(RuntimeError):
                pool.join()
        self.spare = None
        for process in multiprocessing.active_children():
            process.kill()
            process.join()


class _Begun(BaseProcess):
    """A worker that is asked for again where it cannot begin: Pebble would wait for it for ever.

    Just after the process to fork from was killed it still counts as alive, and refuses; or memory is short.
    """

    def start(self) -> None:
        for pause in (0.05, 0.2, 1.0):
            try:
                super().start()
                return
            except (OSError, EOFError):
                log.warning("a worker did not begin; once more", exc_info=True)
                time.sleep(pause)
        try:
            super().start()
        except (OSError, EOFError) as error:  # the one error by which Pebble lets go of the runs it holds
            raise BrokenProcessPool("No worker begins") from error


class _Forked(_Begun, ForkServerProcess):
    pass


class _Spawned(_Begun, SpawnProcess):
    pass


class _FromWarm(ForkServerContext):
    Process = _Forked


class _FromNothing(SpawnContext):
    Process = _Spawned


def how_processes_begin() -> BaseContext:
    """How a worker begins: forked from a process that is warm (`warm`), where that is sound; else by itself.

    Measured: 0.15 s of a processor instead of 2.5. The process to fork from takes memory of its own, of which a small
    machine has none to spare; and what it knew of a graphics card would be wrong after the fork.
    """
    has_card = settings().device != "cpu" and any(map(os.path.exists, ("/dev/nvidiactl", "/dev/kfd")))
    if sys.platform != "linux" or has_card or is_small():
        return _FromNothing()  # torch's threads do not survive a plain fork
    context = _FromWarm()
    context.set_forkserver_preload(["cnn_core.runs.jobs.warm"])
    return context


def _begin(store_path: str, threads: int) -> None:
    from cnn_core.runs.jobs.worker import warm_up

    warm_up(store_path, threads)


def _work(store_path: str, run_id: str) -> str:
    # Imported here: the runner sends this function by its name, and need not import the worker's world.
    from cnn_core.runs.jobs.worker import work

    return work(store_path, run_id)
