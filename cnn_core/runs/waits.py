"""How long until a waiting run begins: the queue's policy played forward, by what was measured on this server.

How fast a waiting training will be is told by two numbers: what its design makes of the machine (by its last training
here, else by its multiply-adds), and the pace of the machine now, by those who are at work. A machine that works at two
trainings, or at other people's things too, has another pace than the same machine alone, and so it is not asked for.
"""

from __future__ import annotations

import heapq
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
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
from cnn_core.runs.expectation import Speeds, speed_of_macs
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
RECENT_SECONDS, FEW = 600.0, 5  # which of the last trainings tell of the machine's pace
FRESH_SECONDS = 1.0  # so long what was worked out holds for everybody who asks


Lane = tuple[str, str]  # owner, kind: one at work at a time


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
    waiting, at_work = queue.turns(), list(queue.at_work)
    long = [one for one in at_work if one.ticket.is_long]
    trainings = [ticket for ticket in waiting if ticket.is_long]
    if not places.spares:
        patience = min(places.slice_seconds, SHORT_PATIENCE if len(trainings) < len(waiting) else inf)
        return _Play(places.workers, patience, left, queue.away).begins(at_work, waiting)
    short = [one for one in at_work if not one.ticket.is_long]
    others = [ticket for ticket in waiting if not ticket.is_long]
    idle = max(0, places.workers - len(long) - len(trainings))  # these take short work too
    return _Play(places.workers, places.slice_seconds, left, queue.away).begins(long, trainings) | _Play(
        places.spares + idle, inf, left, queue.away
    ).begins(short, others)


class _Play:
    """Lanes come by turns, as `fairness` has them; all that is played is when a place becomes free, and for whom.

    places: for so many at once.
    The rest is as `starts` has it.
    """

    def __init__(
        self, places: int, slice_seconds: float, left: Mapping[str, float], away: AbstractSet[str]
    ) -> None:
        self.free, self.slice_seconds, self.left, self.away = places, slice_seconds, dict(left), away
        self.lanes: dict[Lane, deque[Ticket]] = {}  # what waits of each visitor
        self.turns: tuple[deque[Lane], deque[Lane]] = (
            deque(),
            deque(),
        )  # of those who are here, and of the others
        self.ends: list[tuple[float, Ticket]] = []  # of stints at work

    def begins(self, at_work: Sequence[AtWork], waiting: Sequence[Ticket]) -> dict[str, float]:
        """When each of `waiting`, in the order of their turns, first gets a place."""
        busy = {one.ticket.lane for one in at_work}
        for ticket in waiting:
            if ticket.lane not in self.lanes and ticket.lane not in busy:
                self._comes(ticket.lane)
            self.lanes.setdefault(ticket.lane, deque()).append(ticket)
        unseen = {ticket.run_id for ticket in waiting}
        begins = dict.fromkeys(unseen, inf)
        for one in at_work:
            self._works(one.ticket, 0.0, one.seconds)
        now = 0.0
        while unseen:
            while self.free > 0 and (lane := self._next()) is not None:
                ticket = self.lanes[lane].popleft()
                if ticket.run_id in unseen:
                    unseen.remove(ticket.run_id)
                    begins[ticket.run_id] = now
                self._works(ticket, now, 0.0)
            if not self.ends or isinf(self.ends[0][0]):
                break
            now, ticket = heapq.heappop(self.ends)
            self._leaves(ticket, now)
        return begins

    def _works(self, ticket: Ticket, start: float, so_far: float) -> None:
        self.free -= 1
        need = self.left.get(ticket.run_id, 0.0)
        of_slice = max(0.0, self.slice_seconds - so_far) if ticket.is_long else inf
        stint = of_slice if of_slice + NEARLY_DONE * self.slice_seconds < need < inf else need
        self.left[ticket.run_id] = need - stint if need < inf else 0.0
        heapq.heappush(self.ends, (start + stint, ticket))

    def _leaves(self, ticket: Ticket, now: float) -> None:
        self.free += 1
        if self.left[ticket.run_id] > 0:
            if not any(self.turns):  # nobody waits: it goes on to its end
                self.free -= 1
                end = now + self.left[ticket.run_id]
                self.left[ticket.run_id] = 0.0
                heapq.heappush(self.ends, (end, ticket))
                return
            self.lanes.setdefault(ticket.lane, deque()).appendleft(ticket)
        if self.lanes.get(ticket.lane):
            self._comes(ticket.lane)

    def _comes(self, lane: Lane) -> None:
        self.turns[lane[0] in self.away].append(lane)

    def _next(self) -> Lane | None:
        return next((turns.popleft() for turns in self.turns if turns), None)


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
def _job(folder: Path, _changed: float, there: int | None) -> Job:
    run = Run(folder)
    recipe = run.recipe
    if there is None:
        is_known = run.dataset in KNOWN or is_own(run.dataset)
        there = dataset_of(run.dataset).count("train") if is_known else USUAL_IMAGES
    return Job(run.spec, recipe.epochs * min(recipe.train_size or there, there), recipe.batch_size)


def job_of(run: Run, images: Mapping[str, int] | None = None) -> Job:
    """What a training has to do. Raises StudentError for one that this server cannot read.

    images: data set -> how many images there are to learn from, of those of which that is known.
    """
    changes = run.folder / "changes.json"
    changed = changes.stat().st_mtime if changes.exists() else 0.0
    return _job(run.folder, changed, (images or {}).get(run.dataset))


def images_here(store: Knows, at_work: Collection[AtWork]) -> dict[str, int]:
    """Of how many images trainings learn on this machine, as those that are at work and those that are done have found.

    Of some data sets a sample alone is here, a tenth of what the catalogue promises.
    """
    images: dict[str, int] = {}
    for one in store.results():
        if one.is_sample:
            images[one.dataset] = max(one.images, images.get(one.dataset, 0))
        else:  # it has come since
            images.pop(one.dataset, None)
    for at in at_work:
        with suppress(StudentError):
            portions = store.run(at.ticket.run_id).learnt_from.portions
            images |= {portion.dataset: portion.count for portion in portions if portion.chosen is None}
    return images


def pace_of_the_machine(
    store: Knows, at_work: Sequence[tuple[Job, Status]], now: float | None = None
) -> float | None:
    """How fast trainings go on this machine now, 1 being our machine; None where nobody knows.

    By those that are at work; where none is measured yet by the last that were done, if there are any of late by these.

    at_work: the trainings that are measured now.
    now:     in seconds since 1970.
    """
    speeds = Speeds(store.path)
    measured = [_pace(job, status) for job, status in at_work]
    paces = [
        pace / speeds.per_pace(job.spec)
        for (job, _), pace in zip(at_work, measured, strict=True)
        if pace is not None
    ]
    if paces:
        return median(paces)
    now, last = time.time() if now is None else now, speeds.last_paces()
    recent = [pace for when, pace in last if now - when < RECENT_SECONDS] or [pace for _, pace in last]
    if recent:
        return median(recent[-FEW:])
    done = [one.images_per_second / speed_of_macs(one.macs) for one in store.results()]
    return median(done) if done else None


def _pace(job: Job, status: Status) -> float | None:
    """Images a second of a training at work, of the last seconds, with everything that takes time in it."""
    steps = status.steps - status.step
    return steps * job.batch / status.eta if status.eta and steps > 0 else None


def seconds_left(speeds: Speeds, pace: float | None, job: Job, status: Status) -> float:
    """How long a training still needs a worker; infinite where nobody knows.

    pace: of the machine.
    """
    aside = speeds.seconds(ASIDE, 0.0)
    if status.state == "running" and status.eta is not None:
        return status.eta + aside
    speed = speeds.of(job.spec) if pace is None else pace * speeds.per_pace(job.spec)
    return inf if speed is None else max(0, job.images - status.step * job.batch) / speed + aside


# ---------------------------------------------------------------- of a store


class Waits:
    """The waits in a store's queue, worked out once a second for all who ask."""

    def __init__(self, store: Knows) -> None:
        self.store = store
        self._pace: float | None = None
        self._known: dict[str, float] = {}
        self._known_of: tuple[object, ...] = ()
        self._known_until = -inf

    def of(self, run_id: str) -> float | None:
        """About how many seconds until a run is started, infinite if nobody knows; 0 at work, else None."""
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
        queue, machine, speeds = self.store.queue(), settings(), Speeds(self.store.path)
        if not queue.waiting:
            return {one.ticket.run_id: 0.0 for one in queue.at_work}
        jobs: dict[str, tuple[Job, Status]] = {}
        images = images_here(self.store, queue.at_work)
        left = {}
        for ticket in [*(one.ticket for one in queue.at_work), *queue.waiting]:
            if not ticket.is_long:
                left[ticket.run_id] = speeds.seconds(ticket.kind, SHORT_SECONDS)
                continue
            with suppress(StudentError, OSError):  # one that is gone takes no time
                run = self.store.run(ticket.run_id)
                jobs[ticket.run_id] = job_of(run, images), run.status
        # Between two runs, before the first has ended, nobody tells the pace for a moment: it is as it was.
        self._pace = pace_of_the_machine(self.store, _measured(queue, jobs)) or self._pace
        left |= {run_id: seconds_left(speeds, self._pace, *job) for run_id, job in jobs.items()}
        note = read_json(self.store.path / "runner.json")
        workers, spares = note.get("workers"), note.get("spares")
        places = Places(
            workers if isinstance(workers, int) else machine.workers,  # a cluster's may come and go
            spares if isinstance(spares, int) else 1,
            machine.slice_seconds or inf,
        )
        return starts(queue, places, left) | {one.ticket.run_id: 0.0 for one in queue.at_work}


def _measured(queue: Queue, jobs: Mapping[str, tuple[Job, Status]]) -> list[tuple[Job, Status]]:
    """Of those at work the ones whose pace is known."""
    ids = [one.ticket.run_id for one in queue.at_work if one.seconds > PACE_IS_KNOWN_AFTER]
    return [jobs[run_id] for run_id in ids if run_id in jobs]


def remember(store: Knows, run: Run, images_per_second: float) -> None:
    """Keep how fast a training was that has just ended. Raises OSError."""
    others = {}
    queue = store.queue()
    images = images_here(store, queue.at_work)
    for one in queue.at_work:
        with suppress(StudentError, OSError):
            other = store.run(one.ticket.run_id)
            if one.ticket.is_long and other.id != run.id:
                others[other.id] = job_of(other, images), other.status
    pace = pace_of_the_machine(store, _measured(queue, others))
    Speeds(store.path).remember_pace(run.spec, images_per_second, pace)
