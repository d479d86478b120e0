"""Which pictures are decoded at all: told from a file's head, before anything of it is unpacked.

A file of 100 kB may hold a picture that takes a gigabyte. What it takes depends on its format: of a telephone's JPEG an
eighth of each side can be decoded, so it may be large; all others have to be decoded whole.
"""

from __future__ import annotations

from PIL import Image

from cnn_core.errors import StudentError

MOST_JPEG = 65_000_000  # pixels; telephones make photos of 12, 24, 50 and 64 million
MOST_WHOLE = 13_000_000  # of a picture that has to be decoded whole: a photo of 12 million pixels, saved anew
MOST_HEIF = 26_000_000  # iPhones write 12 or 24 million
MOST_SCANS = 100  # of a JPEG: a usual one has 1 or about 10, and each costs as much time as the whole picture
_LEAST_SIDE = 4  # pixels that the shorter side must keep when the picture is made small

_MANY_FRAMES = ("JPEG", "MPO")  # a telephone's JPEG with a second picture behind the first
_NAMES = {"MPO": "JPEG", "HEIF": "HEIC", "WEBP": "WebP"}


def check_head(image: Image.Image, data: bytes, longest: int) -> None:
    """Raise StudentError for a picture that would take too much memory or time to decode, or would show nothing.

    image:   opened, not decoded.
    data:    the file.
    longest: pixels of the longer side, to which it will be made small.
    """
    width, height = image.size
    if longest * min(width, height) < _LEAST_SIDE * max(width, height):
        raise StudentError(
            f"The image is a strip of {width:,}×{height:,} pixels: made small, nothing of it could be seen.",
            hint="Cut a part out of it, and choose that.",
        )
    if image.format not in _MANY_FRAMES:
        _check_pixels(width, height, image.format, MOST_HEIF if image.format == "HEIF" else MOST_WHOLE)
        return
    _check_pixels(width, height, image.format, MOST_JPEG)
    if data.count(b"\xff\xda") > MOST_SCANS:
        raise StudentError(
            "This JPEG is put together from more than a hundred parts.", hint="Open it and save it anew."
        )
    if _is_read_whole(data):
        check_whole_jpeg(width * height)


def _check_pixels(width: int, height: int, kind: str | None, most: int) -> None:
    if width * height <= most:
        return
    name = _NAMES.get(str(kind), kind)
    way = "Make it smaller" if name == "JPEG" else "Make it smaller, or save it as JPEG"
    raise StudentError(
        f"The image has {_millions(width * height)} million pixels; a {name} may have {most / 1e6:.0f} million.",
        hint=f"{way}.",
    )


def check_whole_jpeg(pixels: int) -> None:
    """Raise StudentError where so many pixels of a JPEG would have to be decoded."""
    if pixels > MOST_WHOLE:
        raise StudentError(
            f"This JPEG can only be read whole (it is “progressive”, or long and narrow), and has "
            f"{_millions(pixels)} million pixels; such a one may have {MOST_WHOLE / 1e6:.0f} million.",
            hint="Make it smaller.",
        )


def _millions(pixels: int) -> str:
    """Rounded up: what is too much never looks like what is allowed."""
    return f"{-(-pixels // 1_000_000):,}"


def _is_read_whole(data: bytes) -> bool:
    """Whether a decoder keeps all of a JPEG's numbers in memory, at whatever size it is wanted.

    So it is where the picture comes in several scans: in a progressive one, or with each colour by itself.
    Source: ITU-T T.81, B.2.
    """
    place, components = 2, 0
    while place + 9 < len(data) and data[place] == 0xFF:
        marker, length = data[place + 1], int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xFF:  # a byte to fill up
            place += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame's head
            components = data[place + 9]
            if marker not in (0xC0, 0xC1):
                return True
        if marker == 0xDA:  # the first scan
            return data[place + 4] < components
        place += 2 + length
    return True  # it cannot be told
