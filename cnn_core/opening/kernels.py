"""Convolutions that our kinds do not have, written as ones that they have: the same numbers with another kernel.

Holes between the weights (dilation), another border than "same" puts, rows and columns that differ: a larger square
kernel with zeros in it does the same. All of it is arithmetic on sizes and arrays, and exact.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn_core.opening.windows import Ours

Array = NDArray[np.float32]


def with_holes(kernel: Array, dilation: tuple[int, int]) -> Array:
    """(rows, columns, ...) with `dilation` - 1 rows and columns of zeros between neighbours."""
    rows, columns = ((n - 1) * step + 1 for n, step in zip(kernel.shape, dilation, strict=False))
    wide = np.zeros((rows, columns, *kernel.shape[2:]), np.float32)
    wide[:: dilation[0], :: dilation[1]] = kernel
    return wide


def put_into_square(kernel: Array, ours: Ours) -> Array:
    """(rows, columns, ...) inside a square of zeros: our window, in which theirs begins at its offsets."""
    above, left = ours.offsets
    rows, columns = kernel.shape[:2]
    square = np.zeros((ours.side, ours.side, *kernel.shape[2:]), np.float32)
    square[above : above + rows, left : left + columns] = kernel
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
