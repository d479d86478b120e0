"""Operations as other libraries describe them, put one after another into layers of ours that compute the same.

Other libraries can say what we have no setting for: one pixel of padding around a convolution that moves by two, groups
of channels, an epsilon of their own, a layer without a bias. Where a layer of ours gives the very same numbers, with a
larger kernel that has zeros in it or with other weights, it is used and a remark tells so. Where none does, the
operation is refused, by its name and with what could stand in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod, sqrt

import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec, Network, build
from cnn_core.model.layer_files import layer_names
from cnn_core.model.layers import (
    Activation,
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from cnn_core.model.network import NORM_EPSILON
from cnn_core.model.shapes import Shape, shape_text
from cnn_core.opening.windows import Ours, Window, same_window
from cnn_core.settings import settings

Weights = dict[str, Tensor]  # of one layer, by their names inside it: "conv.weight"

ZEROS_ADDED = (
    "{where} has {padding} around its kernel of {kernel}. Here it has a kernel of {side}×{side} with zeros in it and "
    "padding “{ours}”, which gives the same numbers. Further training may change those zeros."
)
EPSILON = (
    "Batch normalisation: its epsilon {theirs:g} became our {ours:g}, and its scale was changed to match."
)
GROUPS = "{where} works on {groups} groups of maps. Here it sees all maps, with zeros where it saw none."
_SAME_EPSILON = 1e-9
ONE_NUMBER = (
    "The last layer gave one number, for yes or no. Here it gives two, one for each class, and says the same."
)
RESCALED = "A step that multiplied and added ({where}) is a batch normalisation here, with the same numbers."


def _our_dilation(window: Window, ours: Ours) -> int:
    """The dilation with which a layer of ours has just this window; 1 where it needs a kernel with zeros, or none."""
    rows, columns = window.dilations
    is_square = rows == columns > 1 and window.sides[0] == window.sides[1]
    return rows if is_square and ours.stride == 1 and ours.side == window.reach(0) else 1


@dataclass
class Chain:
    """Layers of ours, made one after another. Each method adds what computes the same, or raises StudentError.

    shape: of what comes out of the layers so far, (C, H, W) or (units,).
    """

    input_shape: tuple[int, int, int]
    layers: list[Layer] = field(default_factory=list)
    weights: list[Weights] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    shape: Shape = ()

    def __post_init__(self) -> None:
        self.shape = tuple(self.input_shape)

    def add(self, where: str, layer: Layer, weights: Weights | None = None) -> None:
        """A layer of ours as it is. Raises StudentError, which says `where`, if it cannot stand here."""
        try:
            after = layer.output_shape(self.shape)
        except StudentError as error:
            raise StudentError(f"{where}: {error.message}", error.hint) from None
        self.layers.append(layer)
        self.weights.append(weights or {})
        self.shape = after

    def conv(self, where: str, weight: Tensor, bias: Tensor | None, window: Window, groups: int = 1) -> None:
        """weight: (filters, channels / groups, rows, columns).  bias: (filters,), None for none."""
        channels, height, width = self._maps(where, "a convolution")
        filters = weight.shape[0]
        if groups < 1:
            raise StudentError(
                f"{where} works on {groups:,} groups of maps.", hint="Export the network again."
            )
        if channels % groups or filters % groups or weight.shape[1] * groups != channels:
            raise StudentError(
                f"{where} is made for {weight.shape[1] * groups:,} maps, and {channels:,} come in.",
                hint="Its weights belong to another place in the network.",
            )
        ours = same_window(window, (height, width))
        if ours is None:
            raise self._no_window(where, window, "kernel")
        refuse_above_limit(
            where, ours.side**2 * filters * (channels if 1 < groups < channels else weight.shape[1])
        )
        is_depthwise = groups == channels > 1
        apart = 1 if is_depthwise else _our_dilation(window, ours)
        kernel = weight if apart > 1 else self._embedded(where, weight, window, ours)
        bias = torch.zeros(filters) if bias is None else bias.reshape(filters)
        weights = {"conv.weight": kernel, "conv.bias": bias}
        layer: Layer
        if is_depthwise:
            many = filters // channels
            layer = DepthwiseConv2D(ours.side, ours.stride, ours.padding, depth_multiplier=many)
        else:
            if groups > 1:
                weights["conv.weight"] = over_all_maps(kernel, groups)
                self._remark(GROUPS.format(where=where, groups=groups))
            side = window.sides[0] if apart > 1 else ours.side
            layer = Conv2D(filters, side, ours.stride, ours.padding, dilation_rate=apart)
        self.add(where, layer, weights)

    def dense(self, where: str, weight: Tensor, bias: Tensor | None) -> None:
        """weight: (units, inputs).  bias: (units,), None for none."""
        units, inputs = weight.shape
        if len(self.shape) == 3 and self.shape[1:] == (1, 1):
            self.add(where, Flatten())
        if len(self.shape) == 3:
            raise StudentError(
                f"{where} weighs lists of {inputs:,} numbers, and maps of {shape_text(self.shape)} come in.",
                hint="Flatten the maps before it.",
            )
        if self.shape != (inputs,):
            raise StudentError(
                f"{where} weighs {inputs:,} numbers, and {self.shape[0]:,} come in.",
                hint="A pooling or a padding above it is another than the one it was trained with.",
            )
        bias = torch.zeros(units) if bias is None else bias.reshape(units)
        self.add(where, Dense(units), {"dense.weight": weight, "dense.bias": bias})

    def norm(self, where: str, weights: Weights, epsilon: float) -> None:
        """weights: "weight", "bias", "running_mean", "running_var", each (channels,)."""
        if any(tensor.shape != (self.shape[0],) for tensor in weights.values()):
            raise StudentError(
                f"{where} evens out {weights['running_mean'].numel():,} maps or numbers, "
                f"and {self.shape[0]:,} come in.",
                hint="Its weights belong to another place in the network.",
            )
        if weights["running_var"].lt(0).any():
            raise StudentError(f"{where} holds a variance below 0.", hint="Save the network again.")
        self.add(where, BatchNormalization(), our_norm(weights, epsilon))
        if abs(epsilon - NORM_EPSILON) > _SAME_EPSILON:
            self._remark(EPSILON.format(theirs=epsilon, ours=NORM_EPSILON))

    def affine(self, where: str, factor: Tensor, summand: Tensor) -> None:
        """Each number times `factor` plus `summand`, (1,) or (channels,): into the layer before, else a layer."""
        count = self.shape[0]
        if factor.numel() not in (1, count) or summand.numel() not in (1, count):
            raise StudentError(
                f"{where} has other numbers for {factor.numel():,} places, and {count:,} maps or numbers come in.",
                hint="Only one number, or one per map, can be multiplied or added.",
            )
        factor, summand = factor.reshape(-1).expand(count), summand.reshape(-1).expand(count)
        last = self.layers[-1] if self.layers else None
        if isinstance(last, Conv2D | DepthwiseConv2D | Dense) and last.activation == "linear":
            inner = "dense" if isinstance(last, Dense) else "conv"
            weight, bias = self.weights[-1][f"{inner}.weight"], self.weights[-1][f"{inner}.bias"]
            per_filter = factor.reshape(-1, *[1] * (weight.ndim - 1))
            self.weights[-1] = {
                f"{inner}.weight": weight * per_filter,
                f"{inner}.bias": bias * factor + summand,
            }
            return
        if isinstance(last, BatchNormalization):
            scale, shift = self.weights[-1]["norm.weight"], self.weights[-1]["norm.bias"]
            self.weights[-1] |= {"norm.weight": scale * factor, "norm.bias": shift * factor + summand}
            return
        ones = torch.ones(count)
        weights = {"norm.weight": factor * sqrt(1 + NORM_EPSILON), "norm.bias": summand.clone()}
        weights |= {"norm.running_mean": torch.zeros(count), "norm.running_var": ones}
        self.add(where, BatchNormalization(), weights)
        self._remark(RESCALED.format(where=where))

    def activation(self, where: str, name: str) -> None:
        """One of our activations; it goes into the layer before where that has none yet."""
        last = self.layers[-1] if self.layers else None
        if isinstance(last, Conv2D | DepthwiseConv2D | Dense) and last.activation == "linear":
            self.layers[-1] = replace(last, activation=name)
        else:
            self.add(where, Activation(name))

    def pool(self, where: str, kind: str, window: Window, counts_border: bool = False) -> None:
        """kind: "max" or "average".  counts_border: whether an average also counts the zeros of the padding."""
        _, height, width = self._maps(where, "a pooling")
        ours = same_window(window, (height, width))
        fits = ours is not None and window.sides == (ours.side, ours.side) and window.dilations == (1, 1)
        if ours is None or not fits:
            raise self._no_window(where, window, "pool")
        if kind == "average" and counts_border and any(window.pads):
            raise StudentError(
                f"{where} counts the zeros of its padding when it averages, and ours counts real numbers only.",
                hint="Use padding 0 or count_include_pad=False there, and train it again.",
            )
        layer = MaxPooling2D if kind == "max" else AveragePooling2D
        self.add(where, layer(ours.side, ours.stride, ours.padding))

    def average_all(self, where: str) -> None:
        """One mean per map."""
        self._maps(where, "global average pooling")
        self.add(where, GlobalAveragePooling2D())

    def flatten(self, where: str) -> None:
        """Maps become a list, map by map."""
        if len(self.shape) == 3:
            self.add(where, Flatten())

    def finished(self, name: str) -> tuple[ModelSpec, Network]:
        """The design and the network, in evaluation mode. Raises StudentError for what this server cannot build."""
        if not any(self.weights):
            raise StudentError(
                "This file holds no layer with weights.", hint="Save the network again, whole."
            )
        self._make_two_of_one()
        if len(self.shape) == 3:
            self.flatten("The end")
        last = self.layers[-1]
        if getattr(last, "activation", "") == "linear" and not isinstance(last, Activation):
            self.activation(
                "The end", "softmax"
            )  # a network trained on logits; ours leave the softmax to the loss
        spec = ModelSpec(name, self.input_shape, self.shape[0], tuple(self.layers))
        return spec, network_with(spec, self.weights)

    def _make_two_of_one(self) -> None:
        """One number z with a sigmoid says what two numbers, 0 and z, say with a softmax."""
        last = self.layers[-1] if self.layers else None
        if self.shape != (1,) or not isinstance(last, Dense) or last.activation not in ("linear", "sigmoid"):
            return
        weight, bias = self.weights[-1]["dense.weight"], self.weights[-1]["dense.bias"]
        zero = {"dense.weight": torch.zeros_like(weight), "dense.bias": torch.zeros_like(bias)}
        self.weights[-1] = {key: torch.cat([zero[key], self.weights[-1][key]]) for key in zero}
        self.layers[-1], self.shape = Dense(2, "softmax"), (2,)
        self._remark(ONE_NUMBER)

    def _maps(self, where: str, what: str) -> tuple[int, int, int]:
        if len(self.shape) != 3:
            raise StudentError(
                f"{where} is {what}, and what comes in is a list of {prod(self.shape):,} numbers.",
                hint="Move it up to where there are maps.",
            )
        channels, height, width = self.shape
        return channels, height, width

    def _embedded(self, where: str, weight: Tensor, window: Window, ours: Ours) -> Tensor:
        """Their kernel inside ours, with zeros around it and between its numbers."""
        if weight.shape[2:] == (ours.side, ours.side):
            return weight
        kernel = torch.zeros(*weight.shape[:2], ours.side, ours.side)
        rows, columns = (
            slice(offset, offset + window.reach(axis), window.dilations[axis])
            for axis, offset in enumerate(ours.offsets)
        )
        kernel[:, :, rows, columns] = weight
        theirs = f"{weight.shape[2]}×{weight.shape[3]}"
        if window.dilations != (1, 1):
            theirs += f" with dilation {window.dilations[0]}"
        self._remark(
            ZEROS_ADDED.format(
                where=where, padding=window.padding_words, kernel=theirs, side=ours.side, ours=ours.padding
            )
        )
        return kernel

    def _no_window(self, where: str, window: Window, noun: str) -> StudentError:
        _, height, width = self.shape
        rows, columns = window.sides
        if max(window.reach(axis) - window.pads[axis] - window.pads[axis + 2] for axis in (0, 1)) > min(
            height, width
        ):
            return StudentError(
                f"{where}: a {rows:,}×{columns:,} {noun} does not fit on a {height}×{width} map.",
                hint="The images that it is made for are larger, or a pooling above it is another.",
            )
        down, right = window.strides
        if min(down, right) < 1:
            return StudentError(
                f"{where}: a {noun} moves by {down} and {right} pixels.", hint="Export the network again."
            )
        moves = "" if down == right == 1 else f" that moves by {down}"
        if down != right:
            moves = f" that moves by {down} down and by {right} to the right"
        edge = ", and one more at the edge" if window.rounds_up else ""
        return StudentError(
            f"{where}: a {rows}×{columns} {noun}{moves} with {window.padding_words}{edge}, on a {height}×{width} map, "
            "is no window of ours.",
            hint="Padding 0 (“valid”) could stand there, or as much as “same” adds, after a new training."
            if rows == columns and down == right
            else "A square with the same stride both ways could stand there, after a new training.",
        )

    def _remark(self, text: str) -> None:
        if text not in self.remarks:
            self.remarks.append(text)


def our_norm(weights: Weights, epsilon: float) -> Weights:
    """A batch normalisation's four with a scale that makes up for our epsilon, by their names inside our layer.

    weights: "weight", "bias", "running_mean", "running_var", each (channels,).
    epsilon: what the other library adds to the variance.
    """
    scale = weights["weight"]
    if abs(epsilon - NORM_EPSILON) > _SAME_EPSILON:
        spread = weights["running_var"].double()
        scale = (scale.double() * ((spread + NORM_EPSILON) / (spread + epsilon)).sqrt()).float()
    return {f"norm.{name}": tensor for name, tensor in (weights | {"weight": scale}).items()}


def network_with(spec: ModelSpec, weights: Sequence[Weights]) -> Network:
    """The network of this design with these weights, in evaluation mode.

    weights: one dictionary per layer, in order.
    Raises StudentError for a number that is none.
    """
    net = build(spec)
    for name, child, given in zip(layer_names([one.type for one in spec.layers]), net, weights, strict=True):
        state = child.state_dict()
        for key, tensor in given.items():
            if not tensor.isfinite().all():
                raise StudentError(
                    f"The weights of {name} hold infinite numbers or none at all (NaN).",
                    hint="Open a copy from before its training went wrong.",
                )
            with torch.no_grad():
                state[key].copy_(tensor)
    return net.eval()


def refuse_above_limit(where: str, count: int) -> None:
    """Raise StudentError for more weights than this server allows, before there is room for them.

    count: of numbers.
    """
    most = settings().max_parameters
    if count > most:
        raise StudentError(
            f"{where} would have {count:,} weights here. This server allows {most:,} in a network.",
            hint="Open a smaller network.",
        )


def over_all_maps(kernel: Tensor, groups: int) -> Tensor:
    """Kernels of groups, (filters, channels / groups, K, K), as kernels over all channels, zero over the others."""
    filters, few = kernel.shape[:2]
    whole = torch.zeros(filters, few * groups, *kernel.shape[2:])
    each = filters // groups
    for group in range(groups):
        own = slice(group * each, (group + 1) * each)
        whole[own, group * few : (group + 1) * few] = kernel[own]
    return whole
