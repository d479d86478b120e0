"""The same logits, sooner: shortcuts through a network that nobody is looking into."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from cnn_core.model import AveragePooling2D, Conv2D, Layer, MaxPooling2D, Network
from cnn_core.model.network import ConvLayer

SMALL_MAP = 9  # places in a map
MANY_KERNELS = 64 * 64  # channels x filters


class QuickLogits:
    """What `net(images)` gives; for our networks a little sooner.

    Call it with images (B, C, H, W) in [0, 1]; it returns logits (B, classes). Keep it for as long as the network keeps
    its layers: what can be shortened is looked up once.

    ReLU never changes which value of a window is the largest, or makes all of them 0. So the largest may be taken
    first, and ReLU then has a quarter of the work: the same values and the same gradients. The maps between the two
    layers are never made, so this is done only where no hook waits for them.

    In bfloat16 on the CPU the convolutions and poolings are left to oneDNN in a memory order of its own: the values
    are those of `net(images)` as far as bfloat16 can tell, and the way back through a pooling costs a fifth.
    (Measured, the lesson's step of 64 images on one core: 6.2 ms before, 4.9 ms after.)
    """

    def __init__(self, net: nn.Module) -> None:
        self.net = net
        if not isinstance(net, Network):
            return
        self.layers = list(net)
        self.swappable = frozenset(
            index for index, pair in enumerate(pairwise(net.spec.layers)) if _can_swap(*pair)
        )
        self.for_onednn = _layers_for_onednn(net)

    def __call__(self, images: Tensor) -> Tensor:
        if not isinstance(self.net, Network) or _watched(self.net):
            return self.net(images)
        watched = {index for index, layer in enumerate(self.layers) if _watched(layer)}
        swapped = self.swappable - watched - {index - 1 for index in watched}
        done = 0 if watched or not _in_bfloat16_on_the_cpu(images) else self.for_onednn
        values = _by_onednn(self.layers[:done], swapped, images) if done else images
        for index, layer in enumerate(self.layers[done:], start=done):
            # The convolution's child is the convolution and its ReLU; the ReLU follows the pooling instead.
            values = layer.conv(values) if index in swapped else layer(values)
            if index - 1 in swapped:
                values = F.relu(values)
        return values


def _can_swap(layer: Layer, after: Layer) -> bool:
    # With "same" the child may pad before it convolves, which is its own business.
    return (
        isinstance(layer, Conv2D)
        and (layer.activation, layer.padding) == ("relu", "valid")
        and isinstance(after, MaxPooling2D)
    )


def _in_bfloat16_on_the_cpu(images: Tensor) -> bool:
    return (
        images.device.type == "cpu"
        and not images.requires_grad
        and torch.is_autocast_enabled("cpu")
        and torch.get_autocast_dtype("cpu") == torch.bfloat16
        and torch.backends.mkldnn.is_available()
        and bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())  # where not, it refuses rather than imitate
    )


def _layers_for_onednn(net: Network) -> int:
    """How many layers at the start oneDNN can do in a row; 0 where that would not be all that have maps."""
    layers = net.spec.layers
    count = next((i for i, layer in enumerate(layers) if not _suits_onednn(layer, net[i])), len(layers))
    later = any(isinstance(layer, Conv2D | MaxPooling2D | AveragePooling2D) for layer in layers[count:])
    return 0 if later else count


def _suits_onednn(layer: Layer, child: nn.Module) -> bool:
    if isinstance(child, ConvLayer):
        return not child.pads and child.layer.activation in ("relu", "linear")
    # Windows that overlap add up their gradients, which would be rounded in another order.
    return (
        isinstance(layer, MaxPooling2D)
        and layer.padding == "valid"
        and layer.pool_size <= (layer.strides or layer.pool_size)
    )


def _by_onednn(children: list[nn.Module], swapped: frozenset[int], images: Tensor) -> Tensor:
    """Go through the layers in oneDNN's own memory order; the maps after the last come back in torch's.

    Autocast knows nothing of that order, so the weights are rounded here, as it would.
    """
    maps = images.contiguous().bfloat16().to_mkldnn()
    for index, child in enumerate(children):
        if isinstance(child, ConvLayer):
            conv = child.conv
            assert conv.bias is not None
            assert isinstance(conv.padding, tuple)
            weight, bias = conv.weight.bfloat16(), conv.bias.bfloat16()
            convolve = _SmallConvolution.apply if _is_small(conv, maps) else _convolution
            maps = convolve(maps, weight, bias, conv.padding, conv.stride)
            relu = child.layer.activation == "relu" and index not in swapped
        else:
            maps = torch.max_pool2d(maps, child.size, child.strides)  # type: ignore[arg-type]
            relu = index - 1 in swapped
        if relu:
            maps = F.relu(maps)
    return maps.to_dense()


def _convolution(
    maps: Tensor, weight: Tensor, bias: Tensor | None, padding: tuple[int, ...], stride: tuple[int, ...]
) -> Tensor:
    return torch.mkldnn_convolution(maps, weight, bias, padding, stride, dilation=(1, 1), groups=1)


def _is_small(conv: nn.Conv2d, maps: Tensor) -> bool:
    """Whether `_SmallConvolution` pays: it finds few places for a large kernel (measured from 16 to 128 channels)."""
    assert isinstance(conv.padding, tuple)
    height, width = (
        size + 2 * padding - kernel + 1
        for size, padding, kernel in zip(maps.shape[2:], conv.padding, conv.kernel_size, strict=True)
    )
    kernels = conv.in_channels * conv.out_channels
    return conv.stride == (1, 1) and height * width <= SMALL_MAP and kernels >= MANY_KERNELS


class _SmallConvolution(torch.autograd.Function):
    """`_convolution` with stride 1, but for the way in which the gradient of its weights is worked out.

    That gradient is itself a convolution: of the maps that came in, by the gradient of those that went out, where
    images and channels change places. oneDNN's function for the gradient sums over the images in threads that wait
    for each other, which on small maps takes longer than the sum. Its plain convolution does not. (Measured, the
    lesson's third convolution with 64 images and two threads: 300 to 750 microseconds before, 180 after.)
    """

    @staticmethod
    def forward(
        ctx: Any,
        maps: Tensor,
        weight: Tensor,
        bias: Tensor,
        padding: tuple[int, ...],
        stride: tuple[int, ...],
    ) -> Tensor:
        ctx.save_for_backward(maps, weight)
        ctx.padding, ctx.stride = padding, stride
        return _convolution(maps, weight, bias, padding, stride)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        maps, weight = ctx.saved_tensors
        per_filter = grad.transpose(0, 1).to_dense()  # (filters, B, H', W')
        of_weight = _convolution(maps.transpose(0, 1), per_filter, None, ctx.padding, ctx.stride)
        of_maps = None
        if ctx.needs_input_grad[0]:
            of_maps = torch.ops.aten.convolution_backward(
                grad,
                maps,
                weight,
                None,
                ctx.stride,
                ctx.padding,
                (1, 1),
                False,
                (0, 0),
                1,
                (True, False, False),
            )[0]
        return of_maps, of_weight.transpose(0, 1).to_dense(), per_filter.flatten(1).sum(1), None, None


def _watched(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )
