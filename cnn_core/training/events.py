"""What a training tells: small facts in the order they happened. No torch; all but a snapshot's weights fit
in JSON.

Units: `step` counts optimizer steps done, from 1. `epoch` counts times through the images, as a float: 2.5 is
the middle of the third. Accuracy is a fraction, loss is mean cross-entropy in nats, time is seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, ClassVar

from cnn_core.training.spec import checked_learning_rate

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class _Told:
    kind: ClassVar[str]
    step: int
    epoch: float

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, with "kind"; a snapshot's `state` is left out."""
        told = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "state"}
        return {"kind": self.kind} | told


@dataclass(frozen=True)
class BatchDone(_Told):
    """One optimizer step. Loss (cross-entropy, labels not smoothed) and accuracy are of this batch, before the step."""

    kind: ClassVar[str] = "batch"
    loss: float
    accuracy: float
    learning_rate: float
    images_per_second: float  # lately, without the time the listener took


@dataclass(frozen=True)
class Validated(_Told):
    """How the network does on the `count` images kept from it: always all of them."""

    kind: ClassVar[str] = "validated"
    loss: float
    accuracy: float
    count: int


@dataclass(frozen=True)
class SnapshotDue(_Told):
    """A good moment to keep the weights. With `state` beside them, training goes on from here bit for bit.

    reason: "scheduled" (steps 0, 1, 2, 4, 8, ...), "epoch" (the end of one), "final", or "asked" (by a
    Control). state:  None once the event has been through JSON.
    """

    kind: ClassVar[str] = "snapshot"
    reason: str
    state: TrainState | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Finished(_Told):
    """The last event. `seconds` were spent training: no pauses, no listening, resumptions added up."""

    kind: ClassVar[str] = "finished"
    seconds: float


Event = BatchDone | Validated | SnapshotDue | Finished
_KINDS: dict[str, type[Event]] = {
    event.kind: event for event in (BatchDone, Validated, SnapshotDue, Finished)
}


def event_from_dict(values: Mapping[str, Any]) -> Event:
    """The inverse of `to_dict`. Raises ValueError for anything else, such as a newer version's line."""
    told = dict(values)
    try:
        return _KINDS[told.pop("kind")](**told)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an event: {str(values)[:100]}") from error


@dataclass(frozen=True)
class Control:
    """What a listener may ask for in mid-run. (To stop, stop asking for events.)

    learning_rate: from now on; None leaves it. With one_cycle it is the new highest value.
    snapshot:      tell the present state, right after this step, as a SnapshotDue with the reason "asked".
    """

    learning_rate: float | None = None
    snapshot: bool = False

    def __post_init__(self) -> None:
        if self.learning_rate is not None:
            object.__setattr__(self, "learning_rate", checked_learning_rate(self.learning_rate))


@dataclass(frozen=True)
class TrainState:
    """What a training needs, besides the weights, to go on as if nothing had happened.

    Random state is not in it: chance is derived from the seed and the step.
    """

    step: int = 0  # optimizer steps done
    seconds: float = 0.0  # spent on them
    learning_rate: float | None = None  # set in mid-run by `control`; None is the recipe's
    optimizer: dict[str, Tensor] = field(
        default_factory=dict
    )  # "conv2d_1.conv.weight/mean_square" -> tensor, CPU
