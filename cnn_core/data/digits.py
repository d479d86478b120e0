"""A drawing becomes what a network was trained on: centred and scaled as its data set's own images are.

A network that learnt from MNIST has only seen digits that were centred and scaled in one particular way, so a drawn
one is treated the same (`centre_digit`); other data sets have other ways (`fitted`). Photos and files are read in
`data.uploads` and `data.photo`, and end here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.data.catalog.record import shape_words
from cnn_core.data.sources import Dataset, dataset_of
from cnn_core.data.uploads import MAX_UPLOAD_BYTES as MAX_UPLOAD_BYTES
from cnn_core.errors import StudentError

SIDE, BOX = 28, 20  # pixels: MNIST's images, and the square that a digit is fitted into
_PADS = (28, 56)  # pixels a side that a drawing on a pad may have
_MAX_DRAWING = 4096  # pixels per side
_EDGE = 0.25  # where a stroke begins in a large drawing, whose edges are blurred over several pixels
_FAINTEST = 0.1  # a drawing whose brightest pixel is below this is empty


def centre_digit(drawing: Tensor) -> Tensor:
    """Centre and scale a digit as MNIST's makers did: fit into 20×20, centre of mass at the centre of 28×28.

    drawing: floats (H, W) or (1, H, W) of any size, 0 background to 1 ink.
    Returns (1, 28, 28) in [0, 1]. A digit of MNIST comes back as it is. Raises StudentError when nothing is drawn.
    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """
    ink = _checked(drawing)
    thing = _scaled(ink, BOX)
    # In MNIST the centre of mass lies at row 14 and column 14, counted from 0, and digits move by whole pixels.
    first_row, first_column = (_first_pixel(thing.sum(dim=1 - axis)) for axis in (0, 1))
    return _placed(thing, first_row, first_column)


def fitted(drawing: Tensor, dataset: Dataset) -> Tensor:
    """Centre and scale a drawing as the images of a data set are.

    drawing: as for `centre_digit`; grey levels are kept.
    Returns (1, 28, 28) in [0, 1]. Of a data set whose images fill their square the longer side becomes 28 pixels, less
    the margin that its images have, and the box around the thing, not its mass, comes to the middle.
    Raises StudentError when nothing is drawn, and for a data set of colour photos, which nobody draws.
    Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST", section 2; for MNIST see `centre_digit`.
    """
    if dataset.shape != (1, SIDE, SIDE):
        raise StudentError(
            f"A drawing is grey, and images of {dataset.name} have {shape_words(dataset.shape)}.",
            hint="Choose a test image, or send a photo.",
        )
    if dataset.is_centred_by_mass:
        return centre_digit(drawing)
    thing = _scaled(_checked(drawing), SIDE - 2 * dataset.margin)
    return _placed(thing, (SIDE - len(thing)) // 2, (SIDE - thing.shape[1]) // 2)


def digit_from_drawing(drawing: Tensor | np.ndarray, dataset: str = "mnist") -> Tensor:
    """What a network gets of a drawing on a pad.

    drawing: floats (28, 28) or (56, 56), 0 background to 1 ink.
    dataset: in whose form it is brought.
    Returns (1, 28, 28) in [0, 1]. Raises StudentError for anything else, and when nothing is drawn.
    """
    values = torch.as_tensor(drawing)
    if tuple(values.shape) not in {(side, side) for side in _PADS}:
        raise StudentError(
            f"A drawing has 28×28 or 56×56 pixels, not {tuple(values.shape)}.", hint="Draw again."
        )
    return fitted(values, dataset_of(dataset))


def digit_from_pixels(pixels: Sequence[float], side: int | None = None, dataset: str = "mnist") -> Tensor:
    """A centred digit from the numbers a browser's canvas sends: row by row, 0 black to 255 white.

    pixels: side × side of them.
    side:   of the canvas, in pixels; None accepts 28 and 56.
    dataset: in whose form it is brought.
    Returns (1, 28, 28) in [0, 1].
    Raises StudentError for anything but so many numbers in that range, and when nothing is drawn.
    """
    lengths = [size * size for size in ([side] if side else _PADS)]
    if not isinstance(pixels, list | tuple) or len(pixels) not in lengths:
        count = f"{len(pixels):,} numbers" if isinstance(pixels, list | tuple) else "something else"
        raise StudentError(
            f"A drawing is {' or '.join(map(str, lengths))} numbers, and {count} came.", hint="Draw again."
        )
    if not all(type(value) in (int, float) and 0 <= value <= 255 for value in pixels):
        raise StudentError("A drawing has numbers from 0 to 255 only, and others came.", hint="Draw again.")
    size = math.isqrt(len(pixels))
    return fitted(torch.tensor(pixels, dtype=torch.float32).view(size, size) / 255, dataset_of(dataset))


def _checked(drawing: Tensor) -> Tensor:
    ink = drawing[0] if drawing.ndim == 3 and len(drawing) == 1 else drawing
    if ink.ndim != 2 or not ink.is_floating_point() or ink.numel() == 0 or max(ink.shape) > _MAX_DRAWING:
        raise StudentError(
            f"A drawing must be floats (H, W), at most {_MAX_DRAWING} a side, not {drawing.dtype} "
            f"{tuple(drawing.shape)}."
        )
    ink = ink.detach().to("cpu", torch.float32)
    if not ink.isfinite().all():
        raise StudentError("A drawing must not hold infinite or undefined numbers.")
    if ink.max() < _FAINTEST:
        raise StudentError("Nothing is drawn yet.", hint="Draw a digit, large and with a thick pen.")
    return ink.clamp(0, 1)


def _bounding_box(ink: Tensor) -> tuple[int, int, int, int]:
    """Rows from, to (exclusive), columns from, to."""
    # In an image of MNIST's size every grey pixel belongs to the digit; in a larger one it may be blur around it.
    is_inked = ink > (_EDGE * ink.max() if max(ink.shape) > SIDE else 0)
    rows, columns = is_inked.any(dim=1).nonzero(), is_inked.any(dim=0).nonzero()
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _scaled(ink: Tensor, longest: int) -> Tensor:
    """What is drawn, cut out, `longest` pixels on its longer side."""
    top, bottom, left, right = _bounding_box(ink)
    height, width = bottom - top, right - left
    scale = longest / max(height, width)
    return _resized(
        ink[top:bottom, left:right], (max(1, round(height * scale)), max(1, round(width * scale)))
    )


def _placed(thing: Tensor, first_row: int, first_column: int) -> Tensor:
    image = torch.zeros(1, SIDE, SIDE)
    image[0, first_row : first_row + thing.shape[0], first_column : first_column + thing.shape[1]] = thing
    return image


def _resized(ink: Tensor, size: tuple[int, int]) -> Tensor:
    # Averaging areas makes the grey edges of MNIST's digits; enlarging that way would make blocks.
    smaller = max(ink.shape) > max(size)
    how = {"mode": "area"} if smaller else {"mode": "bilinear", "align_corners": False}
    return F.interpolate(ink[None, None], size=size, **how)[0, 0].clamp(0, 1)


def _first_pixel(mass: Tensor) -> int:
    """Where on a side of 28 a digit with this mass per row (or column) has to begin."""
    centre = float((mass * torch.arange(len(mass))).sum() / mass.sum())
    return min(max(round(SIDE / 2 - centre), 0), SIDE - len(mass))  # nothing is cut off
