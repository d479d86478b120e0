"""Keras's convolutions as ours: plain, depthwise and separable, with holes, groups and borders of zeros."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from cnn_core.model.layers import Conv2D, DepthwiseConv2D
from cnn_core.opening import keras_settings as settings
from cnn_core.opening.keras_config import KerasLayer
from cnn_core.opening.keras_way import Need, Way, Weights
from cnn_core.opening.kernels import Array, put_into_square, ungrouped, with_holes
from cnn_core.opening.windows import Ours, Window, same_window


def zero_padding(way: Way, layer: KerasLayer) -> None:
    value = layer.config.get("padding", 1)
    sides = [value, value] if type(value) is int else value
    if not isinstance(sides, list | tuple) or len(sides) != 2:
        raise layer.refusal("has a padding that makes no sense", "Use padding “same” in the convolution.")
    both = tuple((s, s) if type(s) is int else tuple(s) if isinstance(s, list | tuple) else () for s in sides)
    if any(
        len(s) != 2 or any(type(n) is not int or not 0 <= n <= settings.MAX_SIDE for n in s) for s in both
    ):
        raise layer.refusal("has a padding that makes no sense", "Use padding “same” in the convolution.")
    if len(way.shape) != 3 or way.border is not None:
        raise layer.refusal(
            "puts zeros around what is no map, or twice", "Use padding “same” in the convolution."
        )
    way.border = both  # type: ignore[assignment]


def _window(way: Way, layer: KerasLayer) -> tuple[Ours, int, tuple[int, int], tuple[int, int]]:
    """How a convolution of Keras's slides, as one of ours. Returns that, the stride, and the kernel and its holes."""
    if len(way.shape) != 3:
        raise layer.refusal(
            f"needs maps with rows and columns, and a list of {prod(way.shape):,} numbers comes in",
            "Put it before the flatten.",
        )
    kernel, dilation = settings.pair(layer, "kernel_size"), settings.pair(layer, "dilation_rate", 1)
    stride, padding = settings.square(layer, "strides", 1), settings.padding(layer)
    whole = tuple((k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True))
    if max(whole) > settings.MAX_SIDE:
        raise layer.refusal(f"has a kernel of {max(whole):,} pixels", "Use a smaller kernel.")
    size = (way.shape[1], way.shape[2])
    border = way.border or ((0, 0), (0, 0))
    way.border = None
    if padding == "same" and any(map(any, border)):
        raise layer.refusal("has zeros around its maps twice", "Leave ZeroPadding2D out.")
    if padding == "same":
        places = tuple(-(-n // stride) for n in size)
        total = [max((p - 1) * stride + k - n, 0) for p, k, n in zip(places, whole, size, strict=True)]
        before = tuple(t // 2 for t in total)
    else:
        room = [n + sum(b) - k for n, b, k in zip(size, border, whole, strict=True)]
        if min(room) < 0:
            raise layer.refusal(
                f"has a kernel of {whole[0]}×{whole[1]}, and the maps that come in have {size[0]}×{size[1]} numbers",
                "Use a smaller kernel, or pool less above it.",
            )
        places, before = tuple(r // stride + 1 for r in room), tuple(b[0] for b in border)
    after = [
        max((p - 1) * stride + k - n - b, 0) for p, k, n, b in zip(places, whole, size, before, strict=True)
    ]
    window = Window(kernel, (stride, stride), (*before, *after), dilation)  # type: ignore[arg-type]
    placement = same_window(window, size)
    if padding == "same" and placement and placement.padding == "valid" and whole == (placement.side,) * 2:
        placement = replace(placement, padding="same")  # the same here; the file's own word is kept
    if placement is None:
        what = f"a kernel of {whole[0]}×{whole[1]}" + (
            f" and a border of {border}" if any(map(any, border)) else ""
        )
        raise layer.refusal(
            f"has {what}: no square kernel with padding “valid” or “same” looks at the same pixels",
            "Use a square kernel, and padding “same” for a border.",
        )
    return placement, stride, kernel, dilation


def _note_zeros(
    way: Way, layer: KerasLayer, placement: Ours, kernel: tuple[int, int], dilation: tuple[int, int]
) -> None:
    if (placement.side, placement.side) != kernel:
        way.remarks.append(
            f"{layer.called} has a {kernel[0]}×{kernel[1]} kernel"
            + (f" with holes ({dilation[0]})" if max(dilation) > 1 else "")
            + f" in the file; here it lies in one of {placement.side}×{placement.side}, with zeros in it. Further "
            "training may move those zeros."
        )


def conv(way: Way, layer: KerasLayer) -> None:
    filters = settings.whole(layer, "filters")
    groups = settings.whole(layer, "groups", 1)
    bias = settings.yes(layer, "use_bias", True)
    placement, stride, kernel, holes = _window(way, layer)
    channels = way.shape[0]
    if channels % groups or filters % groups:
        raise layer.refusal(f"has {groups} groups for {channels} channels", "Use 1 group.")
    if groups > 1:
        way.remarks.append(
            f"{layer.called} has {groups} groups in the file; here its filters see all channels, with zeros where "
            "they did not look. Further training may move those zeros."
        )
    note_bias(way, layer, bias)
    side, apart = kernel[0], holes[0]
    if (
        kernel[0] == kernel[1]
        and holes[0] == holes[1]
        and placement.side == (side - 1) * apart + 1
        and 1 in (stride, apart)
    ):
        placement, holes = replace(placement, side=side), (1, 1)  # our kind has such holes itself
    else:
        _note_zeros(way, layer, placement, kernel, holes)
        apart = 1
    bend = settings.activation(layer)
    place = way.add(Conv2D(filters, placement.side, stride, placement.padding, bend, apart), layer)

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        whole = put_into_square(with_holes(ungrouped(arrays[0], groups), holes), placement)
        return {place: {"conv.weight": whole.transpose(3, 2, 0, 1), "conv.bias": bias_in(arrays, 1, filters)}}

    shapes = ((*kernel, channels // groups, filters), (filters,))
    way.needs.append(Need(layer, shapes[: 1 + bias], fill))


def depthwise(way: Way, layer: KerasLayer) -> None:
    bias = settings.yes(layer, "use_bias", True)
    note_bias(way, layer, bias)
    place, shape, turn = _slide_depthwise(way, layer, settings.activation(layer))
    maps = shape[2] * shape[3]

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        return {place: {"conv.weight": turn(arrays[0]), "conv.bias": bias_in(arrays, 1, maps)}}

    way.needs.append(Need(layer, (shape, (maps,))[: 1 + bias], fill))


def separable(way: Way, layer: KerasLayer) -> None:
    """A depthwise convolution and a 1×1 convolution, which is what Keras computes."""
    filters, bias = settings.whole(layer, "filters"), settings.yes(layer, "use_bias", True)
    bend = settings.activation(layer)
    first, shape, turn = _slide_depthwise(way, layer, "linear")
    maps = shape[2] * shape[3]
    second = way.add(Conv2D(filters, 1, activation=bend), layer)
    way.remarks.append(
        f"{layer.called} is a separable convolution: here a depthwise convolution and a 1×1 convolution, which "
        "give the same numbers."
    )

    def fill(arrays: Sequence[Array]) -> dict[int, Weights]:
        pointwise = arrays[1].transpose(3, 2, 0, 1)
        return {
            first: {"conv.weight": turn(arrays[0]), "conv.bias": np.zeros(maps, np.float32)},
            second: {"conv.weight": pointwise, "conv.bias": bias_in(arrays, 2, filters)},
        }

    shapes = (shape, (1, 1, maps, filters), (filters,))
    way.needs.append(Need(layer, shapes[: 2 + bias], fill))


def _slide_depthwise(
    way: Way, layer: KerasLayer, bend: str
) -> tuple[int, tuple[int, ...], Callable[[Array], Array]]:
    """Adds the layer. Returns its place, the shape of Keras's kernel, and what turns that into ours."""
    multiplier = settings.whole(layer, "depth_multiplier", 1, most=64)
    placement, stride, kernel, holes = _window(way, layer)
    _note_zeros(way, layer, placement, kernel, holes)
    channels = way.shape[0]
    place = way.add(DepthwiseConv2D(placement.side, stride, placement.padding, multiplier, bend), layer)

    def turn(array: Array) -> Array:
        whole = put_into_square(with_holes(array, holes), placement)
        return whole.transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, placement.side, placement.side)

    return place, (*kernel, channels, multiplier), turn


def bias_in(arrays: Sequence[Array], at: int, count: int) -> Array:
    return arrays[at] if len(arrays) > at else np.zeros(count, np.float32)


def note_bias(way: Way, layer: KerasLayer, bias: bool) -> None:
    if not bias:
        way.without_bias.append(layer.called)
