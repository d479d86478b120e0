"""More machines: the same work, done by a Ray cluster over one shared folder of runs.

`RayEngine` lives in the runner and never imports Ray. What speaks to the cluster is a process of its own (`ray_tasks`):
where the cluster's head goes, Ray ends the process that was connected to it, and the runner is to outlive that. The
engine then starts another one, which connects as soon as the cluster answers.

Nobody can ask a process on another machine whether it lives, but whoever works at a run holds the lock in its folder.
So a run is given back as LOST only when nobody holds its lock any more: two workers never write one folder, also where
a lost machine's worker lives for a moment longer.
"""

from __future__ import annotations

import logging
import math
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from cnn_core.cluster import settings_here
from cnn_core.errors import StudentError
from cnn_core.runs.fairness import Room
from cnn_core.runs.files import is_locked
from cnn_core.runs.jobs.engines import LOST, NOT_BEGUN
from cnn_core.runs.jobs.leaving import ask_to_leave
from cnn_core.runs.jobs.ray_tasks import CANCEL, PLACES, RETURNED, START, STOP, TROUBLE, connect
from cnn_core.runs.run import Run

log = logging.getLogger("convscope.runner")

CONNECT_SECONDS = 120.0  # to import Ray and find the cluster; a busy machine takes twenty
SILENT_SECONDS = (
    45.0  # the connected process tells its places twice a second; Ray's calls wait where a head is gone
)
AGAIN_SECONDS = (
    2.0,
    30.0,
)  # before the next process, or the next run where no machine can do one: at first, at most
BEGIN_SECONDS = 120.0  # a task that nobody has begun by then is taken back: its machine is gone
STOP_SECONDS = 10.0


@dataclass
class AtWork:
    """A run that the cluster has, or had.

    is_spare: it has a place for short work.
    outcome:  what came of it, where it is not reported yet; "" while it is at work.
    has_begun: somebody was seen to hold its lock.
    """

    is_spare: bool
    since: float
    outcome: str = ""
    has_begun: bool = False


class RayEngine:
    """See Engine.

    store_path: the same folder on all machines.
    address: of the cluster's head, or "auto": that which this machine belongs to.
    threads: of each training, as many processors as it takes of a machine.
    """

    def __init__(self, store_path: Path, address: str, threads: int) -> None:
        self.store_path, self.address, self.threads = store_path, address, threads
        self.at_work: dict[str, AtWork] = {}
        self.workers = self.spares = 0  # places, in the cluster as it is now
        self.trouble = ""
        self.failures = 0  # in a row
        self.rests_until = -math.inf
        self.is_connected = False
        self._connect()

    # ------------------------------------------------------------ see Engine

    def room(self) -> Room:
        """See Engine."""
        short = sum(one.is_spare for one in self.at_work.values())
        if time.monotonic() < self.rests_until:
            return Room(0, 0, self.spares, self.workers)
        return Room(
            max(0, self.workers - len(self.at_work) + short),
            max(0, self.spares - short),
            self.spares,
            self.workers,
        )

    def start(self, run_id: str) -> None:
        """See Engine."""
        is_spare = self.room().free <= 0
        self.at_work[run_id] = AtWork(is_spare, time.monotonic())
        self._tell(START, run_id, is_spare)

    def returned(self) -> list[tuple[str, str]]:
        """See Engine."""
        self._listen()
        self._take_back_what_nobody_begins()
        outcomes = []
        for run_id, one in list(self.at_work.items()):
            if one.outcome and not (one.outcome in (LOST, NOT_BEGUN) and self._is_held(run_id)):
                del self.at_work[run_id]
                outcomes.append((run_id, self._exactly(run_id, one.outcome)))
        return outcomes

    def leave(self) -> None:
        """See Engine. Through the runs' folders: no signal reaches another machine."""
        for run_id, one in self.at_work.items():
            if one.outcome:
                continue
            if one.has_begun or self._is_held(run_id):
                with suppress(StudentError, OSError):
                    ask_to_leave(Run(self.store_path / run_id))
            else:
                self._tell(CANCEL, run_id)

    def stop(self) -> None:
        """See Engine. The cluster ends what a process has begun that is not connected any more."""
        self._tell(STOP)
        self.process.join(STOP_SECONDS)
        self._end_process()

    # ------------------------------------------------------------ the process that is connected

    def _connect(self) -> None:
        # spawn: Ray's threads do not survive a fork.
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=connect,
            args=(theirs, str(self.store_path), self.address, self.threads, settings_here()),
            name="ray",
        )
        self.process.start()
        theirs.close()  # so that its end is seen here
        self.is_connected = False
        self.heard_at = time.monotonic()

    def _tell(self, *message: object) -> None:
        with suppress(OSError):  # it has ended, which the next look will find
            self.pipe.send(message)

    def _listen(self) -> None:
        now = time.monotonic()
        if not self.pipe.closed:
            for what, *facts in _messages(self.pipe):
                self.heard_at = now
                self._hear(what, facts)
            patience = SILENT_SECONDS if self.is_connected else CONNECT_SECONDS
            if not self.process.is_alive() or now - self.heard_at > patience:
                self._lose_the_cluster()
        elif now >= self.rests_until:
            self._connect()

    def _hear(self, what: str, facts: list[object]) -> None:
        match what, facts:
            case _, [int(workers), int(spares)] if what == PLACES:
                if not self.is_connected:
                    log.info("the Ray cluster at %s is there; trainings at once: %d", self.address, workers)
                self.is_connected = True
                self.workers, self.spares = workers, spares
                self.trouble = "" if workers else f"The Ray cluster at {self.address} has no free processors."
            case _, [str(run_id), str(outcome)] if what == RETURNED:
                self.failures = 0
                self._comes_back(run_id, outcome)
            case _, [str(run_id), str(error)] if what == TROUBLE:  # no machine could even begin it
                self._comes_back(run_id, NOT_BEGUN)
                self._rest(f"A machine of the Ray cluster cannot work: {error}")
            case _, [str(error)] if what == TROUBLE:
                self.trouble = f"The Ray cluster at {self.address} does not answer ({error})."

    def _comes_back(self, run_id: str, outcome: str) -> None:
        if (one := self.at_work.get(run_id)) is not None and not one.outcome:
            one.outcome = outcome

    def _lose_the_cluster(self) -> None:
        for what, *facts in _messages(self.pipe):  # what it said at its end
            self._hear(what, facts)
        self._end_process()
        for run_id in self.at_work:
            self._comes_back(run_id, LOST)
        self.workers = self.spares = 0
        self._rest(self.trouble or f"The Ray cluster at {self.address} does not answer.")

    def _rest(self, trouble: str) -> None:
        least, most = AGAIN_SECONDS
        self.rests_until = time.monotonic() + min(most, least * 2 ** min(self.failures, 10))
        self.failures += 1
        self.trouble = trouble
        log.warning("%s", trouble)

    def _end_process(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    # ------------------------------------------------------------ runs

    def _exactly(self, run_id: str, outcome: str) -> str:
        """Of one that is lost the cluster does not say whether a worker had begun it; the run's status does."""
        has_not_begun = Run(self.store_path / run_id).status.state in ("queued", "interrupted")
        return NOT_BEGUN if outcome == LOST and has_not_begun else outcome

    def _is_held(self, run_id: str) -> bool:
        return is_locked(self.store_path / run_id / "lock")

    def _take_back_what_nobody_begins(self) -> None:
        now = time.monotonic()
        for run_id, one in self.at_work.items():
            if one.outcome or one.has_begun or now - one.since < BEGIN_SECONDS:
                continue
            one.has_begun = self._is_held(run_id)
            if not one.has_begun:
                self._tell(CANCEL, run_id)
                one.since = now  # and again, if that should not help


def _messages(pipe: Connection) -> Iterator[tuple[str, *tuple[object, ...]]]:
    """All that lies in a pipe; it ends where the pipe does."""
    with suppress(EOFError, OSError):
        while pipe.poll():
            yield pipe.recv()
