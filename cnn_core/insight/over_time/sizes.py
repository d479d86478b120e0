"""How large each layer's gradient was, and how far its weights moved, over a training: cheap, from its snapshots.

The gradient is that of the mean loss of a few training images, measured as the training would meet them: by the
batch's averages, nothing dropped out. A movement is the way from the snapshot before, per step: where a training goes
to and fro, that is less than the sum of its steps.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.insight.look.twin import as_weights, checked_images
from cnn_core.insight.over_time.snapshots import Snapshots, in_turn
from cnn_core.model.network import Network


@dataclass(frozen=True)
class Sizes:
    """One moment of a training; each {layer: number}, of layers with kernels, in their order.

    step:       optimiser steps done.
    loss:       mean cross-entropy of the images measured on, in nats.
    gradient:   root mean square of the gradient by the kernels' numbers.
    weight:     root mean square of these numbers.
    moved:      root mean square of how far they moved since the snapshot before, per step; {} of the first.
    from_start: the same since the first snapshot, not per step.
    """

    step: int
    loss: float
    gradient: dict[str, float]
    weight: dict[str, float]
    moved: dict[str, float]
    from_start: dict[str, float]


def sizes_over(snapshots: Snapshots, images: Tensor, labels: Tensor) -> Iterator[Sizes]:
    """One `Sizes` for each snapshot, made when it is wanted.

    images: (B, C, H, W) in [0, 1] or uint8; 64 to 256 of the training images, always the same.
    labels: (B,) int64.
    Raises StudentError for images of another shape.
    """
    first: dict[str, Tensor] = {}
    before: dict[str, Tensor] = {}
    last_step = 0
    for step, net in in_turn(snapshots):
        loss, gradients = _gradients(net, images, labels)
        kernels = kernels_of(net)
        first = first or kernels
        moved = distances(before, kernels)
        yield Sizes(
            step=step,
            loss=loss,
            gradient=gradients,
            weight={layer: _rms(kernel) for layer, kernel in kernels.items()},
            moved={layer: far / max(1, step - last_step) for layer, far in moved.items()},
            from_start=distances(first, kernels),
        )
        before, last_step = kernels, step


def kernels_of(net: Network) -> dict[str, Tensor]:
    """{layer: all numbers of its kernels in a row}, copied; biases and normalisations apart."""
    return {
        name: torch.cat([w.detach().flatten().double().cpu() for w in kernels])
        for name, layer in net.named_children()
        if (kernels := [w for w in layer.parameters() if w.ndim > 1])
    }


def _gradients(net: Network, images: Tensor, labels: Tensor) -> tuple[float, dict[str, float]]:
    twin = copy.deepcopy(net)
    for module in twin.modules():
        module.training = not isinstance(module, nn.Dropout)
    pixels = as_weights(net, checked_images(images, net.spec.input_shape))
    with torch.inference_mode(False), torch.enable_grad():
        for weight in twin.parameters():
            weight.requires_grad_(True)
            weight.grad = None
        loss = F.cross_entropy(twin(pixels), labels.to(pixels.device))
        loss.backward()
    sizes = {
        name: _rms(torch.cat([w.grad.flatten().double() for w in kernels if w.grad is not None]))
        for name, layer in twin.named_children()
        if (kernels := [w for w in layer.parameters() if w.ndim > 1])
    }
    return loss.item(), sizes


def distances(one: dict[str, Tensor], other: dict[str, Tensor]) -> dict[str, float]:
    """{layer: root mean square of how far its numbers lie apart}, of two networks of one design by `kernels_of`."""
    return {layer: _rms(other[layer] - kernel) for layer, kernel in one.items()}


def _rms(values: Tensor) -> float:
    return values.square().mean().sqrt().item()
