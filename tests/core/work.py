"""How much work something is, counted and not timed: the same on a busy machine, a slow one and a fast one."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


class Work:
    """What happened inside a `with counted():` block."""

    peak_bytes = 0  # most memory that Python's own objects took at any moment, beyond what there was before
    files_opened = 0


_counting: list[Work] = []


def _notice(event: str, _details: tuple) -> None:
    if _counting and event == "open":
        for work in _counting:
            work.files_opened += 1


sys.addaudithook(_notice)  # such a hook stays for as long as the process does


@contextmanager
def counted() -> Iterator[Work]:
    """Count the work of a block; the numbers are there when it ends."""
    work = Work()
    _counting.append(work)
    tracemalloc.start()
    try:
        yield work
    finally:
        work.peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        _counting.remove(work)
