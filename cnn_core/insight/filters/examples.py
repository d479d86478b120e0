"""Which real images excite a filter most, and where in them: the honest neighbour of a synthetic picture.

Nine patches of the data beside the picture by gradient ascent: the idea of yosinski/deep-visualization-toolbox
(Yosinski et al. 2015). A `FilterCard` gathers what is known of one filter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.checks import whole_number
from cnn_core.errors import StudentError
from cnn_core.insight.filters.ascent import FilterPictures
from cnn_core.insight.filters.stages import channels_last
from cnn_core.insight.look.features import feature_maps_batch
from cnn_core.insight.look.fields import Field, receptive_field
from cnn_core.insight.look.silence import HARDLY, can_be_silent
from cnn_core.insight.look.twin import (
    as_weights,
    checked_images,
    frozen,
    frozen_up_to,
    known_layers,
    layer_names,
)
from cnn_core.model.network import Activated, Network
from cnn_core.model.spec import ModelSpec, summarize

BATCH = 64  # images at a time: the first layer's maps of more do not stay near the processor
HEAVIEST = 8  # kernels of a filter that are worth showing


@dataclass(frozen=True, eq=False)
class Examples:
    """The images of a set that excite each filter of a layer most: F filters, K images each.

    indices:   (F, K) int64, which images, the strongest first; equal ones in the order of the set. A filter that fires
               on none has examples too: look at `fires`.
    values:    (F, K), the peak of the filter's map there.
    positions: (F, K, 2), row and column of that peak in the map.
    mean:      (F,), of the map over all images and places.
    maximum:   (F,), the same.
    fires:     (F,) int64, images with anything above zero.
    boxes:     (F, K, 4): first row, last row, first column, last column of the image that the peak sees.
    count:     images in the set.
    can_be_silent: whether a filter that is not excited outputs exact zeros; else 0 is a number like others.
    largest:   the largest number of the whole layer, whatever its sign: what `unchanging` is measured by.
    minimum:   (F,), of the map over all images and places; None where a layer can be silent: there it is 0 at least.
    """

    layer: str
    indices: Tensor
    values: Tensor
    positions: Tensor
    mean: Tensor
    maximum: Tensor
    fires: Tensor
    boxes: Tensor
    count: int
    can_be_silent: bool = True
    minimum: Tensor | None = None
    largest: float = 0.0

    @property
    def silent(self) -> Tensor:
        """(F,) bool: filters that fire on none of the images; of a layer that cannot be silent, none."""
        return self.fires.eq(0) & self.can_be_silent

    @property
    def unchanging(self) -> Tensor:
        """(F,) bool: filters that gave the same number on all images, of a layer that cannot be silent."""
        if self.minimum is None:
            return torch.zeros_like(self.fires, dtype=torch.bool)
        return (self.maximum - self.minimum).le(HARDLY * self.largest)

    def box(self, filter: int, rank: int) -> Field:
        """The part of the image that the peak of a filter's example number `rank`, from 0, sees, clipped to it."""
        top, bottom, left, right = self.boxes[filter, rank].tolist()
        return Field((top, bottom), (left, right))


@torch.no_grad()
def strongest_examples(
    net: Network, images: Tensor, layers: Iterable[str] | None = None, count: int = 9
) -> dict[str, Examples]:
    """The images that excite each filter most, for every convolution, or for `layers`.

    images: (N, C, H, W) in [0, 1] or uint8.
    layers: names of layers that have maps; None means the convolutions.
    count:  examples of each filter; with fewer images, all of them.
    Raises StudentError for a layer that has no maps, or that the net does not have.
    """
    images = checked_images(images, net.spec.input_shape)
    whole_number(count, "The number of examples", 1, 1_000)
    names_of_layers = _convolutions(net) if layers is None else known_layers(net, layers)
    peaks: dict[str, list[_Peaks]] = {layer: [] for layer in names_of_layers}
    names = layer_names(net)
    last = max((names.index(layer) for layer in names_of_layers), default=-1)
    children = [_channels_last(frozen(child)) for child in list(net.children())[: last + 1]]
    for batch in images.split(BATCH):
        x = channels_last(as_weights(net, batch))
        for name, child in zip(names, children, strict=False):
            x = child(x)
            if name in peaks:
                peaks[name].append(_Peaks.of(name, x, can_be_silent(net.spec, name)))
    return {layer: _ranked(net, layer, peaks[layer], min(count, len(images))) for layer in names_of_layers}


@torch.no_grad()
def strongest_for_units(net: Network, images: Tensor, layer: str, count: int = 9) -> Examples:
    """The images that excite each unit of a layer of plain numbers most; a unit looks at the whole image.

    images: (N, C, H, W) in [0, 1] or uint8.
    layer:  dense, flatten or global pooling; of the last layer the logits decide.
    count:  examples of each unit; with fewer images, all of them.
    Raises StudentError for a layer the net does not have, or one with maps.
    """
    whole_number(count, "The number of examples", 1, 1_000)
    numbers = feature_maps_batch(net, images, [layer])[layer]  # (N, units)
    if numbers.ndim != 2:
        raise StudentError(f"{layer} outputs maps.", hint="Ask for the strongest examples.", layer=layer)
    values, indices = (
        part[:count].t().contiguous() for part in numbers.sort(stable=True, dim=0, descending=True)
    )
    _, height, width = net.spec.input_shape
    whole = torch.tensor([0, height - 1, 0, width - 1])
    return Examples(
        layer=layer,
        indices=indices,
        values=values,
        positions=indices.new_zeros(*indices.shape, 2),
        mean=numbers.mean(0),
        maximum=numbers.amax(0),
        fires=numbers.gt(0).sum(0),
        can_be_silent=can_be_silent(net.spec, layer),
        minimum=None if can_be_silent(net.spec, layer) else numbers.amin(0),
        largest=numbers.abs().max().item(),
        boxes=whole.expand(*indices.shape, 4),
        count=len(numbers),
    )


@dataclass(frozen=True, eq=False)
class FilterCard:
    """What is known of one filter.

    kernel:       its weights: (Cin, k, k) of a convolution's filter, (inputs,) of a dense layer's unit; None without
                  any.
    bias:         None where the layer has none.
    pictures:     gradient ascent's result for this filter alone (F = 1).
    examples:     the real images that excite it, for this filter alone (F = 1).
    picture_peak: the peak of its map for its picture, pixels clamped to [0, 1]; None where it has no picture.
    example_peak: the peak of its map over all examples' images.
    ratio:        the picture's peak over the example's; None without a picture, or if no example excites it, and
                  where numbers below zero make a ratio meaningless.
    silent:       it fires on none of the `examples.count` images; never so where zero is a number like others.
    """

    layer: str
    filter: int
    kernel: Tensor | None
    bias: float | None
    pictures: FilterPictures
    examples: Examples
    picture_peak: float | None
    example_peak: float
    ratio: float | None
    silent: bool


@torch.no_grad()
def card_of(net: Network, filter: int, pictures: FilterPictures, examples: Examples) -> FilterCard:
    """The card of one filter, where pictures and examples of many are known already.

    pictures: of some filters of a layer, this one among them.
    examples: of all filters of that layer.
    """
    picture, own = _picture_of(pictures, filter), _of_one_filter(examples, filter)
    picture_peak = None if picture.dead.item() else _peak(net, pictures.layer, filter, picture.images)
    example_peak = own.maximum.item()
    kernel, bias = weights_of(net, pictures.layer, filter)
    return FilterCard(
        layer=pictures.layer,
        filter=filter,
        kernel=kernel,
        bias=bias,
        pictures=picture,
        examples=own,
        picture_peak=picture_peak,
        example_peak=example_peak,
        ratio=(
            picture_peak / example_peak
            if picture_peak is not None and example_peak > 0 and examples.can_be_silent
            else None
        ),
        silent=bool(own.silent.item()),
    )


def weights_of(net: Network, layer: str, filter: int) -> tuple[Tensor | None, float | None]:
    """Kernel and bias of one filter, copied; None each where the layer has no such.

    The kernel is (Cin, k, k) of a convolution, (inputs,) of a dense layer.
    """
    child = getattr(net, layer)
    part: Any = next(child.children(), None) if isinstance(child, Activated) else None
    if part is None:
        return None, None
    bias = None if part.bias is None else part.bias[filter].item()
    return part.weight[filter].detach().cpu().clone(), bias


def first_kernels(net: Network) -> Tensor | None:
    """The kernels that lie on the image itself, (filters, C, k, k), copied; None where the first layer has no such.

    A depthwise convolution's kernels lie on one channel each, so they are none of these.
    """
    child = next(iter(net.children()), None)
    conv = getattr(child, "conv", None)
    if conv is None or conv.groups > 1:
        return None
    return conv.weight.detach().float().cpu().clone()


def heaviest_kernels(kernel: Tensor, count: int = HEAVIEST) -> list[int]:
    """The input channels whose kernels weigh most, by the sum of their absolute weights; the heaviest first.

    kernel: (Cin, k, k), a filter's weights.
    count:  how many at most.
    """
    return kernel.abs().sum((1, 2)).argsort(descending=True, stable=True)[:count].tolist()


def _peak(net: Network, layer: str, filter: int, picture: Tensor) -> float:
    """The largest value in the filter's map of its own picture (1, C, H, W), as it is drawn: clamped to [0, 1]."""
    maps = frozen_up_to(net, layer)(as_weights(net, picture.clamp(0, 1)))
    return maps[0, filter].amax().item()


def _picture_of(pictures: FilterPictures, filter: int) -> FilterPictures:
    """The same, for one of its filters alone."""
    row = pictures.filters.index(filter)
    one = slice(row, row + 1)
    return replace(
        pictures,
        filters=(filter,),
        why=pictures.why[one],
        begun=pictures.begun[one],
        images=pictures.images[one],
        scores=pictures.scores[one],
        dead=pictures.dead[one],
        starts=pictures.starts[one],
        path=None if pictures.path is None else pictures.path[one],
        gradients=None if pictures.gradients is None else pictures.gradients[one],
    )


def _output_shape(net: Network, layer: str) -> tuple[int, ...]:
    return next(row.output_shape for row in summarize(net.spec) if row.name == layer)


def _convolutions(net: Network) -> tuple[str, ...]:
    return tuple(
        name for name, layer in zip(layer_names(net), net.spec.layers, strict=True) if layer.has_filters
    )


def _channels_last(child: nn.Module) -> nn.Module:
    """With its weights channels_last, a convolution's maps are too, and torch pools such maps 15 times as fast."""
    conv = getattr(child, "conv", None)
    if conv is not None:
        conv._parameters["weight"] = channels_last(conv.weight)  # the twin's own; the net keeps its layout
    return child


@dataclass(frozen=True, eq=False)
class _Peaks:
    """Of each image and filter, (N, F): the peak of the map, its place in the flattened map, and the map's mean.

    low: the smallest number of the map, where that may be anything but 0; else None.
    """

    value: Tensor
    place: Tensor
    mean: Tensor
    low: Tensor | None

    @classmethod
    def of(cls, layer: str, maps: Tensor, is_silent_at_zero: bool) -> _Peaks:
        """maps: (N, F, H, W), the output of `layer`."""
        if maps.ndim != 4:
            raise StudentError(
                f"{layer} outputs plain numbers, so there is no place in the image to point at.",
                hint="Choose a layer with maps.",
                layer=layer,
            )
        # One pooling over the whole map knows the places too, and is quicker on such maps than max over the flattened
        # map.
        value, place = F.max_pool2d(maps, maps.shape[2:], return_indices=True)
        low = None if is_silent_at_zero else maps.amin((2, 3)).cpu()
        return cls(value.flatten(1).cpu(), place.flatten(1).cpu(), maps.mean((2, 3)).cpu(), low)


def _ranked(net: Network, layer: str, batches: list[_Peaks], count: int) -> Examples:
    peak = torch.cat([batch.value for batch in batches])  # (N, F), and so are the next two
    place = torch.cat([batch.place for batch in batches])
    mean = torch.cat([batch.mean for batch in batches])
    lows = [batch.low for batch in batches if batch.low is not None]
    values, indices = (
        part[:count].t().contiguous() for part in peak.sort(stable=True, dim=0, descending=True)
    )
    places = place.t().gather(1, indices)
    width = _output_shape(net, layer)[2]
    positions = torch.stack([places // width, places % width], 2)
    return Examples(
        layer=layer,
        indices=indices,
        values=values,
        positions=positions,
        boxes=_boxes(net.spec, layer, positions),
        mean=mean.mean(0),
        maximum=peak.amax(0),
        fires=peak.gt(0).sum(0),
        count=len(peak),
        can_be_silent=not lows,
        minimum=torch.cat(lows).amin(0) if lows else None,
        largest=max(part.abs().max().item() for part in (peak, *lows)),
    )


def _boxes(spec: ModelSpec, layer: str, positions: Tensor) -> Tensor:
    """The receptive fields (..., 4) of positions (..., 2): a step in the map is always the same step in the image."""
    (top, bottom), (left, right) = receptive_field(spec, layer)
    (next_top, _), (next_left, _) = receptive_field(spec, layer, 1, 1)
    rows, columns = positions[..., 0] * (next_top - top), positions[..., 1] * (next_left - left)
    _, height, width = spec.input_shape
    return torch.stack(
        [
            (rows + top).clamp_min(0),
            (rows + bottom).clamp_max(height - 1),
            (columns + left).clamp_min(0),
            (columns + right).clamp_max(width - 1),
        ],
        -1,
    )


def _of_one_filter(examples: Examples, filter: int) -> Examples:
    """The same, for one of the filters alone."""
    rows = {
        name: getattr(examples, name)[filter : filter + 1]
        for name in ("indices", "values", "positions", "boxes", "mean", "maximum", "fires")
    }
    minimum = None if examples.minimum is None else examples.minimum[filter : filter + 1]
    return replace(examples, **rows, minimum=minimum)
