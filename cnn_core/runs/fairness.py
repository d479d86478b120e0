"""Whose turn is it? The policy of the queue, of any engine: pure functions over tickets, free of files and processes.

The runner asks it what to start and who has to make room, the store asks it for a visitor's place.

* **Turns.** Whoever has waited longest since they last had a worker comes first; who never had one has waited since
  they asked. So nobody who comes later, under however many names, goes before somebody who waits already. A visitor has
  one training (and one dream, and one opening) at work at a time. A visitor whose page has been silent for long goes
  behind all who are there.
* **Lanes.** What takes seconds (a dream, a file to be opened) has a place of its own beside the workers, and never
  waits behind trainings; files first, for somebody looks on.
* **Slices.** A training that has been at work for a slice of time while others wait makes room for them. It goes
  behind all who wait then, and goes on from where it was.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Any

LONG = ("training",)  # kinds of work that may take minutes; all others take seconds
FIRST = 1.0  # as a time of `served`: before all others, for a run that lost its worker
NEARLY_DONE = (
    0.1  # of a slice: what has less than that to go is let finish, unless it said so for a whole slice
)
SHORT_PATIENCE = 30.0  # seconds that short work waits for a training, where it has no place of its own


@dataclass(frozen=True, order=True)
class Ticket:
    """A wish to be worked on. The file's name says it all, so the queue is read without opening anything."""

    created: int  # nanoseconds since 1970, when it was asked for
    run_id: str
    owner: str  # hash of the visitor's token
    kind: str  # training | dream | opening

    @property
    def lane(self) -> tuple[str, str]:
        """Two tickets of one lane are never worked on at the same time."""
        return self.owner, self.kind

    @property
    def is_long(self) -> bool:
        """Whether it may take minutes."""
        return self.kind in LONG

    @property
    def file_name(self) -> str:
        """All of it, in a form that sorts by age."""
        return f"{self.created:020d}.{self.run_id}.{self.owner}.{self.kind}"

    @classmethod
    def from_file_name(cls, name: str) -> Ticket | None:
        """The inverse of `file_name`; None for the name of anything else."""
        parts = name.split(".")
        if len(parts) != 4 or not (parts[0].isascii() and parts[0].isdigit() and len(parts[0]) == 20):
            return None
        return cls(int(parts[0]), *parts[1:])


@dataclass(frozen=True)
class AtWork:
    """A run at work.

    seconds: since it was last given a worker.
    left:    about how many more it needs; None where nobody knows yet.
    """

    ticket: Ticket
    seconds: float = 0.0
    left: float | None = None


@dataclass(frozen=True)
class Room:
    """What an engine could take now.

    free:   workers with nothing to do.
    spare:  free places for short work alone.
    spares: how many such places there are; 0 on a machine with no memory for one.
    workers: how many there are, free or not.
    """

    free: int = 1
    spare: int = 0
    spares: int = 0
    workers: int = 1


@dataclass(frozen=True)
class Queue:
    """All that the policy looks at.

    waiting: in no order.
    served:  lane -> when it last had a worker, in seconds since 1970; or FIRST.
    away:    owners whose page has been silent for long.
    """

    waiting: Collection[Ticket]
    at_work: Collection[AtWork] = ()
    served: Mapping[tuple[str, str], float] = field(default_factory=dict)
    away: AbstractSet[str] = frozenset()

    @property
    def busy(self) -> set[tuple[str, str]]:
        """Lanes that have a run at work."""
        return {one.ticket.lane for one in self.at_work}

    def turns(self) -> list[Ticket]:
        """All waiting tickets in the order in which they will be started."""
        return order(self.waiting, self.busy, self.served, self.away)

    def startable(self) -> list[Ticket]:
        """Those of them that could be started now, the first of each lane that has none at work."""
        lanes, firsts = self.busy, []
        for ticket in self.turns():
            if ticket.lane not in lanes:
                lanes.add(ticket.lane)
                firsts.append(ticket)
        return firsts


def order(
    waiting: Iterable[Ticket],
    running: AbstractSet[tuple[str, str]] = frozenset(),
    served: Mapping[tuple[str, str], float] | None = None,
    away: AbstractSet[str] = frozenset(),
) -> list[Ticket]:
    """All waiting tickets in the order in which they will be started, short work before trainings.

    running: lanes that have a run at work now.
    served, away: as `Queue` has them.
    """
    last = dict(served or {})
    queues: dict[tuple[str, str], deque[Ticket]] = {}
    for ticket in sorted(waiting, key=lambda ticket: (ticket.created, ticket.run_id)):
        queues.setdefault(ticket.lane, deque()).append(ticket)

    def rank(head: Ticket, is_busy: bool, since: float) -> tuple[object, ...]:
        kinds = (head.is_long, head.kind != "opening")
        return (*kinds, head.owner in away, is_busy, since, head.created, head.lane)

    asked = (tickets[-1].created / 1e9 for tickets in queues.values())
    turn = max((*last.values(), *asked), default=0.0)
    heap = [
        rank(tickets[0], lane in running, _waits_since(tickets[0], last.get(lane, 0.0)))
        for lane, tickets in queues.items()
    ]
    heapq.heapify(heap)
    result = []
    while heap:
        lane: Any = heapq.heappop(heap)[-1]
        result.append(queues[lane].popleft())
        turn += 1.0
        if queues[lane]:
            heapq.heappush(heap, rank(queues[lane][0], True, turn))
    return result


def _waits_since(ticket: Ticket, served: float) -> float:
    return served if served == FIRST else max(served, ticket.created / 1e9)


# ---------------------------------------------------------------- what to do next


def next_to_start(queue: Queue, room: Room) -> Ticket | None:
    """What is to be started now; None where nothing waits that may start, or there is no room for it."""
    startable = queue.startable()
    short = next((ticket for ticket in startable if not ticket.is_long), None)
    long = next((ticket for ticket in startable if ticket.is_long), None)
    if room.free > 0:
        # Short work has its own place, where there is one: the workers are for trainings first.
        return (long or short) if room.spares else (short or long)
    return short if room.spare > 0 else None


def to_make_room(queue: Queue, room: Room, slice_seconds: float) -> list[Ticket]:
    """Trainings at work that are to make room now, those first that have been at work for longest.

    None where nobody waits who would be started in their stead.
    slice_seconds: how long a training may be at work while others wait; infinite for as long as it takes.
    """
    if room.free > 0:
        return []
    # Put back, a run would go behind all that wait; but whoever is there goes before whoever is away.
    waiting = [ticket for ticket in queue.startable() if ticket.is_long or not room.spares]
    trainings = sorted((one for one in queue.at_work if one.ticket.is_long), key=lambda one: -one.seconds)
    leaving: list[Ticket] = []
    for one in trainings:
        wanted = waiting[len(leaving) :]
        if not wanted:
            break
        patience = slice_seconds if wanted[0].is_long else min(slice_seconds, SHORT_PATIENCE)
        goes_before = wanted[0].owner not in queue.away or one.ticket.owner in queue.away
        if goes_before and _has_had_its_slice(one, patience):
            leaving.append(one.ticket)
    return leaving


def _has_had_its_slice(one: AtWork, patience: float) -> bool:
    is_nearly_done = one.left is not None and one.left < NEARLY_DONE * patience
    return one.seconds >= patience * (2 if is_nearly_done else 1)
