"""The best epoch of a run: which one it was by its validation images, in `snapshots/best.json` beside its weights.

Only the ends of epochs count, as for patience. Runs of before kept the best of all their validations and no such file;
for them it is looked up in their events.
"""

from __future__ import annotations

import math
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.history import events_of
from cnn_core.training.events import Validated


@dataclass(frozen=True)
class Best:
    """The best epoch.

    step:     optimizer steps done at its end.
    epoch:    its number, from 1; of runs of before it can be a moment within an epoch.
    accuracy: of the validation images, a fraction.
    loss:     on them; None where a version before wrote it down.
    """

    step: int
    epoch: float
    accuracy: float
    loss: float | None = None

    def value(self, monitor: str) -> float:
        """What `is_better` compares. monitor: one of MONITORS."""
        if monitor == "val_loss":
            return math.inf if self.loss is None else self.loss
        return self.accuracy


def read_best(folder: Path) -> Best | None:
    """The best epoch of the run in this folder; None before the first validation that counts."""
    if not (folder / "snapshots" / "best.safetensors").is_file():
        return None
    best = _best_of(read_json(folder / "snapshots" / "best.json"))
    return best or best_in_events(folder / "events.jsonl", ends_only=False)


def write_best(folder: Path, best: Best) -> None:
    """Say which epoch the weights in `best.safetensors` are of. Raises OSError."""
    write_json(folder / "snapshots" / "best.json", asdict(best), durable=True)


def best_in_events(path: Path, ends_only: bool = True, monitor: str = "val_accuracy") -> Best | None:
    """The first of the best validations in a file of events.

    ends_only: whether those within an epoch are passed over.
    monitor:   one of MONITORS.
    """
    told = [_best_of(event) for event in events_of(path) if event.get("kind") == Validated.kind]
    counted = [best for best in told if best is not None and not (ends_only and best.epoch % 1)]
    choose = min if monitor == "val_loss" else max
    return choose(counted, key=lambda best: best.value(monitor), default=None)  # of equal ones, the first


def go_back_to(folder: Path, step: int, monitor: str = "val_accuracy") -> None:
    """A run is taken up again after `step`: a best epoch that comes later has not happened any more.

    monitor: one of MONITORS, as its recipe says.

    The events are cut already. The best of what is left is found among the snapshots, or will be found anew.
    """
    best = read_best(folder)
    if best is None or best.step <= step:
        return
    snapshots = folder / "snapshots"
    for name in ("best.json", "best.safetensors"):
        with suppress(OSError):
            (snapshots / name).unlink()
    before = best_in_events(folder / "events.jsonl", monitor=monitor)
    kept = before and next(iter(snapshots.glob(f"step_{before.step:08d}_*.safetensors")), None)
    if before and kept:
        shutil.copyfile(kept, snapshots / ".best.copy")
        (snapshots / ".best.copy").replace(snapshots / "best.safetensors")
        write_best(folder, before)


def _best_of(values: dict[str, Any]) -> Best | None:
    step, epoch, accuracy, loss = (values.get(name) for name in ("step", "epoch", "accuracy", "loss"))
    numbers = isinstance(epoch, int | float) and isinstance(accuracy, int | float)
    if type(step) is not int or not numbers or step < 0 or not 0 <= accuracy <= 1 or not 0 <= epoch < 1e6:  # type: ignore[operator]
        return None
    is_loss = isinstance(loss, int | float) and not isinstance(loss, bool) and 0 <= loss < math.inf
    return Best(step, float(epoch), float(accuracy), float(loss) if is_loss else None)  # type: ignore[arg-type]
