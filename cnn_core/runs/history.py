"""A run's curves, read from its events as they are appended: each byte once, at most 400 points a curve.

The file is read while a worker writes it, so the last line may be torn (it is left for the next reading), and
another process writes it, so a line that makes no sense is passed over. However long it is, a piece at a time is in
memory, and of its rows no more than a chart could show.
"""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from cnn_core.runs.files import opened
from cnn_core.training.events import BatchDone, Validated
from cnn_core.training.history import Curve, History

POINTS = 400  # of a curve; a chart is not wider
REMEMBERED = 64  # runs whose curves stay in memory, and
REMEMBERED_ROWS = 200_000  # of all of them together: some 50 MB
MOST_ROWS = 16_384  # of one curve; beyond it neighbours are averaged. A training of the lesson writes 500
PIECE = 1_000_000  # bytes that are read at once; a longer line is no event of ours
LARGEST = 1e39  # no number of a training in single precision is larger


def event_lines(content: bytes) -> list[dict[str, Any]]:
    """The events in some whole lines; whatever is not an event is passed over."""
    events = []
    for line in content.split(b"\n"):
        if line:
            try:
                event = orjson.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict):
                events.append(event)
    return events


def pieces(file: BinaryIO, end: int) -> Iterator[bytes]:
    """Whole lines of a file from where it stands, a piece at a time; of a torn last line nothing.

    end: how far it is read, in bytes.
    The file stands behind the last whole line afterwards.
    """
    offset = file.tell()
    while offset < end:
        content = file.read(min(PIECE, end - offset))
        whole = content.rfind(b"\n") + 1
        if not whole and len(content) < PIECE:
            break
        yield content[:whole]
        offset += whole or len(content)  # what has no line break for so long is passed over
        file.seek(offset)
    file.seek(offset)


def events_of(path: Path) -> Iterator[dict[str, Any]]:
    """The events in a file, one after the other; none where it cannot be read."""
    try:
        with opened(path) as file:
            for lines in pieces(file, os.fstat(file.fileno()).st_size):
                yield from event_lines(lines)
    except OSError:
        return


class _Rows:
    """Rows of (step, epoch, loss, accuracy, learning rate), in the end each of `group` neighbours: see MOST_ROWS.

    Of neighbours the sums are kept, and how many they are, so that the curve is that of all rows.
    """

    def __init__(self) -> None:
        self.rows: list[tuple[float, ...]] = []
        self.counts: list[int] = []  # how many neighbours each row is the sum of
        self.group = 1
        self.count = 0  # ever added

    def add(self, row: tuple[float, ...]) -> None:
        self.count += 1
        if self.counts and self.counts[-1] < self.group:
            self.rows[-1] = _sum([self.rows[-1], row])
            self.counts[-1] += 1
            return
        if len(self.rows) >= MOST_ROWS:
            pairs = range(0, len(self.rows), 2)
            self.rows = [_sum(self.rows[start : start + 2]) for start in pairs]
            self.counts = [sum(self.counts[start : start + 2]) for start in pairs]
            self.group *= 2
        self.rows.append(row)
        self.counts.append(1)

    def thinned(self) -> list[tuple[float, ...]]:
        """At most POINTS rows of means: see `thinned`."""
        return thinned(self.rows, counts=self.counts)


class _Reading:
    """One events file as far as it has been read."""

    def __init__(self) -> None:
        self.file: tuple[int, int] = (0, 0)
        self.offset = 0
        self._forget()
        self.lock = threading.Lock()
        self.made: tuple[int, int, History] = (-1, -1, History())

    def _forget(self) -> None:
        self.train, self.validation = _Rows(), _Rows()
        self.measured = _Rows()  # training images, read as the validation images are

    @property
    def size(self) -> int:
        """How many rows it keeps in memory."""
        return sum(len(one.rows) for one in (self.train, self.validation, self.measured))

    def history(self, path: Path) -> History:
        with self.lock:
            try:
                self._read_on(path)
            except OSError:
                return History()
            # Two pages that show one run share the figures: nobody changes a History.
            counts = self.train.count, self.validation.count
            if self.made[:2] != counts:
                train, validation = self.train.thinned(), self.validation.thinned()
                rates, measured = [row[4] for row in train], self.measured.thinned()
                self.made = (*counts, History(_curve(train), _curve(validation), rates, _curve(measured)))
            return self.made[2]

    def _read_on(self, path: Path) -> None:
        with opened(path) as file:
            status = os.fstat(file.fileno())
            # A repaired file is a new one (another inode): what we know of the old one is void.
            if self.file != (status.st_dev, status.st_ino) or status.st_size < self.offset:
                self.file, self.offset = (status.st_dev, status.st_ino), 0
                self._forget()
            file.seek(self.offset)
            for lines in pieces(file, status.st_size):
                for event in event_lines(lines):
                    self._hear(event)
            self.offset = file.tell()

    def _hear(self, event: dict[str, Any]) -> None:
        rows = {BatchDone.kind: self.train, Validated.kind: self.validation}.get(str(event.get("kind")))
        row: list[Any] = [event.get(name) for name in ("step", "epoch", "loss", "accuracy")]
        row.append(event.get("learning_rate", 0.0))  # a validation has none
        if rows is not None and all(_is_number(value) for value in row):
            rows.add(tuple(row))
        if rows is self.validation:
            row[2:4] = event.get("training_loss"), event.get("training_accuracy")
            if all(_is_number(value) for value in row):
                self.measured.add(tuple(row))


_readings: OrderedDict[Path, _Reading] = OrderedDict()
_readings_lock = threading.Lock()


def read_history(path: Path) -> History:
    """The curves in an events file; empty ones where there is none. Safe to call from many threads."""
    with _readings_lock:
        reading = _readings.pop(path, None) or _Reading()
        _readings[path] = reading
        rows = sum(one.size for one in _readings.values())
        while len(_readings) > REMEMBERED or (rows > REMEMBERED_ROWS and len(_readings) > 1):
            rows -= _readings.popitem(last=False)[1].size
    return reading.history(path)


def thinned(
    rows: list[tuple[float, ...]], points: int = POINTS, counts: list[int] | None = None
) -> list[tuple[float, ...]]:
    """At most `points` rows: neighbours averaged by 1, 2, 4, 8, ...; step and epoch are a group's last.

    A power of two, so that the curve on the screen does not tremble while it grows: groups only ever merge.

    counts: how many neighbours each row is the sum of already; None is one each.
    """
    size = 1
    while math.ceil(len(rows) / size) > points:
        size *= 2
    if size == 1 and (counts is None or all(count == 1 for count in counts)):
        return rows
    thin = []
    for start in range(0, len(rows), size):
        group = rows[start : start + size]
        count = len(group) if counts is None else sum(counts[start : start + size])
        step, epoch, *sums = _sum(group)
        thin.append((step, epoch, *(value / count for value in sums)))
    return thin


def _sum(group: list[tuple[float, ...]]) -> tuple[float, ...]:
    """The last step and epoch of a group, and the sums of the rest."""
    columns = list(zip(*group, strict=True))
    return (columns[0][-1], columns[1][-1], *(sum(column) for column in columns[2:]))


def _curve(rows: list[tuple[float, ...]]) -> Curve:
    if not rows:
        return Curve()
    step, epoch, loss, accuracy = (list(column) for column in list(zip(*rows, strict=True))[:4])
    return Curve([int(value) for value in step], epoch, loss, accuracy)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
