"""The neighbourhood of one filter: who feeds it, and through whom it feeds one answer. All ways meet in that filter.

What flows into it is counted in its sum, what flows out of it in the answer's lead: the two have no unit in common.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.insight.between.flows import Flows, flows_to
from cnn_core.insight.between.reading import Reading
from cnn_core.insight.between.sources import mixing_layers
from cnn_core.model.network import Network

BELOW, ABOVE = 6, 5  # neighbours of a graph that can be read
IMAGES_EACH = 60  # of a class


@dataclass(frozen=True)
class Neighbour:
    """A filter, a unit or a channel beside the one in the middle.

    flow:   below, what it gives to the sum of the one in the middle; above, what passes through the one in the middle
            on to it, in the lead.
    onward: above, what it gives to the lead by all its ways, whoever feeds it; below None.
    """

    layer: str
    filter: int
    flow: float
    onward: float | None = None


@dataclass(frozen=True)
class Around:
    """One filter between its neighbours, those with the largest flow first.

    below:  whom it reads.  others: what all others that it reads give together.
    above:  the filters that it feeds; none where the next layer's units are the classes, or it is one of those.
    onward: what it gives to the lead of class `target` by all ways.
    """

    layer: str
    filter: int
    target: int
    below: tuple[Neighbour, ...]
    others: float
    above: tuple[Neighbour, ...]
    onward: float


def around(read: Reading, flows: Flows, below: int = BELOW, above: int = ABOVE) -> Around:
    """A filter's strongest neighbours.

    read:  what it reads.  flows: of the same network, towards one class.
    below, above: how many neighbours at most.
    """
    rows = read.order[:below]
    given = read.given.double()
    names = mixing_layers(flows.spec)
    following = names[names.index(read.layer) + 1 : -1]
    return Around(
        layer=read.layer,
        filter=read.filter,
        target=flows.target,
        below=tuple(Neighbour(read.source, int(read.maps[row]), given[row].item()) for row in rows),
        others=(given.sum() - given[rows].sum()).item(),
        above=_fed(flows, following[0], read.filter, above) if following else (),
        onward=flows.onward[read.layer][read.filter].item(),
    )


def _fed(flows: Flows, layer: str, filter: int, count: int) -> tuple[Neighbour, ...]:
    passes = flows.between[layer][:, filter]  # (F,)
    strongest = passes.abs().argsort(descending=True, stable=True)[:count].tolist()
    return tuple(
        Neighbour(layer, one, passes[one].item(), flows.onward[layer][one].item())
        for one in strongest
        if passes[one] != 0
    )


def given_to_classes(
    net: Network,
    images: Tensor,
    labels: Tensor,
    each: int = IMAGES_EACH,
    tell: Callable[[float], None] = lambda fraction: None,
) -> dict[str, Tensor]:
    """What every filter gives to the lead of every class, on the mean over images of that class.

    images: (N, C, H, W) in [0, 1] or uint8.  labels: (N,).
    each:   images of a class, the first ones.
    tell:   called with the fraction that is done.
    Returns {layer: (classes, F)}; "image" too, its channels. nan for a class without an image.
    """
    rows: list[dict[str, Tensor] | None] = []
    for target in range(net.spec.classes):
        own = images[labels == target][:each]
        rows.append(flows_to(net, own, target).onward if len(own) else None)
        tell((target + 1) / net.spec.classes)
    known = next((row for row in rows if row is not None), {})
    unknown = {layer: torch.full_like(values, torch.nan) for layer, values in known.items()}
    return {layer: torch.stack([(row or unknown)[layer] for row in rows]) for layer in known}
