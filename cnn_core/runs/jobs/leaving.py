"""How a job ends before its end: its owner wants it stopped or paused, or the server is being restarted."""

from __future__ import annotations

import threading
from contextlib import suppress

from cnn_core.runs.files import read_json, write_json
from cnn_core.runs.going_on import why_stopped
from cnn_core.runs.run import Run

# What `work` tells the runner
DONE, PAUSED, LEFT, MADE_ROOM = "done", "paused", "left", "made room"
NO_ROOM = "no_room"  # the disk is full or cannot be written: the run waits until that is over
WAS_FULL = "The disk of this server was full."

_MAKE_ROOM = "make_room"  # a file in the run's folder: others wait, and it has been at work for long

server_restarts = threading.Event()  # set by SIGTERM: keep the run where it is and come back


class StopWork(Exception):
    """Stop the job at once.

    state:   the run's state from now on.
    outcome: what the runner gets to know: DONE, PAUSED, LEFT or MADE_ROOM.
    reason:  a sentence for the run's owner; may be empty.
    """

    def __init__(self, state: str, outcome: str, reason: str = "") -> None:
        super().__init__(state)
        self.state, self.outcome, self.reason = state, outcome, reason


def obey(run: Run) -> None:
    """Raise StopWork where the owner or the runner wants this run to stop now."""
    control = run.control
    action = control.get("action")
    if action == "stop":
        raise StopWork("stopped", DONE, why_stopped(control))
    if action == "pause":
        raise StopWork("paused", PAUSED)
    if server_restarts.is_set():
        raise StopWork("interrupted", LEFT, _RESTART)
    if (run.folder / _MAKE_ROOM).exists():
        wish = read_json(run.folder / _MAKE_ROOM)
        if wish.get("leave"):
            raise StopWork("interrupted", LEFT, _RESTART)
        raise StopWork("queued", MADE_ROOM, _others_first(wish.get("minutes", 0)))


_RESTART = "The server is being restarted."


def _others_first(minutes: object) -> str:
    """
    >>> _others_first(12)
    'It has been at work for 12 minutes, so others who wait go first.'
    """
    many = "" if not isinstance(minutes, int) or minutes < 2 else f" for {minutes} minutes"
    return f"It has been at work{many}, so others who wait go first."


def ask_to_make_room(run: Run, seconds: float) -> None:
    """Let the worker of a run know that it is the others' turn; through its folder, so by any engine. Raises OSError.

    seconds: how long it has been at work.
    """
    if not (run.folder / _MAKE_ROOM).exists():
        write_json(run.folder / _MAKE_ROOM, {"minutes": int(seconds / 60)})


def ask_to_leave(run: Run) -> None:
    """Let the worker of a run know that the server is being restarted, on whatever machine it is. Raises OSError."""
    if not (run.folder / _MAKE_ROOM).exists():
        write_json(run.folder / _MAKE_ROOM, {"leave": True})


def forget_to_make_room(run: Run) -> None:
    """It has made room or left, or need not any more."""
    with suppress(OSError):
        (run.folder / _MAKE_ROOM).unlink()
