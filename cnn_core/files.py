"""Files that are whole or absent, and locks that a dead process cannot keep.

A reader may come at any moment, a writer may be killed at any moment, and the disk may be full. After a power cut
there is what was synced: the content of a file after a sync of it, its name after a sync of its folder. So what
somebody was told is kept is written `durable`; what is written again in half a second, or could be made again, is not.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from cnn_core.errors import StudentError

LARGEST_JSON = 4_000_000  # bytes: far more than any file of ours, so more than that is not one of ours


def write_whole(path: Path, content: bytes, *, durable: bool = False) -> None:
    """Write under a temporary name, then rename: readers see the old file or the new, never half of one.

    durable: it outlives a power cut once this returns; that costs some milliseconds.
    Raises OSError where the disk is full or the folder cannot be written; the old file is then still there.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        if durable:
            sync(temporary)
        os.replace(temporary, path)
        if durable:
            sync(path.parent)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_json(path: Path, content: dict[str, Any], *, durable: bool = False) -> None:
    """`write_whole` for a JSON object; numpy's numbers are welcome. Raises OSError."""
    write_whole(path, orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), durable=durable)


def sync(*paths: Path) -> None:
    """Have the content of these files, and the names in these folders, on the disk before this returns.

    What is not there (any more) needs none. Raises OSError, also for what an earlier write could not.
    """
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            continue
        try:
            os.fsync(descriptor)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems sync no folders
                raise
        finally:
            os.close(descriptor)


def read_json(path: Path) -> dict[str, Any]:
    """What a JSON file says, or {} where it is missing, torn, oversized or not an object."""
    try:
        with opened(path) as file:
            content = file.read(LARGEST_JSON + 1)
        values = orjson.loads(content) if len(content) <= LARGEST_JSON else None
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def opened(path: Path) -> BinaryIO:
    """A file to read. A pipe somebody put in its place reads as empty, instead of making us wait for a writer."""
    return open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK))


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold an exclusive lock on a file; the kernel takes it back when its holder dies.

    Yields True while it is held; with `wait=False`, False at once where somebody else holds it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)  # closing the last descriptor releases the lock


def is_locked(path: Path) -> bool:
    """Whether somebody holds `locked(path)`. Asked with a shared lock: two who ask do not see each other."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def file_names(folder: Path) -> list[str]:
    """What is in a folder, in no order; nothing where it cannot be read."""
    try:
        return os.listdir(folder)
    except OSError:
        return []


FULL, READ_ONLY = "full", "read_only"
_CONDITIONS = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: READ_ONLY}


def condition_of(error: BaseException) -> str:
    """FULL or READ_ONLY where it is the disk's state that stands in the way, and nobody's work; "" for other errors."""
    number = error.errno if isinstance(error, OSError) else None
    if number in _CONDITIONS:
        return _CONDITIONS[number]
    return FULL if "No space left" in str(error) else ""  # some libraries wrap the system's error


_WHY = {FULL: "the disk of this server is full", READ_ONLY: "this server cannot write to its disk"}
TELL = "Tell whoever runs this server."


@contextmanager
def explain_disk_errors(message: str) -> Iterator[None]:
    """Turn an OSError of the block into a StudentError.

    message: what cannot be done for it, a sentence without its full stop.
    """
    try:
        yield
    except OSError as error:
        why = _WHY.get(condition_of(error))
        if why is not None:
            raise StudentError(f"{message}: {why}.", hint=TELL) from error
        raise StudentError(
            f"{message} ({error.strerror or error}).",
            hint="Make room on the disk, or tell whoever runs this server.",
        ) from error
