"""A digit's stroke brought to the width that MNIST's strokes have.

MNIST's digits were written with pens whose stroke is about an eighth of the digit's height. A ball-pen's is a fiftieth:
reduced to 20 pixels it would be a grey shade that no network has learnt from.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

THIN = 0.085  # of the digit's longer side; thinner are 2 % of MNIST's own
USUAL = 0.12  # what a thin stroke is brought to


def stroke_width(shape: np.ndarray) -> float:
    """How wide a stroke is, in pixels: twice the distance from its middle to its edge.

    shape: bool (H, W).
    """
    inside = ndimage.distance_transform_edt(np.pad(shape, 1))
    ridge = (inside == ndimage.maximum_filter(inside, 3)) & (inside > 0)
    return 2 * float(np.median(inside[ridge])) - 0.5 if ridge.any() else 0.0


def thickened(ink: np.ndarray, by: float) -> np.ndarray:
    """Let a stroke grow by `by` pixels to all sides. ink: float (H, W) in [0, 1], with room around it."""
    away = ndimage.distance_transform_edt(ink < 0.5)
    return np.maximum(ink, np.clip(by - away + 1, 0, 1)).astype(np.float32)
