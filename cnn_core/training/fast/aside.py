"""A second thread for a training of one: it computes gradients of weights while the first goes on down the network.

Nothing waits for these before the step's end, and they are the same calls on the same numbers, so not one bit depends
on who did them, or when. Where another process needs the core, the system gives it that core, and the step takes as
long as it would without. So a training that is alone on its machine has use of a core that a later one finds free.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import torch

_allowed = False  # in this process


def use_idle_core() -> None:
    """From here on trainings of one thread may have a second, where there is more than one core.

    For workers of this machine alone. A notebook that set one thread wants one, and so does an operator's
    CONVSCOPE_THREADS; on a cluster somebody else may have been promised the core.
    """
    global _allowed
    _allowed = True


def second_thread() -> ThreadPoolExecutor | None:
    """A thread to be had beside the caller's; None where there is to be none. It ends with this object."""
    if not _allowed or torch.get_num_threads() > 1 or (os.cpu_count() or 1) < 2:
        return None
    return ThreadPoolExecutor(1, "aside", initializer=torch.set_num_threads, initargs=(1,))
