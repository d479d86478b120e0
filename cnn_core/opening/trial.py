"""What a network from a file expects: tried out on test images, for no file says how its images were prepared.

A net that learnt from numbers up to 255 reads little of an image in [0, 1], and one that learnt from white paper little
of white ink; so the accuracy tells. It does not always: a relu net with small biases hardly minds a factor. Then two
ways tie, and `Verdict` says so. Once a way is chosen, `with_input` puts it into the network, which from then on takes
images in [0, 1] like every network here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cnn_core.data.datasets import ImageSet
from cnn_core.data.sources import KNOWN
from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec
from cnn_core.opening.input_scale import exchanged, taken_up
from cnn_core.significance import chance_difference
from cnn_core.training.evaluation import evaluate

LEAST = 0.3  # of the images; who reads fewer of them did not learn from this data set


@dataclass(frozen=True)
class Preparation:
    """What was done to an image x in [0, 1] before it was learnt from: factor · x + offset.

    is_exchanged: rows are columns and columns rows, as where numbers were filled into an array in R's order.
    """

    factor: float = 1.0
    offset: float = 0.0
    is_exchanged: bool = False


PREPARATIONS: Mapping[str, Preparation] = MappingProxyType(
    {
        "0 to 1": Preparation(),
        "0 to 255": Preparation(255),
        "-1 to 1": Preparation(2, -1),
        "inverted": Preparation(-1, 1),
        "exchanged": Preparation(is_exchanged=True),
    }
)  # in the order in which equal ones are preferred


@dataclass(frozen=True)
class Trial:
    """One data set, prepared in one way.

    dataset:     a key of the catalogue.  preparation: a key of PREPARATIONS.
    accuracy:    a fraction of `count` test images.
    """

    dataset: str
    preparation: str
    accuracy: float
    count: int


@dataclass(frozen=True)
class Verdict:
    """What some trials say.

    best: the one with the highest accuracy, the plainest of equals; None where no data set is read.
    ties: others of the same data set that luck alone may have put behind it, in their order.
    """

    best: Trial | None
    ties: tuple[Trial, ...] = ()


def with_input(net: Network, preparation: str) -> Network:
    """A network that takes images in [0, 1] and answers what `net` answers to them when they are prepared so.

    preparation: a key of PREPARATIONS.
    `net` is left as it is. Most often it is the same design with other weights; where a border of zeros stands in the
    way, a depthwise convolution of 1×1 goes in front: ask `.spec` of what comes back.
    Raises StudentError where that would be too large for this server.
    """
    prepared = PREPARATIONS[preparation]
    if prepared.is_exchanged:
        net = exchanged(net)
    return taken_up(net, [prepared.factor], [prepared.offset]).net


def with_scale(net: Network, scale: float) -> Network:
    """A network that answers to x what `net` answers to scale · x, exactly but for rounding; see `with_input`."""
    return taken_up(net, [scale], [0]).net


def fitting(spec: ModelSpec) -> list[str]:
    """Keys of the data sets that have images of this shape and as many classes, here or not."""
    return [
        key
        for key, dataset in KNOWN.items()
        if dataset.shape == spec.input_shape and len(dataset.classes) == spec.classes
    ]


def tried(
    net: Network, images: ImageSet, preparations: Sequence[str] = tuple(PREPARATIONS)
) -> tuple[Trial, ...]:
    """How many of some test images the network reads, prepared in each way.

    net:    as it came from the file.  images: of its shape, with as many classes; 1,000 tell 94 from 91 %.
    A way that its image's shape does not allow is left out.
    """
    trials = []
    for preparation in preparations:
        if PREPARATIONS[preparation].is_exchanged and len({*net.spec.input_shape[1:]}) > 1:
            continue
        accuracy = evaluate(with_input(net, preparation), images).accuracy
        trials.append(Trial(images.name, preparation, accuracy, len(images.labels)))
    return tuple(trials)


def verdict(trials: Sequence[Trial]) -> Verdict:
    """Which data set and which preparation, and what could just as well be.

    >>> net = [Trial("mnist", "0 to 1", 0.943, 1000), Trial("mnist", "0 to 255", 0.943, 1000)]
    >>> net += [Trial("mnist", "inverted", 0.058, 1000)]
    >>> verdict(net).best.preparation, [trial.preparation for trial in verdict(net).ties]
    ('0 to 1', ['0 to 255'])
    """
    best = max(trials, key=lambda trial: trial.accuracy, default=None)
    if best is None or best.accuracy < LEAST:
        return Verdict(None)
    ties = tuple(
        trial
        for trial in trials
        if trial is not best
        and trial.dataset == best.dataset
        and best.accuracy - trial.accuracy
        <= chance_difference(best.accuracy, trial.accuracy, best.count, trial.count)
    )
    return Verdict(best, ties)
