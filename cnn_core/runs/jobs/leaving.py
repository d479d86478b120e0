"""How a job ends before its end: its owner wants it stopped or paused, or the server is being restarted."""

from __future__ import annotations

import threading

from cnn_core.runs.run import Run

# What `work` tells the runner
DONE, PAUSED, LEFT = "done", "paused", "left"
NO_ROOM = "no_room"  # the disk is full or cannot be written: the run waits until that is over
WAS_FULL = "The disk of this server was full."

server_restarts = threading.Event()  # set by SIGTERM: keep the run where it is and come back


class StopWork(Exception):
    """Stop the job at once.

    state:   the run's state from now on.
    outcome: what the runner gets to know: DONE, PAUSED or LEFT.
    reason:  a sentence for the run's owner; may be empty.
    """

    def __init__(self, state: str, outcome: str, reason: str = "") -> None:
        super().__init__(state)
        self.state, self.outcome, self.reason = state, outcome, reason


def obey(run: Run) -> None:
    """Raise StopWork where the owner or the runner wants this run to stop now."""
    action = run.control.get("action")
    if action == "stop":
        raise StopWork("stopped", DONE)
    if action == "pause":
        raise StopWork("paused", PAUSED)
    if server_restarts.is_set():
        raise StopWork("interrupted", LEFT, "The server is being restarted.")
