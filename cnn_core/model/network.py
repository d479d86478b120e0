"""From a design to a network that computes what Keras would, with PyTorch.

A network is a sequence with one child a layer, named as Keras names it; a child's output is after its activation, and
its weights sit in one submodule (`conv`, `norm` or `dense`). Take a prefix with `net[:k]` to stop at a layer. Which
module a kind of layer becomes is said at the end of the file, in `_MODULES`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.errors import StudentError
from cnn_core.model.activations import parts_of
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
    Pooling,
)
from cnn_core.model.modes import in_mode
from cnn_core.model.shapes import Shape, same_padding, shape_text
from cnn_core.model.spec import ModelSpec, summarize

# Keras's constants: torch's default for the epsilon (1e-5) is another.
NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.01  # torch's word for 1 minus Keras's 0.99
PREDICT_BATCH = 500  # images at once: the maps of the largest permitted network then need 2 GB


def _unchanged(values: Tensor) -> Tensor:
    return values  # by name, not a lambda: a network can then be pickled, and sent to another process


_ACTIVATION: dict[str, Callable[..., Tensor]] = {
    "linear": _unchanged,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "elu": F.elu,
    "gelu": F.gelu,  # the exact one, by erf
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": _unchanged,  # the network gives logits; `predict` applies it
}
_NUMBER = {"leaky_relu": "negative_slope", "elu": "alpha"}


def activation_named(name: str) -> Callable[[Tensor], Tensor]:
    """What an activation does to each number, by its name in a design."""
    kind, number = parts_of(name)
    return _ACTIVATION[kind] if number is None else partial(_ACTIVATION[kind], **{_NUMBER[kind]: number})


class Network(nn.Sequential):
    """A built design. `forward` takes images (B, C, H, W) in [0, 1] and gives logits (B, classes)."""

    spec: ModelSpec

    def predict(self, images: Tensor) -> Tensor:
        """Probabilities (B, classes), float32, for images (B, C, H, W): floats in [0, 1] or raw uint8.

        As in eval mode and without a graph; the mode of every module is left as found. Raises StudentError for
        images of another size.
        """
        if images.ndim != 4 or tuple(images.shape[1:]) != self.spec.input_shape:
            these = (
                shape_text(tuple(images.shape[1:])) if images.ndim == 4 else f"of {images.ndim} dimensions"
            )
            raise StudentError(
                f"This network reads images {shape_text(self.spec.input_shape)}, and these are {these}.",
                hint="Cut or resize them first; one image needs a batch around it.",
            )
        like = next(self.parameters(), torch.empty(0, device=images.device))
        with in_mode(self.modules(), training=False), torch.no_grad():
            logits = [
                self(_as_input(part.to(like.device)).to(like.dtype)).float()
                for part in images.split(PREDICT_BATCH)
            ]
        return F.softmax(torch.cat(logits), dim=1)


def build(spec: ModelSpec, seed: int = 0) -> Network:
    """A new network of this design: Glorot-uniform kernels, zero biases, the same ones for the same seed.

    Leaves torch's global random state alone. Source of the initialisation: Glorot & Bengio 2010, section 4.2.
    """
    net = Network()
    net.spec = spec
    shape: Shape = spec.input_shape
    for index, (row, layer) in enumerate(zip(summarize(spec), spec.layers, strict=True)):
        child = _MODULES[type(layer)](layer, shape)
        for weights in child.parameters():
            if weights.dim() > 1:
                chance = torch.Generator().manual_seed(_layer_seed(seed, index))
                _glorot_uniform(weights, chance, getattr(child, "groups", 1))
        net.add_module(row.name, child)
        shape = row.output_shape
    return net


def _as_input(images: Tensor) -> Tensor:
    return images.float() / 255 if images.dtype == torch.uint8 else images.float()


def _layer_seed(seed: int, index: int) -> int:
    # Layers must not share numbers: two equal ones would start as twins.
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:7], "big")


@torch.no_grad()
def _glorot_uniform(weights: Tensor, generator: torch.Generator, groups: int = 1) -> None:
    cells = weights[0, 0].numel()  # 1, or kernel x kernel
    # As Keras counts: a depthwise kernel is (rows, columns, channels, multiplier) there.
    outputs, inputs = weights.shape[0] // groups * cells, weights.shape[1] * groups * cells
    limit = math.sqrt(6 / (inputs + outputs))
    weights.copy_(torch.empty(weights.shape).uniform_(-limit, limit, generator=generator))


def pad_same(maps: Tensor, kernel: int, strides: int, value: float = 0.0) -> Tensor:
    """What Keras adds for "same": so much that ceil(n / strides) places fit, an odd pixel right and at the bottom."""
    top, bottom = same_padding(maps.shape[-2], kernel, strides)
    left, right = same_padding(maps.shape[-1], kernel, strides)
    padding = (left, right, top, bottom)
    return F.pad(maps, padding, value=value) if any(padding) else maps


class _Conv2d(nn.Conv2d):
    def reset_parameters(self) -> None:
        """Nothing: torch would draw from the global random state here. `build` draws from a state of its own."""


class _Linear(nn.Linear):
    def reset_parameters(self) -> None:
        """Nothing, for the same reason."""


class _BatchNorm(nn.BatchNorm2d):
    """For maps and for lists of values, with a moving variance that is Keras's.

    Torch moves it towards n / (n - 1) times the batch's mean square deviation, Keras towards that deviation itself.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Both are welcome."""

    def forward(self, values: Tensor) -> Tensor:
        if not self.training:
            return super().forward(values)
        assert self.running_var is not None
        assert self.num_batches_tracked is not None
        assert self.momentum is not None
        self.num_batches_tracked += 1
        count = values.numel() // values.shape[1]
        if count == 1:
            return self._normalize_one(values)
        torchs = self.running_var.clone()  # the backward pass keeps it: nobody may change it any more
        normalized = F.batch_norm(
            values, self.running_mean, torchs, self.weight, self.bias, True, self.momentum, self.eps
        )
        with torch.no_grad():
            kept = self.running_var * (1 - self.momentum)
            self.running_var.copy_(torchs - (torchs - kept) / count)
        return normalized

    def _normalize_one(self, values: Tensor) -> Tensor:
        # The last batch of an epoch can be one image, which torch refuses. Its only value is its mean, its variance 0.
        assert self.running_mean is not None
        assert self.running_var is not None
        assert self.momentum is not None
        with torch.no_grad():
            self.running_mean.lerp_(values.detach().flatten().to(self.running_mean.dtype), self.momentum)
            self.running_var *= 1 - self.momentum
        per_channel = (1, -1, *[1] * (values.ndim - 2))
        return (values - values.detach()) * self.weight.view(per_channel) + self.bias.view(per_channel)


class Activated(nn.Module):
    """A layer with an activation: what comes out is `activation(before(values))`. By itself, an activation alone.

    name: the activation's, as a design says it; a softmax is left to `Network.predict`.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.activation_name = name
        self.activation = activation_named(name)

    def before(self, values: Tensor) -> Tensor:
        """What the activation is applied to."""
        return values

    def forward(self, values: Tensor) -> Tensor:
        return self.activation(self.before(values))


class _ConvolvingLayer(Activated):
    """groups: each part of the channels that no other part is mixed with."""

    def __init__(self, layer: Conv2D | DepthwiseConv2D, channels: int, groups: int) -> None:
        super().__init__(layer.activation)
        # A kernel that reaches over an odd number of pixels and moves by one needs the same padding on every side:
        # torch does that by itself.
        window = layer.window()
        centred = window.padding == "same" and window.stride == 1 and window.reach % 2 == 1
        self.conv = _Conv2d(
            channels,
            layer.channels_out(channels),
            layer.kernel_size,
            layer.strides,
            padding=window.reach // 2 if centred else 0,
            dilation=window.dilation,
            groups=groups,
        )
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.window = window
        self.groups = groups
        self.pads = window.padding == "same" and not centred

    def before(self, values: Tensor) -> Tensor:
        if self.pads:
            values = pad_same(values, self.window.reach, self.window.stride)
        return self.conv(values)


class ConvLayer(_ConvolvingLayer):
    """(B, C, H, W) -> (B, filters, H', W'), after the activation."""

    def __init__(self, layer: Conv2D, channels: int) -> None:
        super().__init__(layer, channels, groups=1)


class DepthwiseConvLayer(_ConvolvingLayer):
    """(B, C, H, W) -> (B, C * multiplier, H', W'), after the activation; the maps over one channel lie together."""

    def __init__(self, layer: DepthwiseConv2D, channels: int) -> None:
        super().__init__(layer, channels, groups=channels)


class DenseLayer(Activated):
    """(B, inputs) -> (B, units), after the activation."""

    def __init__(self, layer: Dense, inputs: int) -> None:
        super().__init__(layer.activation)
        self.dense = _Linear(inputs, layer.units)
        nn.init.zeros_(self.dense.bias)

    def before(self, values: Tensor) -> Tensor:
        return self.dense(values)


class _PoolLayer(nn.Module):
    def __init__(self, layer: Pooling) -> None:
        super().__init__()
        self.pads = layer.padding == "same"
        self.size, self.strides, *_ = layer.window()


class MaxPoolLayer(_PoolLayer):
    """(B, C, H, W) -> (B, C, H', W'). Padding never wins: it is minus infinity."""

    def forward(self, maps: Tensor) -> Tensor:
        if self.pads:
            maps = pad_same(maps, self.size, self.strides, value=-math.inf)
        return F.max_pool2d(maps, self.size, self.strides)


class AveragePoolLayer(_PoolLayer):
    """(B, C, H, W) -> (B, C, H', W'). Cells that padding adds do not count."""

    def forward(self, maps: Tensor) -> Tensor:
        if not self.pads:
            return F.avg_pool2d(maps, self.size, self.strides)
        real = maps.new_ones(1, 1, *maps.shape[-2:])
        return self._sums(maps) / self._sums(real)

    def _sums(self, maps: Tensor) -> Tensor:
        padded = pad_same(maps, self.size, self.strides)
        return F.avg_pool2d(padded, self.size, self.strides, divisor_override=1)


class GlobalAveragePoolLayer(nn.Module):
    """(B, C, H, W) -> (B, C)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


class NormLayer(nn.Module):
    """Batch normalisation of maps (B, C, H, W) or values (B, C), with Keras's constants."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = _BatchNorm(channels, eps=NORM_EPSILON, momentum=NORM_MOMENTUM)

    def forward(self, values: Tensor) -> Tensor:
        return self.norm(values)


# What each kind of layer becomes, when maps or numbers of a shape come in.
_MODULES: dict[type[Layer], Callable[[Any, Shape], nn.Module]] = {
    Conv2D: lambda layer, shape: ConvLayer(layer, shape[0]),
    DepthwiseConv2D: lambda layer, shape: DepthwiseConvLayer(layer, shape[0]),
    MaxPooling2D: lambda layer, shape: MaxPoolLayer(layer),
    AveragePooling2D: lambda layer, shape: AveragePoolLayer(layer),
    GlobalAveragePooling2D: lambda layer, shape: GlobalAveragePoolLayer(),
    BatchNormalization: lambda layer, shape: NormLayer(shape[0]),
    Activation: lambda layer, shape: Activated(layer.activation),
    Dropout: lambda layer, shape: nn.Dropout(layer.rate),
    Flatten: lambda layer, shape: nn.Flatten(),
    Dense: lambda layer, shape: DenseLayer(layer, shape[0]),
}
