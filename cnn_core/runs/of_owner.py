"""The runs of somebody whose token nobody here has: a class knows its members by the hash of it."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from cnn_core.runs.files import file_names
from cnn_core.runs.ids import is_owner, is_run_id
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.runs.visitors import Visitors


def runs_of_owner(store: RunStore, owner: str, limit: int) -> list[Run]:
    """Their newest runs, newest first; cheap to ask often.  owner: the hash of a visitor's token."""
    if not is_owner(owner):
        return []
    folder = Visitors(store.path).runs_folder(owner)
    try:
        stamp = os.stat(folder).st_mtime_ns
    except OSError:
        return []
    return list(_runs(store.path, owner, folder, stamp)[:limit])


@lru_cache(maxsize=500)
def _runs(path: Path, owner: str, folder: Path, _stamp: int) -> tuple[Run, ...]:
    """All of them.  _stamp: of the folder with their names: another whenever one comes or goes."""
    runs = (_run(path / name) for name in file_names(folder) if is_run_id(name))
    return tuple(sorted((run for run in runs if run.owner == owner), key=lambda run: (-run.created, run.id)))


@lru_cache(maxsize=2_000)
def _run(folder: Path) -> Run:
    # What was asked for never changes, so it is read once; everything else a run reads when it is asked.
    return Run(folder)
