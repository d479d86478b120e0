"""Which images a network learnt from, and how many of the images at hand are among them.

A test says how a network reads images that are new to it. So a network has to know which were not new: the rule by
which its images were taken from a data set, and a digest of their bytes. Both fit into a file of weights; the images
are found again by the rule, from the data set on this machine, and compared byte by byte.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from cnn_core.data.own.names import is_own
from cnn_core.data.sources import KNOWN, available
from cnn_core.errors import StudentError

if TYPE_CHECKING:  # what was learnt from is read in lists of runs too, which need no torch
    from torch import Tensor

    from cnn_core.data.datasets import ImageSet

Source = Literal["complete", "sample"]
# Where the sample's test digits stand among MNIST's 60,000 training images, counted from 0, in the sample's order.
SAMPLE_PLACES = Path(__file__).with_name("sample_places.json")


@dataclass(frozen=True)
class Portion:
    """Images of one data set that a network learnt from: of its training images all but the last, or a choice of them.

    dataset:    a key of DATASETS, or of a visitor's own.
    source:     "complete": the whole data set's training images; "sample": those of the part that stands in for it.
    count:      how many images these are.
    kept_aside: how many of the source's last images are not among them.
    chosen:     so many of the others were chosen by chance; None where it is all of them.
    seed:       of that choice.
    left_out:   so many were left out because the sample tests with them; 0 for whatever is trained on a server.
    digest:     of their bytes; "" where it was not written down.
    """

    dataset: str
    source: Source
    count: int
    kept_aside: int = 0
    chosen: int | None = None
    seed: int = 0
    left_out: int = 0
    digest: str = ""

    @classmethod
    def of(
        cls,
        images: ImageSet,
        kept_aside: int = 0,
        chosen: int | None = None,
        seed: int = 0,
        left_out: int = 0,
    ) -> Portion:
        """What a training learns from when it is given `images`, and makes a choice of `chosen` among them."""
        if chosen is not None and chosen < len(images):
            images = images.take(chosen, seed)
        else:
            chosen, seed = None, 0
        source: Source = "sample" if images.is_sample else "complete"
        return cls(images.name, source, len(images), kept_aside, chosen, seed, left_out, digest_of(images))

    @classmethod
    def from_dict(cls, values: object) -> Portion | None:
        """The inverse of `dataclasses.asdict`; None for what makes no sense, as a file from elsewhere may hold it."""
        if not isinstance(values, Mapping) or not _is_possible(values):
            return None
        return cls(**{name: values[name] for name in cls.__dataclass_fields__ if name in values})

    def images(self) -> ImageSet | None:
        """These images, found again on this machine; None where they are not here, or are not the same."""
        data = _training_images(self.dataset, self.source)
        if data is None:
            return None
        if self.left_out:
            from cnn_core.data.datasets import load_sample

            sample = load_sample("test")
            if sample is None:
                return None
            data = data.without(sample)
        if 0 < self.kept_aside < len(data):
            data = data.split_off(self.kept_aside)[0]
        if self.chosen is not None:
            data = data.take(self.chosen, self.seed)
        is_same = len(data) == self.count and self.digest in ("", digest_of(data))
        return data if is_same else None

    def count_among(self, others: ImageSet) -> int | None:
        """How many of `others` are among these images, by their bytes; None where that cannot be told here."""
        if is_own(self.dataset) and others.split == "test":
            return 0  # of an own data set no picture kept for testing ever comes among those to learn from
        if others.name != self.dataset:
            return 0
        learnt = _fingerprints_of(self)
        if learnt is not None:
            return int(np.isin(_packed(_fingerprints(others)), learnt).sum())
        if (
            self.dataset == "mnist"
            and self.source == "complete"
            and others.is_sample
            and others.split == "test"
        ):
            return len(self._places() & set(sample_places()))
        return None

    def _places(self) -> set[int]:
        """Where these images stand among the whole data set's training images, counted from 0."""
        total = KNOWN[self.dataset].count("train") - self.kept_aside
        places = set(range(total))
        if self.left_out:
            places -= set(sample_places())
        if self.chosen is None:
            return places
        import torch

        order = torch.randperm(len(places), generator=torch.Generator().manual_seed(self.seed))
        ranked = sorted(places)
        return {ranked[i] for i in order[: self.chosen].tolist()}


@dataclass(frozen=True)
class ImagesLearntFrom:
    """All images that a network learnt from.

    portions: what is known of them, in the order in which it learnt from them; a training may go on with other images.
    is_known: False where it also learnt from images that nobody here knows, as before it was opened from a file.
    """

    portions: tuple[Portion, ...] = ()
    is_known: bool = True

    def with_portion(self, portion: Portion) -> ImagesLearntFrom:
        """The same and these; nothing is added twice."""
        if portion in self.portions:
            return self
        return ImagesLearntFrom((*self.portions, portion), self.is_known)

    @property
    def count(self) -> int:
        """How many images it learnt from, of those that are known.

        Where the sample's digits came first and all of MNIST after them, they are counted with all of MNIST.
        """
        most: dict[str, int] = {}
        for portion in self.portions:
            most[portion.dataset] = max(portion.count, most.get(portion.dataset, 0))
        return sum(most.values())

    def overlap(self, test: ImageSet) -> Overlap:
        """How many of the images of `test` it learnt from."""
        counts = [portion.count_among(test) for portion in self.portions]
        known = [count for count in counts if count is not None]
        # Two portions may share images; the largest is certain.
        return Overlap(len(test), max(known, default=0), self.is_known and len(known) == len(counts))

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"portions": [asdict(portion) for portion in self.portions], "is_known": self.is_known}

    @classmethod
    def from_dict(cls, values: object) -> ImagesLearntFrom:
        """What a file says; NOT_KNOWN where it says nothing, or nothing that makes sense."""
        if not isinstance(values, Mapping) or not isinstance(values.get("portions"), list):
            return NOT_KNOWN
        portions = [Portion.from_dict(one) for one in values["portions"]]
        sound = tuple(portion for portion in portions if portion is not None)
        return cls(sound, values.get("is_known") is True and len(sound) == len(portions))


NOT_KNOWN = ImagesLearntFrom(is_known=False)


@dataclass(frozen=True)
class Overlap:
    """How much of a test is none.

    count:    images of the test.
    seen:     so many of them the network learnt from, at least.
    is_known: whether it is certain that these are all.
    """

    count: int
    seen: int
    is_known: bool

    @property
    def is_test(self) -> bool:
        """Whether each of the images is certainly new to the network."""
        return self.is_known and self.seen == 0


def digest_of(images: ImageSet) -> str:
    """32 hexadecimal figures: the same for the same images, in whatever order.

    Those of a whole data set, or of a stretch of it, are remembered: each training of it begins by asking for them, and
    55,000 images take 0.1 s of a processor.
    """
    pixels = images.images
    if (
        is_own(images.name) or not pixels._is_view()
    ):  # somebody's few pictures, or a choice: copies that go again
        return _digest(images)
    place = pixels.data_ptr(), tuple(pixels.shape), pixels.stride()
    if place not in _digests:
        while len(_digests) >= _MOST_DIGESTS:
            _digests.pop(next(iter(_digests)), None)
        _digests[place] = pixels, _digest(images)
    return _digests[place][1]


# {where they lie in memory: (they themselves, so that no others ever lie there; their digest)}
_digests: dict[tuple[int, tuple[int, ...], tuple[int, ...]], tuple[Tensor, str]] = {}
_MOST_DIGESTS = 4


def _digest(images: ImageSet) -> str:
    return hashlib.blake2b(b"".join(sorted(_fingerprints(images))), digest_size=16).hexdigest()


def _fingerprints(images: ImageSet) -> list[bytes]:
    from cnn_core.data.datasets import fingerprints

    return fingerprints(images.images)


@functools.cache
def sample_places() -> tuple[int, ...]:
    """Where the sample's test digits stand among MNIST's training images, counted from 0."""
    return tuple(json.loads(SAMPLE_PLACES.read_text()))


def _training_images(dataset: str, source: Source) -> ImageSet | None:
    """The images of that source, if they are on this machine. Never asks the network."""
    from cnn_core.data.datasets import load_images, load_sample

    if source == "sample":
        return load_sample("train", dataset)
    try:
        is_here = available(dataset).state == "complete"
        return load_images(dataset, "train", fetch=False) if is_here else None
    except StudentError:
        return None


_remembered: dict[Portion, np.ndarray] = {}
_MOST_REMEMBERED = 8  # of 60,000 images each: 1 MB; a set of them took 7


def _fingerprints_of(portion: Portion) -> np.ndarray | None:
    """Of its images. What is not on this machine may come, so that it is not remembered."""
    if portion not in _remembered:
        images = portion.images()
        if images is None:
            return None
        while len(_remembered) >= _MOST_REMEMBERED:
            _remembered.pop(next(iter(_remembered)), None)
        _remembered[portion] = _packed(_fingerprints(images))
    return _remembered[portion]


def _packed(marks: list[bytes]) -> np.ndarray:
    return np.array(marks, "S16")


def _is_possible(values: Mapping[Any, Any]) -> bool:
    """Whether a portion can be like that."""
    numbers = [values.get(name, 0) for name in ("count", "kept_aside", "seed", "left_out")]
    chosen = values.get("chosen")
    return (
        (values.get("dataset") in KNOWN or is_own(values.get("dataset")))
        and values.get("source") in ("complete", "sample")
        and isinstance(values.get("digest", ""), str)
        and all(type(number) is int and number >= 0 for number in numbers)
        and (chosen is None or (type(chosen) is int and chosen > 0))
    )
