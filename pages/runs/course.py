"""What the test images were read as at the moments of a training, where they lay, and how large gradients were.

Asked of the lookers, and kept: also while a training goes on, when only what is new is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn_core.data import ImageSet
from cnn_core.data.sources import dataset_of
from pages.runs import replay_words
from pages.runs.moments import File, Moments, asked_of
from pages.ui.visitor import networks, server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import plain
from pages.ui.wording.which_images import no_test

if TYPE_CHECKING:
    from cnn_core.insight import AnswersOverTime, PlacesOverTime, Sizes

READ, MAPPED, MEASURED = (
    1_000,
    300,
    256,
)  # test images read and mapped, training images measured, at each moment
MOST = 40  # moments; of more, every second or third is taken
TOGETHER = 8  # moments of a training that goes on are asked for in so many at once


@dataclass(frozen=True, eq=False)
class Course:
    """A training that is looked back at.

    files:   of the moments that are looked at.
    goes_on: whether more are to come.
    """

    network: LoadedNetwork
    key: str
    files: tuple[File, ...]
    goes_on: bool

    @classmethod
    def of(cls, network: LoadedNetwork, moments: Moments) -> Course:
        """Of the network that is looked at."""
        return cls(network, moments.key, thinned(moments.files), networks.is_training())

    @property
    def steps(self) -> list[int]:
        """Of the moments."""
        return [step for step, _, _ in self.files]

    @property
    def test(self) -> ImageSet:
        """The first test images of its data set. Raises StudentError where there are none here."""
        return server.images(self.network.dataset, "test")

    @property
    def classes(self) -> tuple[str, ...]:
        """What its outputs are called."""
        return networks.classes_of(self.network)

    @property
    def noun(self) -> str:
        """What the images show, plural."""
        return dataset_of(self.network.dataset).noun

    @property
    def why_not(self) -> str:
        """Why it cannot be asked about test images; "" where it can."""
        if (why := server.why_no_images(self.network.dataset)) is not None:
            return plain(why.message)
        if len(self.test.classes) != self.network.spec.classes:
            return replay_words.OTHER_CLASSES
        return ""

    def answers(self) -> AnswersOverTime:
        """What the first test images were read as. Raises StudentError."""
        known = len(self.files) // TOGETHER * TOGETHER if self.goes_on else len(self.files)
        parts = [part for part in (self.files[:known], self.files[known:]) if part]
        first, *later = [self._asked("answers_over", READ, part) for part in parts]
        for one in later:
            first = first.joined(one)
        return first

    def places(self) -> PlacesOverTime:
        """Where the first test images lay. Raises StudentError."""
        return self._asked("places_over", MAPPED, self.files)

    def sizes(self) -> list[Sizes]:
        """How large gradients were, and how far the weights had come. Raises StudentError."""
        return self._asked("sizes_over", MEASURED, self.files)

    def _asked(self, job: str, images: int, files: Sequence[File]) -> Any:
        return asked_of(self.network, self.key, job, images, files)


def why_no_test(network: LoadedNetwork) -> str:
    """Why accuracies of it may be no test; "" where nothing is against them, or there are no test images here."""
    if server.why_no_images(network.dataset) is not None:
        return ""
    return no_test(network.learnt_from.overlap(server.images(network.dataset, "test")))


def thinned(files: Sequence[File], most: int = MOST) -> tuple[File, ...]:
    """Every one, or every second, third ... and the last, so that there are about `most`; those chosen stay the same.

    >>> [step for step, _, _ in thinned([(i, "", 0) for i in range(10)], most=4)]
    [0, 3, 6, 9]
    >>> [step for step, _, _ in thinned([(i, "", 0) for i in range(11)], most=4)]
    [0, 3, 6, 9, 10]
    """
    every = -(-len(files) // most) or 1
    chosen = list(files[::every])
    return tuple(chosen if not files or chosen[-1] == files[-1] else [*chosen, files[-1]])
