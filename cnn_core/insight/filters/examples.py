"""Which real images excite a filter most, and where in them: the honest neighbour of a synthetic picture.

Nine patches of the data beside the picture by gradient ascent: the idea of yosinski/deep-visualization-toolbox
(Yosinski et al. 2015).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.checks import whole_number
from cnn_core.errors import StudentError
from cnn_core.insight.filters.response import channels_last
from cnn_core.insight.look.features import feature_maps_batch
from cnn_core.insight.look.fields import Field, receptive_field
from cnn_core.insight.look.twin import (
    as_weights,
    checked_images,
    frozen,
    known_layers,
    layer_names,
)
from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec, summarize

BATCH = 64  # images at a time: the first layer's maps of more do not stay near the processor


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
                peaks[name].append(_Peaks.of(name, x))
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
        boxes=whole.expand(*indices.shape, 4),
        count=len(numbers),
    )


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
    """Of each image and filter, (N, F): the peak of the map, its place in the flattened map, and the map's mean."""

    value: Tensor
    place: Tensor
    mean: Tensor

    @classmethod
    def of(cls, layer: str, maps: Tensor) -> _Peaks:
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
        return cls(value.flatten(1).cpu(), place.flatten(1).cpu(), maps.mean((2, 3)).cpu())


def _ranked(net: Network, layer: str, batches: list[_Peaks], count: int) -> Examples:
    peak = torch.cat([batch.value for batch in batches])  # (N, F), and so are the next two
    place = torch.cat([batch.place for batch in batches])
    mean = torch.cat([batch.mean for batch in batches])
    values, indices = (
        part[:count].t().contiguous() for part in peak.sort(stable=True, dim=0, descending=True)
    )
    places = place.t().gather(1, indices)
    width = next(row.output_shape[2] for row in summarize(net.spec) if row.name == layer)
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
