"""A dream as a film: the photo, what each octave made of it, and back again."""

from __future__ import annotations

import io
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from cnn_core.errors import StudentError, quoted

FORMATS = ("webp", "gif")
BETWEEN = 6  # blended pictures from one to the next
FRAME_MS, HOLD_MS = 80, 900  # how long a blended picture is seen, and how long the first and the last
GIF_SIDE = 400  # pixels: a GIF stores every pixel of 256 colours, so a large one has many megabytes


def on_the_photo(photo: Tensor, picture: Tensor) -> Tensor:
    """What a smaller octave dreamt, laid on the sharp photo: as the next octave will begin.

    photo: (C, H, W) in [0, 1].
    picture: (C, h, w) in [0, 1], the photo at that octave's size with what was dreamt so far.
    Returns (C, H, W) in [0, 1].
    """
    size, small = photo.shape[1:], picture.shape[1:]
    detail = picture - _resized(photo, (small[0], small[1]))
    return (photo + _resized(detail, (size[0], size[1]))).clamp(0, 1)


def animated(pictures: Sequence[Tensor], kind: str = "webp") -> bytes:
    """An endless film through the pictures and back, each blended into the next.

    pictures: two or more (C, H, W) in [0, 1] of one size, C 1 or 3.
    kind: "webp" or "gif".
    Raises StudentError for another kind, and where there are not two pictures of one size.
    """
    if kind not in FORMATS:
        raise StudentError(
            f"There are no films of the kind {quoted(kind)}.", hint=f"Choose {' or '.join(FORMATS)}."
        )
    if len(pictures) < 2 or len({tuple(picture.shape) for picture in pictures}) != 1:
        raise StudentError("A film needs two pictures or more, of one size.", hint="Wait for an octave.")
    there: list[Tensor] = []
    for first, second in pairwise(pictures):
        there += [torch.lerp(first, second, i / BETWEEN) for i in range(BETWEEN)]
    frames = [_image(frame) for frame in (*there, pictures[-1])]
    if kind == "gif":
        frames = [_thumbnail(frame) for frame in frames]
    durations = [HOLD_MS, *[FRAME_MS] * (len(frames) - 2), HOLD_MS, *[FRAME_MS] * (len(frames) - 2)]
    frames += frames[-2:0:-1]
    options = {"quality": 85, "method": 2} if kind == "webp" else {"optimize": False}
    content = io.BytesIO()
    frames[0].save(
        content, kind, save_all=True, append_images=frames[1:], duration=durations, loop=0, **options
    )
    return content.getvalue()


def to_png(picture: Tensor) -> bytes:
    """(C, H, W) in [0, 1], C 1 or 3, as a PNG. The same picture gives the same bytes."""
    content = io.BytesIO()
    _image(picture, keep_grey=True).save(content, "PNG", compress_level=3)
    return content.getvalue()


def from_file(content: bytes) -> Tensor:
    """A picture file of ours as (C, H, W) in [0, 1], C 1 for grey."""
    with Image.open(io.BytesIO(content)) as opened:
        image = opened if opened.mode in ("L", "RGB") else opened.convert("RGB")
        pixels = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return pixels.view(image.height, image.width, -1).permute(2, 0, 1).float() / 255


def _image(picture: Tensor, keep_grey: bool = False) -> Image.Image:
    pixels = (picture.detach().clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return image if keep_grey else image.convert("RGB")


def _thumbnail(image: Image.Image) -> Image.Image:
    image.thumbnail((GIF_SIDE, GIF_SIDE))
    return image.quantize(128, dither=Image.Dither.NONE)


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    if tuple(x.shape[1:]) == size:
        return x
    return F.interpolate(x[None], size, mode="bicubic", antialias=True, align_corners=False)[0]
