"""What to expect of a training: when it begins, how long it takes, how good it gets. Arithmetic, no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cnn_core import pretrained
from cnn_core.errors import StudentError
from cnn_core.model import summarize
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.fairness import Ticket
from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.run import Run
from cnn_core.training.spec import TrainSpec

# Measured with one thread of a two-core server: a fixed cost an image (gathering, the loss, the optimizer) and one
# for each of its multiply-adds, forwards and backwards. Only used until a design has been trained on this machine.
SECONDS_PER_IMAGE = 3.0e-5
SECONDS_PER_MAC = 2.5e-11

USUAL_SPEED = (
    10_000.0  # images a second of the lesson's net with one thread, for waits where none was measured
)
USUAL_IMAGES = 60_000  # of a data set, for waits
DREAM_SECONDS = 5.0  # of a usual dream

# Of the 500 digits kept aside where only the sample of 4,500 can be learnt; the lesson's convnet, five seeds.
SAMPLE_ACCURACY = 0.96

MOST_SPEEDS = 200  # designs whose speed is remembered, the latest


# ---------------------------------------------------------------- before a training


class KnowsSpeeds(Protocol):
    """What remembers how fast a design was trained on this machine: a RunStore."""

    def speed_of(self, spec: ModelSpec) -> float | None:
        """Images a second of this design's last training, or None before the first."""


@dataclass(frozen=True)
class Expectation:
    """What a training will bring."""

    seconds: float  # of training alone
    accuracy: float | None  # a fraction; None where nobody knows
    why: str  # one clause


def expect(
    store: KnowsSpeeds, spec: ModelSpec, recipe: TrainSpec, dataset: str, images: int, is_sample: bool
) -> Expectation:
    """What a training will bring.

    The time is that of the same design's last training on this machine, else a prediction from its multiply-adds.
    The accuracy is that of the network we trained ourselves, if design and recipe are the same.

    spec, recipe: what would be trained, and how.
    dataset: a name of the catalogue.
    images: how many training images there are to learn from.
    is_sample: whether these are the few digits that come with Convscope.
    """
    per_epoch = min(images, recipe.train_size or images)
    speed = store.speed_of(spec) or predicted_speed(spec)
    seconds = per_epoch * recipe.epochs / speed
    if is_sample:
        return Expectation(seconds, SAMPLE_ACCURACY, "what a convnet gets from 4,500 digits")
    if dataset == "mnist" and (card := _card_of(spec, recipe)) is not None:
        why = f"what ours reached from 60,000, with seed {card.recipe.seed}"
        return Expectation(seconds, card.test_accuracy, why)
    return Expectation(seconds, None, "this design has not been trained by this recipe yet")


def _card_of(spec: ModelSpec, recipe: TrainSpec) -> pretrained.Card | None:
    """The card of the network that we trained so ourselves, whatever its seed."""
    for name in pretrained.names():
        card = pretrained.card(name)
        if card.fingerprint == spec.fingerprint and card.recipe == recipe.replace(seed=card.recipe.seed):
            return card
    return None


def predicted_speed(spec: ModelSpec) -> float:
    """Images a second that one worker of this machine will learn, about.

    >>> from cnn_core.model.presets import PRESETS
    >>> 3_000 < predicted_speed(PRESETS["lesson"]) < 15_000
    True
    """
    macs = sum(row.macs for row in summarize(spec))
    return 1 / (SECONDS_PER_IMAGE + SECONDS_PER_MAC * macs)


# ---------------------------------------------------------------- while it waits


def expected_wait(
    run_id: str,
    taken: Sequence[Ticket],
    waiting: Sequence[Ticket],
    workers: int,
    seconds_left: Callable[[str], float],
) -> float | None:
    """About how many seconds until a run is started; 0 at work, None where it does not wait.

    The runner's rule, played forward: a worker is free when its run is done, a visitor's lane when its own is.

    taken, waiting: all tickets, those that wait in the order in which they will be started.
    workers: how many runs are worked on at once.
    seconds_left: how long the run of an id will still take; it may raise StudentError for one that is gone.
    """
    if any(ticket.run_id == run_id for ticket in taken):
        return 0.0
    if all(ticket.run_id != run_id for ticket in waiting):
        return None
    lane_free: dict[tuple[str, str], float] = {}
    worker_free = [0.0] * workers
    for ticket in [*taken, *waiting]:
        worker = min(range(workers), key=worker_free.__getitem__)
        start = max(worker_free[worker], lane_free.get(ticket.lane, 0.0))
        if ticket.run_id == run_id:
            return start
        with suppress(StudentError):
            start += seconds_left(ticket.run_id)
        worker_free[worker] = lane_free[ticket.lane] = start
    return None


def seconds_left(run: Run, store: KnowsSpeeds) -> float:
    """About how long a run will still be at work.

    Raises StudentError for a run that this server cannot read.
    """
    status = run.status
    if status.eta is not None:
        return status.eta
    if run.kind == "dream":
        return DREAM_SECONDS
    recipe = run.recipe
    images = recipe.epochs * min(recipe.train_size or USUAL_IMAGES, USUAL_IMAGES)
    images -= status.step * recipe.batch_size
    return max(0, images) / (store.speed_of(run.spec) or USUAL_SPEED)


class Speeds:
    """What each design made on this machine, in `speeds.json` of the store in folder `path`."""

    def __init__(self, path: Path) -> None:
        self.file = path / "speeds.json"

    def of(self, spec: ModelSpec) -> float | None:
        """Images a second of this design's last training, or None before the first."""
        speed = read_json(self.file).get(spec.fingerprint)
        return float(speed) if isinstance(speed, int | float) and speed > 1 else None

    def remember(self, spec: ModelSpec, images_per_second: float) -> None:
        """Keep it for the next training's expectation. Raises OSError."""
        speeds = read_json(self.file)
        speeds.pop(spec.fingerprint, None)
        speeds[spec.fingerprint] = round(images_per_second, 1)
        write_json(self.file, dict(list(speeds.items())[-MOST_SPEEDS:]))
