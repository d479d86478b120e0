"""What would mend a design: one change of it, tried before it is offered. Plain numbers, no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model import LAYER_TYPES, Layer, ModelSpec, summarize
from cnn_core.model.layers import Dropout, MaxPooling2D

SQUASHING = (
    "sigmoid",
    "tanh",
)  # flat at both ends: a gradient that comes through is multiplied by less than 1


def activation_of(layer: Layer) -> str:
    """The name of a layer's activation; "linear" for a kind that has none."""
    return str(getattr(layer, "activation", "linear"))


def end_of(spec: ModelSpec) -> tuple[int, str]:
    """(place, activation) of the last layer that bends the scores; softmax, which the loss brings along, is linear.

    Layers that pass every number on as it is do not count: flatten, dropout, and the softmax itself. Batch
    normalisation and poolings do something to the scores, and what was bent before them is not said here.
    """
    for place in reversed(range(len(spec.layers))):
        layer = spec.layers[place]
        name = activation_of(layer)
        if name not in ("linear", "softmax"):
            return place, name
        passes_on = layer.flattens or isinstance(layer, Dropout) or LAYER_TYPES["activation"] is type(layer)
        if not passes_on:
            break
    return len(spec.layers) - 1, "linear"


def changed(spec: ModelSpec, layers: Sequence[Layer]) -> ModelSpec | None:
    """The design with these layers; None where it could not be built."""
    try:
        return spec.replace(layers=tuple(layers))
    except StudentError:
        return None


def with_setting(spec: ModelSpec, place: int, **settings: Any) -> ModelSpec | None:
    """The design with other settings of one layer; None where it could not be built."""
    try:
        layer = replace(spec.layers[place], **settings)
    except StudentError:
        return None
    return changed(spec, [*spec.layers[:place], layer, *spec.layers[place + 1 :]])


def with_softmax(spec: ModelSpec) -> ModelSpec | None:
    """The design without what bends its scores: softmax at its end, or nothing where softmax may not stand."""
    place, name = end_of(spec)
    if name == "linear":
        return None
    is_last = place == len(spec.layers) - 1
    return with_setting(spec, place, activation="softmax" if is_last else "linear")


def with_relu(spec: ModelSpec) -> ModelSpec | None:
    """The design with relu for every sigmoid and tanh; at the end softmax. None where there is none of them."""
    end, bend = end_of(spec)
    layers = []
    for place, layer in enumerate(spec.layers):
        if activation_of(layer) in SQUASHING:
            last = place == end and bend in SQUASHING
            name = ("softmax" if place == len(spec.layers) - 1 else "linear") if last else "relu"
            layer = replace(layer, **{"activation": name})
        layers.append(layer)
    return None if tuple(layers) == spec.layers else changed(spec, layers)


def with_leaky_relu(spec: ModelSpec) -> ModelSpec | None:
    """The design with leaky relu for every relu but one at its end; None where there is none."""
    end, _ = end_of(spec)
    layers = [
        replace(layer, **{"activation": "leaky_relu"})
        if activation_of(layer) == "relu" and place != end
        else layer
        for place, layer in enumerate(spec.layers)
    ]
    return None if tuple(layers) == spec.layers else changed(spec, layers)


def with_dropout(spec: ModelSpec) -> ModelSpec | None:
    """The design with half of the numbers before its last dense layer dropped while learning; None where some are."""
    if any(isinstance(layer, Dropout) for layer in spec.layers):
        return None
    places = [place for place, layer in enumerate(spec.layers) if layer.has_units]
    return changed(spec, _inserted(spec, places[-1], Dropout(0.5))) if places else None


def pooled_before(spec: ModelSpec, place: int, side: int = 2) -> ModelSpec | None:
    """The design with one pooling more before the list of numbers that layer `place` reads; None without maps there.

    side: of the pooling's window, in pixels.
    """
    lists = [i for i in range(place) if spec.layers[i].makes_list]
    return changed(spec, _inserted(spec, lists[0], MaxPooling2D(side))) if lists else None


def without_a_pooling(spec: ModelSpec, before: int) -> ModelSpec | None:
    """The design without the last pooling above layer `before`; None where there is none, or it would not work."""
    for place in reversed(range(before)):
        if spec.layers[place].pooling_rule:
            return changed(spec, [*spec.layers[:place], *spec.layers[place + 1 :]])
    return None


def that_sees_more(spec: ModelSpec, pixels: int) -> tuple[str, ModelSpec] | None:
    """(what is changed, the design with it) in which a number of the last maps depends on so many pixels a side."""
    return next((one for one in _wider(spec) if view_of(one[1]) >= pixels), None)


def view_of(spec: ModelSpec) -> int:
    """How many pixels a side one number of the last maps depends on: a receptive field; the whole side without maps."""
    rows = [row for row in summarize(spec) if len(row.output_shape) == 3]
    return rows[-1].receptive_field if rows else max(spec.input_shape[1:])


def _wider(spec: ModelSpec) -> Iterator[tuple[str, ModelSpec]]:
    convolutions = [place for place, layer in enumerate(spec.layers) if layer.has_filters]
    for side in (3, 5, 7):
        layers = list(spec.layers)
        for place in convolutions:
            window = layers[place].window()
            if window is not None and window.side < side:
                layers[place] = replace(layers[place], **{"kernel_size": side})
        if (wider := changed(spec, layers)) is not None:
            yield f"{side}×{side} kernels", wider
    for place in convolutions[:-1]:
        if (wider := changed(spec, _inserted(spec, place + 1, MaxPooling2D()))) is not None:
            yield f"a pooling after {spec.layer_names[place]}", wider


def _inserted(spec: ModelSpec, place: int, layer: Layer) -> list[Layer]:
    return [*spec.layers[:place], layer, *spec.layers[place:]]
