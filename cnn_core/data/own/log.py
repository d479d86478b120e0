"""A file that is only ever appended to, one JSON object a line, by any number of processes at once.

A line is written under a lock and counts once its line break is there. A writer that is killed in the middle leaves
half a line: readers pass over it, and the next writer cuts it off.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import orjson

from cnn_core.files import sync, write_whole

Line = dict[str, Any]


def append(path: Path, lines: Iterable[Line]) -> None:
    """Add lines at the end, on the disk before this returns. For whoever holds the log's lock. Raises OSError."""
    content = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        end = _whole_bytes(descriptor)
        os.ftruncate(descriptor, end)
        while content:
            written = os.pwrite(descriptor, content, end)
            content, end = content[written:], end + written
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        sync(path.parent)


def _whole_bytes(descriptor: int) -> int:
    """Where the last whole line ends."""
    end = os.fstat(descriptor).st_size
    step = 65_536
    while end:
        begin = max(0, end - step)
        piece = os.pread(descriptor, end - begin, begin)
        if (place := piece.rfind(b"\n")) >= 0:
            return begin + place + 1
        end = begin
    return 0


def rewrite(path: Path, lines: Iterable[Line]) -> None:
    """Put other lines in the place of all, at once. For whoever holds the log's lock. Raises OSError."""
    write_whole(path, b"".join(orjson.dumps(line) + b"\n" for line in lines), durable=True)
    os.chmod(path, 0o600)


class Reader:
    """Reads what came since it was asked last. Not for two threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file, self._offset = -1, 0

    def news(self) -> tuple[bool, list[Line]]:
        """(whether to forget all that came before, the whole lines since then). A missing file has none."""
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            is_new, self._file, self._offset = self._file != -1, -1, 0
            return is_new, []
        try:
            status = os.fstat(descriptor)
            is_new = status.st_ino != self._file or status.st_size < self._offset
            if is_new:
                self._file, self._offset = status.st_ino, 0
            content = os.pread(descriptor, status.st_size - self._offset, self._offset)
        finally:
            os.close(descriptor)
        content = content[: content.rfind(b"\n") + 1]
        self._offset += len(content)
        return is_new, list(_parsed(content))


def _parsed(content: bytes) -> Iterator[Line]:
    for line in content.split(b"\n"):
        try:
            value = orjson.loads(line)
        except ValueError:  # a foreign or spoiled line takes nobody else's picture with it
            continue
        if isinstance(value, dict):
            yield value
