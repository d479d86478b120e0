"""What every view of the Evaluate page looks at: a network, the test images, and what it answered."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.data import ImageSet, Overlap
from cnn_core.data.learnt_from import ImagesLearntFrom
from cnn_core.data.sources import dataset_of
from cnn_core.kept import kept
from cnn_core.training import Evaluation
from pages.ui.visitor import networks, server
from pages.ui.wording import first_look
from pages.ui.wording.looking import look


@dataclass(frozen=True, eq=False)
class Exam:
    """A network, the images it is tested on, how it did, what its classes are called, and what it had seen before.

    dataset: whose test images they are; most often of the one that the network learnt from.
    """

    network: networks.LoadedNetwork
    test: ImageSet
    evaluation: Evaluation
    classes: tuple[str, ...]
    overlap: Overlap
    dataset: str

    @property
    def noun(self) -> str:
        """What the images show, plural."""
        return dataset_of(self.dataset).noun

    @property
    def is_elsewhere(self) -> bool:
        """Whether the images are of another data set than the one that the network learnt from."""
        return self.dataset != self.network.dataset


@first_look.also
def exam_of(network: networks.LoadedNetwork, dataset: str = "") -> Exam:
    """Ask the network about all test images that are on this machine.

    dataset: whose they are; "" is what the network learnt from.
    Raises StudentError where there are none, or where the network was designed for others.
    """
    dataset = dataset or network.dataset
    test = server.images(dataset, "test")
    evaluation: Evaluation = look(network, "evaluation", len(test), dataset=dataset)
    overlap = overlap_of(network.learnt_from, dataset, len(test), test)
    return Exam(network, test, evaluation, networks.classes_of(network), overlap, dataset)


@kept(0.1)  # each image's fingerprint is looked up: 8 ms for 10,000
def overlap_of(learnt_from: ImagesLearntFrom, dataset: str, size: int, _test: ImageSet) -> Overlap:
    """Which of the test images a network had learnt from."""
    return learnt_from.overlap(_test)
