"""A network without some of its filters: not muted but gone, with the weights that read them; it is smaller then."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.insight.look.silence import KEEPS_ZERO
from cnn_core.insight.surgery.operation import NOTHING, check_operation, filters_of
from cnn_core.model.activations import parts_of
from cnn_core.model.layers import Conv2D, Dense, Layer
from cnn_core.model.network import Network, build


@torch.no_grad()
def without_filters(net: Network, layer: str, filters: Iterable[int]) -> Network:
    """The network that is left when these filters or units are taken out, in evaluation mode; it answers as the muted.

    layer:   a convolution or a dense layer.
    filters: which; at least one has to stay.
    Raises StudentError where a muted filter is more than nothing to the layers above (batch normalisation makes another
    number of a 0, a sigmoid a half), so that leaving it out would change what the others mean.
    """
    gone = set(filters)
    check_operation(NOTHING.mute(layer, gone), net.spec)
    count = filters_of(net.spec, layer)
    stay = [filter for filter in range(count) if filter not in gone]
    if not stay:
        raise StudentError(f"No filter of {layer} would be left.", hint="Leave one or more.", layer=layer)
    index = net.spec.layer_names.index(layer)
    reader = _reader(net.spec.layers, net.spec.layer_names, index)
    layers = list(net.spec.layers)
    layers[index] = dataclasses.replace(layers[index], **{layers[index].counted: len(stay)})
    new = build(net.spec.replace(layers=tuple(layers))).eval()
    for name, theirs in new.named_children():
        mine = getattr(net, name)
        for key, weight in theirs.state_dict().items():
            kept: Tensor = mine.state_dict()[key]
            if name == layer:
                kept = kept[stay]
            elif name == net.spec.layer_names[reader] and kept.ndim > 1:
                kept = _columns(kept, count, stay)
            weight.copy_(kept)
    return new


def _columns(weight: Tensor, count: int, stay: list[int]) -> Tensor:
    """The weights that read the maps that stay; a dense layer reads several numbers of each map, side by side."""
    return weight.unflatten(1, (count, weight.shape[1] // count))[:, stay].flatten(1, 2)


def _reader(layers: tuple[Layer, ...], names: tuple[str, ...], index: int) -> int:
    """The layer that adds up the maps of layer `index`, with nothing in between that makes more of a 0 than 0."""
    name, one = names[index], layers[index]
    if not isinstance(one, Conv2D | Dense):
        raise StudentError(
            f"{name} has as many maps as come in, so none can be taken out alone.",
            hint="Mute them instead, or choose a convolution or a dense layer.",
            layer=name,
        )
    for place in range(index + 1, len(layers)):
        above: Any = layers[place]
        if isinstance(above, Conv2D | Dense):
            return place
        if not above.hands_on_zeros:
            raise StudentError(
                f"{names[place]} makes another number of the zeros that a muted filter of {name} leaves, "
                "so without it the net would not answer as it does with it muted.",
                hint="Keep the network with muted filters instead.",
                layer=names[place],
            )
        _refuse_if_no_zero(above, names[place], name)
    raise StudentError(f"Nothing reads {name}.", hint="Choose an earlier layer.", layer=name)


def _refuse_if_no_zero(layer: Layer, name: str, cut: str) -> None:
    activation = getattr(layer, "activation", "linear")
    if parts_of(activation)[0] not in KEEPS_ZERO:
        raise StudentError(
            f"The {activation} of {name} makes a number of the zeros that a muted filter of {cut} leaves.",
            hint="Keep the network with muted filters instead.",
            layer=name,
        )
