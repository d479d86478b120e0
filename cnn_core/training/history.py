"""How a training went, as curves that a chart can draw: of a run, and of the networks that come with Convscope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Curve:
    """One measurement, again and again, in the order of training: four equally long lists, one number a point.

    Whoever gets one reads it and changes nothing: readers share it.
    """

    step: Sequence[int] = field(default_factory=list)  # optimizer steps done
    epoch: Sequence[float] = field(default_factory=list)  # times through the images; 2.5: half of the third
    loss: Sequence[float] = field(default_factory=list)  # mean cross-entropy in nats
    accuracy: Sequence[float] = field(default_factory=list)  # fraction

    def __len__(self) -> int:
        """How many points it has."""
        return len(self.step)

    def change_in_last_epoch(self) -> float | None:
        """What the last epoch brought in accuracy, as a fraction; None before there has been more than one.

        >>> Curve([10, 20, 30], [1.0, 2.0, 3.0], [0.5, 0.4, 0.3], [0.75, 0.875, 0.9375]).change_in_last_epoch()
        0.0625
        """
        if not len(self):
            return None
        start = self.epoch[-1] - 1
        before = [
            accuracy for epoch, accuracy in zip(self.epoch, self.accuracy, strict=True) if epoch <= start
        ]
        return self.accuracy[-1] - before[-1] if before else None


@dataclass(frozen=True)
class History:
    """All that is known of how a network learnt; empty curves where nothing was kept.

    train:          measured on the batches that were being learnt.
    validation:     measured on images it never learnt from.
    learning_rates: one for each point of `train`; empty where they were not kept.
    measured:       of training images that were read as the validation images are; empty where nobody did.
    """

    train: Curve = field(default_factory=Curve)
    validation: Curve = field(default_factory=Curve)
    learning_rates: Sequence[float] = field(default_factory=list)
    measured: Curve = field(default_factory=Curve)
