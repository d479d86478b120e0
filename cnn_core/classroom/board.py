"""The board of a class: every training that its members started while they were in it, in numbers.

All of it is read from the runs' own files, which workers write: nothing that a browser says counts. A `Board` remembers
what it read, and reads a run again when its files have changed.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

from cnn_core.classroom.classes import Classes
from cnn_core.classroom.record import Classroom, Member
from cnn_core.errors import StudentError
from cnn_core.model import summarize
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.of_owner import runs_of_owner
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.significance import wilson_interval

MOST_OF_ONE = 30  # runs of one member that are looked at, the newest
POINTS = 24  # of a small curve
REMEMBERED = 2_000  # rows, of all classes together


@dataclass(frozen=True)
class Exam:
    """What an accuracy is a share of.

    dataset:   whose test images.
    count:     how many of them.
    is_sample: whether they are of a part that stands in for the whole data set.
    """

    dataset: str
    count: int
    is_sample: bool


@dataclass(frozen=True)
class Row:
    """One run of a member. Accuracies are fractions, times in seconds.

    created, ended: since 1970; `ended` is 0 while it goes on.
    parameters: as Keras counts them.  macs: multiply-adds for one image.
    images:     how many it learns from; None before it begins, and where that cannot be known.
    seconds:    of training so far, as they passed on this server.
    share:      of the training that is done.
    so_far:     the newest accuracy on images kept aside; None before the first, and once it is tested.
    curve:      accuracies on the way, at most POINTS, evenly spaced: of images kept aside, or before there are two of
                those, of the images being learnt.
    accuracy:   of the test images, once it has finished; None before that.
    exam:       what that is a share of.
    seen:       how many of those it had learnt from; then it is no test.
    is_known:   whether all images it learnt from are known.
    """

    member: Member
    run_id: str
    name: str
    state: str
    created: float
    ended: float
    spec: ModelSpec
    dataset: str
    parameters: int
    macs: int
    images: int | None
    seconds: float
    share: float
    so_far: float | None
    curve: tuple[float, ...]
    accuracy: float | None = None
    exam: Exam | None = None
    seen: int = 0
    is_known: bool = True

    @property
    def goes_on(self) -> bool:
        """Whether it waits, trains or may go on."""
        return self.state in ("queued", "running", "paused", "interrupted")

    @property
    def is_test(self) -> bool:
        """Whether its accuracy is one on images that it certainly had not learnt from."""
        return self.accuracy is not None and self.exam is not None and self.seen == 0 and self.is_known

    @property
    def interval(self) -> tuple[float, float] | None:
        """Where the accuracy on endlessly many such images lies, with 95 % confidence; None before it is tested."""
        if self.accuracy is None or self.exam is None:
            return None
        return wilson_interval(self.accuracy, self.exam.count)


def runs_of(classes: Classes, store: RunStore, classroom: Classroom) -> list[tuple[Member, Run]]:
    """The trainings that members started while they were in the class, newest first: the runs of the class.

    A network that was opened from a file is none, for nobody knows how it was made; nor is one that was started before
    its owner joined, or after the class ended.
    """
    return _runs(store, classroom, classes.members(classroom))


def _runs(store: RunStore, classroom: Classroom, members: Sequence[Member]) -> list[tuple[Member, Run]]:
    found = [
        (member, run)
        for member in members
        for run in runs_of_owner(store, member.owner, MOST_OF_ONE)
        if run.kind == "training" and not run.is_opened and member.joined <= run.created < classroom.ends
    ]
    return sorted(found, key=lambda pair: (-pair[1].created, pair[1].id))


class Board:
    """The rows of the board of any class. One for a server: all who look share what was read."""

    def __init__(self, classes: Classes, store: RunStore) -> None:
        self._classes, self._store = classes, store
        self._rows: OrderedDict[tuple[str, str], tuple[object, Row | None]] = OrderedDict()
        self._read_classes: dict[str, tuple[int, Classroom, tuple[Member, ...]]] = {}
        self._lock = threading.Lock()

    def stamp(self, class_id: str) -> Hashable:
        """Another value whenever the class or one of its runs has changed; some stats for each run, and no reading."""
        found = self._class(class_id)
        if found is None:
            return None
        marks = tuple((run.id, _version(run)) for _, run in _runs(self._store, *found))
        return self._classes.stamp(class_id), hash(marks)

    def rows(self, class_id: str, at: float | None = None) -> tuple[Row, ...]:
        """The runs of the class, newest first; of a run that nobody can read, none.

        at: as it stood then, in seconds since 1970, as far as that can be known now: what was started later is not
            there, and what ended later is still in training.
        """
        found = self._class(class_id)
        if found is None:
            return ()
        rows = (self._row(member, run) for member, run in _runs(self._store, *found))
        readable = (row for row in rows if row is not None)
        return (
            tuple(readable) if at is None else tuple(as_of(row, at) for row in readable if row.created <= at)
        )

    def _class(self, class_id: str) -> tuple[Classroom, tuple[Member, ...]] | None:
        """The class and its members, read again when either changed."""
        stamp = self._classes.stamp(class_id)
        kept = self._read_classes.get(class_id)
        if kept is None or kept[0] != stamp:
            classroom = self._classes.classroom(class_id)
            if classroom is None:
                self._read_classes.pop(class_id, None)
                return None
            kept = self._read_classes[class_id] = stamp, classroom, self._classes.members(classroom)
        return kept[1:]

    def _row(self, member: Member, run: Run) -> Row | None:
        key, version = (run.id, member.id), (_version(run), member.name)
        with self._lock:
            kept = self._rows.pop(key, None)
        if kept is None or kept[0] != version:
            kept = (version, _read(member, run.at_once()))
        with self._lock:
            self._rows[key] = kept
            while len(self._rows) > REMEMBERED:
                self._rows.popitem(last=False)
        return kept[1]


def as_of(row: Row, at: float) -> Row:
    """A row as it stood then: what had not ended was in training, and how far it was nobody knows any more."""
    if row.goes_on or row.ended <= at:
        return row
    return replace(row, state="running", ended=0.0, accuracy=None, exam=None, curve=(), so_far=None)


def _version(run: Run) -> tuple[int, ...]:
    """Another value whenever what a row is made of may be another: cheap."""
    marks = []
    # A file that is replaced changes the time of its folder; where a disk is full, the status is written over.
    for path in (run.folder, run.folder / "status.json"):
        try:
            marks.append(os.stat(path).st_mtime_ns)
        except OSError:
            marks.append(0)
    return tuple(marks)


def _read(member: Member, run: Run) -> Row | None:
    try:
        spec = run.spec
        summary = summarize(spec)
    except StudentError:
        return None
    status, learnt_from, history = run.status, run.learnt_from, run.history()
    result = (status.result or {}) if status.state == "finished" else {}
    accuracy, count = result.get("accuracy"), int(result.get("count", 0))
    is_tested = accuracy is not None and count > 0
    validation = history.validation.accuracy
    so_far = validation[-1] if len(validation) and not is_tested else None
    return Row(
        member=member,
        run_id=run.id,
        name=run.name,
        state=status.state,
        created=run.created,
        ended=status.ended,
        spec=spec,
        dataset=run.dataset,
        parameters=sum(row.parameters for row in summary),
        macs=sum(row.macs for row in summary),
        images=learnt_from.count if learnt_from.is_known and learnt_from.portions else None,
        seconds=status.seconds,
        share=min(1.0, status.step / status.steps) if status.steps else 0.0,
        so_far=so_far,
        curve=thinned(validation if len(validation) > 1 else history.train.accuracy),
        accuracy=float(accuracy) if is_tested and accuracy is not None else None,
        exam=Exam(run.dataset, count, result.get("is_sample") is True) if is_tested else None,
        seen=int(result.get("seen", 0)),
        is_known=learnt_from.is_known,
    )


def thinned(values: Sequence[float], most: int = POINTS) -> tuple[float, ...]:
    """At most so many of them, evenly spaced, the first and the last among them.

    >>> thinned([1, 2, 3, 4, 5], most=3)
    (1.0, 3.0, 5.0)
    """
    if len(values) <= most:
        return tuple(map(float, values))
    return tuple(float(values[round(place * (len(values) - 1) / (most - 1))]) for place in range(most))
