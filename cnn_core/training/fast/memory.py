"""Tell glibc to hold on to the memory that a step frees, of a training or a dream: the next needs the same again."""

from __future__ import annotations

import ctypes
import functools
import platform
import threading
from collections.abc import Iterator
from contextlib import contextmanager

LARGEST_BLOCK = 32 << 20  # bytes: larger blocks still come from the system one by one; glibc allows no more
FREE_AT_MOST = 128 << 20  # bytes of free memory at the end of the heap that are not given back
USUAL_BLOCKS = 65_536  # that come from the system one by one, at most: glibc's own number
_M_MXFAST, _M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_MMAP_MAX = 1, -1, -3, -4  # malloc.h
_ALL = 2**31 - 1  # bytes: as many as the switch can say


@functools.cache
def keep_freed_memory() -> bool:
    """Let the C library hold on to memory between steps; True where it has such a switch.

    For the whole process, once: a step frees and takes the same few megabytes each time. Left to itself, glibc gives
    large blocks back, and the system has to clear each page when it is touched again. (Measured, the lesson's step of
    64 images on one core: 10.5 ms and 2,200 page faults before, 6.8 ms and none after.) Other C libraries have no
    such switch, and nothing happens. Source: mallopt(3).
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    mallopt(_M_MXFAST, 0)  # no list of small blocks apart, to be gone through whenever a large one is freed
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGEST_BLOCK) and mallopt(_M_TRIM_THRESHOLD, FREE_AT_MOST))


@contextmanager
def holding_all_freed() -> Iterator[None]:
    """Within it the C library gives nothing back, however large; at its end all at once.

    For work whose every step frees and takes hundreds of megabytes. (Measured, a step of the photo network's dream at
    576 pixels on one core: 0.17 to 0.20 s before, 0.35 of 1.03 s in the system; 0.135 s within it, and nothing in the
    system.) At its end the switches are as `keep_freed_memory` has them. Of several at once the last one ends it.
    """
    if not keep_freed_memory():
        yield
        return
    mallopt, trim = ctypes.CDLL(None).mallopt, ctypes.CDLL(None).malloc_trim
    with _lock:
        _holding.append(None)
        mallopt(_M_MMAP_MAX, 0)  # blocks that came from the system one by one would go back one by one
        mallopt(_M_TRIM_THRESHOLD, _ALL)
    try:
        yield
    finally:
        with _lock:
            _holding.pop()
            if not _holding:
                mallopt(_M_MMAP_MAX, USUAL_BLOCKS)
                mallopt(_M_TRIM_THRESHOLD, FREE_AT_MOST)
                trim(0)


_lock, _holding = threading.Lock(), list[None]()
