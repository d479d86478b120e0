"""What one filter reads: how much each incoming map gives to its sum, where the filter answers most.

Ordered by what flows, not by weight: a large kernel may read a map that is dark where the filter answers. On the
shipped lesson's net the six heaviest kernels of filter 41 of conv2d_2 and the six that give most have one in common.
Source: Olah et al. 2020, "Zoom In: An Introduction to Circuits".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.checks import is_index, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.between.sources import filters_over_each, maps_of, source_of_layer
from cnn_core.insight.look.twin import as_weights, checked_images, frozen, known_layer
from cnn_core.model.network import Network, pad_same

TOGETHER = 64  # images at a time
PLACES = 100


@dataclass(frozen=True, eq=False)
class Reading:
    """What one filter (or unit) adds up where it answers most. M incoming maps, those of `source`.

    source:  the layer whose filters made the maps, or "image".
    maps:    (m,) int64, numbers of the maps it reads: all of them, or one of a depthwise filter.
    given:   (m,), what each gives to the sum, on the mean over the places.
    bias:    the rest of it.
    total:   the sum, before the activation: all of `given` and the bias.
    weight:  (m,), which part of the squares of all its weights lies on each map.
    kernels: (m, k, k); None of a unit that reads plain numbers.
    images, rows, columns: (P,) int64, the places, the strongest first; row and column are 0 of a unit.
    strength: (P,), the sum there.
    """

    layer: str
    filter: int
    source: str
    maps: Tensor
    given: Tensor
    bias: float
    total: float
    weight: Tensor
    kernels: Tensor | None
    images: Tensor
    rows: Tensor
    columns: Tensor
    strength: Tensor

    @property
    def order(self) -> list[int]:
        """Rows of `maps`, those that give or take most first."""
        return self.given.abs().argsort(descending=True, stable=True).tolist()

    @property
    def heaviest(self) -> list[int]:
        """Rows of `maps`, the heaviest kernels first: another order."""
        return self.weight.argsort(descending=True, stable=True).tolist()


@torch.no_grad()
def reading(net: Network, images: Tensor, layer: str, filter: int, places: int = PLACES) -> Reading:
    """What a filter adds up at the places where its sum is largest, over some images.

    images: (N, C, H, W) in [0, 1] or uint8.
    layer:  a convolution or a dense layer.
    filter: its number.
    places: how many; of fewer, all.
    Raises StudentError for a layer without such weights, and for a filter it has not.
    """
    source = source_of_layer(net.spec, known_layer(net, layer))
    whole_number(places, "The number of places", 1, 100_000)
    if not is_index(filter, maps_of(net.spec, layer)):
        last = maps_of(net.spec, layer) - 1
        raise StudentError(
            f"{layer} has no filter {quoted(filter)}.", hint=f"Choose one from 0 to {last}.", layer=layer
        )
    children = list(frozen(net).children())
    index = net.spec.layer_names.index(layer)
    child: Any = children[index]
    reads = _reads_of(child, net, layer, filter)
    sums, terms, where = [], [], []
    for first, batch in enumerate(checked_images(images, net.spec.input_shape).split(TOGETHER)):
        x = as_weights(net, batch)
        for below in children[:index]:
            x = below(x)
        each = reads.terms(x)  # (B, m, H, W)
        total = each.sum(1) + reads.bias  # (B, H, W)
        best, flat = total.flatten().topk(min(places, total.numel()))
        _, height, width = (
            total.shape
        )  # `torch.unravel_index` imports sympy: 40 MB, for as long as a server lives
        rows = torch.stack((flat // (height * width), flat // width % height, flat % width), 1)
        sums.append(best)
        terms.append(each[rows[:, 0], :, rows[:, 1], rows[:, 2]])
        where.append(rows + torch.tensor([first * TOGETHER, 0, 0], device=rows.device))
    strength, order = torch.cat(sums).sort(descending=True, stable=True)
    strength, order = strength[:places].float().cpu(), order[:places]
    at = torch.cat(where)[order].cpu()
    given = torch.cat(terms)[order].double().mean(0).cpu()
    squares = reads.weight.flatten(1).double().square().sum(1).cpu()
    return Reading(
        layer=layer,
        filter=int(filter),
        source=source,
        maps=reads.maps,
        given=given.float(),
        bias=reads.bias,
        total=(given.sum() + reads.bias).item(),
        weight=(squares / squares.sum().clamp_min(1e-30)).float(),
        kernels=reads.kernels,
        images=at[:, 0],
        rows=at[:, 1],
        columns=at[:, 2],
        strength=strength,
    )


class _Convolution:
    """What one filter of a convolution makes of each map it reads."""

    def __init__(self, child: Any, filter: int, over_each: int | None) -> None:
        self.child, conv = child, child.conv
        self.weight = conv.weight[filter]  # (m, k, k)
        self.bias = 0.0 if conv.bias is None else conv.bias[filter].item()
        self.maps = (
            torch.arange(len(self.weight)) if over_each is None else torch.tensor([filter // over_each])
        )
        self.kernels: Tensor | None = self.weight.float().cpu().clone()

    def terms(self, below: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, m, H', W')."""
        maps, conv = below[:, self.maps], self.child.conv
        if self.child.pads:
            maps = pad_same(maps, self.child.window.reach, self.child.window.stride)
        return F.conv2d(
            maps,
            self.weight.unsqueeze(1),
            None,
            conv.stride,
            conv.padding,
            conv.dilation,
            groups=len(self.weight),
        )


class _Unit:
    """What one unit makes of the numbers of each map it reads."""

    def __init__(self, child: Any, filter: int, maps: int) -> None:
        weight = child.dense.weight[filter]
        self.weight = weight.unflatten(0, (maps, len(weight) // maps))  # (m, numbers of a map)
        self.bias = 0.0 if child.dense.bias is None else child.dense.bias[filter].item()
        self.maps, self.kernels = torch.arange(maps), None

    def terms(self, below: Tensor) -> Tensor:
        """(B, inputs) -> (B, m, 1, 1)."""
        return (below.unflatten(1, tuple(self.weight.shape)) * self.weight).sum(2)[:, :, None, None]


def _reads_of(child: Any, net: Network, layer: str, filter: int) -> _Convolution | _Unit:
    if hasattr(child, "conv"):
        return _Convolution(child, int(filter), filters_over_each(net.spec, layer))
    return _Unit(child, int(filter), maps_of(net.spec, source_of_layer(net.spec, layer)))
