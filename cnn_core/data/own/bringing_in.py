"""Many pictures at once: image files, a zip with a folder for each class, or a CSV of pixels.

Nothing is unpacked to the disk, nothing is trusted: sizes that a file promises are looked at first, and what comes out
of it is counted once more.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image

from cnn_core.data.own.contents import Part
from cnn_core.data.own.limits import (
    JPEG_COUNTS,
    MOST_CLASSES,
    MOST_FILES,
    MOST_PICTURES,
    MOST_UNPACKED_BYTES,
    MOST_UPLOAD_BYTES,
    MOST_WORK,
)
from cnn_core.data.own.names import cleaned
from cnn_core.data.own.own_set import NewPicture, OwnSet
from cnn_core.data.own.prepare import PhotoWay, Shape, from_photo
from cnn_core.data.uploads import EXTENSIONS, MAX_UPLOAD_BYTES
from cnn_core.errors import StudentError
from cnn_core.upload_limits import PICTURES_MB, megabytes

Told = Callable[[int, int], None]  # how many pictures were read, and of how many

CARD = "dataset.json"  # in a zip of ours: what a folder of pictures cannot say
_WAYS = ("draw", "ink", "thing", "pixels")
_LONGEST_VALUE = 40  # characters of a number in a CSV, on average


def nobody(done: int, count: int) -> None:
    """The listener where none is."""


@dataclass(frozen=True)
class Brought:
    """What an upload came to.

    added:   pictures that are in the set now.
    already: that were in it before, pixel by pixel.
    refused: (the file's name, why) of what is no picture.
    classes: names of classes that were made for it.
    """

    added: int = 0
    already: int = 0
    refused: tuple[tuple[str, StudentError], ...] = ()
    classes: tuple[str, ...] = ()
    ids: tuple[int, ...] = ()


@dataclass
class _Batch:
    """Pictures by the name of their class, in the order in which they came."""

    pictures: dict[str, list[NewPicture]] = field(default_factory=dict)
    refused: list[tuple[str, StudentError]] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(map(len, self.pictures.values()))


# ---------------------------------------------------------------- image files


def bring_files(
    one: OwnSet,
    token: str,
    number: int,
    files: Sequence[tuple[str, bytes]],
    way: PhotoWay,
    who: str = "",
    told: Told = nobody,
) -> Brought:
    """Add image files to one class.

    files: (name, bytes) of each.
    way:   what they show: see `prepare`.
    told:  hears before each how many were read.
    A file that is no picture is left out and named. Raises StudentError where none is one, or none may be added.
    """
    pictures, refused, work = [], [], _Work()
    for done, (name, data) in enumerate(files):
        told(done, len(files))
        try:
            work.take(data)
            pictures.append(from_photo(data, one.shape, way))
        except StudentError as error:
            refused.append((_file_name(name), error))
    if not pictures:
        raise _none_is_one(refused)
    added = one.add(token, number, pictures, who)
    return Brought(len(added.ids), added.already, tuple(refused), ids=added.ids)


class _Work:
    """How much one upload makes the server decode: a file that promises too much is refused before it is opened."""

    def __init__(self) -> None:
        self.left = float(MOST_WORK)

    def take(self, data: bytes) -> None:
        self.left -= _pixels_of(data)
        if self.left < 0:
            raise StudentError(
                f"One upload may hold pictures of {MOST_WORK // 10**6} million pixels together, or photos in JPEG of "
                f"{JPEG_COUNTS * MOST_WORK // 10**6} million.",
                hint="Upload the rest in a second go, or make the photos smaller.",
            )


def _pixels_of(data: bytes) -> float:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP", "GIF", "BMP")) as image:
            return image.width * image.height / (JPEG_COUNTS if image.format in ("JPEG", "MPO") else 1)
    except (
        Exception
    ):  # whatever it is, `open_image` will say what is wrong with it; HEIC is weighed by its bytes
        return 10.0 * len(data)


def _none_is_one(refused: Sequence[tuple[str, StudentError]]) -> StudentError:
    if not refused:
        return StudentError("There is no picture in it.", hint="Choose PNG, JPEG or HEIC files.")
    name, error = refused[0]
    others = f" So it is with {len(refused) - 1} more." if len(refused) > 1 else ""
    return StudentError(f"“{name}”: {error.message}{others}", hint=error.hint)


def _file_name(name: str) -> str:
    return cleaned(PurePosixPath(name.replace("\\", "/")).name, 40) or "a file"


# ---------------------------------------------------------------- a zip of folders


def bring_zip(
    one: OwnSet, token: str, data: bytes, way: PhotoWay, who: str = "", told: Told = nobody
) -> Brought:
    """Add a zip's pictures: each folder is a class, made where the set has none of that name.

    Raises StudentError for what is no zip, promises or holds too much, or has more classes than fit.
    """
    return _bring(one, token, read_zip(data, one.shape, way, told), who)


def read_zip(data: bytes, shape: Shape, way: PhotoWay, told: Told = nobody) -> _Batch:
    """The pictures of a zip, by folder.

    A zip of ours also says which pictures were kept for testing, who added them, and how they came.
    """
    _check_bytes(data)
    batch, work, unpacked = _Batch(), _Work(), 0
    with _opened_zip(data) as archive:
        entries = _entries(archive)
        card = _card(archive)
        for done, (info, folder) in enumerate(entries):
            told(done, len(entries))
            try:
                content = _content(archive, info, MOST_UNPACKED_BYTES - unpacked)
                unpacked += len(content)
                work.take(content)
                said = card.get(info.filename)
                mode: PhotoWay = "thing" if said else way  # what we saved is prepared already
                picture = from_photo(content, shape, mode)
            except StudentError as error:
                batch.refused.append((_file_name(info.filename), error))
                continue
            batch.pictures.setdefault(_class_of(folder, said), []).append(_as_it_was(picture, said))
    if not batch.count:
        raise _none_is_one(batch.refused)
    return batch


def _class_of(folder: str, said: dict[str, Any] | None) -> str:
    # A class's name may have signs that no folder can have.
    name = said.get("class") if said else None
    return name if isinstance(name, str) and cleaned(name) else folder


def _as_it_was(picture: NewPicture, said: dict[str, Any] | None) -> NewPicture:
    if not said:
        return picture
    part: Part | None = said.get("part") if said.get("part") in ("train", "test") else None
    way = said.get("way") if said.get("way") in _WAYS else picture.way
    who = cleaned(said["who"]) if isinstance(said.get("who"), str) else None
    return NewPicture(picture.pixels, way, part, who)  # type: ignore[arg-type]


def _opened_zip(data: bytes) -> zipfile.ZipFile:
    files = data.count(b"PK\x01\x02")  # each stands in the zip's list with this sign before it
    if (
        files > 2 * MOST_FILES
    ):  # to read a list of a million would take minutes; a zip in it may have a list, too
        raise _too_many_files(files)
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except Exception as error:  # the module raises what it stumbles over
        raise StudentError(
            "The file is not a zip that can be read.", hint="Make a new zip of your folders."
        ) from error


def _entries(archive: zipfile.ZipFile) -> list[tuple[zipfile.ZipInfo, str]]:
    """(entry, name of its class) of all that look like pictures. Raises StudentError before anything is unpacked."""
    infos = archive.infolist()
    if len(infos) > MOST_FILES:
        raise _too_many_files(len(infos))
    promised = sum(info.file_size for info in infos)
    if promised > MOST_UNPACKED_BYTES:
        raise StudentError(
            f"Unpacked, the zip would have {promised / 1e6:,.0f} MB; "
            f"{MOST_UNPACKED_BYTES / 1e6:,.0f} MB are the most that are read.",
            hint="Make the photos smaller.",
        )
    pictures = []
    for info in infos:
        path = PurePosixPath(info.filename.replace("\\", "/"))
        if info.is_dir() or path.name.startswith(".") or "__MACOSX" in path.parts or path.name == CARD:
            continue
        if len(path.parts) < 2:
            raise StudentError(
                f"“{_file_name(info.filename)}” lies in no folder, so its class is not known.",
                hint="Put the pictures into one folder for each class, and make a zip of these folders.",
            )
        if path.suffix.lower().lstrip(".") in EXTENSIONS:
            pictures.append((info, path.parts[-2]))
    folders = {folder for _, folder in pictures}
    if len(folders) > MOST_CLASSES:
        raise StudentError(
            f"The zip has {len(folders)} folders with pictures; a set has at most {MOST_CLASSES} classes.",
            hint="Leave some out.",
        )
    if len(pictures) > MOST_PICTURES:
        raise _too_many(len(pictures))
    if not pictures:
        raise StudentError(
            "The zip has no pictures in it.", hint="Put PNG, JPEG or HEIC files into its folders."
        )
    return pictures


def _too_many_files(count: int) -> StudentError:
    return StudentError(
        f"The zip has {count:,} files; {MOST_FILES:,} are the most that are read.",
        hint="Make it smaller: a set holds 2,000 pictures.",
    )


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo, room: int) -> bytes:
    """The bytes of one entry, never more than there is room for, whatever the entry promised."""
    if info.flag_bits & 0x1:
        raise StudentError("It is locked with a password.", hint="Make a zip without one.")
    most = min(room, MAX_UPLOAD_BYTES)
    if info.file_size > most:
        raise StudentError(f"It has {megabytes(info.file_size)} MB.", hint="Make it smaller.")
    try:
        with archive.open(info) as file:
            content = file.read(most + 1)
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        zlib.error,
        zipfile.BadZipFile,
    ) as error:
        raise StudentError("It cannot be unpacked.", hint="Make a new zip of your folders.") from error
    if len(content) > most:
        raise StudentError("It is larger than the zip says.", hint="Make a new zip of your folders.")
    return content


def _card(archive: zipfile.ZipFile) -> dict[str, dict[str, Any]]:
    """{path in the zip: what a zip of ours says of the picture}; {} for a zip of somebody else's."""
    try:
        info = archive.getinfo(CARD)
        values = json.loads(_content(archive, info, 2_000_000))
    except (KeyError, ValueError, RecursionError):
        return {}
    pictures = values.get("pictures") if isinstance(values, dict) else None
    if not isinstance(pictures, dict):
        return {}
    return {path: said for path, said in pictures.items() if isinstance(said, dict)}


# ---------------------------------------------------------------- a CSV of pixels


def bring_csv(one: OwnSet, token: str, data: bytes, who: str = "") -> Brought:
    """Add the pictures of a CSV: a label and 784 grey values a line (3,072 in colour), as "MNIST in CSV" has them.

    The label may be a number or a name, in the first column or the last, with a line of headings or without. Raises
    StudentError, with the line's number, for what is none of this.
    """
    return _bring(one, token, read_csv(data, one.shape), who)


def read_csv(data: bytes, shape: Shape) -> _Batch:
    """The pictures of a CSV, by label. In colour: all red values, then green, then blue, as CIFAR-10 has them."""
    _check_bytes(data)
    size = shape[0] * shape[1] * shape[2]
    lines = [(number, line) for number, line in enumerate(_lines(data), start=1) if line.strip()]
    if not lines:
        raise StudentError("The file is empty.", hint=f"Each line needs a label and {size} numbers.")
    sign = max(",;\t", key=lines[0][1].count)
    first = lines[0][1].split(sign, size + 2)
    is_heading = not any(_is_number(cell) for cell in first[1:-1])
    label_is_last = (
        is_heading and len(first) == size + 1 and cleaned(first[-1]).lower() in ("label", "class", "y")
    )
    rows = lines[1:] if is_heading else lines
    if len(rows) > MOST_PICTURES:
        raise _too_many(len(rows))
    batch, values = _Batch(), []
    labels = []
    for number, line in rows:
        _check_line(line, number, line.count(sign) + 1, shape)
        cells = line.split(sign)
        label = cells.pop(-1 if label_is_last else 0)
        labels.append(_label(label, number))
        values.append(_pixels(cells, number))
    if not values:
        raise StudentError(
            "The file has a line of headings and no pictures.", hint="Add a line for each picture."
        )
    _check_labels(labels)
    pixels = _as_bytes(np.stack(values))
    for label, row in zip(labels, pixels, strict=True):
        batch.pictures.setdefault(label, []).append(NewPicture(row.tobytes(), "pixels"))
    return batch


def _lines(data: bytes) -> Iterator[str]:
    """The lines of a text in UTF-8, UTF-16 or Latin-1. Raises StudentError for what has far too many, or is no text."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeDecodeError as error:
            raise StudentError("The file is not a text.", hint="Save the table as CSV in UTF-8.") from error
    count = data.count(b"\n") + data.count(b"\r")
    if count > 4 * MOST_PICTURES:  # two signs may end a line, and every second may be empty
        raise StudentError(
            f"The file has about {count:,} lines; {MOST_PICTURES:,} pictures are the most.",
            hint="Leave some out.",
        )
    for line in re.split(rb"\r\n|\r|\n", data.removeprefix(b"\xef\xbb\xbf")):
        try:
            yield line.decode()
        except UnicodeDecodeError:
            yield line.decode("latin-1")


def _check_line(line: str, number: int, values: int, shape: Shape) -> None:
    """Raise StudentError where a line has not a label and all pixels, or is longer than these can be."""
    size = shape[0] * shape[1] * shape[2]
    if values != size + 1:
        raise StudentError(
            f"Line {number} has {values:,} values; a label and {size:,} pixels are {size + 1:,}.",
            hint=f"This set’s pictures have {shape[1]}×{shape[2]} pixels"
            + (" in three colours." if shape[0] == 3 else "."),
        )
    if len(line) > _LONGEST_VALUE * values:
        raise StudentError(
            f"Line {number} has {len(line):,} characters, far more than its numbers need.",
            hint="Pixels are numbers from 0 to 255.",
        )


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _label(cell: str, number: int) -> str:
    label = cleaned(cell.strip().strip('"'))
    if label.endswith(".0") and label[:-2].isdigit():  # as a table of decimal numbers writes a class
        label = label[:-2]
    if not label:
        raise StudentError(
            f"Line {number} has no label that can be seen.", hint="Write the class’s name or number."
        )
    return label


def _pixels(cells: list[str], number: int) -> np.ndarray:
    try:
        values = np.array([cell.strip().strip('"') for cell in cells], dtype=np.float64)
    except ValueError:
        at = next(i for i, cell in enumerate(cells) if not _is_number(cell.strip().strip('"')))
        raise StudentError(
            f"Line {number} has “{cleaned(cells[at], 12)}” where pixel {at} should be.",
            hint="Pixels are numbers from 0 to 255.",
        ) from None
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 255):
        raise StudentError(
            f"Line {number} has a pixel that is not from 0 to 255.", hint="0 is black and 255 is white."
        )
    return values


def _check_labels(labels: Sequence[str]) -> None:
    if (count := len(set(labels))) > MOST_CLASSES:
        raise StudentError(
            f"The file has {count:,} different labels; a set has at most {MOST_CLASSES} classes.",
            hint="Is the label in the first column?",
        )


def _as_bytes(values: np.ndarray) -> np.ndarray:
    # A table of fractions has no number above 1; one of bytes has, unless all its pictures are black.
    scale = 255 if values.max(initial=0) <= 1 and (values % 1 != 0).any() else 1
    return (values * scale).round().astype(np.uint8)


# ---------------------------------------------------------------- into the set


def _bring(one: OwnSet, token: str, batch: _Batch, who: str) -> Brought:
    """Make the classes that are missing, and add all pictures."""
    numbers = {own.name.casefold(): own.number for own in one.contents().classes}
    made: list[str] = []
    wanted = {name: cleaned(name) for name in batch.pictures}
    missing = {name.casefold() for name in wanted.values() if name} - set(numbers)
    if len(numbers) + len(missing) > MOST_CLASSES:
        raise StudentError(
            f"The set has {len(numbers)} classes, and the file would bring {len(missing)} more; "
            f"a set has at most {MOST_CLASSES}.",
            hint="Leave some out.",
        )
    if any(not name for name in wanted.values()):
        raise StudentError("A folder has a name that cannot be seen.", hint="Call it like its class.")
    ids: list[int] = []
    already = 0
    for raw, pictures in batch.pictures.items():
        name = wanted[raw]
        if name.casefold() not in numbers:
            numbers[name.casefold()] = one.add_class(token, name)
            made.append(name)
        added = one.add(token, numbers[name.casefold()], pictures, who)
        ids += added.ids
        already += added.already
    return Brought(len(ids), already, tuple(batch.refused), tuple(made), tuple(ids))


def _check_bytes(data: bytes) -> None:
    if len(data) > MOST_UPLOAD_BYTES:
        raise StudentError(
            f"The file has {megabytes(len(data))} MB; {PICTURES_MB} MB are the most.",
            hint="Make the photos smaller, or upload them in parts.",
        )


def _too_many(count: int) -> StudentError:
    return StudentError(
        f"The file has {count:,} pictures; a set holds {MOST_PICTURES:,}.", hint="Keep fewer of each class."
    )
