"""How strongly each image excites its own filter: image n is shown to filter n, and to no other.

Gradient ascent asks for one channel of the target layer per image, and needs no gradients of weights and no layer
beyond. `Response` computes just that, and it pays (one thread, lesson's net, 16 images):

* images lie channels_last, where torch's max pooling is 15 times as fast (0.12 ms against 1.9 ms);
* only the own channel of the last convolution is computed, as one product per tap of the kernel: at conv2d_2 that is
  a 64th of the layer;
* a convolution below it is one with the relu, the normalisation and the pooling that follow it (`stages`);
* pixels that the target cannot see (floors cut off the last rows) are not computed at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.insight.filters.stages import Stage, bias_of, padded, scale_and_shift, stages
from cnn_core.insight.look.fields import Window, windows
from cnn_core.insight.look.twin import device_of, frozen, layer_names
from cnn_core.model.network import Activated, ConvLayer, DenseLayer, Network
from cnn_core.model.reach import read_of_image


class Head(Protocol):
    """Before the activation: inputs of the last mixing layer and each image's filter -> (N, 1, H, W) or (N, 1)."""

    def __call__(self, x: Tensor, filters: Tensor) -> Tensor: ...


class Response:
    """The output of one layer, for image n at filter n only.

    It is built once for a net and a layer, holds no reference to the net's modules, and may be called from any
    number of threads.
    """

    def __init__(self, net: Network, layer: str) -> None:
        spec = net.spec
        names = layer_names(net)
        last = names.index(layer)
        children: list[Any] = [frozen(child) for child in list(net.children())[: last + 1]]
        self.device = device_of(net)
        self.dtype = next((p.dtype for p in net.parameters()), torch.float32)
        self._rows, self._columns = read_of_image(spec, last=layer)
        # What has weights last is where the filters are; what comes after treats each channel by itself.
        mixing = [i for i in range(last + 1) if spec.layers[i].has_filters or spec.layers[i].has_units]
        flattens = [i for i in range(last + 1) if spec.layers[i].flattens]
        mix = mixing[-1] if mixing and not (flattens and flattens[-1] > mixing[-1]) else last + 1
        self._prefix = stages(children[:mix], windows(spec)[:mix])
        self._head: Head = _pick
        self._tail: list[nn.Module] = []
        if mix <= last:
            self._head = _head_of(children[mix], windows(spec)[mix])
            self._tail = [Activated(children[mix].activation_name), *children[mix + 1 :]]
        self._all_channels: list[nn.Module] = children[mix:]

    def __call__(self, images: Tensor, filters: Tensor, leak: float = 0.0) -> tuple[Tensor, Tensor]:
        """(objective, score), each (N,): the mean of each image's own map.

        images: (N, C, H, W).  filters: (N,) int64.  The score is the net's own; the objective, to climb by, is the
        same with a slope of `leak` below zero where a relu would be flat.
        """
        before = self._head(self._below(images), filters)
        score = self._finish(before, filters)
        if not leak or not any(map(_is_relu, self._tail)):
            return score, score
        return self._finish(before, filters, leak), score

    @torch.no_grad()
    def of_every_filter(self, images: Tensor) -> Tensor:
        """The scores of all filters for all images: (N, C, H, W) -> (N, filters)."""
        x = images
        every: list[Stage] = [*self._prefix, *self._all_channels]
        for layer in every:
            x = layer(x)
        return x.flatten(2).mean(2) if x.ndim > 2 else x

    @torch.no_grad()
    def final(self, images: Tensor, filters: Tensor) -> tuple[Tensor, Tensor]:
        """(score, answers), each (N,): is there anything above zero? After another activation than relu always."""
        x = self._head(self._below(images), filters)
        last_relu: Tensor | None = None  # what the last relu leaves, if what comes after it shifts its zeros
        for layer in self._tail:
            x = _own_channel(layer, x, filters)
            if _is_relu(layer):
                last_relu, is_shifted = x, False
            elif hasattr(layer, "norm") or isinstance(layer, Activated):
                is_shifted = True
        score = x.flatten(1).mean(1)
        if last_relu is None:
            return score, torch.ones_like(score, dtype=torch.bool)
        return score, (last_relu.flatten(1).amax(1) if is_shifted else score) > 0

    def _below(self, images: Tensor) -> Tensor:
        x = images[:, :, : self._rows, : self._columns]
        for stage in self._prefix:
            x = stage(x)
        return x

    def _finish(self, x: Tensor, filters: Tensor, leak: float = 0.0) -> Tensor:
        for layer in self._tail:
            leaks = leak and _is_relu(layer)
            x = F.leaky_relu(x, leak) if leaks else _own_channel(layer, x, filters)
        return x.flatten(1).mean(1)


def _is_relu(layer: nn.Module) -> bool:
    return isinstance(layer, Activated) and layer.activation_name == "relu"


def _head_of(child: Any, window: Window) -> Head:
    if isinstance(child, ConvLayer) and window.dilation == 1:
        return OwnConvolution(child, window)
    if isinstance(child, DenseLayer):
        return OwnUnit(child, window)
    return lambda x, filters: _pick(child.before(x), filters)  # any other: all its channels, and then one


class OwnConvolution:
    """A convolution that gives image n the map of filter n alone."""

    def __init__(self, child: Any, window: Window) -> None:
        self._weight = child.conv.weight.detach()  # (F, C, k, k)
        self._bias = bias_of(child.conv)
        self._window = window

    def __call__(self, x: Tensor, filters: Tensor) -> Tensor:
        kernels = self._weight[filters]  # (N, C, k, k)
        size, stride = self._window.size[0], self._window.stride
        x = padded(x, self._window)
        if x.shape[1] == 1:  # then torch knows a way: one group an image
            maps = F.conv2d(x.transpose(0, 1), kernels, stride=stride, groups=len(x))[0]
        else:
            maps = _OwnMaps.apply(x, kernels.flatten(2), size, stride)
        return (maps + self._bias[filters, None, None]).unsqueeze(1)  # (N, 1, H, W)


class OwnUnit:
    """A dense layer that gives image n the number of unit n alone."""

    def __init__(self, child: Any, window: Window) -> None:
        self._weight = child.dense.weight.detach()  # (units, inputs)
        self._bias = bias_of(child.dense)

    def __call__(self, x: Tensor, filters: Tensor) -> Tensor:
        return ((x * self._weight[filters]).sum(1) + self._bias[filters]).unsqueeze(1)  # (N, 1)


def _pick(x: Tensor, filters: Tensor) -> Tensor:
    return x[torch.arange(len(x), device=x.device), filters].unsqueeze(1)


class _OwnMaps(torch.autograd.Function):
    """conv2d of image n with kernel n, written as a product per tap and a sum of shifted maps.

    x: (N, C, H, W), padded already.  taps: (N, C, k * k).  Returns (N, rows, columns).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, taps: Tensor, size: int, stride: int) -> Tensor:
        n, c, height, width = x.shape
        products = torch.bmm(x.permute(0, 2, 3, 1).reshape(n, height * width, c), taps)
        shape, strides = _shifted(n, height, width, size, stride)
        ctx.save_for_backward(taps)
        ctx.shapes = x.shape, products.shape, shape, strides
        shifted = products.as_strided(shape, strides)
        maps = shifted[..., 0, 0].clone()
        for tap in range(1, size * size):  # a third of the time that sum((3, 4)) takes
            maps += shifted[..., tap // size, tap % size]
        return maps

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (gradient,) = gradients
        (taps,) = ctx.saved_tensors
        (n, c, height, width), products, shape, strides = ctx.shapes
        spread = gradient.new_zeros(products)
        # No two entries of this view share memory: each tap has its own column, each position its own row.
        spread.as_strided(shape, strides).copy_(gradient[:, :, :, None, None].expand(shape))
        below = torch.bmm(spread, taps.transpose(1, 2))  # (N, H * W, C)
        return below.view(n, height, width, c).permute(0, 3, 1, 2), None, None, None


def _shifted(n: int, height: int, width: int, size: int, stride: int) -> tuple[Sequence[int], Sequence[int]]:
    """Shape and strides that read (N, H * W, k * k) products as (N, rows, columns, k, k), shifted by the tap."""
    taps = size * size
    rows, columns = (height - size) // stride + 1, (width - size) // stride + 1
    return (n, rows, columns, size, size), (
        height * width * taps,
        stride * width * taps,
        stride * taps,
        width * taps + size,
        taps + 1,
    )


def _own_channel(layer: Any, x: Tensor, filters: Tensor) -> Tensor:
    """What a layer makes of maps (N, 1, ...) that are channel n of image n: batch normalisation knows each channel."""
    if not hasattr(layer, "norm"):
        return layer(x)
    scale, shift = scale_and_shift(layer.norm)
    shape = (-1, *[1] * (x.ndim - 1))
    return x * scale[filters].view(shape) + shift[filters].view(shape)
