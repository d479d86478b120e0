"""Pictures small enough to see every pixel of: a ring drawn by hand, and a cat's face of 28×28."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from cnn_core.insight.dream.photo import photos

_RING = (
    "........",
    "..####..",
    ".##..##.",
    ".#....#.",
    ".#....#.",
    ".##..##.",
    "..####..",
    "........",
)
_FACE = (slice(None), slice(0, 300), slice(70, 370))  # of the photo: a square about the cat's face


def ring() -> Tensor:
    """A white ring on black, (1, 8, 8): horizontal, vertical and slanting edges, each at its own place."""
    return torch.tensor([[[float(sign == "#") for sign in line] for line in _RING]])


def small_cat(side: int = 28, color: bool = False) -> Tensor:
    """The cat's face, (3, side, side) in [0, 1], or its brightness alone, (1, side, side)."""
    small = interpolate(photos()["cat"][_FACE][None], size=(side, side), mode="area")[0]
    # The weights of the eye's three receptors, as television used them (ITU-R BT.601).
    weights = torch.tensor([0.299, 0.587, 0.114])[:, None, None]
    return small if color else (small * weights).sum(dim=0, keepdim=True)
