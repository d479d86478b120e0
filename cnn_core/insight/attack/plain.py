"""Changes that are not aimed at a network: noise, blur, a patch that covers, a shift, a turn. Each has a size.

A size of 0 changes nothing, and what is drawn by lot (the noise, the signs) is the same for every size: only its
strength grows, so that an answer's curve over the size is one curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.checks import plain_number
from cnn_core.data import AffineParams, apply_affine
from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError, quoted


@dataclass(frozen=True)
class Kind:
    """A kind of change. Its unit is how a size is counted; `most` is the largest."""

    unit: str
    most: float


DISTURBANCES: dict[str, Kind] = {
    "noise": Kind("standard deviation, of full contrast", 1.0),
    "signs": Kind("of full contrast, up or down by lot", 1.0),
    "blur": Kind("pixels, standard deviation of the blur", 10.0),
    "patch": Kind("pixels a side", 1_000.0),
    "shift": Kind("pixels", 1_000.0),
    "turn": Kind("degrees", 360.0),
}


def disturbed(
    images: Tensor,
    kind: str,
    size: float,
    *,
    seed: int = 0,
    centre: tuple[float, float] = (0.5, 0.5),
    shade: float = 0.0,
    direction: float | None = None,
) -> Tensor:
    """Images changed by one kind and size.

    images:    (N, C, H, W), float in [0, 1] or uint8.
    kind:      a key of DISTURBANCES.
    size:      in its unit, from 0.
    seed:      of noise, signs, and of the directions where none is given.
    centre:    of the patch, as fractions of height and width.
    shade:     of the patch, 0 black to 1 white.
    direction: of a shift, degrees counter-clockwise from the right; a turn's is counter-clockwise from 0 on, clockwise
               below. None draws one for each image.
    Returns float (N, C, H, W) in [0, 1]; the input is left untouched. Raises StudentError for another kind, and for a
    size that makes no sense.
    """
    if kind not in DISTURBANCES:
        raise StudentError(f"There is no attack {quoted(kind)}.", hint=f"Choose {', '.join(DISTURBANCES)}.")
    plain_number(size, "The size", 0.0, DISTURBANCES[kind].most)
    pixels = as_fractions(images)
    if size == 0:
        return pixels.clone()
    if kind == "noise":
        chance = torch.Generator().manual_seed(seed)
        return (pixels + size * torch.randn(pixels.shape, generator=chance).to(pixels)).clamp(0, 1)
    if kind == "signs":
        return (pixels + size * random_signs(pixels.shape, seed).to(pixels)).clamp(0, 1)
    if kind == "blur":
        return blurred(pixels, size)
    if kind == "patch":
        return covered(pixels, size, centre, shade)
    return _moved(pixels, kind, size, seed, direction)


def random_signs(shape: tuple[int, ...] | torch.Size, seed: int = 0) -> Tensor:
    """Plus and minus one by lot, float of that shape: as large as an aimed pattern, and not aimed."""
    chance = torch.Generator().manual_seed(seed)
    return torch.randint(0, 2, tuple(shape), generator=chance).float() * 2 - 1


def blurred(images: Tensor, deviation: float) -> Tensor:
    """Each pixel the mean of its surroundings, weighted by a Gaussian; the border goes on outside.

    images: float (N, C, H, W).  deviation: of the Gaussian, in pixels.
    """
    reach = max(1, math.ceil(3 * deviation))
    offsets = torch.arange(-reach, reach + 1, dtype=images.dtype, device=images.device)
    weights = torch.exp(-0.5 * (offsets / deviation) ** 2)
    weights /= weights.sum()
    planes = images.flatten(0, 1).unsqueeze(1)  # (N * C, 1, H, W)
    padded = F.pad(planes, (reach,) * 4, mode="replicate")
    across = F.conv2d(padded, weights.view(1, 1, 1, -1))
    return F.conv2d(across, weights.view(1, 1, -1, 1)).view_as(images).clamp(0, 1)


def covered(images: Tensor, side: float, centre: tuple[float, float], shade: float = 0.0) -> Tensor:
    """A square patch of one shade over each image, cut off at the border."""
    plain_number(shade, "The shade of the patch", 0.0, 1.0)
    images = images.clone()
    (top, bottom), (left, right) = (
        _span(middle, side, length) for middle, length in zip(centre, images.shape[-2:], strict=True)
    )
    images[..., top:bottom, left:right] = shade
    return images


def _span(middle: float, side: float, length: int) -> tuple[int, int]:
    first = round(plain_number(middle, "The middle of the patch", 0.0, 1.0) * length - side / 2)
    return max(0, first), max(0, min(length, first + round(side)))


def _moved(images: Tensor, kind: str, size: float, seed: int, direction: float | None) -> Tensor:
    chance, count = torch.Generator().manual_seed(seed), len(images)
    params = AffineParams.unchanged(count)
    if direction is None:
        degrees = torch.rand(count, generator=chance) * 360 - 180
    else:
        degrees = torch.full((count,), float(direction))
    if kind == "turn":
        return apply_affine(
            images, replace(params, theta=torch.where(degrees < 0, -size, size)), fill_mode="constant"
        )
    angle = degrees.deg2rad()
    # apply_affine's shifts are to the left and upwards; right is 0 degrees, up is 90.
    return apply_affine(
        images, replace(params, tx=-size * angle.cos(), ty=size * angle.sin()), fill_mode="constant"
    )
