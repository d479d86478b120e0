"""An own data set as a zip: a folder of PNGs for each class, and a small JSON of what folders cannot say."""

from __future__ import annotations

import io
import json
import zipfile

from cnn_core.data.own.bringing_in import CARD, Brought, Told, bring_zip, nobody
from cnn_core.data.own.names import cleaned
from cnn_core.data.own.own_set import OwnSet
from cnn_core.data.own.prepare import as_png
from cnn_core.data.own.shelf import Shelf
from cnn_core.errors import StudentError


def as_zip(one: OwnSet, token: str) -> bytes:
    """The whole set as a file, for its owner. Raises StudentError for anybody else."""
    if not one.is_owner(token):
        raise StudentError("Only whoever made this set can save it.", hint="Ask its owner for the file.")
    contents, shape = one.contents(), one.shape
    said: dict[str, dict[str, str]] = {}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:  # PNGs are packed already
        for own in contents.classes:
            for place, picture in enumerate(contents.of_class(own.number), start=1):
                path = f"{folder_name(own.name)}/{place:04d}.png"
                archive.writestr(path, as_png(picture.pixels, shape))
                said[path] = {"class": own.name, "part": picture.part, "way": picture.way, "who": picture.who}
        card = {
            "format": 1,
            "name": one.name,
            "shape": list(shape),
            "classes": [own.name for own in contents.classes],
            "pictures": said,
        }
        archive.writestr(CARD, json.dumps(card, ensure_ascii=False, indent=1), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def folder_name(name: str) -> str:
    """A class's name as a folder: no class may lead out of the zip."""
    return name.replace("/", "∕").strip(". ") or "class"


def open_zip(
    shelf: Shelf, token: str, data: bytes, way: str = "thing", told: Told = nobody
) -> tuple[OwnSet, Brought]:
    """A zip, of ours or of folders, as a new set of this visitor. Raises StudentError; then there is no new set.

    A zip of ours brings back which pictures are for testing, so that no network meets one of them in training.
    """
    name, colour, classes = _card(data)
    one = shelf.make(token, name, colour=colour, classes=classes)
    try:
        brought = bring_zip(one, token, data, "ink" if way == "ink" else "thing", told=told)
    except StudentError:
        one.remove(token)
        raise
    return one, brought


def _card(data: bytes) -> tuple[str, bool, tuple[str, ...]]:
    """(name, whether in colour, classes) as a zip of ours says them."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            info = archive.getinfo(CARD)
            values = json.loads(archive.open(info).read(2_000_000)) if info.file_size < 2_000_000 else {}
    except Exception:  # what is wrong with the file is said by whoever reads its pictures
        return "", False, ()
    if not isinstance(values, dict):
        return "", False, ()
    raw = values.get("classes")
    names = [cleaned(one) for one in raw] if isinstance(raw, list) else []
    is_sound = len(names) <= 10 and all(names) and len({one.casefold() for one in names}) == len(names)
    return (
        cleaned(values.get("name", "")),
        values.get("shape") == [3, 32, 32],
        tuple(names) if is_sound else (),
    )
