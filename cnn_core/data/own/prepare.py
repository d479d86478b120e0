"""A drawing, a photo or a file's pixels become a picture of an own data set: grey 28×28, or colour 32×32.

Three ways for a photo or a drawing, and each picture remembers its own:
    "draw"   on the pad: centred and made 20 pixels large, light on dark, as MNIST's digits are
    "ink"    a drawing on paper: what stands out from the paper, then the same
    "thing"  a photo of a thing: the square in its middle, made small
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Literal

import numpy as np
from PIL import Image
from torch import Tensor

from cnn_core.data.own.contents import Way
from cnn_core.data.own.own_set import NewPicture
from cnn_core.data.uploads import colours_of, open_image
from cnn_core.errors import StudentError

Shape = tuple[int, int, int]
PhotoWay = Literal["ink", "thing"]
_LONGEST = 512  # pixels at which a photo is cut; a JPEG is decoded no larger than it must be
_GREY = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601, as Pillow's "L"


def from_pad(pixels: Sequence[float], shape: Shape) -> NewPicture:
    """A drawing on the pad: 784 or 3,136 numbers from 0 black to 255 white. Raises StudentError where it is empty."""
    from cnn_core.data.digits import digit_from_pixels

    return NewPicture(_of_digit(digit_from_pixels(list(pixels)), shape), "draw")


def from_photo(data: bytes, shape: Shape, way: PhotoWay) -> NewPicture:
    """A photo from an image file.

    way: "ink" finds a drawing on paper, "thing" takes the square in the middle.
    Raises StudentError for files that are no images, too large or damaged, and where there is no ink.
    """
    if way == "ink":
        from cnn_core.data.photo import read_photo

        return NewPicture(_of_digit(read_photo(data, "mnist").image, shape), "ink")
    return NewPicture(_middle(data, shape), "thing")


def as_image(picture: NewPicture, shape: Shape) -> Tensor:
    """The same as a network takes it: (C, H, W) float in [0, 1]."""
    import torch

    return torch.frombuffer(bytearray(picture.pixels), dtype=torch.uint8).view(*shape).float() / 255


def as_png(pixels: bytes, shape: Shape) -> bytes:
    """A picture as a file, pixel by pixel."""
    values = np.frombuffer(pixels, np.uint8).reshape(shape)
    out = io.BytesIO()
    Image.fromarray(values[0] if shape[0] == 1 else np.ascontiguousarray(values.transpose(1, 2, 0))).save(
        out, "PNG"
    )
    return out.getvalue()


def _of_digit(image: Tensor, shape: Shape) -> bytes:
    """(1, 28, 28) in [0, 1] to the pixels of a set; around it as much black as it needs, the same in all channels."""
    small = (image[0].numpy() * 255).round().clip(0, 255).astype(np.uint8)
    channels, height, width = shape
    rim = (height - small.shape[0]) // 2
    canvas = np.zeros((height, width), np.uint8)
    canvas[rim : rim + small.shape[0], rim : rim + small.shape[1]] = small
    return np.repeat(canvas[None], channels, axis=0).tobytes()


def _middle(data: bytes, shape: Shape) -> bytes:
    """The square in the middle of a photo, made small."""
    image = open_image(data, _LONGEST)
    side = min(image.size)
    if side < 4:
        raise StudentError(
            f"This image has {image.width}×{image.height} pixels, which is too little to work with.",
            hint="Choose one with 4 pixels or more on its shorter side.",
        )
    left, top = (image.width - side) // 2, (image.height - side) // 2
    colours = colours_of(image.crop((left, top, left + side, top + side)))  # (H, W, 3)
    if shape[0] == 1:
        colours = (colours @ _GREY)[..., None]
    square = np.stack([_resized(colours[..., c], shape[1]) for c in range(colours.shape[2])])
    return (square * 255).round().clip(0, 255).astype(np.uint8).tobytes()


def _resized(values: np.ndarray, side: int) -> np.ndarray:
    if values.shape == (side, side):  # a picture that was saved comes back pixel by pixel
        return values
    smaller = values.shape[0] > side
    how = Image.Resampling.BOX if smaller else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(values.astype(np.float32)).resize((side, side), how))


def usual_way(ways: Sequence[Way]) -> PhotoWay:
    """How a photo is most probably meant in a set whose pictures came these ways."""
    drawn = sum(way in ("draw", "ink") for way in ways)
    return "ink" if ways and 2 * drawn > len(ways) else "thing"
