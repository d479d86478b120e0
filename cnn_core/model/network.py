"""From a design to a network that computes what Keras would, with PyTorch.

A network is a sequence with one child a layer, named as Keras names it; a child's output is after its activation, and
its weights sit in one submodule (`conv`, `norm` or `dense`). Take a prefix with `net[:k]` to stop at a layer.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.model.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from cnn_core.model.shapes import Shape, rows
from cnn_core.model.spec import ModelSpec

# Keras's constants: torch's defaults for the slope (0.01) and the epsilon (1e-5) are others.
LEAKY_RELU_SLOPE = 0.2
NORM_EPSILON = 1e-3
NORM_MOMENTUM = 0.01  # torch's word for 1 minus Keras's 0.99

ACTIVATION: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda maps: maps,
    "relu": F.relu,
    "leaky_relu": partial(F.leaky_relu, negative_slope=LEAKY_RELU_SLOPE),
    "elu": F.elu,
    "gelu": F.gelu,  # the exact one, by erf
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda logits: logits,  # the network gives logits; `predict` applies it
}


class Network(nn.Sequential):
    """A built design. `forward` takes images (B, C, H, W) in [0, 1] and gives logits (B, classes)."""

    spec: ModelSpec

    def predict(self, images: Tensor) -> Tensor:
        """Probabilities (B, classes) for images (B, C, H, W) in [0, 1], in eval mode; leaves the mode as found."""
        with in_eval_mode(self), torch.no_grad():
            return F.softmax(self(images), dim=1)


def build(spec: ModelSpec, seed: int = 0) -> Network:
    """A new network of this design: Glorot-uniform kernels, zero biases, the same ones for the same seed.

    Leaves torch's global random state alone. Source of the initialisation: Glorot & Bengio 2010, section 4.2.
    """
    net = Network()
    net.spec = spec
    shape: Shape = spec.input_shape
    with torch.random.fork_rng(devices=[]):  # torch fills new layers at random before we do
        for index, (row, layer) in enumerate(
            zip(rows(spec.input_shape, spec.layers), spec.layers, strict=True)
        ):
            child = _child(layer, shape)
            for weights in child.parameters():
                if weights.dim() > 1:
                    _glorot_uniform(weights, torch.Generator().manual_seed(_layer_seed(seed, index)))
            net.add_module(row.name, child)
            shape = row.output_shape
    return net


def weights_hash(net: nn.Module) -> str:
    """16 letters that are the same for the same weights; what a cache may be keyed by."""
    digest = hashlib.sha256()
    for name, tensor in net.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@contextmanager
def in_eval_mode(net: nn.Module) -> Iterator[None]:
    """Inside the block nothing drops out and nothing is averaged; afterwards each module's mode is as it was."""
    modes = [(module, module.training) for module in net.modules()]
    net.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def _layer_seed(seed: int, index: int) -> int:
    # Layers must not share numbers: two equal ones would start as twins.
    return int.from_bytes(hashlib.sha256(f"{seed}/{index}".encode()).digest()[:7], "big")


@torch.no_grad()
def _glorot_uniform(weights: Tensor, generator: torch.Generator) -> None:
    cells = weights[0, 0].numel()  # 1, or kernel x kernel
    outputs, inputs = weights.shape[0] * cells, weights.shape[1] * cells
    limit = math.sqrt(6 / (inputs + outputs))
    weights.copy_(torch.empty(weights.shape).uniform_(-limit, limit, generator=generator))


def _child(layer: Layer, shape: Shape) -> nn.Module:
    if isinstance(layer, Conv2D):
        return ConvLayer(layer, shape[0])
    if isinstance(layer, Dense):
        return DenseLayer(layer, shape[0])
    if isinstance(layer, MaxPooling2D):
        return MaxPoolLayer(layer)
    if isinstance(layer, AveragePooling2D):
        return AveragePoolLayer(layer)
    if isinstance(layer, BatchNormalization):
        return NormLayer(shape)
    if isinstance(layer, GlobalAveragePooling2D):
        return GlobalAveragePoolLayer()
    if isinstance(layer, Dropout):
        return nn.Dropout(layer.rate)
    assert isinstance(layer, Flatten)
    return nn.Flatten()


def pad_same(maps: Tensor, kernel: int, strides: int, value: float = 0.0) -> Tensor:
    """What Keras adds for "same": so much that ceil(n / strides) places fit, an odd pixel right and at the bottom."""
    padding = []
    for size in (maps.shape[-1], maps.shape[-2]):  # F.pad wants the last dimension first
        missing = max((math.ceil(size / strides) - 1) * strides + kernel - size, 0)
        padding += [missing // 2, missing - missing // 2]
    return F.pad(maps, padding, value=value) if any(padding) else maps


class ConvLayer(nn.Module):
    """(B, C, H, W) -> (B, filters, H', W'), after the activation."""

    def __init__(self, layer: Conv2D, channels: int) -> None:
        super().__init__()
        # An odd kernel that moves by one pixel needs the same padding on every side: torch does that by itself.
        centred = layer.padding == "same" and layer.strides == 1 and layer.kernel_size % 2 == 1
        self.conv = nn.Conv2d(
            channels,
            layer.filters,
            layer.kernel_size,
            layer.strides,
            padding=layer.kernel_size // 2 if centred else 0,
        )
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]
        self.layer = layer
        self.pads = layer.padding == "same" and not centred
        self.activation = ACTIVATION[layer.activation]

    def forward(self, maps: Tensor) -> Tensor:
        if self.pads:
            maps = pad_same(maps, self.layer.kernel_size, self.layer.strides)
        return self.activation(self.conv(maps))


class DenseLayer(nn.Module):
    """(B, inputs) -> (B, units), after the activation; a softmax is left to `Network.predict`."""

    def __init__(self, layer: Dense, inputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, layer.units)
        nn.init.zeros_(self.dense.bias)
        self.layer = layer
        self.activation = ACTIVATION[layer.activation]

    def forward(self, values: Tensor) -> Tensor:
        return self.activation(self.dense(values))


class MaxPoolLayer(nn.Module):
    """(B, C, H, W) -> (B, C, H', W'). Padding never wins: it is minus infinity."""

    def __init__(self, layer: MaxPooling2D) -> None:
        super().__init__()
        self.layer = layer
        self.size, self.strides = layer.pool_size, layer.strides or layer.pool_size

    def forward(self, maps: Tensor) -> Tensor:
        if self.layer.padding == "same":
            maps = pad_same(maps, self.size, self.strides, value=-math.inf)
        return F.max_pool2d(maps, self.size, self.strides)


class AveragePoolLayer(nn.Module):
    """(B, C, H, W) -> (B, C, H', W'). Cells that padding adds do not count."""

    def __init__(self, layer: AveragePooling2D) -> None:
        super().__init__()
        self.layer = layer
        self.size, self.strides = layer.pool_size, layer.strides or layer.pool_size

    def forward(self, maps: Tensor) -> Tensor:
        if self.layer.padding == "valid":
            return F.avg_pool2d(maps, self.size, self.strides)
        real = pad_same(maps.new_ones(1, 1, *maps.shape[-2:]), self.size, self.strides)
        share = F.avg_pool2d(real, self.size, self.strides)
        return F.avg_pool2d(pad_same(maps, self.size, self.strides), self.size, self.strides) / share


class GlobalAveragePoolLayer(nn.Module):
    """(B, C, H, W) -> (B, C)."""

    def forward(self, maps: Tensor) -> Tensor:
        return maps.mean(dim=(2, 3))


class NormLayer(nn.Module):
    """Batch normalisation of maps (B, C, H, W) or values (B, C), with Keras's constants."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        kind = nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d
        self.norm = kind(shape[0], eps=NORM_EPSILON, momentum=NORM_MOMENTUM)

    def forward(self, values: Tensor) -> Tensor:
        if self.training and values.numel() == values.shape[1]:
            # One value a channel has no variance (the last batch of an epoch can be one image): use the moving one.
            norm = self.norm
            return F.batch_norm(
                values, norm.running_mean, norm.running_var, norm.weight, norm.bias, eps=norm.eps
            )
        return self.norm(values)
