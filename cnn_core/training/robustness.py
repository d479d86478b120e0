"""How far images may be shifted, turned or made noisy before a network's answers change: why convolution at all.

A convnet shares its weights over all places, so a shifted digit meets the same filters; an MLP has to learn each
place anew. The geometry is `apply_affine`'s, so zero of everything is the untouched test set.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from cnn_core.data import AffineParams, ImageSet, apply_affine
from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError, quoted
from cnn_core.training.evaluation import evaluate

PART = 1_000  # images changed at a time: all 10,000 would be 200 MB for a moment

# For each change: the strengths that are tried, and their unit.
CHANGES: dict[str, tuple[tuple[float, ...], str]] = {
    "shift": ((0, 1, 2, 3, 4, 5, 6), "pixels, in a random direction"),
    "rotation": ((0, 10, 20, 30, 45, 60, 75, 90), "degrees, to a random side"),
    "noise": ((0.0, 0.1, 0.2, 0.3, 0.4, 0.5), "standard deviation, of full contrast"),
}


def changed_images(images: Tensor, change: str, strength: float, seed: int = 0) -> Tensor:
    """Every image changed by exactly this much; only the direction is drawn.

    images:   (N, C, H, W), uint8 or float in [0, 1].
    change:   a key of CHANGES.
    strength: pixels, degrees, or the noise's standard deviation.
    Returns float (N, C, H, W) in [0, 1], black outside. Raises StudentError for another change.
    """
    if change not in CHANGES:
        raise StudentError(f"There is no change {quoted(change)}.", hint=f"Choose {', '.join(CHANGES)}.")
    pixels = as_fractions(images)
    if strength == 0:
        return pixels.clone()
    generator = torch.Generator().manual_seed(seed)
    count = len(pixels)
    if change == "noise":
        return (pixels + strength * torch.randn(pixels.shape, generator=generator)).clamp(0, 1)
    params = AffineParams.unchanged(count)
    if change == "shift":
        angle = torch.rand(count, generator=generator) * 2 * torch.pi
        params = replace(params, tx=strength * angle.cos(), ty=strength * angle.sin())
    else:
        side = torch.randint(0, 2, (count,), generator=generator) * 2 - 1
        params = replace(params, theta=strength * side.float())
    return apply_affine(pixels, params, fill_mode="constant")


def accuracy_under(
    net: nn.Module,
    data: ImageSet,
    change: str,
    seed: int = 0,
    tell: Callable[[float], None] | None = None,
) -> list[float]:
    """The accuracy at each of the strengths in CHANGES, on all of `data`; a fraction each.

    tell: called now and then with the fraction of the work that is done.
    Raises StudentError for a change that is not in CHANGES.
    """
    strengths, _ = CHANGES.get(change, ((0,), ""))
    accuracies: list[float] = []
    for strength in strengths:

        def tell_all(fraction: float, before: int = len(accuracies)) -> None:
            if tell is not None:
                tell((before + fraction) / len(strengths))

        accuracies.append(accuracy_at(net, data, change, strength, seed, tell_all))
    return accuracies


def accuracy_at(
    net: nn.Module,
    data: ImageSet,
    change: str,
    strength: float,
    seed: int = 0,
    tell: Callable[[float], None] | None = None,
) -> float:
    """The accuracy on all of `data`, each image changed by this much; a fraction. Arguments as in `accuracy_under`."""
    parts = list(zip(data.images.split(PART), data.labels.split(PART), strict=True))
    right = 0
    for number, (images, labels) in enumerate(parts):
        part: Any = _LabelledImages(changed_images(images, change, strength, seed + number), labels)
        right += int(evaluate(net, part).confusion.trace())
        if tell is not None:
            tell((number + 1) / len(parts))
    return right / len(data.labels)


class _LabelledImages(NamedTuple):
    """Images that are bytes no more, with their labels: all that `evaluate` asks of a set."""

    images: Tensor  # float (N, C, H, W) in [0, 1]
    labels: Tensor  # int64 (N,)


def calibration(probabilities: Tensor, labels: Tensor, bins: int = 10) -> list[tuple[float, float, int]]:
    """How often an answer is right, against how sure it was: (mean certainty, fraction right, count) a bin.

    probabilities: (N, K).
    labels:        (N,).
    bins:          of equal width, from 0 to 1; empty ones are left out.
    Source: Guo et al. 2017, "On Calibration of Modern Neural Networks", section 2.
    """
    sure, answers = probabilities.max(1)
    right = answers.eq(labels).double()
    bin_of = (sure.double() * bins).long().clamp(0, bins - 1)
    return [
        (sure[inside].double().mean().item(), right[inside].mean().item(), int(inside.sum()))
        for bin in range(bins)
        if (inside := bin_of == bin).any()
    ]


def expected_calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 10) -> float:
    """Mean gap between how sure the answers were and how often they were right, weighted by the bins' counts."""
    table = calibration(probabilities, labels, bins)
    return sum(count * abs(sure - right) for sure, right, count in table) / sum(row[2] for row in table)
