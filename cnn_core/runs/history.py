"""A run's curves, read from its events as they are appended: each byte once, at most 400 points a curve.

The file is read while a worker writes it, so the last line may be torn (it is left for the next reading), and
another process writes it, so a line that makes no sense is passed over.
"""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Any

import orjson

from cnn_core.runs.files import opened
from cnn_core.training.events import BatchDone, Validated
from cnn_core.training.history import Curve, History

POINTS = 400  # of a curve; a chart is not wider
REMEMBERED = 64  # runs whose curves stay in memory


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


class _Reading:
    """One events file as far as it has been read: rows of (step, epoch, loss, accuracy, learning rate)."""

    def __init__(self) -> None:
        self.file: tuple[int, int] = (0, 0)
        self.offset = 0
        self.train: list[tuple[float, ...]] = []
        self.validation: list[tuple[float, ...]] = []
        self.measured: list[tuple[float, ...]] = []  # training images, read as the validation images are
        self.lock = threading.Lock()
        self.made: tuple[int, int, History] = (-1, -1, History())

    def history(self, path: Path) -> History:
        with self.lock:
            try:
                self._read_on(path)
            except OSError:
                return History()
            # Two pages that show one run share the figures: nobody changes a History.
            if self.made[:2] != (len(self.train), len(self.validation)):
                train, validation = thinned(self.train), thinned(self.validation)
                rates = [row[4] for row in train]
                self.made = (
                    len(self.train),
                    len(self.validation),
                    History(_curve(train), _curve(validation), rates, _curve(thinned(self.measured))),
                )
            return self.made[2]

    def _read_on(self, path: Path) -> None:
        with opened(path) as file:
            status = os.fstat(file.fileno())
            # A repaired file is a new one (another inode): what we know of the old one is void.
            if self.file != (status.st_dev, status.st_ino) or status.st_size < self.offset:
                self.file, self.offset = (status.st_dev, status.st_ino), 0
                self.train, self.validation, self.measured = [], [], []
            file.seek(self.offset)
            content = file.read(status.st_size - self.offset)
        whole = content.rfind(b"\n") + 1
        self.offset += whole
        for event in event_lines(content[:whole]):
            rows = {BatchDone.kind: self.train, Validated.kind: self.validation}.get(str(event.get("kind")))
            row: list[Any] = [event.get(name) for name in ("step", "epoch", "loss", "accuracy")]
            row.append(event.get("learning_rate", 0.0))  # a validation has none
            if rows is not None and all(_is_number(value) for value in row):
                rows.append(tuple(row))
            if rows is self.validation:
                row[2:4] = event.get("training_loss"), event.get("training_accuracy")
                if all(_is_number(value) for value in row):
                    self.measured.append(tuple(row))


_readings: OrderedDict[Path, _Reading] = OrderedDict()
_readings_lock = threading.Lock()


def read_history(path: Path) -> History:
    """The curves in an events file; empty ones where there is none. Safe to call from many threads."""
    with _readings_lock:
        reading = _readings.pop(path, None) or _Reading()
        _readings[path] = reading
        while len(_readings) > REMEMBERED:
            _readings.popitem(last=False)
    return reading.history(path)


def thinned(rows: list[tuple[float, ...]], points: int = POINTS) -> list[tuple[float, ...]]:
    """At most `points` rows: neighbours averaged by 1, 2, 4, 8, ...; step and epoch are a group's last.

    A power of two, so that the curve on the screen does not tremble while it grows: groups only ever merge.
    """
    size = 1
    while math.ceil(len(rows) / size) > points:
        size *= 2
    if size == 1:
        return rows
    return [_mean(rows[start : start + size]) for start in range(0, len(rows), size)]


def _mean(group: list[tuple[float, ...]]) -> tuple[float, ...]:
    columns = list(zip(*group, strict=True))
    return (columns[0][-1], columns[1][-1], *(sum(column) / len(group) for column in columns[2:]))


def _curve(rows: list[tuple[float, ...]]) -> Curve:
    if not rows:
        return Curve()
    step, epoch, loss, accuracy = (list(column) for column in list(zip(*rows, strict=True))[:4])
    return Curve([int(value) for value in step], epoch, loss, accuracy)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
