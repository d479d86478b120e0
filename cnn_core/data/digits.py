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
from torch import Tensor

from cnn_core.data.catalog.record import shape_words
from cnn_core.data.centring import BOX as BOX
from cnn_core.data.centring import FAINTEST_DRAWING, placed_as
from cnn_core.data.centring import SIDE as SIDE
from cnn_core.data.sources import Dataset, dataset_of
from cnn_core.data.uploads import MAX_UPLOAD_BYTES as MAX_UPLOAD_BYTES
from cnn_core.errors import StudentError

_PADS = (28, 56)  # pixels a side that a drawing on a pad may have
_MAX_DRAWING = 4096  # pixels per side


def centre_digit(drawing: Tensor) -> Tensor:
    """Centre and scale a digit as MNIST's makers did: fit into 20×20, centre of mass at the centre of 28×28.

    drawing: floats (H, W) or (1, H, W) of any size, 0 background to 1 ink.
    Returns (1, 28, 28) in [0, 1]. A digit of MNIST comes back as it is. Raises StudentError when nothing is drawn.
    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """
    return torch.from_numpy(placed_as(_checked(drawing).numpy(), by_mass=True))[None]


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
    ink = _checked(drawing).numpy()
    return torch.from_numpy(placed_as(ink, dataset.is_centred_by_mass, dataset.margin))[None]


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
    if ink.max() < FAINTEST_DRAWING:
        raise StudentError("Nothing is drawn yet.", hint="Draw a digit, large and with a thick pen.")
    return ink.clamp(0, 1)
