"""The layers below the filters, in few passes over the memory: a convolution and what follows it are one stage.

The products of a convolution run at the processor's pace; what took most of the time were batch normalisations, relus
and poolings, each reading and writing every number again, forwards and backwards (on the modern preset two thirds of
a sheet of filter pictures). So a `Block` does them with the convolution, and knows its own gradient:

* batch normalisation is a product and a sum per channel, and both fit into the weights, also of one behind a relu:
  scale · relu(c) + shift is scale · c + shift, and no less than the shift (with a negative scale: no more);
* bounding commutes with taking the largest, so it comes after the pooling, on a quarter of the numbers;
* the gradient of a convolution over few channels is a matrix product and a fold (a quarter of oneDNN's time).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from cnn_core.insight.look.fields import Window
from cnn_core.model.network import Activated, ConvLayer, MaxPoolLayer, NormLayer

FEW_CHANNELS = 3  # up to here the folded gradient of a convolution beats oneDNN's

Stage = Callable[[Tensor], Tensor]


def stages(children: Sequence[Any], places: Sequence[Window]) -> list[Stage]:
    """The layers one after the other, all channels, without dropout.

    children: as `frozen` gives them; nobody may change their weights any more.
    places:   the window of each.
    """
    left = [pair for pair in zip(children, places, strict=True) if not isinstance(pair[0], nn.Dropout)]
    found: list[Stage] = []
    while left:
        child, window = left.pop(0)
        if not isinstance(child, ConvLayer):
            found.append(child)
            continue
        block = Block(child.conv, window)
        found.append(block)
        if child.activation_name not in ("linear", "relu"):
            found.append(child.activation)
            continue
        if child.activation_name == "relu":
            block.bend()
        while left and block.takes(left[0][0]):
            left.pop(0)
    return found


class Block:
    """A convolution, then perhaps batch normalisation, a relu, another normalisation and max pooling, in this order.

    (N, C, H, W) -> (N, F, H', W'), with a gradient for what comes in alone, and for one way back.
    """

    def __init__(self, conv: Any, window: Window) -> None:
        self.weight, self.bias = channels_last(conv.weight.detach()), bias_of(conv)
        self.window = window
        self.pool: MaxPoolLayer | None = None
        self.rest: Tensor | None = None  # (1, F, 1, 1), what a silent filter gives, once there was a relu
        # (1, F, 1, 1), 1 where a filter that fires gives more than that, else -1; None: all give more.
        self.rises: Tensor | None = None
        self.falls = False  # whether any gives less

    def bend(self) -> None:
        """A relu follows."""
        self.rest = self.bias.new_zeros(1, len(self.bias), 1, 1)

    def takes(self, child: Any) -> bool:
        """Whether it does this layer too, from now on."""
        if self.pool is not None or (isinstance(child, NormLayer) and self.rises is not None):
            return False
        if isinstance(child, NormLayer):
            self._scale(*scale_and_shift(child.norm))
        elif type(child) is Activated and child.activation_name == "relu" and self.rest is None:
            self.bend()
        elif isinstance(child, MaxPoolLayer) and not child.pads:
            self.pool = child
        else:
            return False
        return True

    def __call__(self, x: Tensor) -> Tensor:
        maps: Tensor = _OneWay.apply(x, self)
        return maps

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor | None, torch.Size]:
        """What comes out; of a pooling also which numbers were the largest; and the shape of the maps before it."""
        maps, largest = self._convolved(x), None
        shape = maps.shape
        if self.pool is not None:
            maps, largest = F.max_pool2d(maps, self.pool.size, self.pool.strides, return_indices=True)
        if self.rest is not None:
            maps = self._bent(maps)
        return maps, largest, shape

    def backward(
        self, gradient: Tensor, maps: Tensor, largest: Tensor | None, shape: torch.Size, below: torch.Size
    ) -> Tensor:
        """The gradient of what came in, whose shape was `below`.  maps, largest, shape: as `forward` gave them."""
        aten = torch.ops.aten
        if self.rest is not None:
            above = maps if self.rises is None else (maps - self.rest).mul_(self.rises)
            gradient = aten.threshold_backward(gradient, above, 0)
        if self.pool is not None:
            like = torch.empty(
                shape, dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last
            )  # never read: only its form counts
            size, strides = [self.pool.size] * 2, [self.pool.strides] * 2
            gradient = aten.max_pool2d_with_indices_backward(
                gradient, like, size, strides, [0, 0], [1, 1], False, largest
            )
        return self._gradient(gradient, below)

    def _scale(self, scale: Tensor, shift: Tensor) -> None:
        self.weight = channels_last(self.weight * scale[:, None, None, None])
        self.bias = self.bias * scale + shift
        if self.rest is not None:
            self.rest = shift[None, :, None, None]
            self.falls = bool((scale < 0).any())
            self.rises = torch.where(scale < 0, -1.0, 1.0).to(shift)[None, :, None, None]

    def _bent(self, maps: Tensor) -> Tensor:
        if self.rises is None:
            return maps.relu_()
        assert self.rest is not None
        if not self.falls:
            return torch.maximum(maps, self.rest, out=maps)
        low = self.rest.masked_fill(self.rises < 0, -torch.inf)
        high = self.rest.masked_fill(self.rises > 0, torch.inf)
        return torch.clamp(maps, low, high, out=maps)

    def _convolved(self, x: Tensor) -> Tensor:
        window = self.window
        if not window.is_even:
            x = padded(x, window)
        return F.conv2d(
            channels_last(x), self.weight, self.bias, window.stride, self._padding, window.dilation
        )

    def _gradient(self, gradient: Tensor, below: torch.Size) -> Tensor:
        window, (n, channels, height, width) = self.window, below
        (top, bottom), (left, right) = window.pad_rows, window.pad_columns
        if not window.is_even:
            height, width = height + top + bottom, width + left + right
        if channels <= FEW_CHANNELS:
            kernels = self.weight.flatten(1).t().expand(n, -1, -1)  # (N, C * k * k, F)
            columns = torch.bmm(kernels, gradient.flatten(2))
            x = F.fold(columns, (height, width), window.size, window.dilation, self._padding, window.stride)
        else:
            size = (n, channels, height, width)
            x = conv2d_input(size, self.weight, gradient, window.stride, self._padding, window.dilation)
        return x if window.is_even else x[:, :, top : height - bottom, left : width - right]

    @property
    def _padding(self) -> tuple[int, int]:
        window = self.window
        return (window.pad_rows[0], window.pad_columns[0]) if window.is_even else (0, 0)


class _OneWay(torch.autograd.Function):
    """A block, for autograd."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, block: Block) -> Tensor:
        maps, largest, shape = block.forward(x)
        ctx.save_for_backward(maps, largest)
        ctx.block, ctx.shapes = block, (shape, x.shape)
        return maps

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return ctx.block.backward(gradients[0], *ctx.saved_tensors, *ctx.shapes), None


def scale_and_shift(norm: Any) -> tuple[Tensor, Tensor]:
    """What batch normalisation in eval mode multiplies each channel by, and then adds, each (C,)."""
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    return scale, norm.bias - norm.running_mean * scale


def padded(x: Tensor, window: Window) -> Tensor:
    """(N, C, H, W) with a border of zeros as the window wants it."""
    pads = (*window.pad_columns, *window.pad_rows)
    return F.pad(x, pads) if any(pads) else x


def bias_of(module: Any) -> Tensor:
    """What a convolution or a dense layer adds, (F,); zeros where it adds nothing."""
    return module.weight.new_zeros(len(module.weight)) if module.bias is None else module.bias.detach()


def channels_last(x: Tensor) -> Tensor:
    """(N, C, H, W) with the channels of a pixel side by side, and strides that say so also for a single channel."""
    x = x.contiguous(memory_format=torch.channels_last)
    _, c, height, width = x.shape
    return x.as_strided(x.shape, (c * height * width, 1, width * c, c))
