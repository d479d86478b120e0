"""Convolutions that our kinds do not have, written as ones that they have: the same numbers with another kernel.

Holes between the weights (dilation), another border than "same" puts, rows and columns that differ: a larger square
kernel with zeros in it does the same. All of it is arithmetic on sizes and arrays, and exact.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn_core.model.shapes import same_padding

Array = NDArray[np.float32]
_MOST_LARGER = 4  # pixels by which a kernel may grow


class Placement(NamedTuple):
    """Where a kernel lies in a square one that moves with our padding. side: of the square, in pixels."""

    side: int
    rows: int  # empty ones above it
    columns: int  # empty ones left of it
    padding: str


def placed(
    size: tuple[int, int],
    kernel: tuple[int, int],
    stride: int,
    border: tuple[int, int],
    places: tuple[int, int],
) -> Placement | None:
    """A square kernel with padding "same" or "valid" that looks at the same pixels; None where there is none.

    size:   rows and columns of the map.  kernel: of the kernel, holes included.
    border: rows above and columns left of the map that the first window covers.
    places: rows and columns of the map that comes out.

    A 3×3 kernel after one row and column of zeros on all sides, with strides of 2: "same" has its border at the other
    end, so the kernel becomes one of 4×4.

    >>> placed((28, 28), (3, 3), 2, (1, 1), (14, 14))
    Placement(side=4, rows=0, columns=0, padding='same')
    """
    if kernel[0] == kernel[1] and border == (0, 0):
        fits = tuple((n - kernel[0]) // stride + 1 for n in size) == places and min(size) >= kernel[0]
        if fits:
            return Placement(kernel[0], 0, 0, "valid")
    if tuple(-(-n // stride) for n in size) != places:
        return None
    for side in range(max(kernel), max(kernel) + _MOST_LARGER + 1):
        rows, columns = (
            same_padding(n, side, stride)[0] - before for n, before in zip(size, border, strict=True)
        )
        if 0 <= rows <= side - kernel[0] and 0 <= columns <= side - kernel[1]:
            return Placement(side, rows, columns, "same")
    return None


def with_holes(kernel: Array, dilation: tuple[int, int]) -> Array:
    """(rows, columns, ...) with `dilation` - 1 rows and columns of zeros between neighbours."""
    rows, columns = ((n - 1) * step + 1 for n, step in zip(kernel.shape, dilation, strict=False))
    wide = np.zeros((rows, columns, *kernel.shape[2:]), np.float32)
    wide[:: dilation[0], :: dilation[1]] = kernel
    return wide


def put_into_square(kernel: Array, placement: Placement) -> Array:
    """(rows, columns, ...) inside a square of zeros."""
    rows, columns = kernel.shape[:2]
    square = np.zeros((placement.side, placement.side, *kernel.shape[2:]), np.float32)
    square[placement.rows : placement.rows + rows, placement.columns : placement.columns + columns] = kernel
    return square


def ungrouped(kernel: Array, groups: int) -> Array:
    """(rows, columns, channels / groups, filters) as a kernel over all channels, zero where a filter does not look."""
    rows, columns, depth, filters = kernel.shape
    full = np.zeros((rows, columns, depth * groups, filters), np.float32)
    each = filters // groups
    for group in range(groups):
        mine = slice(group * each, (group + 1) * each)
        full[:, :, group * depth : (group + 1) * depth, mine] = kernel[..., mine]
    return full


def depth_last(channels: int, height: int, width: int) -> NDArray[np.int64]:
    """For each number of our flattened maps (channel by channel), its place where channels come last, as in Keras.

    >>> depth_last(2, 1, 3).tolist()
    [0, 2, 4, 1, 3, 5]
    """
    return np.arange(channels * height * width).reshape(height, width, channels).transpose(2, 0, 1).ravel()
