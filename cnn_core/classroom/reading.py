"""Reading the files of a class: one that is missing or spoiled is an empty one."""

from __future__ import annotations

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from cnn_core.files import read_json

_TOPIC = re.compile(r"[a-z_]{1,20}", re.ASCII)
_NOT_TOPICS = {"members", "lock"}


def topic_name(name: str) -> str:
    """A name that may become a folder; ours, never a stranger's, so another is our bug."""
    if _TOPIC.fullmatch(name) is None or name in _NOT_TOPICS:
        raise ValueError(f"no topic: {name!r}")
    return name


def text_of(file: Path) -> str:
    """What a small file of ours says; "" where it is missing or no text."""
    try:
        return file.read_bytes()[:100].decode("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def values_of(file: Path) -> dict[str, Any]:
    """`read_json`, kept: a page looks at a class several times, and a board at all of its members."""
    try:
        stat = os.stat(file)
    except OSError:
        return {}
    return _read_once(file, (stat.st_ino, stat.st_mtime_ns, stat.st_size))


def time_of(file: Path) -> int:
    """When it was last written, in nanoseconds since 1970; 0 where it is missing."""
    try:
        return os.stat(file).st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=2000)
def _read_once(file: Path, _stamp: tuple[int, int, int]) -> dict[str, Any]:
    return read_json(file)
