"""Where a run stands: `status.json` in its folder, written by whoever holds the run's ticket, read by everybody."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_core.runs.files import read_json, write_json

if TYPE_CHECKING:
    from cnn_core.data import ImageSet, ImagesLearntFrom
    from cnn_core.training import Evaluation

STATES = ("queued", "running", "paused", "finished", "stopped", "failed", "interrupted")
CAUSES = ("", "diverged")
UNFINISHED = ("queued", "running", "paused", "interrupted")
GETTING_READY = "Getting ready."  # the reason of one still queued that was given to a worker


@dataclass(frozen=True)
class Status:
    """Where a run stands. Time in seconds, accuracy as a fraction, `heartbeat` in seconds since 1970."""

    state: str = "queued"
    reason: str = ""  # a sentence, where there is something to say
    step: int = 0  # optimizer steps done
    steps: int = 0  # of how many; 0 until the data is there
    epoch: float = 0.0
    epochs: int = 0
    seconds: float = 0.0  # spent training
    images_per_second: float = 0.0
    learning_rate: float = 0.0
    eta: float | None = None  # seconds to go
    heartbeat: float = 0.0
    saved_step: int = 0  # where it would be taken up again
    saved_epoch: float = 0.0
    pid: int = 0
    ended: float = 0.0  # since 1970
    # Of a finished training, on the test images: accuracy, loss, confusion, count, seconds, source, is_sample, and how
    # many of them it had learnt from (`seen`; absent where a version before wrote it). Of a dream: frames.
    result: dict[str, Any] | None = None
    cause: str = ""  # of a failure: "diverged" where loss or weights became infinite; "" for all others

    @property
    def unfinished(self) -> bool:
        """Whether it waits, is at work or may go on."""
        return self.state in UNFINISHED

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Status:
        """Whatever stands there: a field that makes no sense counts as absent."""
        fields = {name: values[name] for name in _TYPES if _is_possible(name, values.get(name))}
        if "cause" not in values and "the steps are too long" in fields.get("reason", ""):
            fields["cause"] = "diverged"  # a version before said so in that sentence alone
        if isinstance(result := fields.get("result"), dict):
            fields["result"] = {name: figure for name, figure in result.items() if _can_be(name, figure)}
        return cls(**fields)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, every field present."""
        return {name: getattr(self, name) for name in _TYPES}


_TYPES: dict[str, Any] = {
    name: {"state": str, "reason": str, "cause": str, "result": dict}.get(
        name, int if kind == "int" else int | float
    )
    for name, kind in Status.__annotations__.items()
}


def _is_possible(name: str, value: object) -> bool:
    """Whether a field of a status can have this value."""
    if isinstance(value, bool) or not isinstance(value, _TYPES[name]):
        return False
    if name in ("state", "cause"):
        return value in (STATES if name == "state" else CAUSES)
    return not isinstance(value, int | float) or value >= 0


def _can_be(name: str, figure: object) -> bool:
    """Whether a figure of a result can be what its name says; other names are a dream's, and its page's to judge."""
    if name == "confusion":
        return isinstance(figure, list)
    most = {"accuracy": 1, "loss": math.inf, "count": 10**9, "seen": 10**9}.get(name)
    if most is None:
        return True
    return isinstance(figure, int | float) and not isinstance(figure, bool) and 0 <= figure <= most


def evaluation_result(
    evaluation: Evaluation, test: ImageSet, learnt_from: ImagesLearntFrom
) -> dict[str, Any]:
    """The part of a finished training's `result` that tells how it did on the test images.

    learnt_from: the images the network learnt from.
    """
    return {
        "accuracy": evaluation.accuracy,
        "loss": evaluation.loss,
        "confusion": evaluation.confusion.tolist(),
        "count": evaluation.count,
        "source": test.source,
        "is_sample": test.is_sample,
        "seen": learnt_from.overlap(test).seen,
    }


def read_status(folder: Path) -> Status:
    """The status of the run in this folder; "queued" where nothing readable stands there."""
    return Status.from_dict(read_json(folder / "status.json"))


def write_status(folder: Path, status: Status, *, durable: bool = False) -> None:
    """Replace the status of the run in this folder. Raises OSError where it cannot be written."""
    write_json(folder / "status.json", status.to_dict(), durable=durable)


def change_status(folder: Path, **changes: Any) -> Status:
    """Change some fields of a run's status; it counts as a sign of life. Raises OSError as `write_status` does.

    Another state is durable; how far a run is within it is written again in half a second.
    """
    status = replace(read_status(folder), **({"heartbeat": time.time()} | changes))
    write_status(folder, status, durable="state" in changes)
    return status
