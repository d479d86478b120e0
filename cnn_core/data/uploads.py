"""Image files from strangers: nothing is decoded before its size is known, and photos of telephones are made small.

A telephone's photo of 12 million pixels is decoded at a fraction of its size where its format allows that (JPEG); how
large others may be is said in `picture_bounds`. One file is decoded at a time in a process, and only once: what it
gave is kept for a while, since a page asks for it again at each click. HEIC, which iPhones write, is read by
pillow-heif, imported when the first such file comes.
"""

from __future__ import annotations

import hashlib
import io
import threading

import numpy as np
import torch
from PIL import Image, ImageFilter, ImageOps
from torch import Tensor

from cnn_core.data.picture_bounds import check_head, check_whole_jpeg
from cnn_core.errors import StudentError
from cnn_core.kept import Kept
from cnn_core.upload_limits import MEGABYTE, PHOTO_MB, megabytes

MAX_UPLOAD_BYTES = PHOTO_MB * MEGABYTE
EXTENSIONS = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "heic", "heif")
READABLE = "PNG, JPEG, WebP, GIF, BMP or HEIC"
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")  # Pillow knows many more, and each is a way in
_DOTTED = 240  # pixels of the shorter side of a picture in black and white alone, from which on dots are small in it
_SMALLEST_PHOTO = 16  # pixels of the shorter side


def photo_from_upload(data: bytes, longest: int = 1024) -> Tensor:
    """A colour photo from an image file: float (3, H, W) in [0, 1].

    data:    the file.
    longest: pixels of its longer side, to which a larger one is reduced.
    Transparent parts become white. Raises StudentError for files that are not images, too large, too small or
    cut short.
    """
    image = open_image(data, longest)
    if min(image.size) < _SMALLEST_PHOTO:
        raise StudentError(
            f"This image has {image.width}×{image.height} pixels, which is too little to work with.",
            hint=f"Choose one with {_SMALLEST_PHOTO} pixels or more on its shorter side.",
        )
    white = Image.new("RGBA", image.size, "white")
    colours = np.asarray(Image.alpha_composite(white, image).convert("RGB"), dtype=np.float32)
    return torch.from_numpy(colours / 255).permute(2, 0, 1).contiguous()


def open_image(data: bytes, longest: int) -> Image.Image:
    """The first picture of a file, upright, as RGBA of at most `longest` pixels a side.

    Raises StudentError for what is no image, too large, or damaged.
    """
    if not isinstance(data, bytes | bytearray | memoryview) or len(data) == 0:
        raise StudentError("The file is empty.", hint=f"Choose an image: {READABLE}.")
    if len(data) > MAX_UPLOAD_BYTES:
        raise StudentError(
            f"The file has {megabytes(len(data))} MB.", hint=f"Choose one of at most {PHOTO_MB} MB."
        )
    content = bytes(data)
    outcome = _kept.of((hashlib.sha256(content).digest(), longest), lambda: _outcome(content, longest))
    if isinstance(outcome, StudentError):
        raise StudentError(outcome.message, outcome.hint)
    size, pixels = outcome
    return Image.frombytes("RGBA", size, pixels)


_Pixels = tuple[tuple[int, int], bytes]  # (width, height), RGBA row by row
_kept: Kept[_Pixels | StudentError] = Kept(32_000_000)  # a dozen pictures, made small
_one_at_a_time = threading.Lock()  # a picture may take 200 MB for a moment


def _outcome(data: bytes, longest: int) -> _Pixels | StudentError:
    try:
        with _one_at_a_time:
            image = _decoded(data, longest)
        return image.size, image.tobytes()
    except StudentError as error:
        return StudentError(error.message, error.hint)  # without the frames that its traceback holds


def _decoded(data: bytes, longest: int) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=_formats_for(data[:12]))
    except StudentError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise StudentError("The image has more than 89 million pixels.", hint="Make it smaller.") from error
    except Exception as error:
        # Pillow's readers raise whatever they stumble over, from struct.error to KeyError.
        raise StudentError(
            "The file is not an image that can be read.", hint=f"Choose {READABLE}."
        ) from error
    with image:
        check_head(image, data, longest)  # nothing is decoded yet
        try:
            image.draft("RGB", (longest, longest))  # a JPEG can be decoded at a fraction of its size
            if image.format in ("JPEG", "MPO"):
                check_whole_jpeg(image.width * image.height)
            plain = _plain(image)
            if max(plain.size) > longest:
                plain.thumbnail((longest, longest), Image.Resampling.BOX, reducing_gap=2.0)
            return ImageOps.exif_transpose(plain).convert("RGBA")
        except StudentError:
            raise
        except Exception as error:  # as above
            raise StudentError(
                "The image is damaged or not complete.", hint="Open and save it anew, or choose another."
            ) from error


def _formats_for(head: bytes) -> tuple[str, ...]:
    """The formats that may be tried for a file with these first 12 bytes."""
    # A HEIC file says so here; for all others the library for it need not be loaded.
    is_heif = head[4:8] == b"ftyp" and head[8:12] in (b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1")
    if not is_heif:
        return _FORMATS
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        raise StudentError(
            "This is a HEIC photo, and this server has no reader for HEIC (pillow-heif).",
            hint="Save it as JPEG and choose that.",
        ) from error
    register_heif_opener(thumbnails=False)
    return ("HEIF",)


def _plain(image: Image.Image) -> Image.Image:
    """In a mode that can be made smaller without spoiling it."""
    if image.mode.startswith("I"):  # Pillow would cut 16-bit greys off at 255 where they have to be divided
        return Image.fromarray((np.asarray(image) >> 8).clip(0, 255).astype(np.uint8))
    if image.mode == "1" and min(image.size) >= _DOTTED:  # its greys may be dots, as of a fax
        return image.convert("L").filter(ImageFilter.GaussianBlur(min(image.size) / _DOTTED))
    return image if image.mode in ("L", "RGB", "RGBA", "CMYK") else image.convert("RGBA")


def colours_of(image: Image.Image) -> np.ndarray:
    """(H, W, 3) in [0, 1]. What is transparent becomes black behind a light drawing and white behind a dark one."""
    colours = np.asarray(image.convert("RGB"), dtype=np.float32) / 255
    opacity = np.asarray(image.getchannel("A"), dtype=np.float32)[..., None] / 255
    if opacity.min() == 1:
        return colours
    behind = 0.0 if (colours.mean(axis=2, keepdims=True) * opacity).sum() > 0.5 * opacity.sum() else 1.0
    if opacity.max() == 0:
        behind = 0.0
    return colours * opacity + behind * (1 - opacity)
