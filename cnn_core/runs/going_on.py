"""A stopped or failed run goes on: from which of its weights, and with which learning rate.

A stopped run has kept all it needs (`last`), and goes on as if nobody had stopped it, bit for bit. A run whose loss
became infinite has kept weights that are finite and ruined: it goes on from the last snapshot at which its loss was
sound, with a smaller rate. Whatever is decided here stands in `resume.json` until the worker has saved new weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model.spec import summarize
from cnn_core.model.summary import check_size
from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.history import events_of
from cnn_core.runs.run import Run
from cnn_core.training.events import BatchDone
from cnn_core.training.spec import TrainSpec, checked_learning_rate

_FILE = "resume.json"
MOST_LEARNING_RATE = 1.0  # for a change while it trains
SOUND_MORE = 0.2  # a loss is sound up to so much above the lowest before it


@dataclass(frozen=True)
class Resumption:
    """Where a run is taken up again.

    step:          of the snapshot; None: from its last weights, or the beginning where it has none.
    learning_rate: from there on; None: as it was.
    """

    step: int | None = None
    learning_rate: float | None = None


def plan(run: Run, learning_rate: float | None) -> Resumption:
    """How a run would go on.

    learning_rate: chosen by its owner; None leaves it to us: as before, or what was advised where the loss exploded.
    Raises StudentError for a run that cannot go on, and for a rate that would explode again.
    """
    state = run.status.state
    if run.kind != "training" or state not in ("stopped", "failed"):
        raise StudentError(f"“{run.name}” was not interrupted, so there is nothing to go on with.")
    rate = None if learning_rate is None else checked_learning_rate(learning_rate)
    if not diverged(run):
        return Resumption(learning_rate=rate)
    rate = rate or rate_to_try(run)
    if rate >= rate_before(run):
        raise StudentError(
            f"With a learning rate of {rate_before(run):g} its loss became infinite.",
            hint=f"Choose a smaller one, such as {rate_to_try(run):g}.",
        )
    return Resumption(sound_step(run), rate)


def diverged(run: Run) -> bool:
    """Whether a run failed because its loss or its weights became infinite."""
    status = run.status
    return status.state == "failed" and status.cause == "diverged"


def ended_by_patience(run: Run) -> bool:
    """Whether a run finished before its last epoch, since nothing got better."""
    status, recipe = run.status, run.recipe
    return status.state == "finished" and recipe.patience is not None and status.epoch < recipe.epochs


def rate_before(run: Run) -> float:
    """The learning rate that a run had at last; with one_cycle its highest."""
    return float(run.control.get("learning_rate") or run.recipe.learning_rate)


def rate_to_try(run: Run) -> float:
    """A learning rate for a run that diverged: a tenth, and no more than 0.001, the usual one."""
    return float(f"{min(0.001, rate_before(run) / 10):.2g}")


def sound_step(run: Run) -> int:
    """The step of the last snapshot at which the loss was not yet out of hand; 0 is the beginning."""
    lowest, last_sound = float("inf"), 0
    for step, loss in _losses(run):
        if loss <= lowest + SOUND_MORE:  # batches differ: what comes back to its level was only unlucky
            last_sound = step
        lowest = min(lowest, loss)
    # A line speaks of losses before its last step, so of the weights after that step nothing is known yet.
    return max((snapshot.step for snapshot in run.snapshots() if snapshot.step < last_sound), default=0)


def _losses(run: Run) -> Iterator[tuple[int, float]]:
    """(step, training loss) of each line of its events, not thinned."""
    for event in events_of(run.folder / "events.jsonl"):
        step, loss = event.get("step"), event.get("loss")
        if event.get("kind") == BatchDone.kind and isinstance(step, int) and isinstance(loss, int | float):
            yield step, loss


def check_can_be_longer(run: Run, recipe: TrainSpec) -> None:
    """Raise StudentError for a run that more epochs cannot be added to, or whose design is too large here by now."""
    if run.kind != "training" or run.status.state != "finished":
        raise StudentError(
            f"“{run.name}” has not finished, so it cannot be trained for longer yet.",
            hint="Wait for its end.",
        )
    if recipe.schedule != "constant":
        raise StudentError(
            "The one_cycle schedule ends with a learning rate near zero, so more epochs would change almost nothing.",
            hint="Start a new run with more epochs, or one with a constant rate.",
        )
    check_size(run.spec.input_shape, run.spec.layers, summarize(run.spec))


def checked_change(learning_rate: object) -> float:
    """A learning rate for a run that is in training. Raises StudentError for one that cannot be, or would explode."""
    rate = checked_learning_rate(learning_rate)
    if rate > MOST_LEARNING_RATE:
        raise StudentError(f"A learning rate of {rate:g} makes the loss explode.", hint="Try 0.001.")
    return rate


# ---------------------------------------------------------------- told to the worker


def why_stopped(control: Mapping[str, Any]) -> str:
    """A sentence for the owner of a run that somebody else wants stopped; "" where it is their own wish.

    control: of the run.
    """
    return "Whoever runs this server has stopped it." if control.get("by") == "operator" else ""


def write_resumption(run: Run, resumption: Resumption) -> None:
    """Let the worker know. Raises OSError."""
    write_json(
        run.folder / _FILE, {"step": resumption.step, "learning_rate": resumption.learning_rate}, durable=True
    )


def read_resumption(run: Run) -> Resumption | None:
    """What was decided, or None where the run simply goes on from its last weights."""
    note = read_json(run.folder / _FILE)
    if not note:
        return None
    step, rate = note.get("step"), None
    with suppress(StudentError):
        rate = None if note.get("learning_rate") is None else checked_learning_rate(note["learning_rate"])
    return Resumption(step if type(step) is int and step >= 0 else None, rate)


def forget_resumption(run: Run) -> None:
    """The run has new weights of its own to go on from."""
    with suppress(OSError):
        (run.folder / _FILE).unlink()
