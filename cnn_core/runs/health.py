"""Whether a server can do what it is there for: write its folder, give work to a runner, and how much work waits.

For whoever looks after it: `/healthz` and `/metrics` of a hosted server (deploy/server.py) say what is found here.
"""

from __future__ import annotations

import os
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.runs.disk import lack
from cnn_core.runs.files import file_names, read_json
from cnn_core.runs.jobs.runner import runner_is_alive
from cnn_core.runs.store import RunStore
from cnn_core.runs.tickets import PAUSED, QUEUE

WITHOUT_RUNNER = (
    30.0  # seconds that work may wait while nobody gives it out; whoever starts one needs two or three
)
SILENT = 60.0  # seconds: a runner writes its heartbeat every two


@dataclass(frozen=True)
class Health:
    """What was found, at one moment. Sizes in bytes, times in seconds."""

    is_writable: bool  # the folder of runs
    free: int  # on its disk; 0 where it cannot be told
    lack: str  # why its disk has no room for work (`room.lack`), or ""
    runner: str  # "alive", "silent" (it holds its lock, but its heartbeat is old) or "none"
    waiting: int  # pieces of work in the queue
    at_work: int
    paused: int
    longest_wait: float  # of what waits now
    trouble: str  # why the runner can give out no work (`jobs.engines`), or ""
    tally: dict[str, Any]  # the runner's own counts (`jobs.tally`); {} where there is none

    @property
    def problems(self) -> list[str]:
        """A sentence for each thing that an operator should see to; [] of a sound server."""
        sentences = []
        if not self.is_writable:
            sentences.append("The folder of runs cannot be written.")
        elif self.lack:
            sentences.append(f"No work is given out: {self.free / 1e6:,.0f} MB are free on the disk.")
        if self.trouble:
            sentences.append(self.trouble)
        if self.runner == "silent":
            sentences.append("The runner does not answer.")
        elif self.runner == "none" and self.longest_wait > WITHOUT_RUNNER:
            sentences.append(f"Work waits since {self.longest_wait:,.0f} s, and there is no runner.")
        return sentences

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: what `/healthz` answers."""
        return {
            "status": "unwell" if self.problems else "ok",
            "problems": self.problems,
            "store": {"writable": self.is_writable, "free_bytes": self.free},
            "runner": self.runner,
            "queue": {
                "waiting": self.waiting,
                "at_work": self.at_work,
                "paused": self.paused,
                "longest_wait_seconds": round(self.longest_wait, 1),
            },
        }


def look(store: RunStore) -> Health:
    """Look at a store and at who serves it; writes one byte into its folder, and takes a few milliseconds."""
    waiting, note = store.waiting(), read_json(store.path / "runner.json")
    return Health(
        is_writable=_is_writable(store.path),
        free=_free(store.path),
        lack=lack(store.path),
        runner=_runner(store, note),
        waiting=len(waiting),
        at_work=len(store.taken()),
        paused=len(file_names(store.path / PAUSED)),
        longest_wait=_longest_wait(store.path / QUEUE),
        trouble=trouble if isinstance(trouble := note.get("trouble"), str) else "",
        tally=tally if isinstance(tally := note.get("tally"), dict) else {},
    )


def _is_writable(folder: Path) -> bool:
    probe = folder / f".health.{os.getpid()}.{secrets.token_hex(4)}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"?")
        probe.unlink()
    except OSError:
        return False
    return True


def _free(folder: Path) -> int:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return 0
    return disk.f_bavail * disk.f_frsize


def _longest_wait(queue: Path) -> float:
    """Seconds since the oldest ticket was put where it lies; a rename is a change, which the file system dates."""
    since = []
    for name in file_names(queue):
        with suppress(OSError):  # it has just been taken
            since.append(os.stat(queue / name).st_ctime)
    return max(0.0, time.time() - min(since)) if since else 0.0


def _runner(store: RunStore, note: dict[str, Any]) -> str:
    if not runner_is_alive(store):
        return "none"
    heartbeat = note.get("heartbeat")
    # One that has just begun, or is just ending, has no note.
    is_silent = isinstance(heartbeat, int | float) and time.time() - heartbeat > SILENT
    return "silent" if is_silent else "alive"
