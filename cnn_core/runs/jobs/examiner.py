"""Measures a network's health while it is trained, for the doctor: `health.jsonl`, one check a line.

Beside it how far the step after a check moved the weights, and gradients of the first steps, before the doctor looks:
`runs/step_sizes.py` reads them. It takes a copy of the network for each check and draws no random number: the weights
of the run are those it would have without it, bit for bit.
"""

from __future__ import annotations

import copy
import math
import time
from typing import TYPE_CHECKING, Any

import orjson

from cnn_core.data import ImageSet
from cnn_core.doctor import CheckImages, check, compare_with_relu
from cnn_core.doctor.course import FIRST_STEP, starved_layer
from cnn_core.insight.over_time.sizes import distances, kernels_of
from cnn_core.runs.run import Run
from cnn_core.runs.step_sizes import LayerSizes, line_of

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.model import Network

SHARE = 0.04  # of the time may go into checks; of a large network fewer are made
MOST_CHECKS = 400  # of one run
EARLY_STEPS = (0, 1, 4, 16)  # after which gradients are measured before the doctor looks,
EARLY_SECONDS = 1.0  # of the processor: unless those before took so long


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
        self.early_step, self.early_seconds = -1, 0.0
        self.beginning: Network | None = None  # the network before its first step, until that is done
        self.before: tuple[int, dict[str, Tensor]] | None = (
            None  # the last step measured, and the kernels then
        )

    def examine(self, step: int, epoch: float, at_once: bool = False) -> None:
        """Measure after this step where it is time, or `at_once`; each step once. Raises OSError."""
        if step == 0:  # nobody's first step has to wait for that
            self.beginning = copy.deepcopy(self.net)
            self._watch_next_step(step)
        elif step in EARLY_STEPS:
            self._examine_early(self.net, step, epoch)
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
        self._watch_next_step(step)
        ended = time.monotonic()
        self.next_at = ended + (ended - began) / SHARE
        self._compare(step)

    def _examine_early(self, net: Network, step: int, epoch: float) -> None:
        if step <= self.early_step or self.early_seconds > EARLY_SECONDS:
            return
        self.early_step = step
        began = time.process_time()
        gradients = check(net, self.checked, step, epoch).gradients
        self._write(line_of("gradient", LayerSizes(step, epoch, gradients)))
        self.early_seconds += time.process_time() - began
        if net is self.net:
            self._watch_next_step(step)

    def _watch_next_step(self, step: int) -> None:
        # A GPU works ahead of what it tells: what its weights are after a single step, nobody sees.
        if all(weight.device.type == "cpu" for weight in self.net.parameters()):
            self.before = step, kernels_of(self.net)

    def stepped(self, step: int, epoch: float) -> None:
        """A step is done: how far it moved the weights, if it is the one after a measurement. Raises OSError."""
        if self.beginning is not None:
            beginning, self.beginning = self.beginning, None
            self._examine_early(beginning, 0, 0.0)
        if self.before is None:
            return
        (measured, kernels), self.before = self.before, None
        if step == measured + 1:
            self._write(line_of("moved", LayerSizes(step, epoch, distances(kernels, kernels_of(self.net)))))

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
