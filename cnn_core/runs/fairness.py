"""Whose turn is it? One pure function: the runner asks it to choose, the store to tell a visitor their place.

The rule: files to be opened come first, for they take seconds and somebody looks on. Visitors take turns, whoever
was served longest ago comes first; a visitor has one training (and one dream, and one opening) running at a time; a
visitor whose page has been silent for long goes behind all who are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass


@dataclass(frozen=True)
class Ticket:
    """A wish to be worked on. The file's name says it all, so the queue is read without opening anything."""

    created: int  # nanoseconds since 1970, when the run was submitted
    run_id: str
    owner: str  # hash of the visitor's token
    kind: str  # training | dream | opening

    @property
    def lane(self) -> tuple[str, str]:
        """Two tickets of one lane are never worked on at the same time."""
        return self.owner, self.kind

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


def order(
    waiting: Iterable[Ticket],
    running: AbstractSet[tuple[str, str]] = frozenset(),
    served: Mapping[str, float] | None = None,
    away: AbstractSet[str] = frozenset(),
) -> list[Ticket]:
    """All waiting tickets in the order in which they will be started.

    running: lanes that have a run at work now.
    served:  owner -> when a run of theirs was last started (any clock).
    away:    owners whose page has been silent for long.
    """
    last = dict(served or {})
    busy = set(running)
    queues: dict[tuple[str, str], list[Ticket]] = {}
    for ticket in sorted(waiting, key=lambda ticket: (ticket.created, ticket.run_id)):
        queues.setdefault(ticket.lane, []).append(ticket)
    turn = max(last.values(), default=0.0)
    result = []
    while queues:
        lane = min(
            queues,
            key=lambda lane: (
                lane[1] != "opening",
                lane[0] in away,
                lane in busy,
                last.get(lane[0], 0.0),
                queues[lane][0].created,
                lane,
            ),
        )
        result.append(queues[lane].pop(0))
        if not queues[lane]:
            del queues[lane]
        busy.add(lane)
        turn += 1.0
        last[lane[0]] = turn
    return result
