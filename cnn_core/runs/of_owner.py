"""The runs of somebody whose token nobody here has: a class knows its members by the hash of it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from cnn_core.runs.files import file_names
from cnn_core.runs.ids import is_owner, is_run_id
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.runs.visitors import Visitors


def runs_of_owner(store: RunStore, owner: str, limit: int) -> list[Run]:
    """Their newest runs, newest first.  owner: the hash of a visitor's token."""
    if not is_owner(owner):
        return []
    ids = []  # (when, id)
    for name in file_names(Visitors(store.path).runs_folder(owner)):
        if is_run_id(name):
            with suppress(OSError):
                ids.append((os.stat(store.path / name / "run.json").st_mtime_ns, name))
    runs = (_run(store.path / run_id) for _, run_id in sorted(ids, reverse=True)[:limit])
    return [run for run in runs if run.owner == owner]


@lru_cache(maxsize=2_000)
def _run(folder: Path) -> Run:
    # What was asked for never changes, so it is read once; everything else a run reads when it is asked.
    return Run(folder)
