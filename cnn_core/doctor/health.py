"""What the doctor measures of a network while it learns: one `Check` at a time, as plain numbers. No torch."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class LayerHealth:
    """One layer at one moment.

    name:     of the layer: "conv2d_1".
    gradient: root of the mean square of the loss's gradient with respect to its kernels' numbers; None without kernels.
    silent:   the share of its filters or units that a relu left at 0, everywhere, for every image of the check; None
              where there is no relu to silence them.
    """

    name: str
    gradient: float | None = None
    silent: float | None = None


@dataclass(frozen=True)
class Check:
    """A network after `step` optimizer steps, measured on the same few training images each time.

    loss:    mean cross-entropy in nats.
    layers:  those that have a gradient or can be silent, in their order.
    answers: one number per class: how many of the images got this answer.
    labels:  one number per class: for how many it would be right.
    """

    step: int
    epoch: float
    loss: float
    layers: tuple[LayerHealth, ...] = ()
    answers: tuple[int, ...] = ()
    labels: tuple[int, ...] = ()

    @property
    def gradients(self) -> dict[str, float]:
        """{layer: gradient}, in their order, of the layers that have kernels."""
        return {one.name: one.gradient for one in self.layers if one.gradient is not None}

    @property
    def silent(self) -> dict[str, float]:
        """{layer: share of silent filters or units}, of the layers with a relu."""
        return {one.name: one.silent for one in self.layers if one.silent is not None}

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready. A gradient beyond all numbers is left out."""
        return {
            "step": self.step,
            "epoch": self.epoch,
            "loss": self.loss if math.isfinite(self.loss) else None,
            "layers": [
                {"name": one.name, "gradient": _finite(one.gradient), "silent": one.silent}
                for one in self.layers
            ],
            "answers": list(self.answers),
            "labels": list(self.labels),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Check | None:
        """The inverse of `to_dict`; None for anything else, since a file may be torn or foreign."""
        try:
            return cls(
                step=int(values["step"]),
                epoch=float(values["epoch"]),
                loss=math.inf if values["loss"] is None else float(values["loss"]),
                layers=tuple(_layer(one) for one in values["layers"]),
                answers=tuple(int(one) for one in values["answers"]),
                labels=tuple(int(one) for one in values["labels"]),
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Comparison:
    """The same design with relu, trained for a few steps from its own beginning to compare with.

    steps:     optimizer steps of both.
    accuracy:  of the net with relu, a fraction of `images` validation images.
    gradients: {layer: gradient}, as `Check.gradients`.
    """

    steps: int
    accuracy: float
    images: int
    gradients: Mapping[str, float] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "steps": self.steps,
            "accuracy": self.accuracy,
            "images": self.images,
            "gradients": dict(self.gradients),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Comparison | None:
        """The inverse of `to_dict`; None for anything else."""
        try:
            gradients = {str(name): float(value) for name, value in values["gradients"].items()}
            return cls(int(values["steps"]), float(values["accuracy"]), int(values["images"]), gradients)
        except (AttributeError, KeyError, TypeError, ValueError):
            return None


@dataclass(frozen=True)
class Health:
    """All that was measured of a run: checks in the order of training, and the comparison where one was made."""

    checks: tuple[Check, ...] = ()
    with_relu: Comparison | None = None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _layer(values: Mapping[str, Any]) -> LayerHealth:
    gradient, silent = values.get("gradient"), values.get("silent")
    return LayerHealth(
        str(values["name"]),
        None if gradient is None else float(gradient),
        None if silent is None else float(silent),
    )
