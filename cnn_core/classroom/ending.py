"""How a class is wiped, and what processes that were killed have left of others."""

from __future__ import annotations

import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from cnn_core import journal
from cnn_core.classroom.reading import text_of
from cnn_core.classroom.record import Classroom, is_class_id
from cnn_core.files import explain_disk_errors, file_names, locked, sync

_LEAVING = re.compile(r"\..+\.(gone|[0-9a-f]{8})", re.ASCII)  # as we name what is going, or not there yet


def wipe(classes: Path, classroom: Classroom) -> None:
    """Nothing of the class is left in the folder of all classes; nothing happens where another has wiped it."""
    leaving = classes / f".{classroom.id}.gone"
    with explain_disk_errors("The class cannot be wiped"):
        with suppress(FileNotFoundError), locked(classroom.path / "lock"):
            os.rename(classroom.path, leaving)  # at once, so that nobody meets half of it
        for name in ("codes", "of"):
            _unlink_all(classes / name, classroom.id)
        _remove(leaving)
        sync(classes)
    journal.tell("class", what="wiped", classroom=classroom.id)


def remove_leavings(classes: Path, before: float) -> None:
    """Folders of classes half opened or half wiped, codes and seats of classes that are gone, files half written.

    before: what is younger, in seconds since 1970, may be somebody's work.
    """
    for folder in (classes, classes / "codes", classes / "of"):
        for name in file_names(folder):
            class_id = name if folder == classes else text_of(folder / name)
            is_of_none = is_class_id(class_id) and not (classes / class_id / "class.json").is_file()
            if (is_of_none or _LEAVING.fullmatch(name)) and _time_of(folder / name) < before:
                _remove(folder / name)


def _unlink_all(folder: Path, class_id: str) -> None:
    """Remove the files that name this class."""
    for name in file_names(folder):
        if text_of(folder / name) == class_id:
            with suppress(FileNotFoundError):
                (folder / name).unlink()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # Who was just writing into it may have put one more file there.
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()


def _time_of(path: Path) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return float("inf")
