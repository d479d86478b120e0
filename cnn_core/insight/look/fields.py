"""Where a number of a layer comes from: its receptive field, the part of the input it can see.

A 3×3 convolution sees 3 pixels a side, one on top of a 2×2 pooling of that sees 8: every layer adds its kernel, times
the strides below it. Source: Araujo, Norris & Sim 2019, "Computing Receptive Fields of Convolutional Neural Networks".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from cnn_core.model.layers import Layer
from cnn_core.model.spec import ModelSpec, summarize

Span = tuple[int, int]  # (first, last), both inside


class Field(NamedTuple):
    """A rectangle of pixels: (first, last) row and (first, last) column, both inside."""

    rows: Span
    columns: Span


@dataclass(frozen=True)
class Window:
    """How one layer moves over the map below it: (before, after) pixels of padding along each side."""

    size: tuple[int, int]  # rows, columns of cells
    stride: int = 1
    pad_rows: Span = (0, 0)
    pad_columns: Span = (0, 0)
    dilation: int = 1  # positions from one of its cells to the next

    @property
    def is_even(self) -> bool:
        """Whether both ends of each side are padded alike."""
        return all(before == after for before, after in (self.pad_rows, self.pad_columns))

    def at(self, field: Field) -> Field:
        """The positions of the map below that the positions `field` of this layer were computed from."""
        return Field(
            _reach(field.rows, self._length(self.size[0]), self.stride, self.pad_rows[0]),
            _reach(field.columns, self._length(self.size[1]), self.stride, self.pad_columns[0]),
        )

    def _length(self, cells: int) -> int:
        return (cells - 1) * self.dilation + 1


def receptive_field(spec: ModelSpec, layer: str, row: int = 0, column: int = 0) -> Field:
    """The rows and columns of the input that the value at (row, column) of `layer` can see, not clipped.

    Where padding is seen, it starts below 0 or ends beyond the image: `clip` leaves what is really there.
    A layer of plain numbers (flatten counts as one) sees what its whole input sees.
    """
    index = spec.layer_names.index(layer)
    return _seen_by(spec, index, Field((row, row), (column, column)))


def clip(field: Field, shape: tuple[int, ...]) -> Field:
    """The part of `field` inside a (C, H, W)."""
    _, height, width = shape
    (top, bottom), (left, right) = field
    return Field((max(top, 0), min(bottom, height - 1)), (max(left, 0), min(right, width - 1)))


def windows(spec: ModelSpec) -> list[Window]:
    """One window a layer; a layer of plain numbers looks at the whole map below it, others at one position."""
    below = [tuple(spec.input_shape), *(tuple(row.output_shape) for row in summarize(spec))]
    return [_window(layer, shape) for layer, shape in zip(spec.layers, below[:-1], strict=True)]


def _seen_by(spec: ModelSpec, index: int, field: Field) -> Field:
    for window in reversed(windows(spec)[: index + 1]):
        field = window.at(field)
    return field


def _window(layer: Layer, below: tuple[int, ...]) -> Window:
    if sliding := layer.window():
        _, height, width = below
        side = sliding.side
        borders = sliding.border(height), sliding.border(width)
        return Window((side, side), sliding.stride, *borders, sliding.dilation)
    if layer.makes_list and len(below) == 3:
        return Window((below[1], below[2]))
    return Window((1, 1))


def _reach(positions: Span, size: int, stride: int, padding: int) -> Span:
    first, last = positions
    return first * stride - padding, last * stride - padding + size - 1
