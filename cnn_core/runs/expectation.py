"""What to expect of a training: when it begins, how long it takes, how good it gets. Arithmetic, no torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from statistics import median
from typing import Literal, Protocol

from cnn_core import pretrained
from cnn_core.data.own.names import is_own
from cnn_core.data.sources import KNOWN, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs import measured
from cnn_core.runs.fairness import Ticket
from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.measured import Measurement
from cnn_core.runs.run import Run
from cnn_core.training.spec import TrainSpec

# A fixed cost for each image (gathering, the loss, the optimizer) and one for each of its multiply-adds, forwards and
# backwards. Measured on our machine, so never told as a time: they say how much slower one design is than another.
SECONDS_PER_IMAGE = 3.0e-5
SECONDS_PER_MAC = 2.5e-11

USUAL_IMAGES = 60_000  # of a data set, for waits
DREAM_SECONDS = 5.0  # of a usual dream
OPENING_SECONDS = 3.0  # of a usual file

MOST_SPEEDS = 200  # designs whose speed is remembered, the latest


# ---------------------------------------------------------------- before a training


class KnowsSpeeds(Protocol):
    """What remembers how fast a design was trained on this machine: a RunStore."""

    def speed_of(self, spec: ModelSpec) -> float | None:
        """Images a second of this design's last training, or None before the first."""


class KnowsResults(KnowsSpeeds, Protocol):
    """What also remembers what trainings came to: a RunStore."""

    def results(self) -> tuple[Measurement, ...]:
        """The latest trainings on this machine."""


TimeBasis = Literal["design", "machine", "nothing"]


@dataclass(frozen=True)
class Expectation:
    """What a training will bring.

    seconds:    of training alone; None where nothing was trained on this machine yet.
    time_from:  "design": this design was trained on this machine; "machine": others were; "nothing": none was.
    low, high:  between what fractions of the test images it will read, as others did; None where nobody knows.
    from_here:  whether those others were trained on this server; else they are of our table.
    like:       what they were: "" for this very design, else "convnets with relu".
    images:     from how many images they learnt, at least and at most.
    trainings:  how many they were.
    """

    seconds: float | None
    time_from: TimeBasis
    low: float | None = None
    high: float | None = None
    from_here: bool = False
    like: str = ""
    images: tuple[int, int] = (0, 0)
    trainings: int = 0

    @property
    def accuracy(self) -> float | None:
        """The middle of what is expected; None where nobody knows."""
        return None if self.low is None or self.high is None else (self.low + self.high) / 2


def expect(
    store: KnowsResults, spec: ModelSpec, recipe: TrainSpec, dataset: str, images: int, is_sample: bool
) -> Expectation:
    """What a training will bring, told by trainings that were done.

    The time is that of the same design's last training on this machine; else it is reckoned from its multiply-adds and
    the pace of whatever was trained here; before the first training it is not known. The accuracy is that of trainings
    of the same design, else of designs like it, by the same recipe on the same data: those of this server, else those
    of our table.

    spec, recipe: what would be trained, and how.
    dataset: a name of the catalogue.
    images: how many training images there are to learn from.
    is_sample: whether these are a part that stands in for the whole data set.
    """
    learn = min(images, recipe.train_size or images)
    done_here = store.results()
    speed, basis = _speed(store, done_here, spec)
    known = Expectation(None if speed is None else learn * recipe.epochs / speed, basis)
    for measurements, is_here in ((done_here, True), ((*measured.table(), *_of_cards()), False)):
        comparable = measured.by_recipe(measurements, recipe, dataset, is_sample)
        for alike, like in (
            (measured.same_design(comparable, spec), ""),
            (measured.like_design(comparable, spec), measured.family_of(spec)),
        ):
            found = measured.accuracies_at(alike, learn)
            if found is not None:
                return replace(
                    known,
                    low=found.low,
                    high=found.high,
                    from_here=is_here,
                    like=like,
                    images=found.images,
                    trainings=found.count,
                )
    return known


def _of_cards() -> list[Measurement]:
    """What the trainings of the networks that come with Convscope came to."""
    cards = [pretrained.card(name) for name in pretrained.names()]
    return [
        Measurement.of(
            card.spec,
            card.recipe,
            card.dataset,
            False,
            card.images,
            card.test_accuracy,
            card.images * card.recipe.epochs / card.seconds,
        )
        for card in cards
    ]


def _speed(
    store: KnowsSpeeds, done_here: Sequence[Measurement], spec: ModelSpec
) -> tuple[float | None, TimeBasis]:
    """Images per second, and what that is told by."""
    if (speed := store.speed_of(spec)) is not None:
        return speed, "design"
    ratios = [one.images_per_second / _predicted(one.macs) for one in done_here]
    return (predicted_speed(spec) * median(ratios), "machine") if ratios else (None, "nothing")


def predicted_speed(spec: ModelSpec) -> float:
    """Images a second that one worker of our machine learns, about: what designs are compared by.

    >>> from cnn_core.model.presets import PRESETS
    >>> 3_000 < predicted_speed(PRESETS["lesson"]) < 15_000
    True
    """
    return _predicted(measured.macs_of(spec))


def _predicted(macs: int) -> float:
    """Images per second, for so many multiply-adds for each image."""
    return 1 / (SECONDS_PER_IMAGE + SECONDS_PER_MAC * macs)


# ---------------------------------------------------------------- while it waits


def expected_wait(
    run_id: str,
    taken: Sequence[Ticket],
    waiting: Sequence[Ticket],
    workers: int,
    seconds_left: Callable[[str], float],
) -> float | None:
    """About how many seconds until a run is started; 0 at work, None where it does not wait, infinite if nobody knows.

    The runner's rule, played forward: a worker is free when its run is done, a visitor's lane when its own is.

    taken, waiting: all tickets, those that wait in the order in which they will be started.
    workers: how many runs are worked on at once.
    seconds_left: how long the run of an id will still take, infinite if nobody knows; it may raise StudentError for one
        that is gone.
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


def seconds_left(run: Run, store: KnowsResults) -> float:
    """About how long a run will still be at work; infinite where nothing was trained on this machine to tell it by.

    Raises StudentError for a run that this server cannot read.
    """
    status = run.status
    if status.eta is not None:
        return status.eta
    if run.kind == "dream":
        return DREAM_SECONDS
    if run.kind == "opening" or not run.has_recipe:
        return OPENING_SECONDS
    recipe = run.recipe
    is_known = run.dataset in KNOWN or is_own(run.dataset)
    there = dataset_of(run.dataset).count("train") if is_known else USUAL_IMAGES
    images = recipe.epochs * min(recipe.train_size or there, there)
    images -= status.step * recipe.batch_size
    speed, _ = _speed(store, store.results(), run.spec)
    return inf if speed is None else max(0, images) / speed


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
