"""Random changes of light: contrast, brightness, noise, and a patch that is painted black. They move nothing.

Drawn first (`sample_light`), then applied (`apply_light`), one image in its own way, in this order. Each is one of
Keras's layers, `RandomContrast((c, c))`, `RandomBrightness(b)`, `GaussianNoise(s)`, and `RandomErasing((p, p),
fill_value=0)`, all with `value_range=(0, 1)`: given the same draws, the same pixels. torchvision's `ColorJitter`
multiplies where Keras's brightness adds, and its noise is cut to [0, 1].
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.data.augment_spec import PATCH_SHARE, AugmentSpec


@dataclass(frozen=True, eq=False)
class LightParams:
    """What happens to the light of each image.

    contrast:   (count,), factor of each pixel's distance to the mean of its channel; 1 changes nothing.
    brightness: (count,), added to each pixel; 1 makes black white.
    noise:      (count, C, H, W), added to each pixel, or None.
    patch:      (count, 4), pixels: left and right edge, top and bottom edge; right = left paints nothing.
    """

    contrast: Tensor
    brightness: Tensor
    noise: Tensor | None
    patch: Tensor


def sample_light(
    spec: AugmentSpec, shape: tuple[int, int, int, int], generator: torch.Generator | None = None
) -> LightParams:
    """Draw the changes for images of `shape` (count, C, H, W), each from the ranges of `spec`.

    generator: where chance comes from; None takes torch's global one. The same state gives the same fractions of
    every range, whatever the ranges are.
    """
    count, _, height, width = shape
    device = generator.device if generator is not None else None
    draws = torch.rand(7, count, generator=generator, device=device)
    least, most = PATCH_SHARE
    sides = (least + (most - least) * draws[3:5]).sqrt()
    wide, high = sides[0] * width, sides[1] * height
    left, top = draws[5] * (width - wide), draws[6] * (height - high)
    erased = draws[2] < spec.erasing
    wide, high = wide * erased, high * erased
    noise = torch.randn(shape, generator=generator, device=device) if spec.noise else None
    return LightParams(
        contrast=1 + spec.contrast * (2 * draws[0] - 1),
        brightness=spec.brightness * (2 * draws[1] - 1),
        noise=None if noise is None else spec.noise * noise,
        patch=torch.stack([left, left + wide, top, top + high], dim=1),
    )


def apply_light(images: Tensor, params: LightParams) -> Tensor:
    """Change the light of each image by its own parameters. Returns a new tensor of the same shape.

    images: float (N, C, H, W) in [0, 1]. Contrast and brightness stay in there; noise may lead a little out of it, as
            Keras's does.
    """

    def each(values: Tensor) -> Tensor:
        return values.to(images)[:, None, None, None]

    result = images
    if not params.contrast.eq(1).all():
        mean = result.mean(dim=(2, 3), keepdim=True)
        result = ((result - mean) * each(params.contrast) + mean).clamp(0, 1)
    if params.brightness.any():
        result = (result + each(params.brightness)).clamp(0, 1)
    if params.noise is not None:
        result = result + params.noise.to(result)
    return result.masked_fill(_inside(params.patch.to(images.device), images.shape[-2:]), 0.0)


def _inside(patch: Tensor, size: torch.Size) -> Tensor:
    """(N, 1, H, W) bool: the pixels whose number of row and column lies in the patch, its first edge included."""
    rows = torch.arange(size[0], device=patch.device)[None, :, None]
    columns = torch.arange(size[1], device=patch.device)[None, None, :]
    left, right, top, bottom = patch.t()[:, :, None, None]
    return ((columns >= left) & (columns < right) & (rows >= top) & (rows < bottom)).unsqueeze(1)
