"""A zip of pictures, `train/cat/0001.jpg`: a part of a data set that can be carried about.

A stranger's zip may promise what it likes. Its list is read first, and everything in it has bounds; what does not lie
in `train/` or `test/`, or in the folder of a class, is left alone. Names are only compared, never used as paths.
"""

from __future__ import annotations

import functools
import io
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cnn_core.data.catalog.record import Split
from cnn_core.data.idx import damaged, unreadable
from cnn_core.errors import quoted

MOST_PICTURES = 100_000
MOST_BYTES = 100_000  # of one picture: a JPEG of 32×32 pixels has about 1,000
_FORMATS = ("PNG", "JPEG")


def count(path: Path, split: Split, classes: Sequence[str]) -> int:
    """How many pictures of these classes it has for that split. Raises StudentError for a damaged zip."""
    return sum(map(len, _listed(path, split, classes)))


def read(
    path: Path, split: Split, classes: Sequence[str], shape: tuple[int, int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The pictures of one split as uint8 (N, C, H, W), and the places of their classes, uint8 (N,).

    Of every class in turn: 0, 1, ..., 9, 0, 1, ..., so that any stretch of them, such as the end that a training
    keeps for validation, holds every class equally often while they last.
    Raises StudentError for a damaged zip, or a picture that is not of this shape.
    """
    listed = _listed(path, split, classes)
    longest = max(map(len, listed))
    order = [
        (label, names[i]) for i in range(longest) for label, names in enumerate(listed) if i < len(names)
    ]
    images = np.empty((len(order), *shape), dtype=np.uint8)
    try:
        with zipfile.ZipFile(path) as archive:
            for place, (_, name) in enumerate(order):
                images[place] = _picture(path, name, archive, shape)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise damaged(path, "it cannot be unpacked") from error
    except OSError as error:
        raise unreadable(path, error) from error
    return images, np.array([label for label, _ in order], dtype=np.uint8)


def _picture(path: Path, name: str, archive: zipfile.ZipFile, shape: tuple[int, int, int]) -> np.ndarray:
    with archive.open(name) as member:
        content = member.read(MOST_BYTES + 1)  # the list may lie about how much there is
    if len(content) > MOST_BYTES:
        raise damaged(path, f"{quoted(name)} unpacks to more than {MOST_BYTES:,} bytes")
    from PIL import Image

    channels, height, width = shape
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            size = picture.size
            # Nothing is decoded before its size is known.
            pixels = (
                np.asarray(picture.convert("RGB" if channels == 3 else "L"))
                if size == (width, height)
                else None
            )
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise damaged(path, f"{quoted(name)} is not a picture that can be read") from error
    if pixels is None:
        raise damaged(path, f"{quoted(name)} has {size[0]}×{size[1]} pixels instead of {width}×{height}")
    return pixels.reshape(height, width, channels).transpose(2, 0, 1)


def _listed(path: Path, split: Split, classes: Sequence[str]) -> list[list[str]]:
    """The names of that split's pictures, for each class in order."""
    status = path.stat()
    names = _all_names(path, status.st_size, status.st_mtime_ns)
    found: dict[str, list[str]] = {name: [] for name in classes}
    for name in names:
        parts = name.split("/")
        if len(parts) == 3 and parts[0] == split and parts[1] in found:
            found[parts[1]].append(name)
    if empty := [name for name, pictures in found.items() if not pictures]:
        raise damaged(path, f"it has no picture in {split}/{empty[0]}")
    return [sorted(pictures) for pictures in found.values()]


@functools.lru_cache(maxsize=4)
def _all_names(path: Path, size: int, changed: int) -> tuple[str, ...]:
    # The size and the time are there so that a replaced file is looked at anew.
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except zipfile.BadZipFile as error:
        raise damaged(path, "it is not a zip, or not all of it") from error
    except OSError as error:
        raise unreadable(path, error) from error
    pictures = [one for one in members if not one.is_dir()]
    if len(pictures) > MOST_PICTURES:
        raise damaged(path, f"it holds {len(pictures):,} files, and {MOST_PICTURES:,} is the most")
    if large := [one.filename for one in pictures if one.file_size > MOST_BYTES]:
        raise damaged(path, f"{quoted(large[0])} unpacks to more than {MOST_BYTES:,} bytes")
    # Copied: 12,000 entries are 8 MB, and each name that stayed among them would keep its piece of it from being free.
    names = "\0".join(one.filename for one in pictures)
    del members, pictures
    return tuple(names.split("\0")) if names else ()
