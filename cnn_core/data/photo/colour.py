"""A photo for a network that learnt from colour photos: its middle square, made as small as the data set's images.

Nothing is cut out and no ground is taken away: those data sets show things in their surroundings, too.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

Box = tuple[int, int, int, int]


def middle_square(colours: np.ndarray, shape: tuple[int, int, int]) -> tuple[np.ndarray, Box]:
    """The middle square of a photo in the size of a data set's images.

    colours: (H, W, 3) in [0, 1].
    shape:   (3, rows, columns) of an image; both sides alike.
    Returns the image, (3, rows, columns) in [0, 1], and where it was: top, left, bottom, right.
    Each pixel is the mean of those it stands for; a photo smaller than that is enlarged smoothly.
    """
    height, width = colours.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = (colours[top : top + side, left : left + side] * 255).round().astype(np.uint8)
    _, rows, columns = shape
    way = Image.Resampling.BOX if side >= max(rows, columns) else Image.Resampling.BILINEAR
    small = np.asarray(Image.fromarray(square).resize((columns, rows), way), dtype=np.float32) / 255
    return np.ascontiguousarray(small.transpose(2, 0, 1)), (top, left, top + side, left + side)
