"""Measures a network's health while it is trained, for the doctor: `health.jsonl`, one check a line.

It takes a copy of the network for each check and draws no random number: the weights of the run are those it would
have without it, bit for bit.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import orjson

from cnn_core.data import ImageSet
from cnn_core.doctor import CheckImages, check, compare_with_relu
from cnn_core.doctor.course import FIRST_STEP, starved_layer
from cnn_core.runs.run import Run

if TYPE_CHECKING:
    from cnn_core.model import Network

SHARE = 0.04  # of the time may go into checks; of a large network fewer are made
MOST_CHECKS = 400  # of one run


class Examiner:
    """Measures a network now and then, and compares it once with itself in relu where no gradient comes through.

    run:        in whose folder.
    net:        the network as it learns.
    images:     that it learns from, before the recipe chooses among them.
    validation: that it does not learn from.
    """

    def __init__(self, run: Run, net: Network, images: ImageSet, validation: ImageSet) -> None:
        self.run, self.net, self.images, self.validation = run, net, images, validation
        self.file = run.folder / "health.jsonl"
        self.checked = CheckImages.of(images, run.recipe)
        health = run.health()
        self.checks, self.is_compared = list(health.checks), health.with_relu is not None
        self.next_at = -math.inf

    def examine(self, step: int, epoch: float, at_once: bool = False) -> None:
        """Measure after this step where it is time, or `at_once`; each step once. Raises OSError."""
        if (
            step < FIRST_STEP
            or (self.checks and self.checks[-1].step >= step)
            or len(self.checks) >= MOST_CHECKS
        ):
            return
        began = time.monotonic()
        # The second check comes as soon as it can: what is grave must be seen twice.
        if not at_once and len(self.checks) > 1 and began < self.next_at:
            return
        self.checks.append(check(self.net, self.checked, step, epoch))
        self._write({"kind": "check"} | self.checks[-1].to_dict())
        ended = time.monotonic()
        self.next_at = ended + (ended - began) / SHARE
        self._compare(step)

    def _compare(self, step: int) -> None:
        """Once, and only where the finding would be made: what the same design does with relu."""
        if self.is_compared or starved_layer(self.checks, math.log(self.run.spec.classes)) is None:
            return
        self.is_compared = True
        compared = compare_with_relu(self.run.spec, self.run.recipe, self.images, self.validation, step)
        if compared is not None:
            self._write({"kind": "with_relu", "step": step} | compared.to_dict())

    def _write(self, line: dict[str, Any]) -> None:
        with open(self.file, "ab", buffering=0) as file:
            file.write(orjson.dumps(line) + b"\n")
