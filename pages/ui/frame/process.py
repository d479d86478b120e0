"""The server's process: how many threads torch takes, what memory glibc keeps, and heavy work in turn."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from cnn_core.data.idx import let_all_go
from cnn_core.machine import wait_briefly

P = ParamSpec("P")
T = TypeVar("T")


GIVE_BACK_SECONDS = 20.0

_processors = threading.BoundedSemaphore(os.cpu_count() or 1)


def in_turn(compute: Callable[P, T]) -> Callable[P, T]:
    """Decorator for what reads thousands of images: as many at once as there are processors, the others wait.

    More at once would be done no sooner, and each needs a hundred megabytes for a moment (the figures are in
    `keep_memory_together`). Goes below `kept`. What takes longer than a moment is done
    by other processes (`wording/looking.py`).
    """

    @wraps(compute)
    def waiting(*args: P.args, **kwargs: P.kwargs) -> T:
        with _processors:
            try:
                return compute(*args, **kwargs)
            finally:
                give_memory_back()

    return waiting


def leave_processors_free() -> None:
    """Let torch use half of the processors in this process, unless OMP_NUM_THREADS says otherwise.

    Its threads wait for each other by spinning, so one that finds its processor taken (by a training, say) holds up
    all. Measured on two busy cores, the lesson's net reading one digit: 46 ms on average with two threads, 1 ms with
    one. The workers set their own number.
    """
    wait_briefly()
    if "OMP_NUM_THREADS" in os.environ:
        return
    threads = max(1, (os.cpu_count() or 1) // 2)
    os.environ["OMP_NUM_THREADS"] = str(threads)  # is read when torch is loaded
    # Loaded already? A deep link on a cold server runs the page's imports first.
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(threads)


def keep_memory_together() -> None:
    """Let glibc keep two arenas of memory instead of eight a processor; elsewhere than on Linux it does nothing.

    Each page is drawn by a thread of its own, and what one arena has spare another cannot use. Measured, twelve of the
    looking pages' heavy jobs at once on two cores: 1,100 MB at most and 810 MB in the end, of which torch is 550. With
    two arenas, two jobs at a time (`in_turn`), and what is spare given back after each: 740 and 620 MB, in no more
    time. Not for a process in which networks learn: where a step's two threads were given the same arena, it took 1.4
    times as long. No process that the server starts has it.
    """
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def keep_few_primitives() -> None:
    """Let oneDNN keep 128 of the programs that it makes for each layer and number of images, instead of 1,024.

    A class looks at ever other designs, with ever other numbers of images. Measured, 400 convolutions, each with a
    number of images of its own: 30 MB with 1,024, 13 MB with 128. One made anew takes 0.3 ms, and all that is looked at
    first of a network needs 50 to 70. Only in this process: a step of a deep network may need more, and its workers
    would have what is put into `os.environ`.
    Source: https://uxlfoundation.github.io/oneDNN/dev_guide_primitive_cache.html
    """
    if _PRIMITIVES not in os.environ:
        os.putenv(_PRIMITIVES, "128")  # is read when torch computes its first layer


def give_memory_back() -> None:
    """Return what is spare to the system, pages of data files too; takes about 15 ms, in which other threads go on."""
    let_all_go()
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def give_memory_back_now_and_then() -> None:
    """`give_memory_back`, unless that was within the last GIVE_BACK_SECONDS; after a page was drawn.

    What thirty students' pages leave spare between what stays is 40 to 100 MB, and whatever is computed for them
    beside the server passes no `in_turn`.
    """
    if _now_and_then.acquire(blocking=False):
        try:
            if time.monotonic() - _given_back[0] >= GIVE_BACK_SECONDS:
                _given_back[0] = time.monotonic()
                give_memory_back()
        finally:
            _now_and_then.release()


def spare_what_stays() -> None:
    """Let Python's collector of garbage pass over all that is there now; once what every page needs is loaded.

    Of its 300,000 objects nearly all stay as long as the server. Each time the collector has looked through them it
    had held up every page for 0.15 to 0.2 s, once in some sixty pages opened.
    """
    gc.collect()
    gc.freeze()


_now_and_then, _given_back = threading.Lock(), [0.0]  # when, in the clock's seconds
_M_ARENA_MAX = -8  # of glibc's malloc.h
_PRIMITIVES = "ONEDNN_PRIMITIVE_CACHE_CAPACITY"
