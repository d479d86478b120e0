"""Whether there is room on the disk for work. What there is not is the machine's state, and no run's fault.

A reserve stays free: with less, no work is given out, so that a class's queue does not fail one after the other. Where
the system does not say how much a user may still write (a quota), a worker finds out; then the runner tries now and
then whether the reserve can be had.
"""

from __future__ import annotations

import logging
import math
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from cnn_core.runs.files import FULL, READ_ONLY, condition_of, is_locked, locked
from cnn_core.settings import settings

log = logging.getLogger("convscope.runner")

CHECK_SECONDS = 1.0  # between two looks at how much is free
TRY_SECONDS = (5.0, 60.0)  # between two tries of the reserve: at first, at most
_SAID = {FULL: "full", READ_ONLY: "read-only", "": ""}
_MARK = "no_room.lock"  # held by the runner while it gives out no work


def lack(path: Path) -> str:
    """FULL or READ_ONLY where the store in this folder has no room for work now, else "". Cheap: no file is read."""
    return _lack_by_the_system(path) or (FULL if is_locked(path / _MARK) else "")


def _lack_by_the_system(path: Path) -> str:
    try:
        disk = os.statvfs(path)
    except OSError:  # a store that was not made yet
        return ""
    if disk.f_flag & os.ST_RDONLY:
        return READ_ONLY
    is_full = disk.f_bavail * disk.f_frsize < settings().reserve_mb * 1_000_000
    has_no_names = (
        disk.f_files > 0 and disk.f_favail < 100
    )  # a file system without a fixed number says 0 of 0
    return FULL if is_full or has_no_names else ""


class Disk:
    """The runner's view of it: whether work may be given out, and a mark for the pages where it may not.

    path: the store's folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lack = ""
        self._checked_at = self._try_at = self._ran_out_at = -math.inf
        self._pause = 0.0  # between two tries
        self._has_to_try = False  # what the system says was not enough
        self._mark = ExitStack()
        with suppress(OSError):
            (path / _MARK).touch()  # while there is room for a name

    def has_room(self) -> bool:
        """Whether work may be given out."""
        now = time.monotonic()
        if now - self._checked_at > CHECK_SECONDS:
            self._checked_at = now
            self._set(self._look(now))
        return not self.lack

    def ran_out(self, condition: str) -> None:
        """Something could not be written.  condition: FULL or READ_ONLY."""
        now = time.monotonic()
        is_again = now - self._ran_out_at < 10 * TRY_SECONDS[1]
        self._pause = min(2 * self._pause, TRY_SECONDS[1]) if is_again else TRY_SECONDS[0]
        self._ran_out_at, self._try_at, self._has_to_try = now, now + self._pause, True
        self._set(condition)

    def close(self) -> None:
        """Take the mark back."""
        self._mark.close()

    def _look(self, now: float) -> str:
        lack = _lack_by_the_system(self.path)
        if lack or not self._has_to_try:
            return lack
        if now < self._try_at:
            return self.lack
        lack = self._tried()
        if lack:
            self.ran_out(lack)
        self._has_to_try = bool(lack)
        return lack

    def _tried(self) -> str:
        """What stands in the way of the reserve; it is had for a moment, and given back."""
        probe = self.path / ".room"
        try:
            with open(probe, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, settings().reserve_mb * 1_000_000)
        except OSError as error:
            return condition_of(error)
        finally:
            with suppress(OSError):
                probe.unlink()
        return ""

    def _set(self, lack: str) -> None:
        if bool(lack) != bool(self.lack):
            log.warning(
                "no work is given out: the disk is %s" if lack else "there is room again%s", _SAID[lack]
            )
            if lack:
                with suppress(OSError):
                    self._mark.enter_context(locked(self.path / _MARK))
            else:
                self._mark.close()
        self.lack = lack
