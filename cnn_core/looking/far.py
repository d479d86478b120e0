"""Where a Ray cluster does the work (CONVSCOPE_RAY), its machines answer the questions that take long, too.

Ray ends a process that was connected where the cluster's head goes. So it is the looking process that connects, not
the server; the question is then asked again, and answered here. It is also answered here where no machine is free:
nobody waits for the trainings of the others, and where the cluster does not answer.
"""

from __future__ import annotations

import logging
import pickle
import time
from typing import Any

from cnn_core.cluster import SHORT, WORKER_BYTES, connected, settings_here, take_over
from cnn_core.looking.question import Question
from cnn_core.looking.work import work_of
from cnn_core.model import ModelSpec

log = logging.getLogger("convscope.looking")

FAR = 2e11  # multiply-adds: ten seconds here, at the usual pace. A machine takes three to import torch
THREADS = 1  # of an answer there
TOLD_SECONDS = 3.0  # a process that has just connected hears a moment late what is free


def is_worth_the_way(question: Question, spec: ModelSpec) -> bool:
    """Whether it takes so long that another machine is asked."""
    return work_of(question, spec).total >= FAR


class Machines:
    """Those of the cluster at `address`, found when the first question comes."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._ray: Any = None
        self._tasks: dict[str, Any] = {}
        self._are_there = True
        self._patience = TOLD_SECONDS

    def take(self, message: bytes) -> Any | None:
        """Give a message to a machine that is free, and return what stands for its answer; None where there is none."""
        if not self._are_there or not self._found():
            return None
        until = time.monotonic() + self._patience
        self._patience = 0.0
        try:
            while (place := self._free_place()) is None and time.monotonic() < until:
                time.sleep(0.1)
            return self._tasks[place].remote(message, settings_here()) if place else None
        except Exception as error:  # Ray has many: the head is gone in this very moment
            log.warning("no machine of the cluster takes a question: %s", error)
            return None

    def answer(self, taken: Any) -> tuple | None:
        """Wait for what `take` returned: what is to be said; None where the machine is gone, or cannot work."""
        try:
            return pickle.loads(self._ray.get(taken))
        except self._ray.exceptions.RayError as error:
            log.warning("a machine of the cluster did not answer: %s", error)
            return None

    def _free_place(self) -> str | None:
        free = self._ray.available_resources()
        return next((name for name in (SHORT, "CPU") if free.get(name, 0) >= 1), None)

    def _found(self) -> bool:
        if self._ray is not None:
            return True
        try:
            self._ray = connected(self.address)
        except Exception as error:  # Ray has many, and each only means that we answer ourselves
            log.warning("the Ray cluster at %s does not answer: %s", self.address, error)
            self._are_there = False  # as long as this process lives: nobody waits twice
            return False
        once: dict[str, Any] = {"max_retries": 0, "scheduling_strategy": "SPREAD"}
        there = self._ray.remote(_answered_there)
        self._tasks = {
            SHORT: there.options(num_cpus=0, resources={SHORT: 1}, **once),
            "CPU": there.options(num_cpus=THREADS, memory=WORKER_BYTES, **once),
        }
        return True


def _answered_there(message: bytes, settings: dict[str, str]) -> bytes:
    """On the machine that answers; Ray sends this function by its name."""
    take_over(settings)
    import torch

    from cnn_core.looking.jobs import answered

    torch.set_num_threads(THREADS)
    return pickle.dumps(answered(message, lambda said: None), pickle.HIGHEST_PROTOCOL)
