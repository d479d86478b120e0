"""Weights of another library put onto a design of ours, layer by layer in order.

A file of weights alone says their shapes and nothing between them. The design says the rest: strides, padding, pooling,
activations. Where a shape does not fit, the sentence names the layer on both sides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from cnn_core.errors import StudentError, quoted
from cnn_core.model import ModelSpec, Network, summarize
from cnn_core.model.layers import BatchNormalization, Conv2D, Dense, DepthwiseConv2D, Layer
from cnn_core.model.network import NORM_EPSILON
from cnn_core.model.shapes import Shape
from cnn_core.opening.chain import (
    EPSILON,
    GROUPS,
    Weights,
    network_with,
    our_norm,
    over_all_maps,
)
from cnn_core.opening.windows import Ours, Window, same_window

Kind = Literal["conv", "dense", "norm"]
NOUNS: dict[Kind, str] = {
    "conv": "a convolution",
    "dense": "a dense layer",
    "norm": "a batch normalisation",
}
SHIFTED = (
    "{where} moves by {stride}. PyTorch pads a border of {pad} on every side, and padding “same” here begins one pixel "
    "later. If it was trained with padding={pad}, its maps are shifted by a pixel."
)


@dataclass(frozen=True)
class Weighted:
    """One layer of a file that has weights.

    where:   what the file calls it.
    tensors: float32; "weight" (filters, channels, rows, columns) or (units, inputs), and "bias" where it has one; of a
             batch normalisation "weight", "bias", "running_mean" and "running_var".
    epsilon: of a batch normalisation, what is added to its variance.
    """

    where: str
    kind: Kind
    tensors: Weights
    epsilon: float = NORM_EPSILON

    @property
    def weight(self) -> Tensor:
        """The one whose shape says most."""
        return self.tensors["weight"]


def weighted_of(net: nn.Module) -> list[Weighted]:
    """The layers of a network of ours that have weights, as if a file held them."""
    found = []
    for name, child in net.named_children():
        tensors = {key.rpartition(".")[2]: value for key, value in child.state_dict().items()}
        tensors.pop("num_batches_tracked", None)
        kind: Kind = "norm" if "running_mean" in tensors else "conv"
        if tensors:
            kind = "dense" if tensors["weight"].ndim == 2 else kind
            found.append(Weighted(name, kind, tensors))
    return found


def put_onto(items: Sequence[Weighted], spec: ModelSpec) -> tuple[ModelSpec, Network, list[str]]:
    """(the design, the network with these weights, remarks). Raises StudentError where they do not fit.

    items: in the order in which an image meets them.
    """
    rows = summarize(spec)
    shapes: list[Shape] = [tuple(spec.input_shape), *(row.output_shape for row in rows)]
    places = [i for i, layer in enumerate(spec.layers) if layer.parameters(shapes[i])]
    _refuse_other_count(items, [rows[i].name for i in places])
    weights: list[Weights] = [{} for _ in spec.layers]
    remarks: list[str] = []
    for item, i in zip(items, places, strict=True):
        weights[i] = _fitting(item, spec.layers[i], rows[i].name, shapes[i], remarks)
    return spec, network_with(spec, weights), remarks


def _refuse_other_count(items: Sequence[Weighted], names: Sequence[str]) -> None:
    if len(items) == len(names):
        return
    theirs = ", ".join(_short(item.where) for item in items[:8]) + " …" * (len(items) > 8)
    ours = ", ".join(names[:8]) + " …" * (len(names) > 8)
    raise StudentError(
        f"The file has {len(items)} layers with weights ({theirs}), "
        f"and the design has {len(names)} ({ours or 'none'}).",
        hint="Add or remove layers in the design until both have the same.",
    )


def _short(name: str) -> str:
    return quoted(name).strip("“”")


def _fitting(item: Weighted, layer: Layer, name: str, before: Shape, remarks: list[str]) -> Weights:
    """The weights of one layer of ours. before: what comes in, (C, H, W) or (units,)."""
    wanted: Kind = "conv"
    if isinstance(layer, Dense):
        wanted = "dense"
    elif isinstance(layer, BatchNormalization):
        wanted = "norm"
    if item.kind != wanted:
        raise StudentError(
            f"{quoted(item.where)} in the file is {NOUNS[item.kind]}, and in its place the design has {name}.",
            hint=f"Put {NOUNS[item.kind]} there.",
        )
    if isinstance(layer, Conv2D | DepthwiseConv2D):
        return _conv(item, layer, name, before, remarks)
    if isinstance(layer, Dense):
        return _dense(item, layer, name, before)
    if any(tensor.shape != before[:1] for tensor in item.tensors.values()):
        raise _other_shape(item, name, (before[0],))
    if abs(item.epsilon - NORM_EPSILON) > 1e-9:
        text = EPSILON.format(theirs=item.epsilon, ours=NORM_EPSILON)
        remarks += [text] * (text not in remarks)
    return our_norm(item.tensors, item.epsilon)


def _conv(
    item: Weighted, layer: Conv2D | DepthwiseConv2D, name: str, before: Shape, remarks: list[str]
) -> Weights:
    deep = 1 if isinstance(layer, DepthwiseConv2D) else before[0]
    wanted = (layer.channels_out(before[0]), deep, layer.kernel_size, layer.kernel_size)
    weight = item.weight
    if weight.ndim == 4 and deep > 1 and deep % weight.shape[1] == 0 and weight.shape[1] < deep:
        weight = _without_groups(item, weight, deep, wanted, remarks)
    if tuple(weight.shape) != wanted:
        kernel = _in_larger_kernel(weight, layer, wanted, before)
        if kernel is None:
            raise _other_shape(item, name, wanted)
        weight = kernel
    elif layer.padding == "same" and layer.strides > 1 and layer.kernel_size % 2:
        window = centred_window(layer.kernel_size, layer.strides)
        if same_window(window, (before[1], before[2])) != Ours(
            layer.kernel_size, layer.strides, "same", (0, 0)
        ):
            remarks.append(SHIFTED.format(where=name, stride=layer.strides, pad=layer.kernel_size // 2))
    return {"conv.weight": weight, "conv.bias": _bias(item, name, wanted[0])}


def _without_groups(
    item: Weighted, weight: Tensor, deep: int, wanted: tuple[int, ...], remarks: list[str]
) -> Tensor:
    """Kernels over groups of maps as kernels over all of them."""
    groups = deep // weight.shape[1]
    if weight.shape[0] % groups or weight.shape[0] != wanted[0]:
        return weight
    remarks.append(GROUPS.format(where=item.where, groups=groups))
    return over_all_maps(weight, groups)


def centred_window(kernel: int, stride: int) -> Window:
    """A convolution of PyTorch with as much padding on every side as keeps its kernel's centre on the first pixel."""
    pad = kernel // 2
    return Window((kernel, kernel), (stride, stride), (pad, pad, pad, pad))


def _in_larger_kernel(
    weight: Tensor, layer: Conv2D | DepthwiseConv2D, wanted: tuple[int, ...], before: Shape
) -> Tensor | None:
    """PyTorch's kernel with its padding on every side, as a larger kernel of ours that has zeros at its edge."""
    rows, columns = weight.shape[2:]
    if tuple(weight.shape[:2]) != wanted[:2] or rows != columns or rows >= layer.kernel_size:
        return None
    ours = same_window(centred_window(rows, layer.strides), (before[1], before[2]))
    if ours is None or (ours.side, ours.padding) != (layer.kernel_size, layer.padding):
        return None
    top, left = ours.offsets
    kernel = torch.zeros(wanted)
    kernel[:, :, top : top + rows, left : left + columns] = weight
    return kernel


def _dense(item: Weighted, layer: Dense, name: str, before: Shape) -> Weights:
    wanted = (layer.units, before[0])
    if tuple(item.weight.shape) != wanted:
        raise _other_shape(item, name, wanted)
    return {"dense.weight": item.weight, "dense.bias": _bias(item, name, layer.units)}


def _bias(item: Weighted, name: str, count: int) -> Tensor:
    bias = item.tensors.get("bias")
    if bias is None:
        return torch.zeros(count)
    if bias.shape != (count,):
        raise StudentError(
            f"The bias of {quoted(item.where)} has {bias.numel():,} numbers, and {name} needs {count:,}.",
            hint="Save the network again.",
        )
    return bias


def _other_shape(item: Weighted, name: str, wanted: Sequence[int]) -> StudentError:
    theirs = tuple(item.weight.shape)
    hint = f"Change {name} in the design, or what comes before it."
    if item.kind == "dense" and theirs[:1] == tuple(wanted[:1]):
        hint = f"{theirs[1]:,} numbers must come in: change a pooling, a stride or a padding above {name}."
    elif item.kind == "conv" and len(theirs) == 4 and theirs[0] != wanted[0]:
        hint = f"Give {name} {theirs[0]:,} filters with kernels of {theirs[2]}×{theirs[3]}."
    elif item.kind == "conv" and len(theirs) == 4 and theirs[2:] != tuple(wanted[2:]):
        hint = f"Give {name} kernels of {theirs[2]}×{theirs[3]}."
    return StudentError(
        f"The weights of {quoted(item.where)} are {_by(theirs)}, and {name} needs {_by(wanted)}.", hint=hint
    )


def _by(shape: Sequence[int]) -> str:
    return "×".join(f"{side:,}" for side in shape) or "()"
