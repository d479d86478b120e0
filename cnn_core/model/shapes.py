"""What each layer leaves, by arithmetic alone: shape, parameters, multiply-adds, receptive field. No torch.

Nothing is allocated, so a network of 10^30 filters costs no more to refuse than one of 32 to accept.
Sources: Dumoulin & Visin 2016, "A guide to convolution arithmetic" (output sizes); Araujo, Norris & Sim 2019,
"Computing Receptive Fields of Convolutional Neural Networks" (receptive fields); Keras for padding "same".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

from cnn_core.errors import StudentError
from cnn_core.model.layers import (
    AveragePooling2D,
    BatchNormalization,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePooling2D,
    Layer,
    MaxPooling2D,
)
from cnn_core.settings import settings

if TYPE_CHECKING:
    from cnn_core.model.spec import ModelSpec

Shape = tuple[int, ...]  # (channels, height, width) of a map, (units,) of a list of numbers
MAX_VALUES = 1_000_000  # held per image between the layers: 4 MB of float32, 256 MB for a batch of 64


@dataclass(frozen=True)
class LayerSummary:
    """One layer in numbers."""

    name: str
    type: str
    output_shape: Shape  # (C, H, W) or (units,)
    parameters: int  # as Keras counts: batch normalisation has 4 a channel, two of them not trained
    macs: int  # multiply-adds for one image; pooling and normalisation count none
    receptive_field: int  # pixels per side of the input that one output value depends on


def summarize(spec: ModelSpec) -> list[LayerSummary]:
    """One row a layer, in order. Takes microseconds: it is arithmetic, not a run of the network."""
    return list(walk(spec.input_shape, spec.layers, spec.layer_names))


def output_size(size: int, window: int, stride: int, padding: str) -> int:
    """Side in pixels of the map that a sliding window leaves. Raises StudentError when it does not fit.

    >>> output_size(28, window=3, stride=1, padding="valid"), output_size(28, window=3, stride=2, padding="same")
    (26, 14)
    """
    if padding == "same":
        return -(-size // stride)
    if window > size:
        raise StudentError(f"a window of {window} pixels does not fit on {size}.")
    return (size - window) // stride + 1


def same_padding(size: int, window: int, stride: int) -> tuple[int, int]:
    """(before, after): pixels added along one side for padding "same". The odd pixel goes after, as in Keras.

    >>> same_padding(28, window=3, stride=1), same_padding(28, window=3, stride=2)
    ((1, 1), (0, 1))
    """
    total = max((output_size(size, window, stride, "same") - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def walk(input_shape: Shape, layers: Sequence[Layer], names: Sequence[str]) -> Iterator[LayerSummary]:
    """One row after another. Raises StudentError, with the layer's name, at the first that cannot stand there."""
    shape, field, jump = tuple(input_shape), 1, 1  # jump: input pixels between neighbours of this map
    sees_all = max(shape[1:])
    for place, (layer, name) in enumerate(zip(layers, names, strict=True)):
        try:
            after = output_shape(layer, shape)
        except StudentError as error:
            hint = _hint(input_shape, layers[: place + 1], names, shape) or error.hint
            raise StudentError(error.message, hint, name) from None
        if isinstance(layer, Dense | GlobalAveragePooling2D):
            field = sees_all
        elif sliding := window(layer):
            size, stride, _ = sliding
            field += (size - 1) * jump
            jump *= stride
        yield LayerSummary(
            name, layer.type, after, parameters(layer, shape), macs(layer, shape, after), min(field, sees_all)
        )
        shape = after


def window(layer: Layer) -> tuple[int, int, str] | None:
    """(side, stride, padding) of a layer that slides a window over the map, in pixels; None for all others."""
    if isinstance(layer, Conv2D):
        return layer.kernel_size, layer.strides, layer.padding
    if isinstance(layer, MaxPooling2D | AveragePooling2D):
        return layer.pool_size, layer.strides or layer.pool_size, layer.padding
    return None


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """The shape that `layer` makes of `shape`. Raises StudentError when it cannot."""
    is_map = len(shape) == 3
    if isinstance(layer, Dense):
        if is_map:
            raise StudentError(
                f"a dense layer needs a list of numbers, and what comes in is a map of {shape_text(shape)}.",
                hint="Add flatten before it.",
            )
        return (layer.units,)
    if isinstance(layer, Flatten):
        return (prod(shape),)
    if isinstance(layer, GlobalAveragePooling2D):
        if not is_map:
            raise StudentError(
                f"it averages maps, and what comes in is a list of {prod(shape):,} numbers.",
                hint="Remove it, or move it up to where there are maps.",
            )
        return (shape[0],)
    if sliding := window(layer):
        return _slide(layer, shape, *sliding)
    return shape


def _slide(layer: Layer, shape: Shape, size: int, stride: int, padding: str) -> Shape:
    is_convolution = isinstance(layer, Conv2D)
    if len(shape) != 3:
        raise StudentError(
            f"a {'convolution' if is_convolution else 'pooling'} needs a map with height and width, "
            f"and what comes in is a list of {prod(shape):,} numbers.",
            hint="Move it up to where there are maps, or remove it.",
        )
    channels, height, width = shape
    if padding == "valid" and size > min(height, width):
        raise StudentError(
            f"a {size}×{size} {'kernel' if is_convolution else 'pool'} does not fit on a {height}×{width} map.",
            hint=f"Use a smaller {'kernel' if is_convolution else 'pool'}, or padding “same”.",
        )
    filters = layer.filters if isinstance(layer, Conv2D) else channels
    return filters, output_size(height, size, stride, padding), output_size(width, size, stride, padding)


def _hint(input_shape: Shape, layers: Sequence[Layer], names: Sequence[str], shape: Shape) -> str:
    """A hint that knows the layers above the last one, which is the one that cannot stand there."""
    layer = layers[-1]
    if window(layer) and len(shape) == 3:
        what = "kernel" if isinstance(layer, Conv2D) else "pool"
        above = [i for i in shrinking(layers[:-1]) if fits(input_shape, [*layers[:i], *layers[i + 1 :]])]
        if above:
            return f"Use a smaller {what}, padding “same”, or remove {names[above[-1]]}."
    if isinstance(layer, Dense):
        return f"Add flatten before {names[len(layers) - 1]}."
    if isinstance(layer, Flatten | GlobalAveragePooling2D) or window(layer):
        made_list = flattened_by(layers[:-1])
        if made_list is not None:
            return f"Move it up, before {names[made_list]}, or remove it."
    return ""


def shrinking(layers: Sequence[Layer]) -> list[int]:
    """Places of the pooling layers, which make maps smaller fastest."""
    return [i for i, layer in enumerate(layers) if isinstance(layer, MaxPooling2D | AveragePooling2D)]


def flattened_by(layers: Sequence[Layer]) -> int | None:
    """Place of the first layer that turned the map into a list of numbers."""
    makes_list = (i for i, layer in enumerate(layers) if isinstance(layer, Flatten | GlobalAveragePooling2D))
    return next(makes_list, None)


def fits(input_shape: Shape, layers: Sequence[Layer]) -> bool:
    """Can each layer stand where it stands? Says nothing about the end of the network or its size."""
    shape = tuple(input_shape)
    try:
        for layer in layers:
            shape = output_shape(layer, shape)
    except StudentError:
        return False
    return True


def parameters(layer: Layer, shape: Shape) -> int:
    """Numbers the layer keeps, when `shape` comes in."""
    if isinstance(layer, Conv2D):
        return (layer.kernel_size**2 * shape[0] + 1) * layer.filters
    if isinstance(layer, Dense):
        return (shape[0] + 1) * layer.units
    return 4 * shape[0] if isinstance(layer, BatchNormalization) else 0


def macs(layer: Layer, before: Shape, after: Shape) -> int:
    """Multiply-adds for one image, biases not counted. Padding counts as if it were image."""
    if isinstance(layer, Conv2D):
        return prod(after) * before[0] * layer.kernel_size**2
    return before[0] * layer.units if isinstance(layer, Dense) else 0


def check_end(rows: Sequence[LayerSummary], classes: int) -> None:
    """Raise StudentError unless the last layer gives one number a class."""
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
            if last.type == "dense"
            else f"Add a dense layer with {classes:,} units.",
            layer=last.name,
        )


def check_limits(input_shape: Shape, layers: Sequence[Layer], rows: Sequence[LayerSummary]) -> None:
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
        [row.macs + _looks(layer, row.output_shape) for layer, row, _ in parts],
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
            f"the network has {sum(counts):,} {what}, the largest share of them here; this server allows {most:,}.",
            hint,
            worst,
        )


def _looks(layer: Layer, after: Shape) -> int:
    """Values that a pooling layer looks at."""
    if isinstance(layer, MaxPooling2D | AveragePooling2D):
        return prod(after) * layer.pool_size**2
    return 0


def _padded_values(layer: Layer, shape: Shape) -> int:
    """Values of the copy with a border that a layer needs, 0 where it needs none."""
    size, stride, padding = window(layer) or (1, 1, "valid")
    if padding == "valid":
        return 0
    height, width = (side + sum(same_padding(side, size, stride)) for side in shape[1:])
    return shape[0] * height * width if (height, width) != shape[1:] else 0


def shape_text(shape: Shape) -> str:
    """As the pages write a shape: height×width×channels.

    >>> shape_text((64, 3, 3)), shape_text((576,))
    ('3×3×64', '576')
    """
    return "×".join(f"{n:,}" for n in (*shape[1:], shape[0]))
