"""Deleted runs, which can be had back for a day, and old ones, which make room for new ones."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from cnn_core.errors import StudentError
from cnn_core.runs.files import explain_disk_errors, file_names, locked, sync
from cnn_core.runs.ids import is_owner, is_run_id, owner_of
from cnn_core.runs.run import Run
from cnn_core.runs.visitors import Visitors

TRASH_SECONDS = 24 * 3600.0  # how long a deletion can be undone
TRASH_RUNS = 100  # of one visitor


class Trash:
    """The folder `trash` of the store in folder `path`: a folder for each visitor, by the hash of their token.

    Runs that lie in it directly were deleted in a version before.
    """

    def __init__(self, path: Path) -> None:
        self.store_path, self.path = path, path / "trash"

    def put(self, run: Run) -> None:
        """Move a run's folder in here. Raises OSError."""
        place = self.path / run.owner
        place.mkdir(parents=True, exist_ok=True)
        os.utime(run.folder)  # its day begins now
        os.replace(run.folder, place / run.id)
        sync(place, self.store_path)

    def restore(self, run_id: str, token: str) -> None:
        """Move it back, for its owner. Raises StudentError where it is not here (any more)."""
        places = (self.path / owner_of(token), self.path) if is_run_id(run_id) else ()
        for run in (Run(place / run_id) for place in places):
            if run.card and run.is_owner(token):
                with explain_disk_errors(f"The folder of “{run.name}” cannot be written"):
                    os.replace(run.folder, self.store_path / run_id)
                    sync(self.store_path)
                return
        raise StudentError("This run cannot be brought back.", hint="A deleted run is kept for a day.")

    def folders(self) -> list[tuple[str, Path]]:
        """(owner, folder) of each deleted run; "" for one that a version before deleted."""
        found = []
        for name in file_names(self.path):
            if is_owner(name):
                found += [(name, self.path / name / run_id) for run_id in file_names(self.path / name)]
            else:
                found.append(("", self.path / name))
        return found

    def purge(self) -> None:
        """Forget what was deleted a day ago, or before a visitor's last hundred."""
        deletions: dict[str, list[tuple[float, Path]]] = {}
        for owner, folder in self.folders():
            with suppress(OSError):
                deletions.setdefault(owner, []).append((os.stat(folder).st_mtime, folder))
        oldest = time.time() - TRASH_SECONDS
        for owner, mine in deletions.items():
            for number, (deleted, folder) in enumerate(sorted(mine, reverse=True)):
                if deleted < oldest or number >= TRASH_RUNS:
                    shutil.rmtree(folder, ignore_errors=True)
            if owner:
                with suppress(OSError):  # not empty
                    (self.path / owner).rmdir()


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
