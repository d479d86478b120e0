"""A test image that somebody enlarged and sends back: it is 28×28 already, and goes in as it is."""

from __future__ import annotations

import numpy as np
from PIL import Image

from cnn_core.data.centring import BOX, SIDE, placed_as
from cnn_core.data.sources import Dataset

_SAME = 0.03  # root mean square difference, of full contrast: what JPEG does to edges
_WAYS = (
    Image.Resampling.NEAREST,
    Image.Resampling.BILINEAR,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)


def image_of_its_own(grey: np.ndarray, dataset: Dataset) -> np.ndarray | None:
    """The image of a data set that was enlarged to this picture, or None where it is no such image.

    grey: (H, W) in [0, 1], light on dark or dark on light.
    Returns float32 (28, 28) in [0, 1], light on dark.
    """
    height, width = grey.shape
    if height != width or height < SIDE or np.ptp(grey) < 0.3:
        return None
    picture = Image.fromarray(grey.astype(np.float32))
    small = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    image = np.asarray(small).clip(0, 1)
    ground = _ground_of_border(image)
    if ground is None:
        return None
    image = np.abs(image - ground)
    thing = np.argwhere(image > 0.1)
    if not len(thing):
        return None
    longest = int(np.ptp(thing, axis=0).max()) + 1
    # Blocks tell that it was enlarged; of a smooth picture only its size tells that it is one of the data set's.
    has_its_size = abs(longest - BOX) <= 1 if dataset.is_centred_by_mass else longest >= SIDE - 4
    for way in _WAYS:
        again = np.asarray(small.resize((width, height), way))
        if float(np.sqrt(np.square(again - grey).mean())) < _SAME and (way == _WAYS[0] or has_its_size):
            pixels = np.where(image < 0.02, 0, image).astype(np.float32)
            return placed_as(pixels, by_mass=True) if dataset.is_centred_by_mass else pixels
    return None


def _ground_of_border(image: np.ndarray) -> int | None:
    """0 or 1: which of the two the border holds more of; None where it holds too little of both."""
    border = np.concatenate([image[0], image[-1], image[1:-1, 0], image[1:-1, -1]])
    light, dark = float((border > 0.96).mean()), float((border < 0.04).mean())
    # A garment may touch the border at three sides, and then its corners are left.
    return None if max(light, dark) < 0.2 else int(light > dark)
