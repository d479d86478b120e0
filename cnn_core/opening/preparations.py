"""How images may have been prepared for a network from elsewhere, and what some trials of these ways say.

No file says for sure how its images were prepared, so each way is tried on test images (`trial.tried`). Often the
accuracy tells: a net that learnt from numbers up to 255 reads little of an image in [0, 1]. It does not always: a relu
net with small biases hardly minds a factor. Then two ways tie, and `Verdict` says so. No torch: pages read this too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from cnn_core.data.sources import KNOWN, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.significance import beyond_chance

LEAST = 0.3  # of the images; who reads fewer of them did not learn from this data set
UNIT, BYTES = "unit", "bytes"


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
        UNIT: Preparation(),
        BYTES: Preparation(255),
        "signed": Preparation(2, -1),
        # What PyTorch's own example does with MNIST: (x − 0.1307) / 0.3081.
        "standard": Preparation(1 / 0.3081, -0.1307 / 0.3081),
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

    def may_equal(self, other: Trial) -> bool:
        """Whether luck alone may have put them so far apart; see `significance.chance_difference`."""
        return not beyond_chance(self.accuracy, other.accuracy, self.count, other.count)


@dataclass(frozen=True)
class Verdict:
    """What some trials say.

    best: the one with the highest accuracy, the plainest of equals; None where no data set is read.
    ties: others of the same data set that luck alone may have put behind it, in their order.
    """

    best: Trial | None
    ties: tuple[Trial, ...] = ()


def verdict(trials: Sequence[Trial], least: float = LEAST) -> Verdict:
    """Which data set and which preparation, and what could just as well be.

    least: a fraction; whoever reads fewer images reads none of the data sets.

    >>> net = [Trial("mnist", "unit", 0.943, 1000), Trial("mnist", "bytes", 0.943, 1000)]
    >>> net += [Trial("mnist", "inverted", 0.058, 1000)]
    >>> verdict(net).best.preparation, [trial.preparation for trial in verdict(net).ties]
    ('unit', ['bytes'])
    """
    best = max(trials, key=lambda trial: trial.accuracy, default=None)
    if best is None or best.accuracy < least:
        return Verdict(None)
    ties = [trial for trial in trials if trial.dataset == best.dataset and trial.may_equal(best)]
    return Verdict(best, tuple(trial for trial in ties if trial is not best))


def fitting(spec: ModelSpec) -> list[str]:
    """Keys of the catalogue's data sets that a network of this design could be for, here or not; see `fits`."""
    return [key for key in KNOWN if fits(spec, key)]


def fits(spec: ModelSpec, key: str) -> bool:
    """Whether the images of a data set have this design's shape, and it as many classes; False of none there is."""
    try:
        dataset = dataset_of(key)
    except StudentError:  # one of a visitor's own that was removed
        return False
    return dataset.shape == spec.input_shape and len(dataset.classes) == spec.classes
