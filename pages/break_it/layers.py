"""Which layers something can be taken out of, and what one of a layer's own is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.insight.surgery.operation import filters_of, operable_layers
from cnn_core.model import summarize
from cnn_core.model.layer_files import kind_named

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec


def layers_of(spec: ModelSpec) -> dict[str, int]:
    """{layer: how many filters, maps or units leave it}."""
    return {name: filters_of(spec, name) for name in operable_layers(spec)}


def standard_layer(layers: dict[str, int]) -> str:
    """Where to begin: the second convolution, or the only one; without any, the first layer.

    >>> standard_layer({"conv2d_1": 32, "conv2d_2": 64, "dense_1": 64}), standard_layer({"dense_1": 64})
    ('conv2d_2', 'dense_1')
    """
    convolutions = [name for name in layers if kind_named(name).has_filters]
    return convolutions[min(1, len(convolutions) - 1)] if convolutions else next(iter(layers))


def word(spec: ModelSpec, layer: str) -> str:
    """What one of a layer's own is called: a unit where single numbers leave it, else a filter or a map."""
    shape = next(row.output_shape for row in summarize(spec) if row.name == layer)
    if len(shape) == 1:
        return "unit"
    return "filter" if kind_named(layer).has_filters else "map"


def feeds_averages(spec: ModelSpec, layer: str) -> bool:
    """Whether batch normalisation stands directly above a layer, so that its zeros do not stay zeros."""
    above = spec.layer_names.index(layer) + 1
    return above < len(spec.layers) and spec.layers[above].keeps_averages
