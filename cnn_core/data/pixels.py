"""What a pixel's number means: bytes from 0 to 255 in files and data sets, fractions from 0 to 1 in a network."""

from __future__ import annotations

import torch
from torch import Tensor


def as_fractions(images: Tensor, out: Tensor | None = None) -> Tensor:
    """Pixels as networks take them: float32 in [0, 1].

    images: of any shape, uint8 from 0 to 255, or floats that are in [0, 1] already.
    out:    a float32 tensor of that shape to write to, in any memory order; None makes a new one, or returns
            `images` itself if it is float32.
    """
    if images.dtype == torch.uint8:
        return torch.div(images, 255, out=out)
    return images.float() if out is None else out.copy_(images)
