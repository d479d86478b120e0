"""Twelve test images that are watched while a network learns, and how it reads them now: `samples.json`."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from cnn_core.data import ImageSet
from cnn_core.errors import StudentError
from cnn_core.pretrained import load
from cnn_core.runs.files import write_json
from cnn_core.runs.run import Run
from cnn_core.training import evaluate

if TYPE_CHECKING:
    from cnn_core.model import Network

SAMPLES, EASY_SAMPLES = 12, 4
SAMPLED_IMAGES = 2_000  # of the test images, the first: the twelve are among them
READING_SECONDS = 1.0  # between two readings

_sample_digits: dict[tuple[str, int], list[int]] = {}  # (data set, its size) -> indices


class DigitSampler:
    """Lets a network read the twelve images, and writes down how.

    run:  in whose folder.
    net:  the network as it learns.
    test: the test images they are from.
    """

    def __init__(self, run: Run, net: Network, test: ImageSet) -> None:
        self.file, self.net = run.folder / "samples.json", net
        self.indices = sample_digits(test)
        self.labels = test.labels[self.indices].tolist()
        self.images: Tensor = test.images[self.indices].float() / 255  # (12, C, H, W)
        self.last_reading = -math.inf

    def read(self, step: int, epoch: float, at_once: bool = False) -> None:
        """Read them after this step; at most once a second, unless `at_once`. Raises OSError."""
        now = time.monotonic()
        if not at_once and now - self.last_reading < READING_SECONDS:
            return
        self.last_reading = now
        device = next(self.net.parameters()).device
        probabilities = self.net.predict(self.images.to(device)).cpu()  # (12, K)
        reading = {
            "step": step,
            "epoch": epoch,
            "indices": self.indices,
            "labels": self.labels,
            "probabilities": [[round(value, 5) for value in row] for row in probabilities.tolist()],
        }
        write_json(self.file, reading)


def sample_digits(test: ImageSet) -> list[int]:
    """Twelve test images to watch: of the first 2,000, four easy and eight hard ones for the pretrained net.

    Where there is no pretrained net for these images: the first of each class, and the two after.
    """
    key = (test.name, len(test))
    if key not in _sample_digits:
        _sample_digits[key] = _hard_digits(test) or _one_of_each(test)
    return _sample_digits[key]


def _hard_digits(test: ImageSet) -> list[int]:
    if test.name != "mnist":
        return []
    first = replace(test, images=test.images[:SAMPLED_IMAGES], labels=test.labels[:SAMPLED_IMAGES])
    try:
        probabilities = evaluate(load("lesson"), first).probabilities
    except (StudentError, OSError):  # its weights are not here
        return []
    certainty = probabilities.gather(1, first.labels[:, None]).squeeze(1)  # (N,)
    from_hard_to_easy = certainty.argsort().tolist()
    return from_hard_to_easy[-EASY_SAMPLES:] + from_hard_to_easy[: SAMPLES - EASY_SAMPLES]


def _one_of_each(test: ImageSet) -> list[int]:
    labels = test.labels[:SAMPLED_IMAGES].tolist()
    firsts = sorted({label: index for index, label in reversed(list(enumerate(labels)))}.values())
    others = [index for index in range(len(labels)) if index not in firsts]
    return (firsts + others)[:SAMPLES]
