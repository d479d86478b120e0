"""What a store remembers of its visitors: when they were seen and served, their runs, what they asked for before.

    visitors/<owner>/seen        its time: when the visitor's page was last heard of
                     served      its time: when a training of theirs last had a worker; `served.dream`, ... likewise
                     runs/       an empty file for each run, so that a list reads no others
                     twins/      for each thing asked for, the run that does it
                     recipe.json how they last chose to train
                     notebook.json what they did in the lesson (`notebooks`)
                     lock        held while they submit

`owner` is everywhere the hash of a visitor's token (`ids.owner_of`).
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from cnn_core.runs.fairness import FIRST
from cnn_core.runs.files import locked, sync, write_whole
from cnn_core.runs.run import KINDS


class Visitors:
    """The visitors of the store in folder `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path / "visitors"

    def make_folders(self, owner: str) -> None:
        """What the other methods write into. Raises OSError."""
        for folder in ("runs", "twins"):
            (self.path / owner / folder).mkdir(parents=True, exist_ok=True)

    def locked(self, owner: str) -> AbstractContextManager[bool]:
        """Hold this visitor's lock in a `with` block: two tabs may press Train at once. Raises OSError."""
        return locked(self.path / owner / "lock")

    def recipe_file(self, owner: str) -> Path:
        """Where the visitor's choice of a recipe is kept."""
        return self.path / owner / "recipe.json"

    def notebook_file(self, owner: str) -> Path:
        """Where what the visitor did in the lesson is kept."""
        return self.path / owner / "notebook.json"

    # Seen and served

    def see(self, owner: str) -> None:
        """The visitor's page is still open."""
        mark = self.path / owner / "seen"
        try:
            os.utime(mark)
        except OSError:
            with suppress(OSError):
                mark.parent.mkdir(parents=True, exist_ok=True)
                mark.touch()

    def silence(self, owner: str) -> float:
        """Seconds since the visitor's page was last heard of."""
        return time.time() - self._time_of(owner, "seen")

    def still_here(self, owner: str) -> None:
        """Some page of the visitor is open. Nothing is kept of one who has never asked for anything."""
        with suppress(OSError):
            os.utime(self.path / owner / "seen")

    def serve(self, lane: tuple[str, str]) -> None:
        """A run of this lane (owner, kind) gets a worker, or leaves one: it is the others' turn now."""
        with suppress(OSError):
            self._served(lane).touch()

    def put_first(self, lane: tuple[str, str]) -> None:
        """It is this lane's turn again, before all others."""
        with suppress(OSError):
            self._served(lane).touch()
            os.utime(self._served(lane), (FIRST, FIRST))

    def last_served(self, lane: tuple[str, str]) -> float:
        """When a run of this lane last had a worker, in seconds since 1970; 0 is never, FIRST is before all others."""
        return self._time_of(lane[0], self._served(lane).name)

    def is_known(self, owner: str) -> bool:
        """Whether a run of theirs has ever had a worker."""
        return any(self.last_served((owner, kind)) for kind in KINDS)

    def _served(self, lane: tuple[str, str]) -> Path:
        owner, kind = lane
        return self.path / owner / ("served" if kind == "training" else f"served.{kind}")

    def _time_of(self, owner: str, mark: str) -> float:
        try:
            return os.stat(self.path / owner / mark).st_mtime
        except OSError:
            return 0.0

    # Runs and what was asked for

    def runs_folder(self, owner: str) -> Path:
        """The folder whose file names are the ids of this visitor's runs."""
        return self.path / owner / "runs"

    def add_run(self, owner: str, run_id: str) -> None:
        """Count this run among the visitor's, also after a power cut. Raises OSError."""
        folder = self.runs_folder(owner)
        (folder / run_id).touch()
        sync(folder, folder.parent, self.path, self.path.parent)  # a first visit has made all of them

    def forget_run(self, owner: str, run_id: str) -> None:
        """Undo `add_run`."""
        with suppress(OSError):
            (self.runs_folder(owner) / run_id).unlink()

    def forget(self, owner: str) -> None:
        """All that is remembered of a visitor who is gone and has no runs. One who comes back is new."""
        leaving = self.path / f".{owner}.gone"  # at once, so that nobody meets half of it
        with suppress(OSError):
            os.rename(self.path / owner, leaving)
        shutil.rmtree(leaving, ignore_errors=True)

    def twin(self, owner: str, key: str) -> str | None:
        """The id of the run that does what `key` stands for, or None; the run may be gone by now."""
        try:
            return (self.path / owner / "twins" / key).read_text("ascii")
        except (OSError, ValueError):
            return None

    def set_twin(self, owner: str, key: str, run_id: str) -> None:
        """Remember that this run does what `key` stands for. Raises OSError."""
        write_whole(self.path / owner / "twins" / key, run_id.encode())
