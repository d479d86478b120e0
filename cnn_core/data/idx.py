"""Reading IDX, the file format of MNIST and its relatives: a short header, then one byte per pixel or label.

Every check is here because a half-copied file reads perfectly well, and a network trained on it learns
nonsense.
Source: the format's description by LeCun, Cortes and Burges, "The MNIST database of handwritten digits".
"""

from __future__ import annotations

import gzip
import math
import mmap
import weakref
import zlib
from pathlib import Path

import numpy as np

from cnn_core.errors import StudentError

_mapped: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()
_UNSIGNED_BYTES = 0x08  # the third byte of every file of this family


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of one IDX file, as uint8.

    path:  of the file, plain or gzipped (named *.gz).
    shape: what it must hold.
    A plain file is mapped rather than read, so that several workers share one copy in memory; writing into
    the array does not change the file. Raises StudentError, naming the file, unless it is sound and whole.
    """
    if path.suffix == ".gz":
        contents = np.frombuffer(_gunzip(path, file_size(shape)), dtype=np.uint8)
    else:
        check_size(path, shape)
        try:
            contents = np.memmap(path, dtype=np.uint8, mode="c")
            _mapped.add(contents._mmap)  # type: ignore[attr-defined]
        except OSError as error:
            raise unreadable(path, error) from error
    header, values = contents[: 4 + 4 * len(shape)], contents[4 + 4 * len(shape) :]
    if tuple(header[:4]) != (0, 0, _UNSIGNED_BYTES, len(shape)):
        raise damaged(path, "it does not begin as an IDX file of this kind does")
    dimensions = tuple(int(number) for number in header[4:].view(">u4"))
    if dimensions != shape:
        raise damaged(path, f"its header says {_times(dimensions)} instead of {_times(shape)}")
    return values.reshape(shape)


def let_go(values: np.ndarray) -> None:
    """Take the pages of a mapped file, which were read to be checked, out of this process; they come back when needed.

    values: of `read_idx`, and unchanged. A server that only looks at its data once is 47 MB smaller.
    """
    mapped = getattr(values, "_mmap", None)
    if isinstance(mapped, mmap.mmap):
        _let_go(mapped)


def let_all_go() -> None:
    """The same for all files that are mapped; only where nobody writes into these arrays, as in the server.

    Whoever looks for one image among those learnt from has looked at all of them.
    """
    for mapped in list(_mapped):
        _let_go(mapped)


def _let_go(mapped: mmap.mmap) -> None:
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def file_size(shape: tuple[int, ...]) -> int:
    """Bytes of an unpacked IDX file: the kind, one number of four bytes per dimension, the contents."""
    return 4 + 4 * len(shape) + math.prod(shape)


def check_size(path: Path, shape: tuple[int, ...]) -> None:
    """Raises StudentError unless the unpacked file has exactly the bytes its shape needs."""
    check_bytes(path, file_size(shape))


def check_bytes(path: Path, size: int) -> None:
    """Raises StudentError unless the file has exactly that many bytes."""
    if (found := path.stat().st_size) != size:
        raise damaged(path, f"it has {found:,} bytes instead of {size:,}")


def damaged(path: Path, reason: str) -> StudentError:
    """The error for a file that must not be trained on."""
    return StudentError(
        f"The file {path.name} in {path.parent} is damaged: {reason}.",
        hint="Delete it and try again: it is then fetched anew, where there is a network.",
    )


def unreadable(path: Path, error: OSError) -> StudentError:
    """The error for a file or folder that this process may not read."""
    return StudentError(
        f"{path} cannot be read ({error.strerror or error}).",
        hint="See who may read it, or set CONVSCOPE_DATA to another folder.",
    )


def _gunzip(path: Path, size: int) -> bytearray:
    try:
        with gzip.open(path) as file:
            contents = bytearray(file.read(size + 1))  # one byte more than allowed: a longer file is noticed
            if len(contents) != size:
                raise damaged(
                    path, f"it unpacks to {'more' if len(contents) > size else 'less'} than {size:,} bytes"
                )
            return contents
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise damaged(path, "it cannot be unpacked, as if its end were missing") from error
    except OSError as error:
        raise unreadable(path, error) from error


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
