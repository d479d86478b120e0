"""What a training tells, appended to the run's `events.jsonl`: one event a line, batches averaged into fewer lines."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson

from cnn_core.runs.files import write_whole
from cnn_core.runs.history import events_of
from cnn_core.training.events import BatchDone, Finished, Validated


class EventRecorder:
    """Writes a training's events to a file, which it holds open until `close`.

    path: the file; what stands there already stays.
    steps_per_epoch: how many batches make an epoch.
    """

    def __init__(self, path: Path, steps_per_epoch: int) -> None:
        self.steps_per_epoch = steps_per_epoch
        self.batches: list[BatchDone] = []  # not written yet
        self.file = open(path, "ab", buffering=0)  # noqa: SIM115  one write, one line

    def close(self) -> None:
        """Close the file. Batches not written yet are forgotten: whoever goes on from the snapshot meets them again."""
        self.file.close()

    def batch(self, event: BatchDone) -> None:
        """Take note of a batch, and write a line where enough have come together. Raises OSError."""
        self.batches.append(event)
        if len(self.batches) >= batches_a_line(event.step, self.steps_per_epoch):
            self.flush()

    def flush(self) -> None:
        """One line for the batches since the last one, by their means. Raises OSError."""
        if not self.batches:
            return
        last, count = self.batches[-1], len(self.batches)
        mean = replace(
            last,
            loss=round(sum(event.loss for event in self.batches) / count, 6),
            accuracy=round(sum(event.accuracy for event in self.batches) / count, 6),
            images_per_second=round(last.images_per_second, 1),
        )
        self.batches.clear()
        self._write(mean)

    def write(self, event: Validated | Finished) -> None:
        """A line of its own, after those of the batches before it. Raises OSError."""
        self.flush()
        self._write(event)

    def _write(self, event: BatchDone | Validated | Finished) -> None:
        self.file.write(orjson.dumps(event.to_dict()) + b"\n")


def batches_a_line(step: int, per_epoch: int) -> int:
    """How many batches are averaged into one line: fine at the start, where much happens, coarser later."""
    if step <= 10:
        return 1
    return 10 if step <= per_epoch else 25


def cut_events(path: Path, step: int) -> None:
    """Keep only whole lines of events up to `step`, so that what is trained again has no two lines.

    That it was finished goes too: a run whose end was told, and cut off before it was kept, ends once more.

    The file is replaced, not shortened: a reader notices, and reads it anew; what was synced stays so. Raises OSError.
    """
    if not path.exists():
        return
    kept = (
        orjson.dumps(event) + b"\n"
        for event in events_of(path)
        if isinstance(event.get("step"), int) and event["step"] <= step and event.get("kind") != "finished"
    )
    write_whole(path, b"".join(kept), durable=True)
