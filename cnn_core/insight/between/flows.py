"""What flows between any two filters of neighbouring layers towards one answer, and the strongest ways to it.

What map u gives to filter v, times how much the answer's lead grows with v's sum, added up over all places: that is
the kernel from u to v times the gradient of the lead by that kernel. So one backward pass tells every edge of the
network. All edges that leave u add up to activation × gradient of u.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cnn_core.checks import is_index, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.between.sources import (
    IMAGE,
    filters_over_each,
    maps_of,
    mixing_layers,
    source_of_layer,
)
from cnn_core.insight.look.twin import as_weights, checked_images, frozen, with_weights
from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec
from cnn_core.training.adversarial import lead

TOGETHER = 64  # images at a time
DEPTH, WIDTH = 3, 5  # of a graph that can be read


@dataclass(frozen=True, eq=False)
class Flows:
    """What flows towards the lead of class `target`, on the mean over some images.

    between: {layer: (F, M)}: what filter f of the layer gets from map m of the layer below it that mixes (or of the
             image); above 0 for the answer, below 0 against it.
    onward:  {layer: (F,)}: what each filter gives to the lead by all ways; "image" too, its channels.
    lead:    the mean lead.
    images:  how many.
    """

    spec: ModelSpec
    target: int
    between: dict[str, Tensor]
    onward: dict[str, Tensor]
    lead: float
    images: int


def flows_to(net: Network, images: Tensor, target: int) -> Flows:
    """All edges of the network, for images of one class.

    images: (N, C, H, W) in [0, 1] or uint8; of that class, some sixty will do.
    target: the class whose score is to be ahead of the best other's.
    Raises StudentError for images of another shape, and for a class there is not.
    """
    pixels = checked_images(images, net.spec.input_shape)
    if not is_index(target, net.spec.classes):
        raise StudentError(
            f"There is no class {quoted(target)}.", hint=f"Choose one from 0 to {net.spec.classes - 1}."
        )
    names, mixing = net.spec.layer_names, mixing_layers(net.spec)
    children = [frozen(child) for child in net.children()]
    with torch.inference_mode(False), torch.enable_grad():
        weights: dict[str, Tensor] = {}
        for name in mixing:
            child = children[names.index(name)]
            part: Any = next(child.children())
            weights[name] = part.weight.detach().clone().requires_grad_()
            children[names.index(name)] = with_weights(child, weights[name], part.bias)
        onward: dict[str, Tensor] = {}
        total = 0.0
        for batch in pixels.split(TOGETHER):
            x = as_weights(net, batch).clone().requires_grad_()
            kept = {IMAGE: x}
            for name, child in zip(names, children, strict=True):
                x = child(x)
                if name in mixing:
                    x.retain_grad()
                    kept[name] = x
            ahead = lead(x, torch.full((len(batch),), int(target), device=x.device)).sum()
            ahead.backward()
            total += ahead.item()
            for name, values in kept.items():
                assert values.grad is not None
                given = (values.detach() * values.grad).sum(0)
                given = given.flatten(1).sum(1) if given.ndim > 1 else given
                onward[name] = onward.get(name, 0.0) + given.double().cpu() / len(pixels)
    return Flows(
        spec=net.spec,
        target=int(target),
        between={
            name: _by_map(net.spec, name, weight).cpu() / len(pixels) for name, weight in weights.items()
        },
        onward=onward,
        lead=total / len(pixels),
        images=len(pixels),
    )


@dataclass(frozen=True)
class Node:
    """A filter, a unit, a channel of the image, or at the end the class itself; `value`: its part of the lead."""

    layer: str
    filter: int
    value: float


@dataclass(frozen=True)
class Edge:
    """What flows from one node to another."""

    start: tuple[str, int]
    end: tuple[str, int]
    flow: float


@dataclass(frozen=True)
class PathGraph:
    """The strongest ways from the image to a class. Breadths compare within one column only.

    columns: nodes of one layer each, from below; the last column is the class.
    edges:   between neighbouring columns.
    """

    target: int
    columns: tuple[tuple[Node, ...], ...]
    edges: tuple[Edge, ...]


def strongest_paths(
    flows: Flows, *, depth: int = DEPTH, width: int = WIDTH, through: tuple[str, int] | None = None
) -> PathGraph:
    """The filters that matter most to the class, those that matter most to these, and so on down.

    depth:   layers between the image and the class; those nearest the image of the convolutions, or of the units where
             a network has none.
    width:   filters of each layer.
    through: (layer, filter), the only one of its layer: all ways lead through it.
    Raises StudentError for a layer or filter that there is not in the graph.
    """
    whole_number(depth, "The depth", 1, 64)
    whole_number(width, "The width", 1, 1_000)
    layers = _layers_shown(flows.spec, depth)
    if through is not None:
        _check_through(flows, layers, through)
    top = layers[-1]
    chosen = _most(flows.onward[top], width, top, through)
    columns = [tuple(Node(top, one, flows.onward[top][one].item()) for one in chosen)]
    edges = [Edge((top, one), ("class", flows.target), flows.onward[top][one].item()) for one in chosen]
    for layer, below in zip(reversed(layers), [*reversed(layers[:-1]), IMAGE], strict=True):
        into = flows.between[layer][chosen]  # (chosen, M)
        lower = _most(into.abs().sum(0), width, below, through)
        edges += [
            Edge((below, start), (layer, end), into[row, start].item())
            for row, end in enumerate(chosen)
            for start in lower
            if into[row, start] != 0
        ]
        columns.append(tuple(Node(below, one, flows.onward[below][one].item()) for one in lower))
        chosen = lower
    target = Node("class", flows.target, flows.lead)
    return PathGraph(flows.target, (*reversed(columns), (target,)), tuple(edges))


def _layers_shown(spec: ModelSpec, depth: int) -> tuple[str, ...]:
    inner = mixing_layers(spec)[:-1]
    filters = tuple(name for name in inner if spec.layers[spec.layer_names.index(name)].has_filters)
    shown = (filters or inner)[:depth]
    if not shown:
        raise StudentError(
            "This network has a single layer: nothing lies between the image and the answer.",
            hint="Add a layer, or look at its weights.",
        )
    return shown


def _check_through(flows: Flows, layers: Sequence[str], through: tuple[str, int]) -> None:
    layer, filter = through
    if layer not in layers or not is_index(filter, len(flows.onward[layer])):
        raise StudentError(
            f"There is no filter {quoted(filter)} of {layer} in this graph.",
            hint=f"Choose one of {', '.join(layers)}.",
        )


def _most(values: Tensor, width: int, layer: str, through: tuple[str, int] | None) -> list[int]:
    if through is not None and through[0] == layer:
        return [through[1]]
    return sorted(values.abs().argsort(descending=True, stable=True)[:width].tolist())


def _by_map(spec: ModelSpec, layer: str, weight: Tensor) -> Tensor:
    """Weight × gradient, added up over each kernel: (F, M)."""
    assert weight.grad is not None
    each = (weight.detach() * weight.grad).double()
    maps = maps_of(spec, source_of_layer(spec, layer))
    over_each = filters_over_each(spec, layer)
    if over_each is None:
        return each.flatten(1).unflatten(1, (maps, -1)).sum(2)
    matrix = each.new_zeros(len(each), maps)
    own = torch.arange(len(each), device=each.device)
    matrix[own, own // over_each] = each.flatten(1).sum(1)
    return matrix
