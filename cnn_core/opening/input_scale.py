"""What is done to an image before a network, put into the network: then it takes the image itself and answers the same.

A factor and an offset for each channel are taken up by the first layer that has weights: it weighs sums, and a sum of
(factor · x + offset) is another sum of x. Two things can stand in the way: a border of zeros, for a zero put around
the image after the offset is not one put around it before; and a factor below 0 before a pooling, for then the
smallest wins. There a depthwise convolution of 1×1 goes in front, which does just that factor and offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
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
)
from cnn_core.model.network import NORM_EPSILON, Network, build
from cnn_core.model.spec import ModelSpec, summarize

Vector = NDArray[np.float64]
_LETS_PASS = (Flatten, Dropout, AveragePooling2D, GlobalAveragePooling2D)
_TAKES_UP = (Conv2D, DepthwiseConv2D, Dense, BatchNormalization)


class Taken(NamedTuple):
    """A network that does the factor and the offset itself. in_front: whether a layer had to be put there for it."""

    net: Network
    in_front: bool


def taken_up(net: Network, factor: Sequence[float] | Vector, offset: Sequence[float] | Vector) -> Taken:
    """A network that gives for x what `net` gives for factor · x + offset. `net` is left as it is.

    factor, offset: one number for all channels, or one for each; no factor is 0.
    Raises StudentError where a layer has to be put in front and the design would become too large.
    """
    channels = net.spec.input_shape[0]
    p, q = (
        np.broadcast_to(np.asarray(values, np.float64), (channels,)).copy() for values in (factor, offset)
    )
    if (p == 1).all() and (q == 0).all():
        return Taken(net, False)
    place = _place_that_takes(net.spec, p, q)
    if place is None:
        net, place = _with_layer_in_front(net), 0
        _change(net, place, p, q)
        return Taken(net, True)
    copy = _copy(net)
    _change(copy, place, p, q)
    return Taken(copy, False)


def _place_that_takes(spec: ModelSpec, p: Vector, q: Vector) -> int | None:
    """The first layer that can do it; None where something stands in the way."""
    shapes = [spec.input_shape, *(row.output_shape for row in summarize(spec))]
    for place, (layer, shape) in enumerate(zip(spec.layers, shapes, strict=False)):
        if isinstance(layer, _TAKES_UP):
            return None if q.any() and _has_border(layer, shape) else place
        if not (isinstance(layer, _LETS_PASS) or ((p > 0).all() and _keeps_a_factor(layer, q))):
            return None
    return None


def _keeps_a_factor(layer: Layer, q: Vector) -> bool:
    """Whether a factor above 0, and an offset that is not 0, can as well be applied to what goes out of it."""
    straight = ("linear", "relu", "leaky_relu")  # whatever its slope
    is_straight = isinstance(layer, Activation) and parts_of(layer.activation)[0] in straight
    return isinstance(layer, MaxPooling2D) or (is_straight and not q.any())


def _has_border(layer: Layer, shape: tuple[int, ...]) -> bool:
    window = layer.window()
    return window is not None and any(sum(window.border(side)) for side in shape[1:])


def _with_layer_in_front(net: Network) -> Network:
    spec = net.spec
    if len(spec.layers) >= 64:
        raise StudentError(
            "This network has no room for the layer that would change its input.",
            hint="Leave the input as it is.",
        )
    larger = build(spec.replace(layers=(DepthwiseConv2D(kernel_size=1), *spec.layers)))
    _put_values(list(larger.children())[1:], list(net.children()))
    with torch.no_grad():
        next(iter(larger.children())).conv.weight.fill_(1)  # type: ignore[union-attr, operator]
    return larger.eval()


def _copy(net: Network) -> Network:
    copy = build(net.spec)
    _put_values(list(copy.children()), list(net.children()))
    return copy.eval()


def _put_values(new: list[nn.Module], old: list[nn.Module]) -> None:
    for one, other in zip(new, old, strict=True):
        one.load_state_dict(other.state_dict())


@torch.no_grad()
def _change(net: Network, place: int, p: Vector, q: Vector) -> None:
    module = list(net.children())[place]
    layer = net.spec.layers[place]
    if isinstance(layer, BatchNormalization):
        _change_norm(module.norm, p, q)  # type: ignore[arg-type]
        return
    weigher = cast(nn.Linear | nn.Conv2d, module.dense if isinstance(layer, Dense) else module.conv)
    weight = weigher.weight.double()
    if isinstance(layer, DepthwiseConv2D):
        each = weight.shape[0] // len(p)
        factor, offset = (torch.from_numpy(values).repeat_interleave(each)[:, None] for values in (p, q))
    elif isinstance(
        layer, Dense
    ):  # maps were written as a list, channel by channel; or one number for each is left
        factor, offset = (torch.from_numpy(v).repeat_interleave(weight.shape[1] // len(p)) for v in (p, q))
    else:
        factor, offset = torch.from_numpy(p), torch.from_numpy(q)
    factor, offset = (_as_deep(values, weight) for values in (factor, offset))
    added = (weight * offset).flatten(1).sum(1)
    assert weigher.bias is not None
    weigher.bias.copy_(weigher.bias.double() + added)
    weigher.weight.copy_(weight * factor)


def _as_deep(values: Tensor, weight: Tensor) -> Tensor:
    """(channels,) or (filters, 1) in the dimensions of a kernel (filters, channels, rows, columns)."""
    values = values if values.ndim == 2 else values[None]
    return values.reshape(*values.shape, *[1] * (weight.ndim - 2))


def _change_norm(norm: nn.BatchNorm2d, p: Vector, q: Vector) -> None:
    # (p·x + q − mean) / √(var + ε) with mean and variance of x: the ε is of another size there, and its scale makes up.
    assert norm.running_mean is not None
    assert norm.running_var is not None
    each = len(norm.running_mean) // len(p)  # 1, or all places of a channel after a flatten
    factor, offset = (torch.from_numpy(values).repeat_interleave(each) for values in (p, q))
    mean, variance = norm.running_mean.double(), norm.running_var.double()
    small = variance / factor.square()
    scale = norm.weight.double() * factor * ((small + NORM_EPSILON) / (variance + NORM_EPSILON)).sqrt()
    norm.running_mean.copy_((mean - offset) / factor)
    norm.running_var.copy_(small)
    norm.weight.copy_(scale)


def exchanged(net: Network) -> Network:
    """A network that gives for an image what `net` gives for it with rows and columns exchanged.

    Every kernel is exchanged too, and so are the numbers of a list that was made of maps. Raises StudentError where
    that list is the end of the network.
    """
    spec = net.spec
    channels, height, width = spec.input_shape
    copy = build(spec.replace(input_shape=(channels, width, height)))
    order: Tensor | None = None
    rows = summarize(spec)
    shapes = [spec.input_shape, *(row.output_shape for row in rows)]
    with torch.no_grad():
        for layer, shape, new, old in zip(spec.layers, shapes, copy.children(), net.children(), strict=False):
            if isinstance(layer, Flatten) and len(shape) == 3:
                order = torch.arange(prod(shape)).view(shape).transpose(1, 2).flatten()
            for name, value in old.state_dict().items():
                new.state_dict()[name].copy_(_exchanged(value, order))
            if isinstance(layer, Dense):
                order = None
    if order is not None and (order != torch.arange(len(order))).any():
        raise StudentError(
            "The rows and columns of this network cannot be exchanged.", hint="Leave them as they are."
        )
    return copy.eval()


def _exchanged(value: Tensor, order: Tensor | None) -> Tensor:
    """A kernel turned, or the weights of a list in their new order; a bias stays."""
    if value.ndim == 4:
        return value.transpose(2, 3)
    if order is None or value.ndim == 0 or value.shape[-1] != len(order):
        return value
    return value[..., order]
