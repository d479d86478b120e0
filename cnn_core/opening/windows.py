"""Windows of other libraries, and the window of ours that meets the same pixels. Numbers only, no torch.

A window of ours is square, moves as far down as to the right, and has padding "valid" or "same". Theirs may have any
sides and any border; often a larger square of ours, with zeros in its kernel, does the same.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

from cnn_core.model.common_settings import MAX_PIXELS
from cnn_core.model.shapes import output_size, same_padding

Pads = tuple[int, int, int, int]  # (top, left, bottom, right) in pixels, as ONNX orders them


@dataclass(frozen=True)
class Window:
    """How a window of another library moves, in pixels along rows and columns.

    rounds_up: whether a rest at the lower and right edge gets a window of its own.
    """

    sides: tuple[int, int]
    strides: tuple[int, int] = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilations: tuple[int, int] = (1, 1)
    rounds_up: bool = False

    def reach(self, axis: int) -> int:
        """Pixels from one end of the window to the other."""
        return self.dilations[axis] * (self.sides[axis] - 1) + 1

    def places(self, size: int, axis: int) -> int:
        """How many places it takes along a side of `size` pixels; 0 or less where it does not fit."""
        room = size + self.pads[axis] + self.pads[axis + 2] - self.reach(axis)
        if not self.rounds_up:
            return room // self.strides[axis] + 1 if room >= 0 else 0
        count = -(-room // self.strides[axis]) + 1
        begins = (count - 1) * self.strides[axis]
        return count - 1 if begins >= size + self.pads[axis] else count

    @property
    def padding_words(self) -> str:
        """What is around the map, in words."""
        if len(set(self.pads)) == 1:
            return f"padding of {self.pads[0]:,} on every side"
        top, left, bottom, right = self.pads
        return f"padding of {top} above, {bottom} below, {left} left and {right} right"


@dataclass(frozen=True)
class Ours:
    """A window of ours that meets the same pixels.

    offsets: how many rows and columns of zeros stand before their kernel in ours.
    """

    side: int
    stride: int
    padding: str
    offsets: tuple[int, int]


@functools.lru_cache(maxsize=4_000)
def same_window(window: Window, sizes: tuple[int, int]) -> Ours | None:
    """The smallest square window of ours in which theirs can lie, with as many places; None where there is none.

    sizes: height and width of the map.

    A 3×3 kernel after one row and column of zeros on all sides, with strides of 2: "same" has its border at the other
    end, so the kernel becomes one of 4×4.

    >>> same_window(Window((3, 3), (2, 2), (1, 1, 1, 1)), (28, 28))
    Ours(side=4, stride=2, padding='same', offsets=(0, 0))
    """
    numbers = (*window.strides, *window.sides, *window.dilations)
    if window.strides[0] != window.strides[1] or min(numbers) < 1 or max(*numbers, *window.pads) > MAX_PIXELS:
        return None
    stride, least = window.strides[0], max(window.reach(0), window.reach(1))
    if least > MAX_PIXELS or min(window.pads) < 0:
        return None
    for side in range(least, 2 * least + 2 * stride + 1):
        for padding in ("valid", "same"):
            offsets = [_offset(window, size, axis, side, padding) for axis, size in enumerate(sizes)]
            if offsets[0] is not None and offsets[1] is not None:
                return Ours(side, stride, padding, (offsets[0], offsets[1]))
    return None


def _offset(window: Window, size: int, axis: int, side: int, padding: str) -> int | None:
    """Where their window begins in ours along one axis; None where it does not lie in it."""
    stride = window.strides[axis]
    if padding == "valid" and side > size:
        return None
    if output_size(size, side, stride, padding) != window.places(size, axis):
        return None
    before = same_padding(size, side, stride)[0] if padding == "same" else 0
    offset = before - window.pads[axis]
    return offset if 0 <= offset <= side - window.reach(axis) else None
