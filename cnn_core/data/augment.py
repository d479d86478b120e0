"""Random changes of images: draw them (`sample_affine`), then apply them (`apply_affine`). Light is `light.py`'s.

Rotation, shift, shear, zoom and flips are one matrix per image. It says, for every pixel of the result,
which place of the original to look at; between pixels the four neighbours are mixed. As it leads from the
result to the original, tx = +2 moves the picture 2 pixels to the left, and a zoom of 1.2 makes it smaller.
Source: Keras's `apply_affine_transform`, whose geometry this is, pixel for pixel, for a whole batch at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.data.augment_spec import FILL_MODES, AugmentSpec, in_pixels
from cnn_core.data.light import apply_light, sample_light
from cnn_core.errors import StudentError, quoted

# A place this near to the border counts as on it: rounding must not turn the border of an image that was
# rotated by 180 degrees into background.
_ON_THE_BORDER = 1e-4  # pixels


@dataclass(frozen=True, eq=False)
class AffineParams:
    """What happens to each image; every field is a float tensor (count,).

    theta: degrees, counter-clockwise on the screen.
    tx:    pixels, to the left.
    ty:    pixels, upwards.
    shear: degrees.
    zx:    factor; 2 shows the image half as wide, a negative one flips it left to right.
    zy:    the same, of the height.
    """

    theta: Tensor
    tx: Tensor
    ty: Tensor
    shear: Tensor
    zx: Tensor
    zy: Tensor

    def __len__(self) -> int:
        return len(self.theta)

    @classmethod
    def unchanged(cls, count: int) -> AffineParams:
        """The changes that change nothing. Use `dataclasses.replace` to set one of them."""
        zero, one = torch.zeros(count), torch.ones(count)
        return cls(theta=zero, tx=zero, ty=zero, shear=zero, zx=one, zy=one)


def sample_affine(
    spec: AugmentSpec, count: int, size: tuple[int, int] = (28, 28), generator: torch.Generator | None = None
) -> AffineParams:
    """Draw the changes for so many images, each from the ranges of `spec`.

    count:     how many images.
    size:      of them, (rows, columns).
    generator: where chance comes from; None takes torch's global one. The same state gives the same fractions
    of every range whatever the ranges are, so moving one slider leaves the other changes as they were.
    """
    device = generator.device if generator is not None else None
    draws = torch.rand(8, count, generator=generator, device=device)
    to_either_side = 2 * draws[:4] - 1
    smallest, largest = spec.zoom_limits
    zoom = smallest + (largest - smallest) * draws[4:6]
    flip = 1 - 2 * (draws[6:] < 0.5).to(zoom.dtype)  # -1 for every second image
    return AffineParams(
        theta=spec.rotation_range * to_either_side[0],
        tx=in_pixels(spec.width_shift_range, size[1]) * to_either_side[1],
        ty=in_pixels(spec.height_shift_range, size[0]) * to_either_side[2],
        shear=spec.shear_range * to_either_side[3],
        zx=zoom[0] * flip[0] if spec.horizontal_flip else zoom[0],
        zy=zoom[1] * flip[1] if spec.vertical_flip else zoom[1],
    )


def apply_affine(
    images: Tensor, params: AffineParams, fill_mode: str = "nearest", cval: float = 0.0
) -> Tensor:
    """Change each image by its own parameters.

    images:    float (N, C, H, W).
    params:    with N values in each field.
    fill_mode: for places outside the original: "nearest" repeats its border, "constant" paints `cval`, "reflect"
               mirrors at its edge (half a pixel outside the last one), "wrap" begins again on the other side.
    cval:      the number that "constant" paints.
    Returns a new tensor of the same shape.
    Raises StudentError for integers, another number of parameters than of images, or an unknown fill mode.
    """
    _check(images, params, fill_mode)
    matrices = affine_matrices(params).to(images.device)  # (N, 2, 3)
    if images.numel() == 0 or matrices.equal(torch.eye(2, 3).to(matrices).expand_as(matrices)):
        return images.clone()
    rows, columns = images.shape[-2:]
    x, y = _places(matrices.to(_precision(images)), rows, columns)  # each (N, H, W), pixels of the original

    if fill_mode == "reflect":
        x, y = _mirrored(x, columns), _mirrored(y, rows)
    elif fill_mode == "wrap":
        x, y = x.remainder(columns), y.remainder(rows)
    source = F.pad(images, (0, 1, 0, 1), mode="circular") if fill_mode == "wrap" else images
    result = _look_up(source, x, y)

    if fill_mode == "constant":
        outside = _is_outside(x, columns) | _is_outside(y, rows)
        result = result.masked_fill(outside.unsqueeze(1), cval)
    return result


def augment(images: Tensor, spec: AugmentSpec, generator: torch.Generator | None = None) -> Tensor:
    """Draw and apply: each image changed in its own way within `spec`. Returns a new tensor.

    images:    float (N, C, H, W).
    generator: where chance comes from; None takes torch's global one.
    """
    rows, columns = images.shape[-2:]
    params = sample_affine(spec, len(images), (rows, columns), generator)
    moved = apply_affine(images, params, spec.fill_mode, spec.cval)
    if not spec.changes_light:
        return moved
    count, channels = images.shape[:2]
    return apply_light(moved, sample_light(spec, (count, channels, rows, columns), generator))


def affine_matrices(params: AffineParams) -> Tensor:
    """rotation · shift · shear · zoom, float64 (N, 2, 3): from a place of the result to one of the original.

    A place is (column, row, 1), in pixels from the centre of the image.
    """
    theta, tx, ty, shear, zx, zy = (
        torch.as_tensor(getattr(params, name)).detach().to("cpu", torch.float64)
        for name in ("theta", "tx", "ty", "shear", "zx", "zy")
    )
    cos, sin = theta.deg2rad().cos(), theta.deg2rad().sin()
    # shear is [[1, -sin], [0, cos]], in degrees like the rotation; a tilt, and a little less height.
    tilt, height = -shear.deg2rad().sin(), shear.deg2rad().cos()
    to_column = torch.stack([cos * zx, (cos * tilt - sin * height) * zy, cos * tx - sin * ty], dim=-1)
    to_row = torch.stack([sin * zx, (sin * tilt + cos * height) * zy, sin * tx + cos * ty], dim=-1)
    return torch.stack([to_column, to_row], dim=-2)


def _check(images: Tensor, params: AffineParams, fill_mode: str) -> None:
    if not images.is_floating_point() or images.ndim != 4:
        raise StudentError(
            f"Images to change must be floats (N, C, H, W), not {images.dtype} {tuple(images.shape)}.",
            hint="Divide raw images by 255.",
        )
    if len(params.theta) != len(images):
        raise StudentError(f"There are {len(images)} images and {len(params.theta)} changes.")
    if not isinstance(fill_mode, str) or fill_mode not in FILL_MODES:
        raise StudentError(
            f"The fill mode {quoted(fill_mode)} is unknown.",
            hint=f"Choose one of {', '.join(FILL_MODES)}.",
        )


def _precision(images: Tensor) -> torch.dtype:
    # Half precision has too few digits to tell the places in an image apart.
    return torch.float64 if images.dtype == torch.float64 else torch.float32


def _places(matrices: Tensor, rows: int, columns: int) -> tuple[Tensor, Tensor]:
    """For each pixel of the result (N, H, W): the column and the row of the original to look at."""
    from_centre_x = torch.arange(columns).to(matrices) - (columns - 1) / 2
    from_centre_y = torch.arange(rows).to(matrices) - (rows - 1) / 2
    by_column = matrices[:, :, 0, None] * from_centre_x  # (N, 2, W)
    by_row = matrices[:, :, 1, None] * from_centre_y + matrices[:, :, 2, None]  # (N, 2, H)
    x, y = (by_column[:, :, None, :] + by_row[:, :, :, None]).unbind(1)
    return x + (columns - 1) / 2, y + (rows - 1) / 2


def _mirrored(place: Tensor, size: int) -> Tensor:
    # ... c b a | a b c | c b a ...: there and back again takes 2 * size pixels.
    return size - 0.5 - ((place + 0.5).remainder(2 * size) - size).abs()


def _is_outside(place: Tensor, size: int) -> Tensor:
    return (place - (size - 1) / 2).abs() > (size - 1) / 2 + _ON_THE_BORDER


def _look_up(images: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear values of images (N, C, H, W) at places (N, H, W) in pixels; outside, those of the border."""
    rows, columns = images.shape[-2:]
    # grid_sample counts from -1, the centre of the first pixel, to 1, that of the last (align_corners).
    grid = torch.stack([2 * x / max(columns - 1, 1) - 1, 2 * y / max(rows - 1, 1) - 1], dim=-1)
    values = F.grid_sample(
        images.to(grid.dtype), grid, mode="bilinear", padding_mode="border", align_corners=True
    )
    return values.to(images.dtype)
