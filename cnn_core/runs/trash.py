"""Deleted runs, which can be had back for a day, and old ones, which make room for new ones."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cnn_core.errors import StudentError
from cnn_core.runs.files import explain_disk_errors, file_names, locked
from cnn_core.runs.ids import is_run_id
from cnn_core.runs.run import Run
from cnn_core.runs.visitors import Visitors

TRASH_SECONDS = 24 * 3600.0  # how long a deletion can be undone
TRASH_RUNS = 100


class Trash:
    """The folder `trash` of the store in folder `path`."""

    def __init__(self, path: Path) -> None:
        self.store_path, self.path = path, path / "trash"

    def put(self, run: Run) -> None:
        """Move a run's folder in here. Raises OSError."""
        self.path.mkdir(exist_ok=True)
        os.utime(run.folder)  # its day begins now
        os.replace(run.folder, self.path / run.id)

    def restore(self, run_id: str, token: str) -> None:
        """Move it back, for its owner. Raises StudentError where it is not here (any more)."""
        run = Run(self.path / run_id) if is_run_id(run_id) else None
        if run is None or not run.card or not run.is_owner(token):
            raise StudentError("This run cannot be brought back.", hint="A deleted run is kept for a day.")
        with explain_disk_errors(f"The folder of “{run.name}” cannot be written"):
            os.replace(run.folder, self.store_path / run_id)

    def purge(self) -> None:
        """Forget what was deleted a day ago, or before the last hundred."""
        deletions = []  # (when, name)
        for name in file_names(self.path):
            with suppress(OSError):
                deletions.append((os.stat(self.path / name).st_mtime, name))
        oldest = time.time() - TRASH_SECONDS
        for number, (deleted, name) in enumerate(sorted(deletions, reverse=True)):
            if deleted < oldest or number >= TRASH_RUNS:
                shutil.rmtree(self.path / name, ignore_errors=True)


def evict(runs: Iterable[Run], visitors: Visitors) -> int:
    """Delete those of the runs that have ended and whose visitors have been gone for a day; returns how many."""
    count = 0
    for run in runs:
        if run.status.unfinished or visitors.silence(run.owner) < TRASH_SECONDS:
            continue
        with locked(run.folder / "lock", wait=False) as mine:
            if mine:
                shutil.rmtree(run.folder, ignore_errors=True)
                visitors.forget_run(run.owner, run.id)
                count += 1
    return count
