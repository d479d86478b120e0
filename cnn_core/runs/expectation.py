"""What to expect of a training: how long it takes, how good it gets. Arithmetic, no torch.

When it begins is in `waits`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any, Literal, Protocol

from cnn_core import pretrained
from cnn_core.model.spec import ModelSpec
from cnn_core.runs import measured
from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.measured import Measurement
from cnn_core.training.spec import TrainSpec

# A fixed cost for each image (gathering, the loss, the optimizer) and one for each of its multiply-adds, forwards and
# backwards. Measured on our machine, so never told as a time: they say how much slower one design is than another.
SECONDS_PER_IMAGE = 3.0e-5
SECONDS_PER_MAC = 2.5e-11

MOST_SPEEDS = 400  # that are remembered, the latest
LAST_TIMES = 20  # of one thing
_SECONDS, _PER_PACE, _PACES = "seconds: ", "per pace: ", "paces"  # names in the file, beside those of designs


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
    known = Expectation(None if speed is None else learn * recipe.epochs * recipe.work / speed, basis)
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
    ratios = [one.images_per_second / speed_of_macs(one.macs) for one in done_here]
    return (predicted_speed(spec) * median(ratios), "machine") if ratios else (None, "nothing")


def predicted_speed(spec: ModelSpec) -> float:
    """Images a second that one worker of our machine learns, about: what designs are compared by.

    >>> from cnn_core.model.presets import PRESETS
    >>> 3_000 < predicted_speed(PRESETS["lesson"]) < 15_000
    True
    """
    return speed_of_macs(measured.macs_of(spec))


def speed_of_macs(macs: int) -> float:
    """The same, for so many multiply-adds for each image."""
    return 1 / (SECONDS_PER_IMAGE + SECONDS_PER_MAC * macs)


# ---------------------------------------------------------------- what is remembered


class Speeds:
    """How fast things went on this machine, in `speeds.json` of the store in folder `path`.

    A speed is a design's own and the machine's of that hour. So beside each design's last speed there are two numbers
    that tell these apart: the pace of the machine, and what each design makes of it.
    """

    def __init__(self, path: Path) -> None:
        self.file = path / "speeds.json"

    def of(self, spec: ModelSpec) -> float | None:
        """Images a second of this design's last training, or None before the first."""
        speed = read_json(self.file).get(spec.fingerprint)
        return float(speed) if isinstance(speed, int | float) and speed > 1 else None

    def remember(self, spec: ModelSpec, images_per_second: float) -> None:
        """Keep it for the next training's expectation. Raises OSError."""
        self._write({spec.fingerprint: round(images_per_second, 1)})

    def per_pace(self, spec: ModelSpec) -> float:
        """Images a second of this design on a machine whose pace is 1: by its last training, else by arithmetic."""
        speed = read_json(self.file).get(_PER_PACE + spec.fingerprint)
        return float(speed) if isinstance(speed, int | float) and speed > 0 else predicted_speed(spec)

    def last_paces(self) -> list[tuple[float, float]]:
        """(when, pace) of the machine while the last trainings were done; when in seconds since 1970."""
        pairs = read_json(self.file).get(_PACES)
        return [(pair[0], pair[1]) for pair in pairs if _is_pair(pair)] if isinstance(pairs, list) else []

    def remember_pace(self, spec: ModelSpec, images_per_second: float, pace: float | None) -> None:
        """Keep what a training says of its design, and of the machine. Raises OSError.

        pace: of the machine, as all others told it; None where nobody else did: then this training does.
        """
        if pace is not None:
            self._write({_PER_PACE + spec.fingerprint: images_per_second / pace})
        now = (time.time(), images_per_second / self.per_pace(spec))
        self._write({_PACES: [*self.last_paces(), now][-LAST_TIMES:]})

    def seconds(self, what: str, usually: float) -> float:
        """How long something took, in the middle of the last times; `usually` before the first."""
        times = _times(read_json(self.file), what)
        return median(times) if times else usually

    def remember_seconds(self, what: str, seconds: float) -> None:
        """Keep how long it took. Raises OSError."""
        times = [*_times(read_json(self.file), what), round(seconds, 2)]
        self._write({_SECONDS + what: times[-LAST_TIMES:]})

    def _write(self, new: Mapping[str, Any]) -> None:
        kept = {name: value for name, value in read_json(self.file).items() if name not in new}
        write_json(self.file, dict(list((kept | dict(new)).items())[-MOST_SPEEDS:]))


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(one, int | float) for one in pair)


def _times(speeds: Mapping[str, Any], what: str) -> list[float]:
    times = speeds.get(_SECONDS + what)
    return [one for one in times if isinstance(one, int | float)] if isinstance(times, list) else []
