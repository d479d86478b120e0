"""How large gradients were while a run was trained, and how far single steps moved its weights, as its folder says.

    {"kind": "check", ...}                                            the doctor's, with a gradient for each layer
    {"kind": "gradient", "step": 4, "epoch": 0.06, "layers": {...}}   the same, of steps before the doctor looks
    {"kind": "moved", "step": 5, "epoch": 0.08, "layers": {...}}      how far step 5 moved each layer's kernels

Lines of `health.jsonl`. A run of before they were measured has fewer, and a spoiled line is none. No torch.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cnn_core.doctor.health import Check


@dataclass(frozen=True)
class LayerSizes:
    """One number for each layer with kernels, at one step; a root mean square over the numbers of its kernels.

    layers: {layer: number}, in their order; those that are no number are left out.
    """

    step: int
    epoch: float
    layers: Mapping[str, float]


@dataclass(frozen=True)
class StepSizes:
    """Over a training, in its order.

    gradients: of the loss of the doctor's few training images, by the kernels' numbers.
    moved:     how far one step of the optimiser moved these numbers; on a GPU nobody measures it.
    """

    gradients: tuple[LayerSizes, ...] = ()
    moved: tuple[LayerSizes, ...] = ()


def line_of(kind: str, sizes: LayerSizes) -> dict[str, Any]:
    """A line for the file.  kind: "gradient" or "moved"."""
    return {"kind": kind, "step": sizes.step, "epoch": sizes.epoch, "layers": dict(sizes.layers)}


def step_sizes(checks: Iterable[Check], lines: Iterable[Mapping[str, Any]]) -> StepSizes:
    """What the lines of a run's file say, beside the doctor's checks."""
    found: dict[str, dict[int, LayerSizes]] = {"gradient": {}, "moved": {}}
    for line in lines:
        of_kind = found.get(str(line.get("kind")))
        if of_kind is not None and (sizes := _read(line)) is not None:
            of_kind[sizes.step] = sizes
    for check in checks:
        if check.gradients:
            found["gradient"][check.step] = LayerSizes(check.step, check.epoch, check.gradients)
    gradients, moved = (tuple(of[step] for step in sorted(of)) for of in found.values())
    return StepSizes(gradients, moved)


def _read(line: Mapping[str, Any]) -> LayerSizes | None:
    try:
        step, epoch = int(line["step"]), float(line["epoch"])
        layers = {str(name): float(value) for name, value in line["layers"].items() if _is_size(value)}
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return None
    return LayerSizes(step, epoch, layers) if math.isfinite(epoch) and layers else None


def _is_size(value: Any) -> bool:
    return (
        isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value >= 0
    )
