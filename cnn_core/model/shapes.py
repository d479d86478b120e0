"""What each layer makes of what it is given: shape, weights, work and view. Arithmetic alone, no torch.

Dumoulin & Visin 2016, "A guide to convolution arithmetic for deep learning"; Araujo, Norris & Sim 2019, "Computing
Receptive Fields of Convolutional Neural Networks".
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
    layer_names,
)

if TYPE_CHECKING:
    from cnn_core.model.spec import ModelSpec

MAX_VALUES = 1_000_000  # a layer's output for one image; training keeps 64 of them or more in memory at once

Shape = tuple[int, ...]  # (C, H, W), or (units,)


@dataclass(frozen=True)
class LayerSummary:
    """One row of a network's table. Parameters are counted as Keras counts them, moving statistics included."""

    name: str
    type: str
    output_shape: Shape  # (C, H, W), or (units,)
    parameters: int
    macs: int  # multiply-adds for one image
    receptive_field: (
        int  # pixels per side of the input that one output value sees, the input's larger side at most
    )


def summarize(spec: ModelSpec) -> list[LayerSummary]:
    """One row a layer, in order.

    >>> from cnn_core.model.presets import PRESETS
    >>> [row.receptive_field for row in summarize(PRESETS["lesson"])]
    [3, 4, 8, 10, 18, 18, 28, 28]
    """
    return list(rows(spec.input_shape, spec.layers))


def output_size(size: int, kernel: int, strides: int, padding: str) -> int:
    """Places a kernel takes along one side. Dumoulin & Visin 2016, relationship 6; "same" as Keras means it.

    Raises StudentError where not even one place is left.

    >>> output_size(28, 3, 1, "valid"), output_size(28, 3, 1, "same"), output_size(5, 2, 2, "same")
    (26, 28, 3)
    """
    if padding == "same":
        return -(-size // strides)
    if kernel > size:
        raise StudentError(
            f"a {kernel}×{kernel} kernel does not fit on a {size}×{size} map.",
            hint="Use a smaller kernel or padding “same”.",
        )
    return (size - kernel) // strides + 1


def rows(input_shape: Shape, layers: Sequence[Layer]) -> Iterator[LayerSummary]:
    """The rows one after the other, until a layer does not fit: then StudentError, with the layer's name."""
    names = layer_names([layer.type for layer in layers])
    shape, side = input_shape, max(input_shape[1:])
    field, jump = 1, 1  # what one value sees, and how far apart two neighbours look, in pixels of the input
    for index, (name, layer) in enumerate(zip(names, layers, strict=True)):
        _check_place(name, layer, shape, names[:index], last=index == len(layers) - 1)
        shape_before = shape
        try:
            shape = _output_shape(layer, shape)
        except StudentError as error:
            raise _in_place(error, name, names[:index]) from error
        if isinstance(layer, Conv2D | MaxPooling2D | AveragePooling2D):
            kernel = layer.kernel_size if isinstance(layer, Conv2D) else layer.pool_size
            field += (kernel - 1) * jump
            jump *= layer.strides or kernel
        elif isinstance(layer, Dense | GlobalAveragePooling2D):
            field = side
        values = prod(shape)
        if values > MAX_VALUES:
            raise StudentError(
                f"one image would make {values:,} values here, and {MAX_VALUES:,} are allowed.",
                hint="Use fewer filters, or a pooling layer above.",
                layer=name,
            )
        parameters, macs = _cost(layer, shape_before, shape)
        yield LayerSummary(name, layer.type, shape, parameters, macs, min(field, side))


def _check_place(name: str, layer: Layer, shape: Shape, above: Sequence[str], last: bool) -> None:
    wants_maps = isinstance(layer, Conv2D | MaxPooling2D | AveragePooling2D | GlobalAveragePooling2D)
    if wants_maps and len(shape) == 1:
        # the layer that turned the maps into a list, as far as there is one to name
        culprit = next((n for n in reversed(above) if n.startswith(("flatten", "global"))), above[-1])
        raise StudentError(
            f"it needs maps, and {culprit} has turned them into a list of {shape[0]:,} numbers.",
            hint=f"Move {name} above {culprit}, or remove one of the two.",
            layer=name,
        )
    if isinstance(layer, Dense) and len(shape) == 3:
        channels, height, width = shape
        raise StudentError(
            f"it needs a list of numbers, and gets {channels:,} maps of {height}×{width}.",
            hint=f"Add flatten above {name}.",
            layer=name,
        )
    if getattr(layer, "activation", "") == "softmax" and not last:
        raise StudentError(
            "softmax makes probabilities, so only the last layer can have it.",
            hint="Choose relu here.",
            layer=name,
        )


def _output_shape(layer: Layer, shape: Shape) -> Shape:
    if isinstance(layer, Dense):
        return (layer.units,)
    if isinstance(layer, Flatten):
        return (prod(shape),)
    if isinstance(layer, GlobalAveragePooling2D):
        return shape[:1]
    if isinstance(layer, Conv2D):
        channels, kernel, strides = layer.filters, layer.kernel_size, layer.strides
    elif isinstance(layer, MaxPooling2D | AveragePooling2D):
        channels, kernel, strides = shape[0], layer.pool_size, layer.strides or layer.pool_size
    else:
        return shape
    smaller = min(shape[1:])
    if layer.padding == "valid" and kernel > smaller:
        what = "kernel" if isinstance(layer, Conv2D) else "pool"
        raise StudentError(f"a {kernel}×{kernel} {what} does not fit on a {shape[1]}×{shape[2]} map.")
    height, width = (output_size(side, kernel, strides, layer.padding) for side in shape[1:])
    return (channels, height, width)


def _in_place(error: StudentError, name: str, above: Sequence[str]) -> StudentError:
    # The advice names what the student can see: the nearest pooling layer above.
    pool = next((n for n in reversed(above) if "pooling" in n), None)
    thing = "pool" if "pool " in error.message else "kernel"
    hint = f"Use a smaller {thing}, padding “same”" + (
        f", or remove {pool}." if pool else ", or a larger input."
    )
    return StudentError(error.message, hint=hint, layer=name)


def _cost(layer: Layer, before: Shape, after: Shape) -> tuple[int, int]:
    """(parameters, multiply-adds of one image)."""
    if isinstance(layer, Conv2D):
        weights = before[0] * layer.filters * layer.kernel_size**2
        return weights + layer.filters, weights * after[1] * after[2]
    if isinstance(layer, Dense):
        weights = before[0] * layer.units
        return weights + layer.units, weights
    if isinstance(layer, BatchNormalization):
        return 4 * before[0], 0  # scale, shift, and the moving mean and variance
    return 0, 0
