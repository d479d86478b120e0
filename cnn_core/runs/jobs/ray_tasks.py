"""The process of the runner that is connected to a Ray cluster, and what it has done there.

It speaks with `RayEngine` through a pipe, in tuples that begin with one of the words below. A training takes as many
processors of a machine as it has threads, and some of its memory; short work is a dream, or a file to be opened.

Ray never repeats a task of ours: a run whose worker is gone goes back into our queue, and on from its last snapshot.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from cnn_core.cluster import SHORT, WORKER_BYTES, connected, take_over
from cnn_core.runs.jobs.engines import LOST, NOT_BEGUN

START, CANCEL, STOP = "start", "cancel", "stop"  # to it: (START, run id, is_spare), (CANCEL, run id), (STOP,)
PLACES = "places"  # from it: (PLACES, trainings at once, short work at once), twice a second
RETURNED, TROUBLE = "returned", "trouble"  # (RETURNED, run id, outcome), (TROUBLE, [run id,] error)

LOOK_SECONDS, PLACES_SECONDS = 0.05, 0.5


def connect(
    pipe: Connection, store_path: str, address: str, threads: int, environment: dict[str, str]
) -> None:
    """The life of that process: it connects, and gives out runs until it is told to stop or the runner is gone."""
    threading.Thread(target=_end_with_the_runner, name="parent", daemon=True).start()
    # Ray speaks to the terminal of whoever is connected, at length, and keeps all of it in logs of its own.
    with open(os.devnull, "wb") as nowhere:
        for stream in (1, 2):
            os.dup2(nowhere.fileno(), stream)
    try:
        ray = connected(address)
    except Exception as error:
        pipe.send((TROUBLE, _first_line(error)))
        return
    # A service's manager may tell all its processes to end; this one does when the runner says so. Ray's own is later.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    Tasks(ray, pipe, store_path, threads, environment).serve()
    with suppress(Exception):
        ray.shutdown()  # the cluster ends what is still at work


def _end_with_the_runner() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


class Tasks:
    """Runs as tasks of a cluster. `ray` is the module."""

    def __init__(
        self, ray: Any, pipe: Connection, store_path: str, threads: int, environment: Mapping[str, str]
    ) -> None:
        self.ray, self.pipe, self.threads = ray, pipe, threads
        self.arguments = (store_path, threads, dict(environment))
        self.tasks: dict[Any, str] = {}  # reference -> run id
        self.places_at = -PLACES_SECONDS
        spread: dict[str, Any] = {"max_retries": 0, "scheduling_strategy": "SPREAD"}
        self.long = ray.remote(_work).options(num_cpus=threads, memory=WORKER_BYTES, **spread)
        self.short = ray.remote(_work).options(num_cpus=0, resources={SHORT: 1}, **spread)

    def serve(self) -> None:
        """Until STOP, or the end of the pipe."""
        with suppress(EOFError, BrokenPipeError):
            while self._heard():
                self._tell_what_returned()
                if time.monotonic() - self.places_at >= PLACES_SECONDS:
                    self.places_at = time.monotonic()
                    self.pipe.send((PLACES, *self._places()))

    def _heard(self) -> bool:
        if not self.pipe.poll(LOOK_SECONDS):
            return True
        match self.pipe.recv():
            case (str(what), str(run_id), bool(is_spare)) if what == START:
                task = self.short if is_spare else self.long
                self.tasks[task.remote(run_id, *self.arguments)] = run_id
            case (str(what), str(run_id)) if what == CANCEL:
                for reference in [one for one, name in self.tasks.items() if name == run_id]:
                    self.ray.cancel(reference, force=True)
            case (str(what),) if what == STOP:
                return False
        return True

    def _tell_what_returned(self) -> None:
        if not self.tasks:
            return
        ready, _ = self.ray.wait(list(self.tasks), num_returns=len(self.tasks), timeout=0, fetch_local=False)
        for reference in ready:
            run_id = self.tasks.pop(reference)
            self.pipe.send(self._what_came_of(run_id, reference))

    def _what_came_of(self, run_id: str, reference: Any) -> tuple[str, str, str]:
        try:
            return RETURNED, run_id, str(self.ray.get(reference))
        except self.ray.exceptions.TaskCancelledError:
            return RETURNED, run_id, NOT_BEGUN
        except self.ray.exceptions.RayTaskError as error:  # `work` raises nothing: it could not be called
            return TROUBLE, run_id, _first_line(error.cause if error.cause is not None else error)
        except Exception:  # its worker, its machine or its memory
            return RETURNED, run_id, LOST

    def _places(self) -> tuple[int, int]:
        """For how many runs there is a place, those that we have given out among them."""
        machines = [node["Resources"] for node in self.ray.nodes() if node["Alive"]]
        free = self.ray.available_resources()
        # Others may use the cluster too. What is free is told a moment late, what there is in all bounds that.
        workers = min(
            places(machines, self.threads), len(self.tasks) + int(free.get("CPU", 0) // self.threads)
        )
        return workers, sum(int(machine.get(SHORT, 0)) for machine in machines)


def places(machines: Iterable[Mapping[str, float]], threads: int) -> int:
    """How many trainings these machines can do at once, each with so many threads.

    >>> places([{"CPU": 4.0, "memory": 16e9}, {"CPU": 8.0, "memory": 1.2e9}, {"memory": 8e9}], threads=2)
    4
    """
    return sum(
        int(min(machine.get("CPU", 0) // threads, machine.get("memory", 0) // WORKER_BYTES))
        for machine in machines
    )


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {(lines or ['no reason given'])[0][:200]}"


def _work(run_id: str, store_path: str, threads: int, environment: Mapping[str, str]) -> str:
    """On the machine that has the run; Ray sends this function by its name."""
    take_over(environment)
    from cnn_core.runs.jobs.leaving import server_restarts
    from cnn_core.runs.jobs.worker import settle, work

    before = signal.getsignal(signal.SIGTERM)  # Ray's: an idle worker ends at once
    settle(store_path, threads)
    try:
        return work(store_path, run_id)
    finally:
        signal.signal(signal.SIGTERM, before)
        if server_restarts.is_set():  # its machine is being stopped: nothing more is to be begun here
            os._exit(1)
