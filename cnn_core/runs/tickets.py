"""Tickets: every unfinished run has one, an empty file in one of three folders.

    queue/     runs that wait
    taken/     runs at work
    paused/    runs that their owner put aside

A ticket changes hands by one rename, so two processes never both hold a run. Where it lies outlives a power cut.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cnn_core.runs.fairness import AtWork, Queue, Room, Ticket, next_to_start
from cnn_core.runs.files import file_names, sync
from cnn_core.runs.ids import is_owner, is_run_id
from cnn_core.runs.run import KINDS, Run
from cnn_core.runs.visitors import Visitors
from cnn_core.settings import settings

QUEUE, TAKEN, PAUSED = "queue", "taken", "paused"


class Tickets:
    """The tickets of the store in folder `path`."""

    def __init__(self, path: Path, visitors: Visitors) -> None:
        self.path, self.visitors = path, visitors

    # Looking

    def listed(self, *folders: str) -> list[Ticket]:
        """The tickets in these folders; foreign files among them are passed over."""
        tickets = (
            Ticket.from_file_name(name) for folder in folders for name in file_names(self.path / folder)
        )
        return [ticket for ticket in tickets if ticket is not None and _is_possible(ticket)]

    def of(self, run_id: str) -> Ticket | None:
        """A run's ticket, wherever it is; None of an ended run."""
        # The queue twice: a ticket put back while we look would be missed in one passing.
        for folder in (QUEUE, TAKEN, PAUSED, QUEUE):
            if (ticket := self._in(folder, run_id)) is not None:
                return ticket
        return None

    def any_work(self) -> bool:
        """Whether anything waits or is at work."""
        return bool(file_names(self.path / QUEUE) or file_names(self.path / TAKEN))

    def queue(self) -> Queue:
        """All that the policy of the queue looks at, as it stands now."""
        waiting = self.listed(
            QUEUE
        )  # before the taken ones: one taken meanwhile is seen twice, and not missed
        at_work = self.at_work()
        if not waiting:
            return Queue((), at_work)
        away_seconds = settings().away_seconds
        owners = {ticket.owner for ticket in [*waiting, *(one.ticket for one in at_work)]}
        return Queue(
            waiting,
            at_work,
            served={lane: self.visitors.last_served(lane) for lane in {ticket.lane for ticket in waiting}},
            away={owner for owner in owners if self.visitors.silence(owner) > away_seconds},
        )

    def at_work(self) -> list[AtWork]:
        """What is at work, and for how long."""
        now, found = time.time(), []
        for ticket in self.listed(TAKEN):
            with suppress(OSError):  # it has ended meanwhile
                since = os.stat(self.path / TAKEN / ticket.file_name).st_mtime
                found.append(AtWork(ticket, max(0.0, now - since)))
        return found

    def next(self, room: Room) -> Ticket | None:
        """What is to be started now, or None where nothing waits that may start, or there is no room for it."""
        # Asked thirty times a second: nothing more is read than has to be.
        waiting = self.listed(QUEUE)
        has_place = room.free > 0 or (room.spare > 0 and not all(ticket.is_long for ticket in waiting))
        return next_to_start(self.queue(), room) if waiting and has_place else None

    # Changing hands

    def put(self, run: Run, kind: str = "", is_new: bool = True) -> None:
        """Write the ticket of a run that is to wait. Raises OSError.

        kind:   of the work, where it is not the run's own.
        is_new: it has waited since the run was made; else from now on.
        """
        asked = int(run.created * 1e9) if is_new else time.time_ns()
        ticket = Ticket(asked, run.id, run.owner, kind or run.kind)
        (self.path / QUEUE).mkdir(exist_ok=True)
        (self.path / QUEUE / ticket.file_name).touch()
        sync(self.path / QUEUE, self.path)

    def take(self, ticket: Ticket) -> bool:
        """Take a ticket out of the queue; False where somebody was faster (its owner, who stopped it)."""
        (self.path / TAKEN).mkdir(exist_ok=True)
        if not self.move(ticket.run_id, QUEUE, TAKEN):
            return False
        with suppress(OSError):
            os.utime(self.path / TAKEN / ticket.file_name)  # since when it is at work
        self.visitors.serve(ticket.lane)
        return True

    def leave(self, run_id: str) -> None:
        """A run at work leaves its worker: its visitor has been served until now."""
        if (ticket := self._in(TAKEN, run_id)) is not None:
            self.visitors.serve(ticket.lane)

    def put_first(self, run_id: str) -> None:
        """A run at work has lost its worker: its turn comes before all others'."""
        if (ticket := self._in(TAKEN, run_id)) is not None:
            self.visitors.put_first(ticket.lane)

    def move(self, run_id: str, source: str, target: str, asks_anew: bool = False) -> bool:
        """Move a run's ticket from one folder to another; False where it is not in the first.

        asks_anew: it waits from now on.
        """
        ticket = self._in(source, run_id)
        if ticket is None:
            return False
        moved = replace(ticket, created=time.time_ns()) if asks_anew else ticket
        try:
            (self.path / target).mkdir(exist_ok=True)
            os.rename(self.path / source / ticket.file_name, self.path / target / moved.file_name)
        except FileNotFoundError:
            return False
        sync(self.path / target, self.path / source, self.path)
        return True

    def remove(self, run_id: str, folder: str) -> bool:
        """Tear up a run's ticket; False where it is not in this folder."""
        ticket = self._in(folder, run_id)
        if ticket is None:
            return False
        try:
            os.unlink(self.path / folder / ticket.file_name)
        except FileNotFoundError:
            return False
        sync(self.path / folder)
        return True

    def _in(self, folder: str, run_id: str) -> Ticket | None:
        return next((ticket for ticket in self.listed(folder) if ticket.run_id == run_id), None)


def _is_possible(ticket: Ticket) -> bool:
    return is_run_id(ticket.run_id) and is_owner(ticket.owner) and ticket.kind in KINDS
