"""A photo for a network that learnt from colour photos: its middle square, made as small as the data set's images.

Nothing is cut out and no ground is taken away: those data sets show things in their surroundings, too.
"""

from __future__ import annotations

import numpy as np

from cnn_core.data.centring import resized

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
    square = colours[top : top + side, left : left + side].astype(np.float32)
    small = np.stack([resized(square[..., channel], shape[1:]) for channel in range(3)])
    return small, (top, left, top + side, left + side)
