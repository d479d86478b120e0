"""Whose maps a layer reads: between two layers that mix there may be poolings, a normalisation, a list of maps."""

from __future__ import annotations

from cnn_core.errors import StudentError
from cnn_core.model.layers import DepthwiseConv2D
from cnn_core.model.spec import ModelSpec, summarize

IMAGE = "image"  # where the lowest layer reads


def mixing_layers(spec: ModelSpec) -> tuple[str, ...]:
    """The layers with filters or units, in order: each adds up what the one before it made."""
    return tuple(
        name
        for name, layer in zip(spec.layer_names, spec.layers, strict=True)
        if layer.has_filters or layer.has_units
    )


def source_of_layer(spec: ModelSpec, layer: str) -> str:
    """The layer whose maps or units a mixing layer reads, poolings and the like apart; IMAGE for the lowest.

    Raises StudentError for a layer that mixes nothing.
    """
    names = mixing_layers(spec)
    if layer not in names:
        raise StudentError(
            f"{layer} has no weights that read other maps.", hint=f"Choose {' or '.join(names)}.", layer=layer
        )
    place = names.index(layer)
    return names[place - 1] if place else IMAGE


def maps_of(spec: ModelSpec, layer: str) -> int:
    """How many maps or units a layer leaves; of IMAGE the channels."""
    if layer == IMAGE:
        return spec.input_shape[0]
    return next(row.output_shape[0] for row in summarize(spec) if row.name == layer)


def filters_over_each(spec: ModelSpec, layer: str) -> int | None:
    """Of a depthwise layer, how many filters lie over each incoming map; None of one that mixes them."""
    one = spec.layers[spec.layer_names.index(layer)]
    return one.depth_multiplier if isinstance(one, DepthwiseConv2D) else None
