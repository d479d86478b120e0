"""Reading CIFAR-10's binary version: records of one byte for the label and 3,072 for the image.

An image is its red pixels, row by row, then the green ones, then the blue ones. No pickle, no names: nothing in
these files can be anything but numbers.
Source: the page of the data set, A. Krizhevsky, "The CIFAR-10 dataset".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnn_core.data.catalog.record import CifarFiles, Dataset
from cnn_core.data.idx import check_bytes, damaged, unreadable


def _files(dataset: Dataset) -> CifarFiles:
    assert isinstance(dataset.files, CifarFiles)
    return dataset.files


def file_size(dataset: Dataset) -> int:
    """Bytes of each file of a data set in this format."""
    return _files(dataset).images_per_file * (1 + math.prod(dataset.shape))


def read_cifar(dataset: Dataset, paths: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """The images of some files, one after the other, as uint8 (N, C, H, W), and their labels, as uint8 (N,).

    dataset: of which they are. Where it takes only some labels, the others' images are left out, and the labels
             are the places of its own classes.
    Raises StudentError, naming the file, unless each is sound and whole.
    """
    images, labels = zip(*(_read_one(dataset, path) for path in paths), strict=True)
    return np.concatenate(images), np.concatenate(labels)


def _read_one(dataset: Dataset, path: Path) -> tuple[np.ndarray, np.ndarray]:
    files = _files(dataset)
    check_bytes(path, file_size(dataset))
    try:
        records = np.fromfile(path, dtype=np.uint8).reshape(files.images_per_file, -1)
    except OSError as error:
        raise unreadable(path, error) from error
    labels = records[:, 0]
    if labels.max() >= files.labels:
        raise damaged(path, f"it has a label {labels.max()}, but the last class is {files.labels - 1}")
    if not files.picked:
        return records[:, 1:].reshape(-1, *dataset.shape), labels
    own = np.isin(labels, files.picked)
    places = np.zeros(files.labels, dtype=np.uint8)
    places[list(files.picked)] = np.arange(len(files.picked))
    return records[own, 1:].reshape(-1, *dataset.shape), places[labels[own]]
