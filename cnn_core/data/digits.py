"""A visitor's own digit or photo: from the canvas or an uploaded file to what a network was trained on.

A network that learnt from MNIST has only seen digits that were centred and scaled in one particular way, so a
drawn one is treated the same (`centre_digit`). Files come from strangers: nothing is decoded before its size is
known.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor

from cnn_core.errors import StudentError

SIDE, BOX = 28, 20  # pixels: MNIST's images, and the square that a digit is fitted into
MAX_UPLOAD_BYTES = 15_000_000
MAX_UPLOAD_PIXELS = 50_000_000  # the largest photos of a telephone
_MAX_DRAWING = 4096  # pixels per side
_EDGE = 0.25  # where a stroke begins in a large drawing, whose edges are blurred over several pixels
_FAINTEST = 0.1  # a drawing whose brightest pixel is below this is empty
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")  # Pillow knows many more, and each is a way in
_READABLE = "PNG, JPEG, WebP, GIF or BMP"
_SMALLEST_PHOTO = 16  # pixels of the shorter side


def centre_digit(drawing: Tensor) -> Tensor:
    """Centre and scale a digit as MNIST's makers did: fit into 20×20, centre of mass at the centre of 28×28.

    drawing: floats (H, W) or (1, H, W) of any size, 0 background to 1 ink.
    Returns (1, 28, 28) in [0, 1]. A digit of MNIST comes back as it is. Raises StudentError when nothing is drawn.
    Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
    """
    ink = _checked(drawing)
    top, bottom, left, right = _bounding_box(ink)
    height, width = bottom - top, right - left
    scale = BOX / max(height, width)
    size = max(1, round(height * scale)), max(1, round(width * scale))
    fitted = _resized(ink[top:bottom, left:right], size)

    # In MNIST the centre of mass lies at row 14 and column 14, counted from 0, and digits move by whole pixels.
    first_row, first_column = (_first_pixel(fitted.sum(dim=1 - axis)) for axis in (0, 1))
    image = torch.zeros(1, SIDE, SIDE)
    image[0, first_row : first_row + size[0], first_column : first_column + size[1]] = fitted
    return image


def digit_from_pixels(pixels: Sequence[float], side: int | None = None) -> Tensor:
    """A centred digit from the numbers a browser's canvas sends: row by row, 0 black to 255 white.

    pixels: side × side of them.
    side:   of the canvas, in pixels; None accepts 28 and 56.
    Returns (1, 28, 28) in [0, 1].
    Raises StudentError for anything but so many numbers in that range, and when nothing is drawn.
    """
    lengths = [size * size for size in ([side] if side else [28, 56])]
    if not isinstance(pixels, list | tuple) or len(pixels) not in lengths:
        count = f"{len(pixels):,} numbers" if isinstance(pixels, list | tuple) else "something else"
        raise StudentError(
            f"A drawing is {' or '.join(map(str, lengths))} numbers, and {count} came.", hint="Draw again."
        )
    if not all(type(value) in (int, float) and 0 <= value <= 255 for value in pixels):
        raise StudentError("A drawing has numbers from 0 to 255 only, and others came.", hint="Draw again.")
    size = math.isqrt(len(pixels))
    return centre_digit(torch.tensor(pixels, dtype=torch.float32).view(size, size) / 255)


def digit_from_upload(data: bytes) -> Tensor:
    """A centred digit from an image file of any common kind, light on dark or dark on light.

    Returns (1, 28, 28) in [0, 1]. What most of the border looks like is taken for the background.
    Raises StudentError for files that are not images, too large, cut short, or without a digit.
    """
    grey = _grey(_open(data, longest=512))
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    background = float(np.median(border))
    if background > 0.5:
        grey, border, background = 1 - grey, 1 - border, 1 - background
    # Paper has a grain and a shadow: what is no brighter than nearly all of the border is not ink.
    floor = background + 2 * float(np.quantile(np.abs(border - background), 0.9))
    contrast = float(grey.max()) - floor
    if contrast < _FAINTEST:
        raise StudentError(
            "Nothing in this image stands out from its border.",
            hint="Use one digit or one thing, large and with a plain background around it.",
        )
    return centre_digit(torch.from_numpy((grey - floor).clip(min=0) / contrast))


def photo_from_upload(data: bytes, longest: int = 1024) -> Tensor:
    """A colour photo from an image file: float (3, H, W) in [0, 1].

    data:    the file.
    longest: pixels of its longer side, to which a larger one is reduced.
    Transparent parts become white. Raises StudentError for files that are not images, too large, too small or
    cut short.
    """
    image = _open(data, longest)
    if min(image.size) < _SMALLEST_PHOTO:
        raise StudentError(
            f"This image has {image.width}×{image.height} pixels, which is too little to work with.",
            hint=f"Choose one with {_SMALLEST_PHOTO} pixels or more on its shorter side.",
        )
    white = Image.new("RGBA", image.size, "white")
    colours = np.asarray(Image.alpha_composite(white, image).convert("RGB"), dtype=np.float32)
    return torch.from_numpy(colours / 255).permute(2, 0, 1).contiguous()


def _checked(drawing: Tensor) -> Tensor:
    ink = drawing[0] if drawing.ndim == 3 and len(drawing) == 1 else drawing
    if ink.ndim != 2 or not ink.is_floating_point() or ink.numel() == 0 or max(ink.shape) > _MAX_DRAWING:
        raise StudentError(
            f"A drawing must be floats (H, W), at most {_MAX_DRAWING} a side, not {drawing.dtype} "
            f"{tuple(drawing.shape)}."
        )
    ink = ink.detach().to("cpu", torch.float32)
    if not ink.isfinite().all():
        raise StudentError("A drawing must not hold infinite or undefined numbers.")
    if ink.max() < _FAINTEST:
        raise StudentError("Nothing is drawn yet.", hint="Draw a digit, large and with a thick pen.")
    return ink.clamp(0, 1)


def _bounding_box(ink: Tensor) -> tuple[int, int, int, int]:
    """Rows from, to (exclusive), columns from, to."""
    # In an image of MNIST's size every grey pixel belongs to the digit; in a larger one it may be blur around it.
    is_inked = ink > (_EDGE * ink.max() if max(ink.shape) > SIDE else 0)
    rows, columns = is_inked.any(dim=1).nonzero(), is_inked.any(dim=0).nonzero()
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def _resized(ink: Tensor, size: tuple[int, int]) -> Tensor:
    # Averaging areas makes the grey edges of MNIST's digits; enlarging that way would make blocks.
    smaller = max(ink.shape) > max(size)
    how = {"mode": "area"} if smaller else {"mode": "bilinear", "align_corners": False}
    return F.interpolate(ink[None, None], size=size, **how)[0, 0].clamp(0, 1)


def _first_pixel(mass: Tensor) -> int:
    """Where on a side of 28 a digit with this mass per row (or column) has to begin."""
    centre = float((mass * torch.arange(len(mass))).sum() / mass.sum())
    return min(max(round(SIDE / 2 - centre), 0), SIDE - len(mass))  # nothing is cut off


def _open(data: bytes, longest: int) -> Image.Image:
    """The first picture of a file, upright, as RGBA of at most `longest` pixels a side."""
    if not isinstance(data, bytes | bytearray | memoryview) or len(data) == 0:
        raise StudentError("The file is empty.", hint=f"Choose an image: {_READABLE}.")
    if len(data) > MAX_UPLOAD_BYTES:
        raise StudentError(
            f"The file has {len(data) / 1e6:.0f} MB.",
            hint=f"Choose one of at most {MAX_UPLOAD_BYTES / 1e6:.0f} MB.",
        )
    try:
        image = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except Exception as error:
        # Pillow's readers raise whatever they stumble over, from struct.error to KeyError.
        raise StudentError(
            "The file is not an image that can be read.", hint=f"Choose {_READABLE}."
        ) from error
    with image:
        if image.width * image.height > MAX_UPLOAD_PIXELS:  # read from the header: nothing is decoded yet
            raise _too_many_pixels()
        try:
            image.draft("RGB", (longest, longest))  # a JPEG can be decoded at a fraction of its size
            plain = _plain(image)
            plain.thumbnail((longest, longest), Image.Resampling.BOX)
            return ImageOps.exif_transpose(plain).convert("RGBA")
        except Exception as error:  # as above
            raise StudentError(
                "The image is damaged or not complete.", hint="Open and save it anew, or choose another."
            ) from error


def _too_many_pixels() -> StudentError:
    return StudentError(
        f"The image has more than {MAX_UPLOAD_PIXELS / 1e6:.0f} million pixels.", hint="Choose a smaller one."
    )


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be made smaller without spoiling it."""
    if image.mode.startswith("I"):  # Pillow would cut 16-bit greys off at 255 where they have to be divided
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    return image if image.mode in ("L", "RGB", "RGBA", "CMYK") else image.convert("RGBA")


def _grey(image: Image.Image) -> np.ndarray:
    """(H, W) in [0, 1]. What is transparent becomes black behind a light drawing and white behind a dark one."""
    grey = np.asarray(image.convert("RGB").convert("L"), dtype=np.float32) / 255
    opacity = np.asarray(image.getchannel("A"), dtype=np.float32) / 255
    if opacity.min() == 1 or opacity.max() == 0:
        return grey * opacity
    behind = 0.0 if (grey * opacity).sum() > 0.5 * opacity.sum() else 1.0
    return grey * opacity + behind * (1 - opacity)
