"""What a photo net is built of, in few passes over the memory: convolutions that bound their maps, and blocks of them.

Where the maps of a photo have 100 MB, time goes by how often they are read and written. So a convolution bounds its own
maps where they lie, its border of zeros costs no copy of what it is laid around, and the way back keeps one number of
each place: what was bounded is seen from what it became. The numbers are those of the plain layers, to the last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

LEAST, MOST = 0.0, 6.0  # what a relu6 lets through


class Block(nn.Module):
    """An inverted bottleneck: widen, look around in each channel, narrow; with a way round where the shape allows.

    block: of the package that the network comes from.
    """

    def __init__(self, block: Any) -> None:
        super().__init__()
        has_expand = hasattr(block, "_expand_conv")
        self.expand = fused(block._expand_conv, block._bn0) if has_expand else nn.Identity()
        self.depthwise = Looking(fused(block._depthwise_conv, block._bn1))
        self.project = fused(block._project_conv, block._bn2)
        arguments = block._block_args
        self.has_way_round = (
            block.id_skip and arguments.stride == 1 and arguments.input_filters == arguments.output_filters
        )

    def expanded(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, wide, H, W), from 0 to 6."""
        return x if isinstance(self.expand, nn.Identity) else mixed(self.expand, x, is_bounded=True)

    def contracted(self, wide: Tensor, x: Tensor) -> Tensor:
        """wide: as `expanded` gives it for x.  Returns (B, F, h, w)."""
        narrow = mixed(self.project, self.depthwise(wide))
        return narrow + x if self.has_way_round else narrow


class Looking(nn.Module):
    """A convolution of some pixels with its border of zeros, and a relu6: (B, C, H, W) -> (B, F, h, w).

    It has a gradient for what comes in alone, and for one way back.
    """

    def __init__(self, convolution: Any) -> None:
        super().__init__()
        self.convolution = convolution
        left, right, top, bottom = convolution.static_padding.padding
        assert (left, right) == (top, bottom), "a photo net treats rows and columns alike"
        # Around a picture's three channels a border costs nothing. Of an odd number of rows, oneDNN with a wide border
        # would add up the three in another order, and a dream makes another picture of another last digit.
        self.border = (left, right, left, right) if convolution.groups == 1 else (0, 0, 0, 0)
        before, after = (0, 0) if convolution.groups == 1 else (left, right)
        self.place = _Place(convolution.kernel_size[0], convolution.stride[0], before, after)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, self.border) if any(self.border) else x
        maps: Tensor = _Looked.apply(x, self.convolution, self.place)
        return maps


@dataclass(frozen=True)
class _Place:
    """Where the kernel of a convolution stands.  size, stride, before, after: in pixels, the last two of zeros.

    oneDNN's border is as wide on both sides. Where ours is not, it is made wider by whole strides on the side before;
    what then comes first is not ours, and is cut off.
    """

    size: int
    stride: int
    before: int
    after: int

    @property
    def extra(self) -> int:
        """Rows and columns too many before ours."""
        return 0 if self.before == self.after else 1

    @property
    def border(self) -> int:
        """Pixels of zeros on each side, for oneDNN."""
        return self.before + self.stride * self.extra

    def left(self, side: int) -> int:
        """Rows of the maps that are ours.  side: rows of what comes in."""
        return (side + self.before + self.after - self.size) // self.stride + 1


class _Looked(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, convolution: Any, place: _Place) -> Tensor:
        weight, bias, groups = convolution.weight, convolution.bias, convolution.groups
        maps = F.conv2d(x, weight, bias, place.stride, place.border, 1, groups)
        ctx.shapes = x.shape, maps.shape
        ours = _ours(maps, place, x.shape)
        maps = maps.clamp_(LEAST, MOST) if ours.shape == maps.shape else ours.clamp(LEAST, MOST)
        ctx.save_for_backward(weight, maps)
        ctx.place, ctx.groups = place, groups
        return maps

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        weight, maps = ctx.saved_tensors
        below, shape = ctx.shapes
        gradient = _unbounded(gradients[0], maps)
        if gradient.shape != shape:
            every = torch.empty(
                shape, dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last
            ).zero_()
            _ours(every, ctx.place, below).copy_(gradient)
            gradient = every
        like = torch.empty(below, dtype=maps.dtype, device=maps.device, memory_format=torch.channels_last)
        stride, border = [ctx.place.stride] * 2, [ctx.place.border] * 2
        below_gradient, _, _ = torch.ops.aten.convolution_backward(
            gradient,
            like,
            weight,
            None,
            stride,
            border,
            [1, 1],
            False,
            [0, 0],
            ctx.groups,
            [True, False, False],
        )  # `like` is never read: only its form counts
        return below_gradient, None, None


def _ours(maps: Tensor, place: _Place, below: torch.Size) -> Tensor:
    """What of oneDNN's maps is ours, as a view.  below: the shape of what came in."""
    rows, columns = place.left(below[2]), place.left(below[3])
    return maps[:, :, place.extra : place.extra + rows, place.extra : place.extra + columns]


def mixed(convolution: Any, x: Tensor, is_bounded: bool = False) -> Tensor:
    """A convolution of one pixel, as a matrix product: for one image on one core, torch's own copies the maps twice.

    x: (B, C, H, W).
    is_bounded: a relu6 follows.
    Returns (B, F, H, W), with a gradient for x alone.
    """
    maps: Tensor = _Mixed.apply(x, convolution.weight.flatten(1), convolution.bias, is_bounded)
    return maps


class _Mixed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, is_bounded: bool) -> Tensor:
        # (B, H, W, C) is how they lie in the memory.
        maps = F.linear(x.permute(0, 2, 3, 1), weight, bias).permute(0, 3, 1, 2)
        if is_bounded:
            maps.clamp_(LEAST, MOST)
        ctx.save_for_backward(weight, maps if is_bounded else None)
        return maps

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        weight, maps = ctx.saved_tensors
        gradient = gradients[0] if maps is None else _unbounded(gradients[0], maps)
        return F.linear(gradient.permute(0, 2, 3, 1), weight.t()).permute(0, 3, 1, 2), None, None, None


def _unbounded(gradient: Tensor, maps: Tensor) -> Tensor:
    """The gradient before a relu6 that left these maps: nothing where it bounded them."""
    return torch.ops.aten.hardtanh_backward(gradient, maps, LEAST, MOST)


def fused(convolution: Any, norm: Any) -> Any:
    """In eval mode batch normalisation is a product and a sum, and both fit into the convolution's weights."""
    return fuse_conv_bn_eval(convolution.eval(), norm.eval())
