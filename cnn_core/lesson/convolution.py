"""What a kernel does, slowly: one window after the other, as a student would do it with pencil and paper.

`sweep` lays a kernel on every place of an image and keeps what happened at each; `pool` does the same with a
maximum or an average. Written with loops on purpose: torch does it a thousand times faster, and shows
nothing. The tests hold every number against torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeGuard

import torch
from torch import Tensor

from cnn_core.checks import is_number
from cnn_core.errors import StudentError
from cnn_core.model.shapes import Sliding

Padding = Literal["valid", "same"]
Pooling = Literal["max", "average"]
MAX_KERNEL = 7  # pixels per side
MAX_WEIGHT = 1000.0  # of a hand-made kernel; beyond it a picture has no meaning left

# Hand-made kernels, 3×3. From the filter menus of every paint program; the edges are Prewitt's (1970).
NAMED_KERNELS: dict[str, tuple[tuple[float, ...], ...]] = {
    "vertical edges": ((-1, 0, 1), (-1, 0, 1), (-1, 0, 1)),
    "horizontal edges": ((-1, -1, -1), (0, 0, 0), (1, 1, 1)),
    "blur": ((1 / 9,) * 3,) * 3,
    "sharpen": ((0, -1, 0), (-1, 5, -1), (0, -1, 0)),
    "emboss": ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)),
    "identity": ((0, 0, 0), (0, 1, 0), (0, 0, 0)),
}


def named_kernel(name: str, size: int = 3) -> Tensor:
    """A kernel of NAMED_KERNELS as (size, size). A larger blur is wider; the others are set into zeros.

    size: odd, 3 to 7 pixels per side. Raises StudentError.
    """
    if name not in NAMED_KERNELS:
        raise StudentError(f"There is no kernel “{name[:40]}”.", hint=f"Use {', '.join(NAMED_KERNELS)}.")
    if size % 2 == 0 or not 3 <= size <= MAX_KERNEL:
        raise StudentError(f"The named kernels have no {size}×{size} form.", hint="Choose 3, 5 or 7.")
    if name == "blur":
        return torch.full((size, size), 1 / size**2)
    kernel = torch.zeros(size, size)
    margin = (size - 3) // 2
    kernel[margin : margin + 3, margin : margin + 3] = torch.tensor(NAMED_KERNELS[name])
    return kernel


def for_channels(kernel: Tensor, channels: int) -> Tensor:
    """The same kernel for an image of another number of channels, (channels, k, k).

    kernel: (C, k, k). One grid becomes an equal share of it for each channel, so that a grey picture in three equal
            channels gives the sums it gives in one; several grids become their sum, which is what they do to grey;
            as many as there are channels stay as they are.
    """
    if len(kernel) == channels:
        return kernel
    if len(kernel) == 1:
        return (kernel / channels).expand(channels, -1, -1)
    return kernel.sum(dim=0, keepdim=True).div(channels).expand(channels, -1, -1)


def checked_kernel(values: object, channels: int = 1) -> Tensor:
    """A kernel that came from a browser, as float32 (channels, k, k). Raises StudentError for anything odd.

    values:   lists of k lists of k numbers, 1 <= k <= 7, one for each channel.
    channels: of the image it is for.
    """
    hint = "Give every cell a number, such as −1 or 0.5."
    if not _is_list(values) or len(values) != channels:
        raise StudentError(f"This kernel needs {channels} grids of numbers, one for each channel.", hint=hint)
    for grid in values:
        _check_grid(grid, hint)
    if len({len(grid) for grid in values}) != 1:
        raise StudentError("The grids of a kernel are of one size.", hint=hint)
    return torch.tensor([[[float(cell) for cell in row] for row in grid] for grid in values])


def _is_list(values: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(values, Sequence) and not isinstance(values, str)


def _check_grid(grid: object, hint: str) -> None:
    if not _is_list(grid) or not 1 <= len(grid) <= MAX_KERNEL:
        raise StudentError(f"A kernel has 1 to {MAX_KERNEL} rows.", hint=hint)
    for row in grid:
        if not _is_list(row) or len(row) != len(grid):
            raise StudentError("A kernel has as many columns as rows.", hint=hint)
        for cell in row:
            _check_cell(cell, hint)


def _check_cell(cell: object, hint: str) -> None:
    if not is_number(cell) or not math.isfinite(cell):
        raise StudentError("A cell of the kernel is not a number.", hint=hint)
    if abs(cell) > MAX_WEIGHT:
        raise StudentError(
            f"A weight of {cell:.3g} is too large to draw.", hint=f"Stay within ±{MAX_WEIGHT:,.0f}."
        )


# --- how large the output is ----------------------------------------------------------------------


def reach(kernel: int, dilation: int = 1) -> int:
    """Pixels per side that a kernel spans, gaps included.

    >>> reach(3), reach(3, dilation=2)
    (3, 5)
    """
    return dilation * (kernel - 1) + 1


def padding_cells(
    size: int, kernel: int, stride: int = 1, padding: Padding = "valid", dilation: int = 1
) -> tuple[int, int]:
    """(before, after): cells of zeros added along one side. "same" is Keras's, the odd one goes after.

    >>> padding_cells(28, kernel=3, padding="same"), padding_cells(28, kernel=3, stride=2, padding="same")
    ((1, 1), (0, 1))
    """
    return Sliding(reach(kernel, dilation), stride, padding).border(size)


def output_size(
    size: int, kernel: int, stride: int = 1, padding: Padding = "valid", dilation: int = 1
) -> int:
    """Places along one side where the kernel fits. Dumoulin & Visin 2016, relationships 6 and 15.

        >>> output_size(28, kernel=3)
        26

    Raises StudentError if it fits nowhere.
    """
    span = reach(kernel, dilation)
    if padding == "valid" and span > size:
        spread = f", spread by dilation {dilation} over {span}×{span} pixels," if dilation > 1 else ""
        raise StudentError(
            f"A {kernel}×{kernel} kernel{spread} does not fit on a {size}×{size} image.",
            hint="Use a smaller kernel, less dilation, or padding “same”.",
        )
    return Sliding(span, stride, padding).output_size(size)


# --- the sweep ------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Window:
    """What happens at one place.

    index:       0 is the first place, top left.
    row, column: of the output.
    top, left:   of the window's first cell in the image, negative inside the padding.
    patch:       (C, k, k), the pixels under the window.
    products:    (C, k, k), patch × kernel.
    padded:      (k, k) bool, the cells that lie in the padding.
    sums:        (C,), the products of each channel added.
    total:       all of them added, before any activation.
    """

    index: int
    row: int
    column: int
    top: int
    left: int
    patch: Tensor
    products: Tensor
    padded: Tensor
    sums: Tensor
    total: float


class Border(NamedTuple):
    """Cells of zeros added around an image."""

    left: int
    right: int
    top: int
    bottom: int


@dataclass(frozen=True, eq=False)
class Sweep:
    """A kernel on its way over an image.

    image:    (C, H, W).
    kernel:   (C, k, k).
    stride:   pixels per move.
    dilation: 1 is a solid kernel, 2 leaves a pixel free between its cells.
    padding:  cells added on each side.
    output:   (rows, columns), before any activation.
    """

    image: Tensor
    kernel: Tensor
    stride: int
    dilation: int
    padding: Border
    output: Tensor

    @property
    def count(self) -> int:
        """How many places there are."""
        return self.output.numel()

    def window(self, index: int) -> Window:
        """Place number `index`, counted from 0, row by row. IndexError outside."""
        if not 0 <= index < self.count:
            raise IndexError(f"place {index} of {self.count}")
        row, column = divmod(index, self.output.shape[1])
        top = row * self.stride - self.padding.top
        left = column * self.stride - self.padding.left
        patch, padded = _patch(self.image, top, left, self.kernel.shape[-1], self.dilation)
        products = patch * self.kernel
        sums = products.sum(dim=(1, 2))
        return Window(index, row, column, top, left, patch, products, padded, sums, float(sums.sum()))

    def loudest(self) -> int:
        """The place with the largest output: a window worth looking at first."""
        return int(self.output.argmax())


def sweep(
    image: Tensor, kernel: Tensor, stride: int = 1, padding: Padding = "valid", dilation: int = 1
) -> Sweep:
    """Lay `kernel` on every place of `image`.

    image:    (C, H, W).
    kernel:   (C, k, k), as many channels.
    stride:   pixels per move, 1 or more.
    padding:  "valid" adds nothing, "same" so many zeros that only the strides make the output smaller.
    dilation: 1 is a solid kernel, 2 leaves a pixel free between its cells.
    Like every deep-learning library, and unlike mathematics, this does not flip the kernel.
    Raises StudentError if the kernel fits nowhere.
    """
    if image.ndim != 3 or kernel.ndim != 3 or image.shape[0] != kernel.shape[0]:
        raise StudentError(
            f"An image of {image.shape[0]} channels needs a kernel of as many, not {kernel.shape[0]}.",
            hint="Use one grid of numbers for each channel.",
        )
    _, height, width = image.shape
    size = kernel.shape[-1]
    rows, columns = (output_size(side, size, stride, padding, dilation) for side in (height, width))
    top, bottom = padding_cells(height, size, stride, padding, dilation)
    left, right = padding_cells(width, size, stride, padding, dilation)
    output = torch.zeros(rows, columns)
    # The zeros around it are laid once, so that each window is a view: 9 ms instead of 56 for a digit.
    padded = torch.nn.functional.pad(image, (left, right, top, bottom))
    reach = dilation * (size - 1) + 1
    for row, down in enumerate(range(0, rows * stride, stride)):
        band = padded[:, down : down + reach : dilation]
        for column, across in enumerate(range(0, columns * stride, stride)):
            output[row, column] = (band[:, :, across : across + reach : dilation] * kernel).sum()
    return Sweep(image, kernel, stride, dilation, Border(left, right, top, bottom), output)


def visits(swept: Sweep) -> Tensor:
    """How many of the windows look at each pixel of the image, (H, W) int64: at its border fewer than in its middle.

    >>> visits(sweep(torch.zeros(1, 28, 28), named_kernel("blur")[None]))[0, :4].tolist()
    [1, 2, 3, 3]
    """
    _, height, width = swept.image.shape
    rows, columns = swept.output.shape
    # A window is a row of cells times a column of cells, and so is the count.
    down = _visits_along(height, rows, swept.padding.top, swept)
    across = _visits_along(width, columns, swept.padding.left, swept)
    return down[:, None] * across[None, :]


def _visits_along(side: int, places: int, before: int, swept: Sweep) -> Tensor:
    counts = torch.zeros(side, dtype=torch.int64)
    for place in range(places):
        for cell in range(swept.kernel.shape[-1]):
            pixel = place * swept.stride - before + cell * swept.dilation
            if 0 <= pixel < side:
                counts[pixel] += 1
    return counts


def _patch(image: Tensor, top: int, left: int, size: int, dilation: int) -> tuple[Tensor, Tensor]:
    """The pixels under the window (C, k, k), zeros in the padding, and which cells are that (k, k) bool."""
    _, height, width = image.shape
    rows = torch.arange(size) * dilation + top
    columns = torch.arange(size) * dilation + left
    inside = ((rows >= 0) & (rows < height))[:, None] & ((columns >= 0) & (columns < width))[None, :]
    pixels = image[:, rows.clamp(0, height - 1)][:, :, columns.clamp(0, width - 1)]
    return pixels * inside, ~inside


# --- pooling --------------------------------------------------------------------------------------


def pool(maps: Tensor, kind: Pooling = "max", size: int = 2, stride: int | None = None) -> Tensor:
    """Each map made smaller: only the largest value of every window, or the average, remains.

    maps:   (C, H, W).
    kind:   which of the two.
    size:   pixels per side of a window.
    stride: pixels per move; None is `size`.
    Returns (C, rows, columns). What does not fill a whole window is dropped ("valid").
    Raises StudentError if the window does not fit.
    """
    stride = stride or size
    channels, height, width = maps.shape
    rows, columns = (output_size(side, size, stride) for side in (height, width))
    pooled = torch.zeros(channels, rows, columns)
    for row in range(rows):
        for column in range(columns):
            window = maps[:, row * stride : row * stride + size, column * stride : column * stride + size]
            pooled[:, row, column] = window.amax(dim=(1, 2)) if kind == "max" else window.mean(dim=(1, 2))
    return pooled


def kept_by_max(maps: Tensor, size: int = 2) -> Tensor:
    """Which values a maximum over size×size windows keeps: (C, H, W) bool, the first of equals."""
    channels, height, width = maps.shape
    is_kept = torch.zeros(channels, height, width, dtype=torch.bool)
    for row in range(height // size):
        for column in range(width // size):
            window = maps[:, row * size : (row + 1) * size, column * size : (column + 1) * size]
            for channel, best in enumerate(window.reshape(channels, -1).argmax(dim=1).tolist()):
                is_kept[channel, row * size + best // size, column * size + best % size] = True
    return is_kept


def brightest_map(maps: Tensor) -> int:
    """The index of the map with the largest value.  maps: (C, H, W)."""
    return int(maps.amax(dim=(1, 2)).argmax())


def share_of_brightness(maps: Tensor, chosen: Tensor) -> float:
    """What part of the sum of all values the chosen ones make, 0 to 1; 0 of maps that are all dark.

    maps:   (C, H, W), 0 and more.
    chosen: (C, H, W) bool.
    """
    whole = maps.sum()
    return float(maps[chosen].sum() / whole) if whole else 0.0


def nudge(image: Tensor, right: int = 0, down: int = 0) -> Tensor:
    """The image (C, H, W) moved by whole pixels; what it leaves is black, what goes over the edge is lost."""
    nudged = torch.zeros_like(image)
    _, height, width = image.shape
    if abs(down) < height and abs(right) < width:
        nudged[:, max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)] = image[
            :, max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)
        ]
    return nudged


def difference(before: Tensor, after: Tensor) -> float:
    """How different two sets of maps are: 0 the same, 1 as different as two maps that share nothing.

    ‖a - b‖ / √(‖a‖² + ‖b‖²), our own choice: it has no unit, so layers of any size can be compared. Two maps
    of positive values that never light up at the same place have exactly 1.
    """
    size = float(before.square().sum() + after.square().sum())
    return math.sqrt(float((before - after).square().sum()) / size) if size else 0.0
