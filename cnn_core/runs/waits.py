"""How long until a waiting run begins: the queue's policy played forward, by what was measured on this server.

How fast a waiting training will be is told by three things, in this order: how fast its design was with as many at
work beside it; how fast it was at all; its multiply-adds and the pace of whatever was trained here. All are then
corrected by how fast those go that are at work now: on a busy machine everything takes longer.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from math import inf, isinf
from pathlib import Path
from statistics import median
from typing import Protocol

from cnn_core.data.own.names import is_own
from cnn_core.data.sources import KNOWN, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.expectation import Speeds, predicted_speed, speed_of_macs
from cnn_core.runs.fairness import NEARLY_DONE, SHORT_PATIENCE, AtWork, Queue, Ticket
from cnn_core.runs.files import read_json
from cnn_core.runs.measured import Measurement
from cnn_core.runs.run import Run
from cnn_core.runs.status import Status
from cnn_core.settings import settings

USUAL_IMAGES = 60_000  # of a data set that is not here yet
SHORT_SECONDS = 5.0  # of short work, before any was done here
ASIDE = "aside"  # of a training: the time beside its learning, for its data and the test at the end
PACE_IS_KNOWN_AFTER = 3.0  # seconds at work; the first steps are slow
FRESH_SECONDS = 1.0  # so long what was worked out holds for everybody who asks


# ---------------------------------------------------------------- the policy, played forward


@dataclass(frozen=True)
class Places:
    """How many are at work at once.

    workers: trainings.
    spares:  short work beside them; 0 where it takes a worker like any other.
    slice_seconds: how long a training is at work while others wait.
    """

    workers: int
    spares: int = 1
    slice_seconds: float = inf


def starts(queue: Queue, places: Places, left: Mapping[str, float]) -> dict[str, float]:
    """In how many seconds each waiting run begins, if nobody else comes; infinite where nobody knows.

    left: run id -> seconds that it still needs with a worker, infinite if nobody knows; 0 where it is missing.
    """
    waiting = queue.turns()
    if not places.spares:
        patience = min(places.slice_seconds, SHORT_PATIENCE if _any_short(waiting) else inf)
        return _played(list(queue.at_work), waiting, places.workers, patience, left)
    long = [one for one in queue.at_work if one.ticket.is_long]
    short = [one for one in queue.at_work if not one.ticket.is_long]
    trainings = [ticket for ticket in waiting if ticket.is_long]
    others = [ticket for ticket in waiting if not ticket.is_long]
    idle = max(0, places.workers - len(long) - len(trainings))  # these take short work too
    return _played(long, trainings, places.workers, places.slice_seconds, left) | _played(
        short, others, places.spares + idle, inf, left
    )


def _any_short(tickets: Sequence[Ticket]) -> bool:
    return any(not ticket.is_long for ticket in tickets)


def _played(
    at_work: Sequence[AtWork],
    waiting: Sequence[Ticket],
    places: int,
    slice_seconds: float,
    left: Mapping[str, float],
) -> dict[str, float]:
    """When each of `waiting`, in this order, first gets one of the places."""
    queue, needs = list(waiting), dict(left)
    begins: dict[str, float] = {}
    lane_free: dict[tuple[str, str], float] = {}
    free: list[float] = []

    def work(ticket: Ticket, start: float, so_far: float) -> None:
        need = needs.get(ticket.run_id, 0.0)
        slice_left = max(0.0, slice_seconds - so_far) if queue and ticket.is_long else inf
        if not isinf(need) and need > slice_left + NEARLY_DONE * slice_seconds:  # it makes room
            needs[ticket.run_id] = need - slice_left
            queue.append(ticket)
            need = slice_left
        lane_free[ticket.lane] = start + need
        heapq.heappush(free, start + need)

    for one in at_work:
        work(one.ticket, 0.0, one.seconds)
    for _ in range(places - len(at_work)):
        heapq.heappush(free, 0.0)
    unseen = {ticket.run_id for ticket in waiting}
    while unseen:
        now = heapq.heappop(free)
        ticket = next((one for one in queue if lane_free.get(one.lane, 0.0) <= now), None)
        if ticket is None:  # all that wait are of visitors who have one at work
            heapq.heappush(free, min(lane_free[one.lane] for one in queue))
            continue
        queue.remove(ticket)
        unseen.discard(ticket.run_id)
        begins.setdefault(ticket.run_id, now)
        if isinf(now):  # nor does anybody know of those behind it
            return begins | dict.fromkeys(unseen, inf)
        work(ticket, now, 0.0)
    return begins


# ---------------------------------------------------------------- how long a run takes here


class Knows(Protocol):
    """What remembers the trainings of this server: a RunStore."""

    path: Path

    def run(self, run_id: str) -> Run:
        """The run with this id."""

    def queue(self) -> Queue:
        """All that waits and is at work."""

    def results(self) -> tuple[Measurement, ...]:
        """The latest trainings on this machine."""


@dataclass(frozen=True)
class Job:
    """What a training has to do.

    images: that it learns from, in all its epochs together.
    batch:  how many of them in a step.
    """

    spec: ModelSpec
    images: int
    batch: int


@lru_cache(maxsize=1024)  # asked of each waiting run, once a second
def _job(folder: Path, _changed: float) -> Job:
    run = Run(folder)
    recipe = run.recipe
    is_known = run.dataset in KNOWN or is_own(run.dataset)
    there = dataset_of(run.dataset).count("train") if is_known else USUAL_IMAGES
    return Job(run.spec, recipe.epochs * min(recipe.train_size or there, there), recipe.batch_size)


def job_of(run: Run) -> Job:
    """What a training has to do. Raises StudentError for one that this server cannot read."""
    changes = run.folder / "changes.json"
    return _job(run.folder, changes.stat().st_mtime if changes.exists() else 0.0)


@dataclass(frozen=True)
class Paces:
    """How fast trainings are on this server now.

    speeds:    what each design made here.
    ratio:     of whatever was trained here to what its multiply-adds let expect; None before the first.
    load:      how fast those are that are at work now, as a part of what they were before; None where none is measured.
    at_once:   how many are at work at once while somebody waits.
    """

    speeds: Speeds
    ratio: float | None
    load: float | None
    at_once: int

    @classmethod
    def of(cls, store: Knows, at_work: Sequence[tuple[Job, Status]], at_once: int) -> Paces:
        """at_work: the trainings that are measured now."""
        speeds = Speeds(store.path)
        done = [one.images_per_second / speed_of_macs(one.macs) for one in store.results()]
        ratio = median(done) if done else None
        before = cls(speeds, ratio, None, at_once)
        loads = []
        for job, status in at_work:
            pace = _pace(job, status)
            if pace is not None:
                loads.append(pace / (before._before(job.spec) or predicted_speed(job.spec)))
        return cls(speeds, ratio, median(loads) if loads else None, at_once)

    def speed(self, spec: ModelSpec) -> float | None:
        """Images a second that a training of this design will make now; None where nobody knows."""
        before = self._before(spec)
        if self.load is None:
            return before
        return self.load * (before or predicted_speed(spec))

    def _before(self, spec: ModelSpec) -> float | None:
        measured = self.speeds.of(spec, self.at_once)
        if measured is not None or self.ratio is None:
            return measured
        return self.ratio * predicted_speed(spec)

    def seconds_left(self, job: Job, status: Status) -> float:
        """How long a training still needs a worker; infinite where nobody knows."""
        if status.state == "running" and status.eta is not None:
            return status.eta + self.speeds.seconds(ASIDE, 0.0)
        speed = self.speed(job.spec)
        if speed is None:
            return inf
        return max(0, job.images - status.step * job.batch) / speed + self.speeds.seconds(ASIDE, 0.0)


def _pace(job: Job, status: Status) -> float | None:
    """Images a second of a training at work, of the last seconds, with everything that takes time in it."""
    steps = status.steps - status.step
    return steps * job.batch / status.eta if status.eta and steps > 0 else None


# ---------------------------------------------------------------- of a store


class Waits:
    """The waits in a store's queue, worked out once a second for all who ask."""

    def __init__(self, store: Knows) -> None:
        self.store = store
        self._known: dict[str, float] = {}
        self._known_of: tuple[object, ...] = ()
        self._known_until = -inf

    def of(self, run_id: str) -> float | None:
        """About how many seconds until a run is started; 0 at work, None if it does not wait, infinite if unknown."""
        state = self._state()
        if state != self._known_of or time.monotonic() > self._known_until:
            self._known, self._known_of = self._worked_out(), state
            self._known_until = time.monotonic() + FRESH_SECONDS
        return self._known.get(run_id)

    def _state(self) -> tuple[object, ...]:
        """What changes when anybody comes or goes."""
        changed = []
        for name in ("queue", "taken", "speeds.json", "results.json"):
            try:
                changed.append((self.store.path / name).stat().st_mtime_ns)
            except OSError:
                changed.append(0)
        machine = settings()
        return (*changed, machine.workers, machine.slice_seconds)

    def _worked_out(self) -> dict[str, float]:
        queue, machine = self.store.queue(), settings()
        if not queue.waiting:
            return {one.ticket.run_id: 0.0 for one in queue.at_work}
        jobs: dict[str, tuple[Job, Status]] = {}
        speeds = Speeds(self.store.path)
        left = {}
        for ticket in [*(one.ticket for one in queue.at_work), *queue.waiting]:
            if not ticket.is_long:
                left[ticket.run_id] = speeds.seconds(ticket.kind, SHORT_SECONDS)
                continue
            with suppress(StudentError, OSError):  # one that is gone takes no time
                run = self.store.run(ticket.run_id)
                jobs[ticket.run_id] = job_of(run), run.status
        measured = [one.ticket.run_id for one in queue.at_work if one.seconds > PACE_IS_KNOWN_AFTER]
        paces = Paces.of(self.store, [jobs[one] for one in measured if one in jobs], machine.workers)
        left |= {run_id: paces.seconds_left(*job) for run_id, job in jobs.items()}
        spares = read_json(self.store.path / "runner.json").get("spares")
        places = Places(
            machine.workers, spares if isinstance(spares, int) else 1, machine.slice_seconds or inf
        )
        return starts(queue, places, left) | {one.ticket.run_id: 0.0 for one in queue.at_work}
