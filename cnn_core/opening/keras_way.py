"""How far the translation of a chain of Keras's layers has come: the layers of ours, and the weights that they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnn_core.model.layers import BatchNormalization, Dropout, Flatten, Layer
from cnn_core.model.network import NORM_EPSILON
from cnn_core.model.shapes import Shape
from cnn_core.opening import keras_settings as settings
from cnn_core.opening.keras_config import KerasLayer
from cnn_core.opening.kernels import Array, depth_last

Weights = dict[str, Array]  # of one of our layers, by their names in its module: "conv.weight"
Step = tuple[
    NDArray[np.float64], NDArray[np.float64]
]  # factor · x + summand, one number for each channel or for all


@dataclass(frozen=True)
class Need:
    """The weights of one layer of Keras.

    shapes: of its arrays, in Keras's order.
    fill:   those arrays -> for the place of each of our layers that they are for, its weights.
    has_more: whether the file may hold more of its arrays after these, which nobody needs.
    """

    owner: KerasLayer
    shapes: tuple[tuple[int, ...], ...]
    fill: Callable[[Sequence[Array]], dict[int, Weights]]
    has_more: bool = False


@dataclass
class Way:
    """How far the translation has come.

    shape:   what goes out of the last layer, as we write it.
    order:   of the maps that a flatten made a list of, when that list is in another order in Keras: their shape.
    border:  rows and columns of zeros that wait for their convolution: (above, below), (left, right).
    steps:   what the file does to an image before its first layer, one after the other: a factor and a summand.
    fixed:   for the place of a layer of ours, its weights where the description says them, not the file's numbers.
    is_rows: whether what goes out is still the rows of a picture without channels: Keras takes columns for channels.
    """

    input_shape: tuple[int, int, int]
    channels_first: bool
    shape: Shape
    layers: list[Layer] = field(default_factory=list)
    origins: list[KerasLayer] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    order: Shape | None = None
    border: tuple[tuple[int, int], tuple[int, int]] | None = None
    steps: list[Step] = field(default_factory=list)
    fixed: dict[int, Weights] = field(default_factory=dict)
    is_rows: bool = False
    without_bias: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def add(self, layer: Layer, origin: KerasLayer) -> int:
        """Put a layer of ours at the end. Returns its place."""
        self.shape = layer.output_shape(self.shape)
        self.layers.append(layer)
        self.origins.append(origin)
        self.is_rows = self.is_rows and not isinstance(layer, Flatten)
        return len(self.layers) - 1

    def scale(
        self, origin: KerasLayer, factor: NDArray[np.float64], summand: NDArray[np.float64], what: str
    ) -> None:
        """Put a layer at the end that multiplies and adds, by numbers that are known already.

        what: completes "“rescaling” ...", for the remark.
        """
        self.fixed[self.add(BatchNormalization(), origin)] = as_norm(self.shape[0], factor, summand)
        self.remarks.append(
            f"{origin.called} {what} a batch normalisation, with the same numbers. Further training may move them."
        )

    @property
    def is_untouched(self) -> bool:
        """Whether nothing has happened to the image yet but what keeps each of its numbers."""
        return all(isinstance(layer, Flatten | Dropout) for layer in self.layers)


def as_norm(count: int, factor: NDArray[np.float64], summand: NDArray[np.float64]) -> Weights:
    """Weights of a batch normalisation of `count` maps or numbers that gives factor · x + summand."""
    full = {"weight": factor * np.sqrt(1 + NORM_EPSILON), "bias": summand}
    full |= {"running_mean": np.zeros(1), "running_var": np.ones(1)}
    return {
        f"norm.{name}": np.broadcast_to(value, (count,)).astype(np.float32) for name, value in full.items()
    }


def flatten(way: Way, layer: KerasLayer) -> None:
    """Maps become a list, in which order `way` remembers; a list stays what it is."""
    if len(way.shape) == 3:
        # Keras's Flatten turns channels_first maps round, unless it is told that they are channels_last.
        turned = not way.channels_first or bool(settings.channels_first(layer)) or layer.kind == "InputLayer"
        channels, height, width = way.shape
        way.order = way.shape if turned and channels > 1 and height * width > 1 else None
    way.add(Flatten(), layer)


def in_our_order(array: Array, order: Shape | None) -> Array:
    """A list of numbers of Keras's, or a matrix with a row for each of them, in the order of our flatten."""
    return array if order is None else array[depth_last(*order)]
