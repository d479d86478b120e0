"""What there is and how it came about: names, cards and curves, read from JSON without torch."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.data.learnt_from import ImagesLearntFrom
from cnn_core.errors import StudentError, quoted
from cnn_core.model.spec import ModelSpec
from cnn_core.training.history import Curve, History
from cnn_core.training.spec import TrainSpec

FOLDER = Path(__file__).parent
_ORDER = ("lesson", "mlp", "modern")  # as a student meets them


@dataclass(frozen=True)
class Card:
    """How one network was trained, and how good it is on images it never saw.

    name:           the key: "lesson".
    images:         how many it learnt from.
    learnt_from:    which ones: all of MNIST's training images but the sample's test digits.
    data_source:    a sentence.
    test_accuracy:  fraction of MNIST's test images.
    test_loss:      nats.
    seconds:        of training, with so many `threads`.
    date:           ISO, UTC.
    precision:      what "auto" meant there.
    weights_sha256: of the file beside the card.
    """

    name: str
    spec: ModelSpec
    recipe: TrainSpec
    dataset: str
    images: int
    learnt_from: ImagesLearntFrom
    data_source: str
    test_images: int
    test_accuracy: float
    test_loss: float
    parameters: int
    seconds: float
    date: str
    threads: int
    precision: str
    torch_version: str
    weights_sha256: str

    @property
    def title(self) -> str:
        """The design's name, for people."""
        return self.spec.name

    @property
    def seed(self) -> int:
        """Of the first weights and of the training alike."""
        return self.recipe.seed

    @property
    def fingerprint(self) -> str:
        """Of the design; equal for equal designs."""
        return self.spec.fingerprint

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return vars(self) | {
            "spec": self.spec.to_dict(),
            "recipe": self.recipe.to_dict(),
            "learnt_from": self.learnt_from.to_dict(),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Card:
        """The inverse of `to_dict`. No limits: they are for what visitors ask for, and this is done already."""
        spec = ModelSpec.from_dict(values["spec"], check_limits=False)
        recipe = TrainSpec.from_dict(values["recipe"], check_limits=False)
        learnt_from = ImagesLearntFrom.from_dict(values["learnt_from"])
        return cls(**dict(values) | {"spec": spec, "recipe": recipe, "learnt_from": learnt_from})


def names() -> list[str]:
    """The networks that are here, as a student meets them."""
    return list(_names(FOLDER.stat().st_mtime_ns))


@functools.lru_cache(maxsize=1)
def _names(_changed: int) -> tuple[str, ...]:
    # A page asks some ten times, and each time six files were looked for.
    return tuple(name for name in _ORDER if weights_path(name).exists() and _card_path(name).exists())


@functools.cache
def card(name: str) -> Card:
    """The card of a network. Raises StudentError for a name that is not here."""
    check_name(name)
    return Card.from_dict(json.loads(_card_path(name).read_text()))


@functools.cache
def history(name: str) -> History:
    """How a network's training went. Raises StudentError where that was not kept; it was for those named here.

    Its training curve has a point a batch at first, then means of twenty. Its validation curve is of the 10,000 test
    images, at each moment that the replay has or would have; no choice was made by it.
    """
    check_name(name)
    if not history_path(name).exists():
        raise StudentError(
            f"The course of {name}’s training was not kept.", hint="Look at the lesson’s convnet."
        )
    curves = json.loads(history_path(name).read_text())
    train, test = (
        Curve(**{key: tuple(numbers) for key, numbers in curves[which].items()})
        for which in ("train", "test")
    )
    return History(train, test)


def check_name(name: str) -> None:
    """Raises StudentError unless there is a network of that name. Nothing else may become a path."""
    if name not in _ORDER or name not in names():
        raise StudentError(
            f"There is no ready trained network {quoted(name)}.", hint=f"Try {', '.join(names())}."
        )


def weights_path(name: str) -> Path:
    """Of a network's weights."""
    return FOLDER / f"{name}.safetensors"


def replay_path(name: str) -> Path:
    """Of its weights at many moments of the training."""
    return FOLDER / f"{name}_replay.safetensors"


def history_path(name: str) -> Path:
    """Of the curves of its training."""
    return FOLDER / f"{name}_history.json"


def _card_path(name: str) -> Path:
    return FOLDER / f"{name}.json"
