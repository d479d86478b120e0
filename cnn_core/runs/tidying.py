"""The store is kept in bounds, in bytes: of each visitor, and of all. The runner tidies it at its start, and each hour.

What has been deleted goes first, then what nobody has used for longest: ended runs, dreams, refused files, own sets of
pictures. Never goes what waits or is at work, and what somebody has used within the last hour, for they may have it
open. How long ago a run was used is its folder's time: whoever writes in it changes that, and so does a page that
shows it (`use`); a set has a mark of its own (`cnn_core.data.own.room`).
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cnn_core.data.own.names import is_own, parts_of
from cnn_core.data.own.room import Kept
from cnn_core.data.own.shelf import Shelf
from cnn_core.errors import StudentError
from cnn_core.looking import FOLDER, Answers
from cnn_core.runs.files import file_names, locked
from cnn_core.runs.ids import is_owner, is_run_id
from cnn_core.runs.run import Run
from cnn_core.runs.tickets import Tickets
from cnn_core.runs.trash import Trash, evict
from cnn_core.runs.visitors import Visitors
from cnn_core.settings import settings

KEPT_RUNS = 10_000  # ended runs; beyond that the oldest of visitors who are gone are evicted
KEPT_NOTEBOOKS = 5_000  # of 100 kB at most: half a gigabyte at worst
OPEN_SECONDS = 3_600.0  # what was used so lately may be open somewhere
GONE_SECONDS = 24 * 3_600.0  # a visitor silent for so long is gone
FORGOTTEN_SECONDS = 90 * GONE_SECONDS  # then their last recipe and their lesson are forgotten too
LEFT_SECONDS = (
    3_600.0  # what is written in milliseconds, and is so old, was left by a process that was killed
)
USE_SECONDS = 60.0  # between two marks that a thing is in use

_LEAVING = re.compile(r"\..+\.(new|gone|[0-9a-f]{8})|\.room", re.ASCII)  # as we name what is not there yet

_used: dict[Path, float] = {}  # folder: when it was marked, of the monotonic clock


def use(folder: Path) -> None:
    """Somebody looks at the run in this folder: it is not old. Cheap, and raises nothing."""
    now = time.monotonic()
    if now - _used.get(folder, -USE_SECONDS) < USE_SECONDS:
        return
    if len(_used) > 10_000:
        _used.clear()
    _used[folder] = now
    with suppress(OSError):
        os.utime(folder)


@dataclass(frozen=True)
class Thing:
    """Something that takes room, and how to be rid of it."""

    owner: str
    bytes: int
    used: float  # since 1970
    is_deleted: bool
    remove: Callable[[], bool]  # whether it could go

    @property
    def order(self) -> tuple[bool, float]:
        """What goes first is least."""
        return not self.is_deleted, self.used


def tidy(path: Path) -> int:
    """Bring the store in this folder back into its bounds; returns how many things had to go for that.

    Raises nothing for what cannot be removed: that is tried again in an hour.
    """
    remove_leavings(path)
    Answers(path).tidy()
    Trash(path).purge()
    visitors, runs = Visitors(path), _runs(path)
    evict(runs[KEPT_RUNS:], visitors)
    count = _keep_bounds(things(path, runs))
    _forget_visitors(path, visitors)
    _keep_notebooks(visitors)
    return count


def _runs(path: Path) -> list[Run]:
    """All of them, newest first."""
    times = {name: _time_of(path / name / "run.json") for name in file_names(path) if is_run_id(name)}
    return [Run(path / name) for name in sorted(times, key=times.__getitem__, reverse=True)]


# ---------------------------------------------------------------- what there is


def things(path: Path, runs: Iterable[Run]) -> list[Thing]:
    """All that takes room and may go: ended runs, deleted ones, own sets. What may not go is in it too, and refuses."""
    learnt: dict[str, float] = {}  # an own set: when a run that learnt from it was last used
    found = [_thing_of(path, run, learnt) for run in runs]
    found += [_deleted(owner, folder) for owner, folder in Trash(path).folders()]
    shelf = Shelf(path / "datasets")
    return found + [_thing_of_set(shelf, one, learnt) for one in shelf.kept()]


def _thing_of(path: Path, run: Run, learnt: dict[str, float]) -> Thing:
    used = _time_of(run.folder)
    if is_own(run.dataset):
        one = parts_of(run.dataset)[0]
        learnt[one] = max(used, learnt.get(one, 0.0))
    return Thing(run.owner, weight(run.folder), used, False, lambda: _remove_run(path, run))


def _remove_run(path: Path, run: Run) -> bool:
    visitors = Visitors(path)
    # What waits or is at work has a ticket; one that was just submitted has not yet, and is not old.
    if run.status.unfinished or Tickets(path, visitors).of(run.id) is not None:
        return False
    with suppress(OSError), locked(run.folder / "lock", wait=False) as mine:
        if mine:
            shutil.rmtree(run.folder, ignore_errors=True)
            visitors.forget_run(run.owner, run.id)
            return True
    return False


def _deleted(owner: str, folder: Path) -> Thing:
    def remove() -> bool:
        shutil.rmtree(folder, ignore_errors=True)
        return not folder.exists()

    return Thing(owner, weight(folder), _time_of(folder), True, remove)


def _thing_of_set(shelf: Shelf, one: Kept, learnt: dict[str, float]) -> Thing:
    def remove() -> bool:
        try:
            return shelf.get(one.id).let_go(time.time() - OPEN_SECONDS)
        except (OSError, StudentError):
            return False

    used = max(one.used, learnt.get(one.id, 0.0))
    return Thing(one.owner if is_owner(one.owner) else "", one.bytes, used, False, remove)


def weight(folder: Path) -> int:
    """Bytes of all files in a folder and those within; 0 where it is gone."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += weight(Path(entry.path))
            else:
                total += entry.stat(follow_symlinks=False).st_size
    return total


# ---------------------------------------------------------------- what goes


def _keep_bounds(found: list[Thing]) -> int:
    machine = settings()
    by_owner: dict[str, list[Thing]] = {}
    for thing in found:
        by_owner.setdefault(thing.owner, []).append(thing)
    left: list[Thing] = []
    for mine in by_owner.values():
        left += _within(mine, machine.max_visitor_mb * 1_000_000)
    return len(found) - len(_within(left, machine.max_store_mb * 1_000_000))


def _within(found: list[Thing], most: int) -> list[Thing]:
    """What is left when as much as has to has gone.  most: bytes."""
    total, oldest_open = sum(thing.bytes for thing in found), time.time() - OPEN_SECONDS
    left = []
    for thing in sorted(found, key=lambda thing: thing.order):
        may_go = thing.is_deleted or thing.used < oldest_open
        if total > most and may_go and thing.remove():
            total -= thing.bytes
        else:
            left.append(thing)
    return left


def remove_leavings(path: Path) -> None:
    """Half-made folders and files of processes that were killed, once nobody can be at them any more."""
    oldest = time.time() - LEFT_SECONDS
    runs = (path / name for name in file_names(path) if is_run_id(name))
    within = (run / part for run in runs for part in ("", "snapshots", "frames"))
    for folder in (path, path / "datasets", path / "visitors", path / FOLDER, *within):
        for name in file_names(folder):
            left = folder / name
            if _LEAVING.fullmatch(name) and _time_of(left) < oldest:
                if left.is_dir() and not left.is_symlink():
                    shutil.rmtree(left, ignore_errors=True)
                else:
                    with suppress(OSError):
                        left.unlink()


def _forget_visitors(path: Path, visitors: Visitors) -> None:
    """Marks of runs that are gone, and all that is remembered of visitors who are gone and left nothing."""
    deleted = {folder.name for _, folder in Trash(path).folders()}
    for owner in file_names(visitors.path):
        if not is_owner(owner) or visitors.silence(owner) < GONE_SECONDS:
            continue
        for name in file_names(visitors.runs_folder(owner)):
            if name not in deleted and not (path / name).exists():
                visitors.forget_run(owner, name)
        if not file_names(visitors.runs_folder(owner)):
            left = (visitors.recipe_file(owner), visitors.notebook_file(owner))
            if not any(file.exists() for file in left) or visitors.silence(owner) > FORGOTTEN_SECONDS:
                visitors.forget(owner)


def _keep_notebooks(visitors: Visitors) -> None:
    """Of more notebooks than are kept the oldest go, but none of who was here within the last hour."""
    found = [(visitors.notebook_file(owner), owner) for owner in file_names(visitors.path) if is_owner(owner)]
    times = sorted((time, file, owner) for file, owner in found if (time := _time_of(file)))
    for _, file, owner in times[: max(0, len(times) - KEPT_NOTEBOOKS)]:
        if visitors.silence(owner) > OPEN_SECONDS:
            with suppress(OSError):
                file.unlink()


def _time_of(path: Path) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0
