"""What each operator of ONNX adds to the layers made so far: one function per operator."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.model.shapes import same_padding
from cnn_core.opening.chain import Chain
from cnn_core.opening.onnx_constants import axes_of
from cnn_core.opening.onnx_walk import Walk, as_float32
from cnn_core.opening.onnx_wire import Node
from cnn_core.opening.windows import Window

_LOWEST = -1e30  # a border so low never is the largest


def _window(walk: Walk, node: Node, sides: tuple[int, int], border: float = 0.0) -> Window:
    """border: the value that a padding of its own may have."""
    _, height, width = walk.chain.shape
    given = node.attributes.get
    strides, dilations = (_pair(walk, node, given(key) or [1, 1]) for key in ("strides", "dilations"))
    pads = _four(walk, node, given("pads") or [0, 0, 0, 0])
    automatic = given("auto_pad", "NOTSET")
    if automatic in ("SAME_UPPER", "SAME_LOWER") and min(*strides, *sides, *dilations) > 0:
        both = [
            same_padding(size, dilations[axis] * (sides[axis] - 1) + 1, strides[axis])
            for axis, size in enumerate((height, width))
        ]
        if automatic == "SAME_LOWER":
            both = [(after, before) for before, after in both]
        pads = [both[0][0], both[1][0], both[0][1], both[1][1]]
    if walk.pad is not None:
        (extra, value), walk.pad = walk.pad, None
        never_largest = border == _LOWEST and (value <= _LOWEST or (value == 0 and _is_not_negative(walk)))
        if not (never_largest or (value == 0 == border)):
            raise StudentError(
                f"{walk.where(node)} stands behind a border of {value:g}.", hint="Use padding with zeros."
            )
        pads = [one + other for one, other in zip(pads, extra, strict=True)]
    top, left, bottom, right = pads
    return Window(sides, strides, (top, left, bottom, right), dilations, bool(given("ceil_mode", 0)))


def _is_not_negative(walk: Walk) -> bool:
    last = walk.chain.layers[-1] if walk.chain.layers else None
    return last is None or getattr(last, "activation", "") in ("relu", "sigmoid")


def _pair(walk: Walk, node: Node, values: Any) -> tuple[int, int]:
    if not isinstance(values, list) or len(values) != 2 or any(not isinstance(one, int) for one in values):
        raise StudentError(f"{walk.where(node)} slides along {_axes(values)}.", hint="Images have two.")
    return values[0], values[1]


def _axes(values: Any) -> str:
    return f"{len(values)} axes" if isinstance(values, list) else "no axes"


def _four(walk: Walk, node: Node, values: Any) -> list[int]:
    if not isinstance(values, list) or len(values) != 4 or any(not isinstance(one, int) for one in values):
        raise StudentError(
            f"{walk.where(node)} pads {_axes(values)}.", hint="Images have two, with two ends each."
        )
    return values


def _conv(walk: Walk, node: Node) -> None:
    weight, bias = walk.weight(node, 1), walk.weight(node, 2, "bias")
    if weight is None or weight.ndim != 4:
        raise StudentError(
            f"{walk.where(node)} is no convolution of images.", hint="Export a network for images."
        )
    groups = node.attributes.get("group", 1)
    if walk.order == "NF.." and weight.shape[2:] == (1, 1) and groups == 1:
        walk.chain.dense(walk.where(node), weight[:, :, 0, 0], bias)
        return
    walk.needs_maps(node)
    window = _window(walk, node, (weight.shape[2], weight.shape[3]))
    walk.chain.conv(walk.where(node), weight, bias, window, groups if isinstance(groups, int) else 0)


def _dense(walk: Walk, node: Node) -> None:
    if node.inputs[0] != walk.value:
        raise StudentError(
            f"{walk.where(node)} multiplies in another order than a dense layer.",
            hint="Export the network again.",
        )
    weight = walk.weight(node, 1)
    if weight is None or weight.ndim != 2:
        raise StudentError(f"{walk.where(node)} is no dense layer.", hint="Export the network again.")
    given, bias = node.attributes.get, None
    if node.operator == "Gemm":
        bias = walk.weight(node, 2, "bias")
        if given("transA", 0):
            raise walk.unknown(node)
        weight = weight * float(given("alpha", 1.0))
        bias = None if bias is None else (bias * float(given("beta", 1.0))).reshape(-1)
    units = weight if node.operator == "Gemm" and given("transB", 0) else weight.T
    if bias is not None and bias.numel() not in (1, units.shape[0]):
        raise StudentError(
            f"{walk.where(node)} has a bias for {bias.numel():,} units.", hint="Export it again."
        )
    walk.flush(walk.where(node))
    if walk.order.endswith("C") and "H" in walk.order:  # a dense layer over each place of the maps
        walk.chain.conv(walk.where(node), units[:, :, None, None], bias, Window((1, 1)))
        return
    walk.list_first(node)
    units = walk.ours(units).contiguous()
    walk.turned = None
    bias = None if bias is None else bias.expand(units.shape[0])
    walk.chain.dense(walk.where(node), units, bias)


def _norm(walk: Walk, node: Node) -> None:
    walk.flush(walk.where(node))
    if walk.order[1:2] not in ("C", "F"):
        raise StudentError(
            f"{walk.where(node)} does not even out channels.",
            hint="Export the network again, channels second.",
        )
    walk.list_first(node)
    names = ("weight", "bias", "running_mean", "running_var")
    weights = {name: walk.weight(node, place) for place, name in enumerate(names, start=1)}
    if any(tensor is None for tensor in weights.values()):
        raise StudentError(f"{walk.where(node)} lacks some of its numbers.", hint="Export the network again.")
    whole = {name: walk.ours(tensor) for name, tensor in weights.items() if tensor is not None}
    walk.chain.norm(walk.where(node), whole, float(node.attributes.get("epsilon", 1e-5)))


def _pool(walk: Walk, node: Node) -> None:
    walk.needs_maps(node)
    kind = "max" if node.operator == "MaxPool" else "average"
    sides = _pair(walk, node, node.attributes.get("kernel_shape"))
    window = _window(walk, node, sides, _LOWEST if kind == "max" else 0.0)
    counts = bool(node.attributes.get("count_include_pad", 0))
    walk.chain.pool(walk.where(node), kind, window, counts)


def _average_all(walk: Walk, node: Node) -> None:
    walk.needs_maps(node)
    walk.chain.average_all(walk.where(node))
    walk.order = "NF.."


def _largest_of_all(walk: Walk, node: Node) -> None:
    walk.needs_maps(node)
    _, height, width = walk.chain.shape
    walk.chain.pool(walk.where(node), "max", Window((height, width), (height, width)))
    walk.chain.flatten(walk.where(node))
    walk.order = "NF.."


def _reduce(walk: Walk, node: Node) -> None:
    """The mean, or the largest, along rows and columns."""
    given = [None, walk.constants.get(node.inputs[1])] if len(node.inputs) > 1 and node.inputs[1] else []
    axes = axes_of(node.attributes, given) or []
    order = walk.order
    places = {axis % len(order) for axis in axes if -len(order) <= axis < len(order)}
    if {order[place] for place in places} != {"H", "W"}:
        raise walk.unknown(node)
    walk.flush(walk.where(node))
    walk.order = "NCHW"
    (_average_all if node.operator == "ReduceMean" else _largest_of_all)(walk, node)
    marks = ["." if place in places else order[place] for place in range(len(order))]
    if not node.attributes.get("keepdims", 1):
        marks = [mark for place, mark in enumerate(marks) if place not in places]
    walk.order = "".join(marks).replace("C", "F")


def _flatten(walk: Walk, node: Node) -> None:
    if node.attributes.get("axis", 1) not in (1, 1 - len(walk.order)):
        raise walk.unknown(node)
    walk.flush(walk.where(node))
    walk.to_list()


def _reshape(walk: Walk, node: Node) -> None:
    wanted = walk.constants.get(node.inputs[1]) if len(node.inputs) > 1 else node.attributes.get("shape")
    now = walk.their_shape()
    if wanted is None:
        raise StudentError(f"{walk.where(node)} does not say its shape.", hint="Export the network again.")
    sides = [int(side) for side in np.asarray(wanted).reshape(-1)[:9]]
    sides = [now[i] if side == 0 and i < len(now) else side for i, side in enumerate(sides)]
    if sides.count(-1) == 1:
        rest = prod(side for side in sides if side != -1)
        sides = [prod(now) // rest if side == -1 and rest else side for side in sides]
    if prod(sides) != prod(now) or not sides or min(sides) < 1 or sides[0] != walk.batch:
        raise walk.unknown(node)
    order = _order_after(walk, tuple(now[1:]), tuple(sides[1:]))
    if order is None:
        raise walk.unknown(node)
    if order == "NF":
        walk.flush(walk.where(node))
        walk.to_list()
    walk.order = order


def _order_after(walk: Walk, now: tuple[int, ...], sides: tuple[int, ...]) -> str | None:
    """What the axes stand for after a reshape to `sides`, batch left out; None where we cannot follow it."""
    if sides == now:
        return walk.order
    if len(sides) == 1:
        return "NF"
    chain = walk.chain
    if "F" in walk.order and not chain.layers:  # a list that becomes an image
        if len(sides) == 2:
            sides, order = (1, *sides), "NHW"
        else:
            order = "NCHW" if sides[0] in (1, 3) else "NHWC"
        if len(sides) != 3:
            return None
        walk.chain = Chain(sides if order != "NHWC" else (sides[2], *sides[:2]))
        return order
    if "F" in walk.order:
        return "NF" + "." * (len(sides) - 1) if set(sides[1:]) == {1} else None
    if chain.shape[0] == 1 and len(chain.shape) == 3:  # one channel may stand anywhere
        height, width = chain.shape[1:]
        orders = {(1, height, width): "NCHW", (height, width, 1): "NHWC", (height, width): "NHW"}
        return orders.get(sides)
    return None


def _transpose(walk: Walk, node: Node) -> None:
    places = node.attributes.get("perm") or list(range(len(walk.order)))[::-1]
    if sorted(places) != list(range(len(walk.order))):
        raise walk.unknown(node)
    walk.order = "".join(walk.order[place] for place in places)
    if walk.order[0] != "N":
        raise walk.unknown(node)


def _squeeze(walk: Walk, node: Node) -> None:
    given = [None, walk.constants.get(node.inputs[1])] if len(node.inputs) > 1 and node.inputs[1] else []
    shape, order = walk.their_shape(), walk.order
    axes = axes_of(node.attributes, given)
    ones = [place for place, side in enumerate(shape) if side == 1 and place]
    places = ones if axes is None else [axis % len(order) for axis in axes]
    if any(place not in ones for place in places):
        raise walk.unknown(node)
    left = "".join(mark for place, mark in enumerate(order) if place not in places)
    if "F" not in left and "C" not in left and len(walk.chain.shape) == 1:
        raise walk.unknown(node)
    walk.order = left


def _unsqueeze(walk: Walk, node: Node) -> None:
    given = [None, walk.constants.get(node.inputs[1])] if len(node.inputs) > 1 and node.inputs[1] else []
    axes = axes_of(node.attributes, given) or []
    marks = list(walk.order)
    for axis in sorted(axis % (len(walk.order) + len(axes)) for axis in axes):
        is_channel = "C" not in marks and "F" not in marks and walk.chain.shape[0] == 1
        marks.insert(axis, "C" if is_channel else ".")
    if marks[0] != "N" or len(marks) > 6:
        raise walk.unknown(node)
    walk.order = "".join(marks)


def _pad(walk: Walk, node: Node) -> None:
    walk.flush(walk.where(node))
    mode = node.attributes.get("mode", "constant")
    pads = walk.constants.get(node.inputs[1]) if len(node.inputs) > 1 else node.attributes.get("pads")
    value: Any = node.attributes.get("value", 0.0)
    if len(node.inputs) > 2 and node.inputs[2]:
        value = walk.constants.get(node.inputs[2])
    if mode != "constant" or pads is None or value is None or np.size(value) != 1 or walk.pad is not None:
        raise walk.unknown(node)
    ends = [int(end) for end in np.asarray(pads).reshape(-1)[:17]]
    axes = list(range(len(walk.order)))
    if len(node.inputs) > 3 and node.inputs[3]:
        chosen = walk.constants.get(node.inputs[3])
        axes = [] if chosen is None else [int(axis) % len(axes) for axis in chosen.reshape(-1)[:8]]
    around = dict.fromkeys("NCHWF.", (0, 0))
    if len(ends) != 2 * len(axes):
        raise walk.unknown(node)
    for place, axis in enumerate(axes):
        around[walk.order[axis]] = (ends[place], ends[place + len(axes)])
    if min(ends) < 0 or any(any(around[mark]) for mark in "NCF."):
        raise walk.unknown(node)
    (top, bottom), (left, right) = around["H"], around["W"]
    if any(ends):
        walk.pad = ([top, left, bottom, right], float(np.reshape(value, -1)[0]))


def _arithmetic(walk: Walk, node: Node) -> None:
    """A number, or one per map or unit, that is added or multiplied."""
    is_first = node.inputs[0] == walk.value
    array = walk.constants.get(node.inputs[1 if is_first else 0]) if len(node.inputs) == 2 else None
    if array is None:
        raise walk.unknown(node)
    vector = _per_channel(walk, as_float32(array))
    if vector is None or (node.operator == "Div" and not is_first):
        raise walk.unknown(node)
    one, zero = torch.ones(1), torch.zeros(1)
    if node.operator == "Add":
        walk.affine(node, one, vector)
    elif node.operator == "Sub":
        walk.affine(node, *((one, -vector) if is_first else (-one, vector)))
    elif node.operator == "Mul":
        walk.affine(node, vector, zero)
    else:
        walk.affine(node, 1 / vector, zero)


def _per_channel(walk: Walk, numbers: Tensor) -> Tensor | None:
    """Broadcast numbers as (1,) or (channels,) in our order; None where they differ from place to place."""
    if numbers.numel() == 1:
        return numbers.reshape(1)
    axes = walk.order[-numbers.ndim :] if numbers.ndim else ""
    wide = [axis for axis, side in zip(axes, numbers.shape, strict=False) if side != 1]
    if numbers.ndim > len(walk.order) or wide not in (["C"], ["F"]):
        return None
    return walk.ours(numbers.reshape(-1))


HANDLERS: dict[str, Callable[[Walk, Node], None]] = {
    "Conv": _conv,
    "Gemm": _dense,
    "MatMul": _dense,
    "BatchNormalization": _norm,
    "MaxPool": _pool,
    "AveragePool": _pool,
    "GlobalAveragePool": _average_all,
    "GlobalMaxPool": _largest_of_all,
    "ReduceMean": _reduce,
    "ReduceMax": _reduce,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Pad": _pad,
    "Add": _arithmetic,
    "Sub": _arithmetic,
    "Mul": _arithmetic,
    "Div": _arithmetic,
}
WEIGHING = ("Conv", "Gemm", "MatMul", "BatchNormalization")
