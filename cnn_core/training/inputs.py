"""From the raw bytes of a data set to what a network takes: scaling, memory order, the epoch's order, label noise."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError
from cnn_core.model import Network
from cnn_core.model.shapes import shape_text
from cnn_core.training.seeds import generator


def check_fit(net: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Raise StudentError where a network of ours was designed for other images (N, C, H, W), or for fewer classes."""
    if not isinstance(net, Network) or len(labels) == 0:
        return
    spec, shape = net.spec, tuple(images.shape[1:])
    if shape != spec.input_shape:
        raise StudentError(
            f"“{spec.name}” reads images of {shape_text(spec.input_shape)}, and these have {shape_text(shape)}.",
            hint=f"Set its input to {list(shape)}.",
        )
    if (last := int(labels.max())) >= spec.classes:
        raise StudentError(
            f"“{spec.name}” tells {spec.classes} classes apart, and there are images of class {last}, counted from 0.",
            hint=f"Give it {last + 1} classes.",
        )


def as_input(images: Tensor) -> Tensor:
    """Images as a network takes them: float32 in [0, 1], in channels-last memory order.

    images: (B, C, H, W) uint8, or float in [0, 1]. Returns a new (B, C, H, W) tensor.

    With one channel both memory orders are the same bytes, and torch then takes the slower path, unless the
    strides say channels-last explicitly; hence `empty`. (The lesson's step in float32: 31 ms before, 24 ms
    after.)
    """
    floats = torch.empty(images.shape, device=images.device, memory_format=torch.channels_last)
    return as_fractions(images, out=floats)


def order_of(count: int, seed: int, epoch: int) -> Tensor:
    """The order in which epoch number `epoch`, from 0, goes through the images: (count,) int64."""
    return torch.randperm(count, generator=generator(seed, "order", epoch))


def with_label_noise(labels: Tensor, fraction: float, classes: int, seed: int) -> Tensor:
    """A copy of `labels` in which that fraction, to the nearest image, is replaced by a class that is wrong.

    labels: (N,) int64 in [0, classes). Always the same ones for the same seed.
    """
    chance = generator(seed, "label noise")
    wrong = torch.randperm(len(labels), generator=chance)[: round(fraction * len(labels))]
    shift = torch.randint(1, classes, (len(wrong),), generator=chance)  # never 0: every one is truly wrong
    noisy = labels.clone()
    noisy[wrong] = (noisy[wrong] + shift) % classes
    return noisy
