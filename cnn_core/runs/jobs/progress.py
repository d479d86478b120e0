"""How far a training is and how fast, for the run's `status.json`."""

from __future__ import annotations

import math
import os
import time
from collections import deque

from cnn_core.runs.run import Run
from cnn_core.runs.status import Status, write_status
from cnn_core.training.events import BatchDone, Finished

STATUS_SECONDS = 0.5  # between two writings of where it stands
PACE_SECONDS = (
    1.0  # from the first step on, before a time to go is told: 18 minutes would be said of one of 30 s
)
PACE_WRITINGS = 30  # of the status, the last: from them the time to go is estimated


class Progress:
    """Where a training stands, and when that was last written down.

    run: in whose folder.
    epochs, steps_per_epoch: how far it is to go.
    step: how many steps are done before it goes on here.
    seconds: spent before it goes on here.
    reason: a sentence for the run's owner, said while it runs; may be empty.
    """

    def __init__(
        self, run: Run, epochs: int, steps_per_epoch: int, step: int, seconds: float, reason: str
    ) -> None:
        self.run, self.reason = run, reason
        self.epochs, self.steps = epochs, steps_per_epoch * epochs
        self.step, self.epoch = step, step / steps_per_epoch
        self.first_step = step + 1
        self.learning_rate, self.images_per_second = run.recipe.learning_rate, 0.0
        self.seconds_before, self.began = seconds, time.monotonic()
        self.saved_step, self.saved_epoch = self.step, self.epoch
        self.last_writing = -math.inf
        self.pace: deque[tuple[float, int]] = deque(maxlen=PACE_WRITINGS)  # (when, step) of the last writings

    @property
    def seconds(self) -> float:
        """Spent training, by all workers together."""
        return self.seconds_before + time.monotonic() - self.began

    def batch(self, event: BatchDone) -> None:
        """Take note of a batch, and write the status where it is time. Raises OSError."""
        self.step, self.epoch = event.step, event.epoch
        self.learning_rate, self.images_per_second = event.learning_rate, event.images_per_second
        is_first = event.step == self.first_step
        if is_first:
            self.pace.clear()  # it took much that no other step takes
        self.write(at_once=is_first)

    def finished(self, event: Finished) -> None:
        """Take note of the end; the training itself has counted its seconds best."""
        self.step, self.epoch = event.step, event.epoch
        self.seconds_before, self.began = event.seconds, time.monotonic()

    def write(self, at_once: bool = False, reason: str | None = None) -> None:
        """Write the status; at most twice a second, unless `at_once`.

        reason: a sentence instead of the usual one.
        Raises OSError.
        """
        now = time.monotonic()
        if not at_once and now - self.last_writing < STATUS_SECONDS:
            return
        self.last_writing = now
        self.pace.append((now, self.step))
        status = Status(
            state="running",
            reason=self.reason if reason is None else reason,
            step=self.step,
            steps=self.steps,
            epoch=self.epoch,
            epochs=self.epochs,
            seconds=self.seconds,
            images_per_second=self.images_per_second,
            learning_rate=self.learning_rate,
            eta=self._seconds_to_go(),
            heartbeat=time.time(),
            saved_step=self.saved_step,
            saved_epoch=self.saved_epoch,
            pid=os.getpid(),
        )
        write_status(self.run.folder, status)

    def _seconds_to_go(self) -> float | None:
        """By the pace of the last few seconds, with everything that takes time in it; None in the first of them."""
        (then, first), (now, last) = self.pace[0], self.pace[-1]
        if last == first or now - then < PACE_SECONDS:
            return None
        return (self.steps - last) * (now - then) / (last - first)
