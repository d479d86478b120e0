"""A photo for a network that learnt from colour photos: its middle square, made as small as the data set's images.

Nothing is cut out and no ground is taken away: those data sets show things in their surroundings, too.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Box = tuple[int, int, int, int]


def middle_square(colours: np.ndarray, shape: tuple[int, int, int]) -> tuple[Tensor, Box]:
    """The middle square of a photo in the size of a data set's images.

    colours: (H, W, 3) in [0, 1].
    shape:   (3, rows, columns) of an image; both sides alike.
    Returns the image, (3, rows, columns) in [0, 1], and where it was: top, left, bottom, right.
    Each pixel is the mean of those it stands for; a photo smaller than that is enlarged smoothly.
    """
    height, width = colours.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = torch.from_numpy(np.ascontiguousarray(colours[top : top + side, left : left + side]))
    smaller = side >= max(shape[1:])
    how = {"mode": "area"} if smaller else {"mode": "bilinear", "align_corners": False}
    small = F.interpolate(square.float().permute(2, 0, 1)[None], size=shape[1:], **how)[0].clamp(0, 1)
    return small, (top, left, top + side, left + side)
