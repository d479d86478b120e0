"""What a training reports: small facts in the order they happened.

No torch; all but a snapshot's weights fit in JSON. Units: `step` counts optimizer steps done, from 1. `epoch` counts
times through the images, as a float: 2.5 is the middle of the third. Accuracy is a fraction, loss is mean
cross-entropy in nats, time is seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from cnn_core.training.spec import checked_learning_rate

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class EventBase:
    """What every event says: of which kind it is, and when it happened."""

    kind: ClassVar[str]
    step: int
    epoch: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with "kind"; a snapshot's `state` is left out."""
        return {"kind": self.kind} | {
            f.name: getattr(self, f.name) for f in fields(self) if f.name != "state"
        }


@dataclass(frozen=True)
class BatchDone(EventBase):
    """One optimizer step. Loss (cross-entropy, labels not smoothed) and accuracy are of this batch, before the step."""

    kind: ClassVar[str] = "batch"
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float  # lately, without the time the listener took


@dataclass(frozen=True)
class Validated(EventBase):
    """How the network does on the `count` validation images: always all of them.

    The other three are of training images that are read just so: by the same weights, unchanged, with their true
    labels, nothing learning meanwhile. None where that was not measured.
    """

    kind: ClassVar[str] = "validated"
    loss: float
    accuracy: float
    count: int
    training_loss: float | None = None
    training_accuracy: float | None = None
    training_count: int | None = None


@dataclass(frozen=True)
class SnapshotDue(EventBase):
    """A good moment to save the weights. With `state` beside them, training goes on from here bit for bit.

    reason: "scheduled" (steps 0, 1, 2, 4, 8, ...), "epoch" (the end of one), "final", or "asked" (by a Control).
    state:  what `train` needs beside the weights; never part of the JSON.
    """

    kind: ClassVar[str] = "snapshot"
    reason: str
    state: TrainState | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Finished(EventBase):
    """The last event. `seconds` were spent training: no pauses, no listening, resumptions added up."""

    kind: ClassVar[str] = "finished"
    seconds: float


Event = BatchDone | Validated | SnapshotDue | Finished


@dataclass(frozen=True)
class Control:
    """What a listener may ask for in mid-run. (To stop, stop asking for events.)

    learning_rate: from now on; None leaves it. With one_cycle it is the new highest value.
    snapshot:      report the present state, right after this step, as a SnapshotDue with the reason "asked".
    """

    learning_rate: float | None = None
    snapshot: bool = False

    def __post_init__(self) -> None:
        if self.learning_rate is not None:
            object.__setattr__(self, "learning_rate", checked_learning_rate(self.learning_rate))


@dataclass(frozen=True)
class BestSoFar:
    """The best epoch of a training with patience, as `early_stopping` remembers it.

    value:   of what the recipe's monitor says: accuracy on the validation images, a fraction, or loss.
    waited:  epochs since, none of them better.
    weights: as a network's `state_dict` names them, on the CPU.
    """

    value: float
    waited: int
    weights: dict[str, Tensor] = field(compare=False, repr=False)


@dataclass(frozen=True)
class TrainState:
    """What a training needs, besides the weights, to go on as if nothing had happened.

    step:          optimizer steps done.
    seconds:       spent on them.
    learning_rate: set in mid-run by a `Control`; None is the recipe's.
    optimizer:     {"conv2d_1.conv.weight/mean_square": tensor on the CPU}.
    best:          the best epoch, where the recipe has patience.
    Random state is not in it: chance is derived from the seed and the step.
    """

    step: int = 0
    seconds: float = 0.0
    learning_rate: float | None = None
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    best: BestSoFar | None = None
