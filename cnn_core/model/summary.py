"""What each layer leaves, by arithmetic alone: shape, parameters, multiply-adds, receptive field. No torch.

Nothing is allocated, so a network of 10^30 filters costs no more to refuse than one of 32 to accept.
Source: Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

from cnn_core.errors import StudentError
from cnn_core.model.layers import LAYER_TYPES, Layer
from cnn_core.model.shapes import Shape, shape_text
from cnn_core.settings import settings

MAX_VALUES = 1_000_000  # held per image between the layers: 4 MB of float32, 256 MB for a batch of 64


@dataclass(frozen=True)
class LayerSummary:
    """One layer in numbers."""

    name: str
    type: str
    output_shape: Shape  # (C, H, W) or (units,)
    parameters: int  # as Keras counts: batch normalisation has 4 per channel, two of them not trained
    macs: int  # multiply-adds for one image; pooling and normalisation count none
    receptive_field: int  # pixels per side of the input that one output value depends on


def walk(input_shape: Shape, layers: Sequence[Layer], names: Sequence[str]) -> Iterator[LayerSummary]:
    """One row after another. Raises StudentError, with the layer's name, at the first that cannot stand there."""
    shape, field, jump = tuple(input_shape), 1, 1  # jump: input pixels between neighbours of this map
    sees_all = max(shape[1:])
    for place, (layer, name) in enumerate(zip(layers, names, strict=True)):
        try:
            after = layer.output_shape(shape)
        except StudentError as error:
            hint = _hint(input_shape, layers[: place + 1], names, shape) or error.hint
            raise StudentError(error.message, hint, name) from None
        if layer.sees_all:
            field = sees_all
        elif window := layer.window():
            field += (window.reach - 1) * jump
            jump *= window.stride
        yield LayerSummary(
            name, layer.type, after, layer.parameters(shape), layer.macs(shape), min(field, sees_all)
        )
        shape = after


def _hint(input_shape: Shape, layers: Sequence[Layer], names: Sequence[str], shape: Shape) -> str:
    """A hint that knows the layers above the last one, which is the one that cannot stand there."""
    layer = layers[-1]
    if layer.window() and len(shape) == 3:
        above = [i for i in _poolings(layers[:-1]) if _fits(input_shape, [*layers[:i], *layers[i + 1 :]])]
        if above:
            return f"Use a smaller {layer.window_noun}, padding “same”, or remove {names[above[-1]]}."
    if layer.needs == "list":
        return f"Add flatten before {names[len(layers) - 1]}."
    if layer.needs == "maps" or layer.makes_list:
        made_list = next((i for i, above in enumerate(layers[:-1]) if above.makes_list), None)
        if made_list is not None:
            return f"Move it up, before {names[made_list]}, or remove it."
    return ""


def _poolings(layers: Sequence[Layer]) -> list[int]:
    """Places of the layers that make maps smaller fastest."""
    return [i for i, layer in enumerate(layers) if layer.pooling_rule]


def _fits(input_shape: Shape, layers: Sequence[Layer]) -> bool:
    """Can each layer stand where it stands? Says nothing about the end of the network or its size."""
    shape = tuple(input_shape)
    try:
        for layer in layers:
            shape = layer.output_shape(shape)
    except StudentError:
        return False
    return True


def check_end(rows: Sequence[LayerSummary], classes: int) -> None:
    """Raise StudentError unless the last layer gives one number per class."""
    last = rows[-1]
    if len(last.output_shape) == 3:
        raise StudentError(
            f"the network ends with a map of {shape_text(last.output_shape)}, not with {classes:,} numbers.",
            hint=f"Add flatten and a dense layer with {classes:,} units.",
            layer=last.name,
        )
    if last.output_shape != (classes,):
        raise StudentError(
            f"the last layer gives {last.output_shape[0]:,} numbers, and there are {classes:,} classes.",
            hint=f"Set its units to {classes:,}, or add a dense layer with {classes:,} units."
            if LAYER_TYPES[last.type].has_units
            else f"Add a dense layer with {classes:,} units.",
            layer=last.name,
        )


def check_size(input_shape: Shape, layers: Sequence[Layer], rows: Sequence[LayerSummary]) -> None:
    """Raise StudentError, with the largest layer, for more than this server allows: weights, work or memory.

    Looking into pooling windows counts as work here, and padding as memory: both are free in the tables of
    textbooks, and neither may be a way to keep a server busy.
    """
    allowed = settings()
    before = [tuple(input_shape), *(row.output_shape for row in rows[:-1])]
    parts = list(zip(layers, rows, before, strict=True))
    _refuse_above(
        allowed.max_parameters,
        [row.parameters for row in rows],
        rows,
        "parameters",
        "Pool once more, or use fewer filters or units.",
    )
    _refuse_above(
        allowed.max_macs,
        [row.macs + layer.looks(shape) for layer, row, shape in parts],
        rows,
        "multiply-adds for one image",
        "Pool earlier, or use fewer filters or a smaller window.",
    )
    _refuse_above(
        MAX_VALUES,
        [prod(row.output_shape) + _padded_values(layer, shape) for layer, row, shape in parts],
        rows,
        "values between its layers for one image",
        "Pool earlier, or use fewer filters.",
    )


def _refuse_above(most: int, counts: list[int], rows: Sequence[LayerSummary], what: str, hint: str) -> None:
    if sum(counts) > most:
        worst = rows[counts.index(max(counts))].name
        raise StudentError(
            f"the network has {sum(counts):,} {what}, and no layer has more than this one. "
            f"This server allows {most:,}.",
            hint,
            worst,
        )


def _padded_values(layer: Layer, shape: Shape) -> int:
    """Values of the copy with a border that a layer needs, 0 where it needs none."""
    window = layer.window()
    if window is None or window.padding == "valid":
        return 0
    height, width = (side + sum(window.border(side)) for side in shape[1:])
    return shape[0] * height * width if (height, width) != shape[1:] else 0
