"""When things happen in a training: steps of an epoch, validations, snapshots, learning rates. No torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from cnn_core.training.spec import TrainSpec

WARM_UP = 0.25  # of one_cycle: the part in which the rate rises


@dataclass(frozen=True)
class Timetable:
    """When things happen in one training.

    per_epoch:      optimizer steps in an epoch.
    total:          optimizer steps in all.
    schedule:       of the learning rate: "constant" or "one_cycle".
    validate_after: the steps after which to measure on the validation images.
    """

    per_epoch: int
    total: int
    schedule: str
    validate_after: frozenset[int]

    @classmethod
    def of(cls, spec: TrainSpec, images: int, validation_images: int) -> Timetable:
        """The timetable of a recipe for so many images to learn from, and so many (0 for none) to validate on."""
        per_epoch = steps_per_epoch(images, spec.batch_size)
        measured = validation_steps(spec.epochs, images, validation_images, per_epoch)
        return cls(
            per_epoch,
            per_epoch * spec.epochs,
            spec.schedule,
            measured if validation_images else frozenset(),
        )

    def epoch(self, step: int) -> float:
        """Times through the images after `step` steps."""
        return step / self.per_epoch

    def snapshot_reason(self, step: int) -> str | None:
        """`snapshot_reason` in this training."""
        return snapshot_reason(step, self.per_epoch, self.total)

    def learning_rate(self, step: int, peak: float) -> float:
        """The rate of step number `step`, from 1; `peak` is the recipe's, or what was chosen in mid-run."""
        return learning_rate_at(step, self.total, peak, self.schedule)


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Optimizer steps that go through so many images once."""
    return math.ceil(images / batch_size)


def snapshot_reason(step: int, per_epoch: int, total: int) -> str | None:
    """Why to save the weights after `step`, or None: at 0, 1, 2, 4, ..., after each epoch, and at the end."""
    if step == total:
        return "final"
    if step and step % per_epoch == 0:
        return "epoch"
    return "scheduled" if step & (step - 1) == 0 else None  # a power of two has one bit; 0 has none


def validation_steps(epochs: int, images: int, validation_images: int, per_epoch: int) -> frozenset[int]:
    """After which steps to measure on the validation images.

    Always at the end of an epoch. Within epochs, at steps 25, 50, 100, 200, 400 and then every half epoch, as
    long as all of it costs less than about a tenth of the time: looking at an image takes a quarter of
    learning from it. When that is too much, the late halves go first, then the early steps.
    """
    ends = [per_epoch * (epoch + 1) for epoch in range(epochs)]
    early = [step for step in (100, 50, 200, 400, 25) if step < per_epoch]
    halves = [end - per_epoch // 2 for end in ends[1:]] if per_epoch > 1 else []
    affordable = int(0.1 * epochs * images / (0.25 * max(1, validation_images)))
    return frozenset(ends + (early + halves)[: max(0, affordable - len(ends))])


def learning_rate_at(step: int, total: int, peak: float, schedule: str) -> float:
    """The learning rate of step number `step`, from 1 to `total`.

    one_cycle rises in a straight line for the first quarter, from a 25th of the peak, and falls along half a
    cosine to nearly 0: a gentle start, bold in the middle, careful at the end. After Smith and Topin 2018.
    """
    if schedule == "constant":
        return peak
    done = (step - 0.5) / total  # the middle of the step, so that neither end is at exactly 0
    if done < WARM_UP:
        return peak * (0.04 + 0.96 * done / WARM_UP)
    return peak * 0.5 * (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP)))
