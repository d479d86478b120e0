"""How large a map becomes under a sliding window, by arithmetic alone. No torch.

Sources: Dumoulin & Visin 2016, "A guide to convolution arithmetic" (output sizes); Keras for padding "same".
"""

from __future__ import annotations

from typing import NamedTuple

from cnn_core.errors import StudentError

Shape = tuple[int, ...]  # (channels, height, width) of a map, (units,) of a list of numbers


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


class Sliding(NamedTuple):
    """How a square window moves over a map."""

    side: int  # cells
    stride: int  # pixels per move
    padding: str  # "valid" or "same"
    dilation: int = 1  # pixels from one cell of the window to the next

    @property
    def reach(self) -> int:
        """Pixels per side from its first cell to its last: a 3×3 window with dilation 2 reaches over 5×5."""
        return (self.side - 1) * self.dilation + 1

    def words(self, noun: str) -> str:
        """The window for a sentence of why it does not fit: "3×3 kernel".  noun: what it is called."""
        size = f"{self.side}×{self.side} {noun}"
        if self.dilation == 1:
            return size
        return f"{size} with dilation {self.dilation} reaches over {self.reach}×{self.reach} pixels and"

    def output_size(self, size: int) -> int:
        """Side of the map it leaves of one of `size` pixels. Raises StudentError when it does not fit."""
        return output_size(size, self.reach, self.stride, self.padding)

    def border(self, size: int) -> tuple[int, int]:
        """(before, after): pixels of padding along a side of `size` pixels."""
        return same_padding(size, self.reach, self.stride) if self.padding == "same" else (0, 0)


def shape_text(shape: Shape) -> str:
    """As the pages write a shape: height×width×channels.

    >>> shape_text((64, 3, 3)), shape_text((576,))
    ('3×3×64', '576')
    """
    return "×".join(f"{n:,}" for n in (*shape[1:], shape[0]))
