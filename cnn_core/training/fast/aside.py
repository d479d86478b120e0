"""A second thread for a training of one: it computes gradients of weights while the first goes on down the network.

And for other work of which no part needs another: `side_by_side`. Of the training:

Nothing waits for these before the step's end, and they are the same calls on the same numbers, so not one bit depends
on who did them, or when. Where another process needs the core, the system gives it that core, and the step takes as
long as it would without. So a training that is alone on its machine has use of a core that a later one finds free.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

import torch

from cnn_core.training.fast.parts import one_thread

T = TypeVar("T")
R = TypeVar("R")

MOST_THREADS = 4  # side by side: they share one Python, which has its part in every step

_allowed = False  # in this process


def use_idle_core() -> None:
    """From here on trainings of one thread, and what is done side by side, may have a second where there are two cores.

    For workers and looking processes of this machine alone. A notebook that set one thread wants one, and so does an
    operator's CONVSCOPE_THREADS; on a cluster somebody else may have been promised the core.
    """
    global _allowed
    _allowed = True


def second_thread() -> ThreadPoolExecutor | None:
    """A thread to be had beside the caller's; None where there is to be none. It ends with this object."""
    return None if torch.get_num_threads() > 1 or threads_here() < 2 else _others(1)


def threads_here() -> int:
    """How many threads may work side by side: torch's own number, or two where it is one and a second is allowed."""
    threads = min(torch.get_num_threads(), MOST_THREADS)
    return 2 if threads == 1 and _allowed and (os.cpu_count() or 1) > 1 else threads


@contextmanager
def idle_core_too() -> Iterator[None]:
    """Inside, torch's kernels have as many threads as there may be, if nobody else wants a core at this moment.

    For work of less than a second that cannot be cut into tasks. Such threads wait for each other after each kernel,
    so beside a process that never pauses two of them are slower than one.
    """
    before = torch.get_num_threads()
    if before == 1 and threads_here() > 1 and _is_a_core_idle():
        torch.set_num_threads(threads_here())
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_a_core_idle() -> bool:
    """Whether fewer threads are running on this machine than it has cores, ours among them; False if nobody can say."""
    with suppress(OSError, ValueError, IndexError):
        _, _, rest = Path("/proc/stat").read_text("ascii").partition("procs_running ")
        return int(rest.split()[0]) < (os.cpu_count() or 1)
    return False


def side_by_side(work: Callable[[T], R], tasks: Iterable[T]) -> list[R]:
    """[work(task) for task in tasks], by as many threads as there may be, each with kernels to itself.

    work: does the same whoever does it, and when; what it is given nobody changes meanwhile.
    Raises what a task raised; then nobody begins another.
    """
    left, answers = list(tasks), dict[int, R]()
    threads = min(threads_here(), len(left))
    if threads < 2:
        return [work(task) for task in left]
    numbered, taking = enumerate(left), threading.Lock()

    def take() -> Iterator[tuple[int, T]]:
        while True:
            with taking:
                if (one := next(numbered, None)) is None:
                    return
            yield one

    def go_on() -> None:
        try:
            for number, task in take():
                answers[number] = work(task)
        finally:
            with taking:
                list(numbered)  # all done, or an error: there is none left

    with one_thread(), _others(threads - 1) as others:
        waiting = [others.submit(go_on) for _ in range(threads - 1)]
        try:
            go_on()
        finally:
            wait(waiting)  # also after an error: nobody works on when the caller believes it over
        for one in waiting:
            one.result()
    return [answers[number] for number in range(len(left))]


def _others(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count, "aside", initializer=torch.set_num_threads, initargs=(1,))
