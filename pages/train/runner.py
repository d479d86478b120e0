"""Somebody has to be at work on a run: the runner is woken, and that it cannot be is said until it can."""

from __future__ import annotations

from cnn_core.runs import Run
from pages.ui.visitor import server, who
from pages.ui.wording import refusals

_PLACE = "train_runner"  # a place of its own: it is tried each second, and must be said once


def wake() -> None:
    """Start the runner unless it is there; for callbacks. `draw_refusal` says where that was not possible."""
    with refusals.collect(_PLACE):
        server.wake_runner()


def keep_going(run: Run, state: str) -> None:
    """The owner of an unfinished run is still here, and somebody is at work on it: a server may have died.

    state: of the run, as it is now.
    """
    with refusals.collect(_PLACE):
        server.store().seen(who.visitor())
        if state == "queued":
            server.store().mend(run)
        server.wake_runner()


def draw_refusal() -> None:
    """Say that no runner could be started; nothing where it could."""
    refusals.draw(_PLACE)
