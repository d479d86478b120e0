"""Looking ahead: what a run's owner opens next is computed when it ends, by a process of its own beside the workers.

It takes a processor only where no training is at work on it, and only while nobody else wants it; it is ended in the
middle of its work when a training comes that needs the place. What it had not done is done later, or when somebody
looks. The networks that come with Convscope are looked at when a runner starts, once in a store.
"""

from __future__ import annotations

import logging
import os
import signal
from collections import deque
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_core import pretrained
from cnn_core.machine import give_way
from cnn_core.runs.jobs.looks import look_at
from cnn_core.settings import settings

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from cnn_core.runs.fairness import Room

log = logging.getLogger("convscope.ahead")

MOST_NAMES = 100  # that wait; of more the oldest are left to whoever looks at them
PROCESS = "convscope-ahead"  # for the system; 15 letters at most


class LookingAhead:
    """At most one process that looks into networks ahead; for the runner, which asks it at each round of its loop.

    store:   folder of runs.
    context: how a process begins, as a worker does.
    """

    def __init__(self, store: Path, context: BaseContext) -> None:
        self.store, self.context = store, context
        self.names: deque[str] = deque((f"pretrained:{name}" for name in pretrained.names()), MOST_NAMES)
        self.at_work: str = ""
        self._process: BaseProcess | None = None

    @property
    def has_work(self) -> bool:
        """Whether there is anything left to look at."""
        return bool(self.names or self.at_work)

    def add(self, run_id: str) -> None:
        """This run has come to its end."""
        name = f"run:{run_id}"
        if name not in self.names:
            self.names.append(name)

    def go_on(self, may_work: bool) -> None:
        """Once round: take note of what has ended, start what may start, end what may not go on."""
        if self._process is not None and not self._process.is_alive():
            self._process.join()
            self._process, self.at_work = None, ""  # what failed is left to whoever looks
        if not may_work:
            self.end()
        elif self._process is None and self.names:
            self._start(self.names.popleft())

    def _start(self, name: str) -> None:
        process = self.context.Process(  # type: ignore[attr-defined]
            target=_look, args=(str(self.store), name), name=PROCESS, daemon=True
        )
        try:
            process.start()
        except (
            OSError,
            EOFError,
            RuntimeError,
        ):  # no memory, or the process to fork from has just been killed
            log.warning("nothing is computed ahead for %s: no process begins", name, exc_info=True)
            return
        self._process, self.at_work = process, name

    def end(self) -> None:
        """End it in the middle of its work, which is done again later."""
        if self._process is None:
            return
        self._process.kill()
        self._process.join()
        self.names.appendleft(self.at_work)
        self._process, self.at_work = None, ""


def is_free(room: Room) -> bool:
    """Whether a processor is left that no training works on, nor could one that waits."""
    machine = settings()
    return room.free > 0 and (room.workers - room.free) * machine.threads < (os.cpu_count() or 1)


# ---------------------------------------------------------------- in the process


def _look(store: str, name: str) -> None:
    from cnn_core.runs.jobs.worker import end_with_the_runner, settle

    end_with_the_runner()
    settle(store, 1)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the runner sees to it
    give_way()  # pages and trainings come first, whatever they do
    # Whoever waits for an answer has let us not give way; with the next question nobody waits for us.
    look_at(Path(store), name, before=give_way)
