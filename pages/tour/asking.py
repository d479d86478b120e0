"""What a prediction of the lesson is made of, and which network can be asked.

A question is made of the network that is looked at and of chance, so that no two visitors have the same numbers, and
one keeps theirs through a reload. What it comes to is measured after the guess, by functions of the core.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from cnn_core.lesson.guess_questions import GuessQuestion
from cnn_core.lesson.guesses import Value
from cnn_core.model import summarize
from cnn_core.model.layer_files import kind_named
from pages.ui.forms.guess import Look
from pages.ui.visitor import networks, server
from pages.ui.visitor.networks import LoadedNetwork

if TYPE_CHECKING:
    from cnn_core.data import ImageSet
    from cnn_core.model import ModelSpec

OFFERED = 200  # test images among which one is drawn: those that the pages list


@dataclass(frozen=True)
class Measured:
    """What came of it.  value: of the question's kind.  why: a sentence or two with this network's numbers."""

    value: Value
    why: str


@dataclass(frozen=True, eq=False)
class Asked:
    """One prediction, as it is put to this visitor.

    question: what is asked, and what may be said.
    measure:  gives what it comes to; called after the guess alone, for it may take a while.
    state:    what the page's address says besides the step's own, so that the page shows what is spoken of.
    look:     pictures that the question is drawn with.
    after:    what it says once the guess is made, so that the page shows the answer.
    hides:    what the page keeps to itself until then, by the names that `guess.is_hidden` is asked for.
    """

    question: GuessQuestion
    measure: Callable[[], Measured]
    state: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()
    look: Look = field(default_factory=Look)

    @cached_property
    def measured(self) -> Measured:
        """What it comes to, measured once. Raises StudentError as `measure` does."""
        return self.measure()


@dataclass(frozen=True, eq=False)
class About:
    """Whom a prediction is about.

    network: the one that is looked at.
    chance:  where the fresh numbers come from; the same for the same visitor, step and attempt.
    """

    network: LoadedNetwork
    chance: random.Random

    @property
    def spec(self) -> ModelSpec:
        """The network's design."""
        return self.network.spec

    @property
    def convolutions(self) -> list[str]:
        """The names of its layers whose filters make maps."""
        return convolutions_of(self.spec)

    @property
    def test(self) -> ImageSet:
        """The test images of its data set. Raises StudentError where none are here."""
        return server.images(self.network.dataset, "test")

    @property
    def classes(self) -> tuple[str, ...]:
        """What its answers are called."""
        return networks.classes_of(self.network)

    def digit(self) -> int:
        """The number of a test image, drawn among those that the pages list."""
        return self.chance.randrange(min(OFFERED, len(self.test)))


def convolutions_of(spec: ModelSpec) -> list[str]:
    """The layers that have filters, by their names, the first first."""
    return [row.name for row in summarize(spec) if kind_named(row.name).has_filters]


# ---------------------------------------------------------------- which network can be asked


def _has_images(network: LoadedNetwork) -> bool:
    if server.why_no_images(network.dataset) is not None:
        return False
    return tuple(server.images(network.dataset, "test").images.shape[1:]) == network.spec.input_shape


def _has_maps(network: LoadedNetwork, least: int = 1) -> bool:
    return _has_images(network) and len(convolutions_of(network.spec)) >= least


def _reads_digits(network: LoadedNetwork) -> bool:
    return network.dataset == "mnist" and network.spec.input_shape == (1, 28, 28)


def _pools_digits(network: LoadedNetwork) -> bool:
    return network.spec.input_shape == (1, 28, 28) and pooling_of(network.spec) is not None


def _photo_network(_network: LoadedNetwork) -> bool:
    from cnn_core.runs.jobs.dreams import photo_networks

    return "efficientnet_lite0" in photo_networks()


NEEDS: dict[str, Callable[[LoadedNetwork], bool]] = {
    "": lambda network: True,
    "images": _has_images,
    "maps": _has_maps,
    "two convolutions": lambda network: _has_maps(network, 2),
    "maps of digits": lambda network: _has_maps(network) and _reads_digits(network),
    "pooling of digits": _pools_digits,
    "a photo network": _photo_network,
}


def pooling_of(spec: ModelSpec) -> tuple[str, str] | None:
    """The layer before the first that pools maps, and that one; None where nothing is pooled, or only the image."""
    rows = summarize(spec)
    for before, row in pairwise(rows):
        if kind_named(row.name).pooling_rule and len(before.output_shape) == 3:
            return before.name, row.name
    return None
