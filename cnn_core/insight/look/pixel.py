"""The arithmetic of one number: which numbers below it, times what, plus what.

Every layer of a convnet is the same sentence: take a patch of the maps below, multiply each number with a weight, add
up, add a bias, apply the activation. A pooling has weights too: 1 for the winner, or 1 / cells for a mean.
CNN Explainer (Wang et al. 2020) shows this for one frozen net; here it is any net.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.checks import is_index
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.look.features import outputs
from cnn_core.insight.look.fields import Field, Window, clip, receptive_field, windows
from cnn_core.insight.look.twin import checked_image, frozen, known_layer
from cnn_core.model.network import ConvLayer, DenseLayer, Network, NormLayer


@dataclass(frozen=True)
class Contribution:
    """What one channel of the maps below adds to the sum."""

    channel: int
    total: float


@dataclass(frozen=True, eq=False)
class PixelSum:
    """One number of a layer, taken apart: value = activation(total), total = sum of patch × kernel, plus bias.

    layer:      its name.
    type:       of the layer, as in a design.
    channel, row, column: the place of the number.
    patch:      (Cin, k, k), the numbers below; zeros where it lies on padding.
    kernel:     (Cin, k, k), the weights.
    products:   (Cin, k, k), patch × kernel.
    padding:    (k, k) bool, True where the patch lies outside the map below.
    channels:   for each of the Cin, its number in the layer below (a pooling looks at a single one).
    bias:       added to the products.
    total:      before the activation.
    activation: its name.
    value:      the number itself.
    below:      the rows and columns of the map below that the patch reaches over, not clipped.
    field:      the rows and columns of the image it can see, (first, last), clipped to the image.
    unclipped:  the same, not clipped: it may begin below 0.
    winner:     of a max pooling, (row, column) in the map below; else None.
    reads_image: whether the numbers below are the image's.
    channels_below: how many channels there are below, though the sum may look at some of them only.
    """

    layer: str
    type: str
    channel: int
    row: int
    column: int
    patch: Tensor
    kernel: Tensor
    products: Tensor
    padding: Tensor
    channels: tuple[int, ...]
    bias: float
    total: float
    activation: str
    value: float
    below: Field
    field: Field
    unclipped: Field
    winner: tuple[int, int] | None = None
    reads_image: bool = False
    channels_below: int = 1

    @property
    def dilation(self) -> int:
        """Pixels of the map below from one number of the patch to the next."""
        first, last = self.below.rows
        return (last - first) // (self.patch.shape[1] - 1) if self.patch.shape[1] > 1 else 1

    @property
    def contributions(self) -> list[Contribution]:
        """One for each input channel, the largest first, whatever its sign."""
        sums = self.products.double().flatten(1).sum(1).tolist()
        parts = [Contribution(channel, part) for channel, part in zip(self.channels, sums, strict=True)]
        return sorted(parts, key=lambda part: -abs(part.total))


@dataclass(frozen=True, eq=False)
class _Sum:
    """What a kind of layer says of one of its numbers: the fields of a PixelSum that depend on the kind.

    padding:  None where nothing is padded.
    channels: None where it looks at all of them.
    below:    None where it looks at the whole map below.
    """

    patch: Tensor
    kernel: Tensor
    bias: float = 0.0
    padding: Tensor | None = None
    channels: tuple[int, ...] | None = None
    below: Field | None = None
    winner: tuple[int, int] | None = None


@dataclass(frozen=True)
class Place:
    """Which number of a layer. One of plain numbers has a channel only."""

    channel: int
    row: int = 0
    column: int = 0

    @property
    def position(self) -> Field:
        """Its row and column, as a field of one position."""
        return Field((self.row, self.row), (self.column, self.column))


def explain_pixel(
    net: Network, image: Tensor, layer: str, channel: int = 0, row: int = 0, column: int = 0
) -> PixelSum:
    """How the number at (channel, row, column) of a layer came about, for one image.

    image: (C, H, W) in [0, 1].
    layer: any of the net's; a layer of plain numbers (flatten, dense, global pooling) has one row and one column, and
           its units are the channels. Its patch is what it looks at: for a dense layer all numbers below, (Cin, H, W)
           if they are flattened maps, else (inputs, 1, 1).
    Raises StudentError, with the layer's true size, for a place that is not there.
    """
    batch = checked_image(image, net.spec.input_shape)
    names = net.spec.layer_names
    index = names.index(known_layer(net, layer))
    maps = {name: values[0] for name, values in outputs(net, batch, names[: index + 1])}
    place = _checked_place(layer, tuple(maps[layer].shape), (channel, row, column))
    below = [batch[0].cpu(), *maps.values()]
    part = _part(net, index, below, place)
    products = part.patch * part.kernel
    # In double precision: the order of adding must not show in the number a student adds up by hand.
    total = products.double().sum().item() + part.bias
    design = net.spec.layers[index]
    size = part.patch.shape[1:]
    unclipped = _field(net, layer, index, maps, place)
    return PixelSum(
        layer=layer,
        type=design.type,
        channel=place.channel,
        row=place.row,
        column=place.column,
        patch=part.patch,
        kernel=part.kernel,
        products=products,
        padding=torch.zeros(size, dtype=torch.bool) if part.padding is None else part.padding,
        channels=tuple(range(len(part.patch))) if part.channels is None else part.channels,
        bias=part.bias,
        total=total,
        activation=getattr(design, "activation", "linear"),
        value=_activated(net[index], total),
        below=part.below or Field((0, size[0] - 1), (0, size[1] - 1)),
        field=clip(unclipped, tuple(batch.shape[1:])),
        unclipped=unclipped,
        winner=part.winner,
        reads_image=index == 0,
        channels_below=len(below[index]),
    )


def _part(net: Network, index: int, maps: Sequence[Tensor], place: Place) -> _Sum:
    """What layer number `index` says of its number at `place`.

    maps: the image, and the outputs of the layers up to that one: (C, H, W) or (units,) each.
    """
    spec, inputs = net.spec, maps[index]
    part = _EXPLAIN[spec.layers[index].type](frozen(net[index]), inputs, windows(spec)[index], place)
    if spec.layers[index].needs == "list" and index and spec.layers[index - 1].flattens:
        return _as_maps(part, tuple(maps[index - 1].shape))
    return part


def _activated(child: Any, total: float) -> float:
    activation = getattr(child, "activation", None)
    return total if activation is None else activation(torch.tensor(total, dtype=torch.float64)).item()


def _convolution(child: ConvLayer, inputs: Tensor, window: Window, place: Place) -> _Sum:
    channel, below = place.channel, window.at(place.position)
    patch, padding = _cut(inputs, below, window.dilation)
    kernel, bias = child.conv.weight[channel].cpu(), child.conv.bias
    return _Sum(patch, kernel, 0.0 if bias is None else bias[channel].item(), padding, below=below)


def _depthwise(child: Any, inputs: Tensor, window: Window, place: Place) -> _Sum:
    """A convolution over the one channel that this filter belongs to."""
    channel = place.channel // (child.conv.out_channels // child.conv.groups)
    return replace(_convolution(child, inputs[channel : channel + 1], window, place), channels=(channel,))


def _max_pooling(_child: Any, inputs: Tensor, window: Window, place: Place) -> _Sum:
    channel, below = place.channel, window.at(place.position)
    patch, padding = _cut(inputs[channel : channel + 1], below)
    first = patch[0].masked_fill(padding, float("-inf")).argmax().item()  # padding never wins
    down, right = divmod(int(first), patch.shape[2])
    kernel = torch.zeros_like(patch)
    kernel[0, down, right] = 1
    winner = (below.rows[0] + down, below.columns[0] + right)
    return _Sum(patch, kernel, 0.0, padding, (channel,), below, winner)


def _average_pooling(_child: Any, inputs: Tensor, window: Window, place: Place) -> _Sum:
    channel, below = place.channel, window.at(place.position)
    patch, padding = _cut(inputs[channel : channel + 1], below)
    real = (~padding).float()
    return _Sum(patch, (real / real.sum()).unsqueeze(0), 0.0, padding, (channel,), below)


def _global_pooling(_child: Any, inputs: Tensor, _window: Window, place: Place) -> _Sum:
    patch = inputs[place.channel : place.channel + 1]
    return _Sum(patch, torch.full_like(patch, 1 / patch.numel()), channels=(place.channel,))


def _normalisation(child: NormLayer, inputs: Tensor, window: Window, place: Place) -> _Sum:
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, as one product and one bias."""
    channel = place.channel
    norm = child.norm
    assert norm.running_mean is not None
    assert norm.running_var is not None
    same = _same_place(child, inputs, window, place)
    scale = norm.weight[channel].double() / (norm.running_var[channel].double() + norm.eps).sqrt()
    bias = norm.bias[channel].double() - norm.running_mean[channel].double() * scale
    kernel = torch.full_like(same.patch, scale.item())
    return _Sum(same.patch, kernel, bias.item(), channels=(channel,), below=same.below)


def _same_place(_child: Any, inputs: Tensor, _window: Window, place: Place) -> _Sum:
    """The number itself: of an activation, and of dropout while it does not train."""
    number = inputs[place.channel] if inputs.ndim == 1 else inputs[place.channel, place.row, place.column]
    patch = number.reshape(1, 1, 1).clone()
    return _Sum(patch, torch.ones_like(patch), channels=(place.channel,), below=place.position)


def _flatten(child: Any, inputs: Tensor, window: Window, place: Place) -> _Sum:
    if inputs.ndim == 1:
        return _same_place(child, inputs, window, place)
    return _same_place(child, inputs, window, _unflattened(place.channel, tuple(inputs.shape)))


def _dense(child: DenseLayer, inputs: Tensor, _window: Window, place: Place) -> _Sum:
    weight, bias = child.dense.weight[place.channel].cpu(), child.dense.bias
    return _Sum(
        inputs.view(-1, 1, 1), weight.view(-1, 1, 1), 0.0 if bias is None else bias[place.channel].item()
    )


_EXPLAIN: dict[str, Callable[[Any, Tensor, Window, Place], _Sum]] = {
    "conv2d": _convolution,
    "depthwise_conv2d": _depthwise,
    "max_pooling2d": _max_pooling,
    "average_pooling2d": _average_pooling,
    "global_average_pooling2d": _global_pooling,
    "batch_normalization": _normalisation,
    "activation": _same_place,
    "dropout": _same_place,
    "flatten": _flatten,
    "dense": _dense,
}


def _as_maps(part: _Sum, shape: tuple[int, ...]) -> _Sum:
    """A dense layer on flattened maps, with its weights laid out as those maps."""
    if len(shape) != 3:
        return part
    return _Sum(part.patch.view(shape), part.kernel.view(shape), part.bias)


def _cut(maps: Tensor, below: Field, step: int = 1) -> tuple[Tensor, Tensor]:
    """The patch (C, k, k) of `maps` at rows and columns that may lie outside, and (k, k) bool: where they do.

    step: from one row or column of the patch to the next.
    """
    _, height, width = maps.shape
    (top, bottom), (left, right) = below
    pads = (max(-left, 0), max(right - width + 1, 0), max(-top, 0), max(bottom - height + 1, 0))
    room = (
        slice(top + pads[2], bottom + pads[2] + 1, step),
        slice(left + pads[0], right + pads[0] + 1, step),
    )
    outside = F.pad(torch.zeros(height, width), pads, value=1).bool()
    return F.pad(maps, pads)[:, *room].clone(), outside[room].clone()


def _field(net: Network, layer: str, index: int, maps: dict[str, Tensor], place: Place) -> Field:
    """The receptive field; a number of a flattened map still has a place of its own."""
    spec = net.spec
    above = index  # walk down over layers that only hand on: flatten, and what treats each number by itself
    while spec.layers[above].each_alone and above:
        above -= 1
    if spec.layers[above].flattens:
        below = tuple(spec.input_shape) if above == 0 else tuple(maps[spec.layer_names[above - 1]].shape)
        if len(below) == 3:
            place = _unflattened(place.channel, below)
        if above == 0:
            return place.position
        layer = spec.layer_names[above - 1]
    return receptive_field(spec, layer, place.row, place.column)


def _unflattened(unit: int, shape: tuple[int, ...]) -> Place:
    """The place of a number in the list that flatten makes of (C, H, W)."""
    _, height, width = shape
    return Place(unit // (height * width), unit // width % height, unit % width)


def _checked_place(layer: str, shape: tuple[int, ...], numbers: tuple[Any, Any, Any]) -> Place:
    limits = (*shape, 1, 1)[:3]
    for value, limit in zip(numbers, limits, strict=True):
        if not is_index(value, limit):
            size = (
                f"{limits[0]} maps of {limits[1]}×{limits[2]}"
                if len(shape) == 3
                else f"{prod(shape)} numbers"
            )
            place = ", ".join(quoted(number) for number in numbers)
            raise StudentError(
                f"{layer} has {size}, and no place (channel, row, column) = ({place}).",
                hint="Counting begins with 0.",
                layer=layer,
            )
    return Place(*map(int, numbers))
