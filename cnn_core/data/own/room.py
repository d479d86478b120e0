"""What own data sets take on the server's disk, and when somebody last used each."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cnn_core.data.own import limits
from cnn_core.errors import StudentError
from cnn_core.files import file_names

_OFTEN = 3_600.0  # seconds: a set in use is marked so often, and no disk is busy with it


@dataclass(frozen=True)
class Kept:
    """One set on the disk, as whoever tidies the server sees it.

    owner: the hash of a visitor's token; "" where the card does not say.  used: seconds since 1970.
    """

    id: str
    bytes: int
    owner: str
    used: float


def mark_used(folder: Path) -> None:
    """Note that somebody looked at a set or learnt from it; where that cannot be written, it is let be."""
    with suppress(OSError):
        if folder.is_dir() and time.time() - last_used(folder) > _OFTEN:
            (folder / "used").touch()


def last_used(folder: Path) -> float:
    """When a set was last changed, looked at or learnt from, in seconds since 1970; 0 where there is none."""
    times = [0.0]
    for name in ("used", "log.jsonl", "card.json"):
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime)
    return max(times)


def bytes_of(folder: Path) -> int:
    """What one set takes."""
    size = 0
    with suppress(OSError), os.scandir(folder) as entries:
        size = sum(entry.stat().st_size for entry in entries)
    return size


_weighed: dict[Path, tuple[float, int]] = {}  # root -> (when, bytes)


def bytes_on_server(root: Path) -> int:
    """What all sets take on the disk; looked at once in a few seconds."""
    when, size = _weighed.get(root, (-1e9, 0))
    pause = 5.0 if size < 0.9 * limits.MOST_BYTES_ON_SERVER else 0.0
    if time.monotonic() - when > pause:
        size = 0
        for name in file_names(root):
            with suppress(OSError):
                size += (root / name / "log.jsonl").stat().st_size
        _weighed[root] = time.monotonic(), size
    return size


def check_room_on_server(root: Path, more: int) -> None:
    """Raise StudentError where the server's room for own pictures would be full.  more: bytes."""
    if bytes_on_server(root) + more > limits.MOST_BYTES_ON_SERVER:
        raise StudentError(
            f"All own pictures on this server together take {limits.MOST_BYTES_ON_SERVER / 1e6:,.0f} MB, "
            "which is as much as it has for them.",
            hint="Remove a set that you do not need any more.",
        )
