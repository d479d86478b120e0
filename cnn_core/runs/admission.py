"""Is there room in the queue for one more? Asked before a run is made, so that what is taken in is always done."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.errors import StudentError
from cnn_core.runs.fairness import Ticket
from cnn_core.runs.tickets import PAUSED, QUEUE, TAKEN, Tickets
from cnn_core.settings import settings

NEWCOMERS = 0.5  # of the whole queue that visitors may fill of whose runs none has begun yet

_NOUNS = {"training": "trainings", "dream": "dreams", "opening": "files to be opened"}


def check_room(tickets: Tickets, owner: str, kind: str, wanted: int = 1) -> None:
    """Raise StudentError where this visitor, or the whole server, has too much to do already.

    Visitors cost nothing: with a name for each run, one person could fill the queue. So a part of it is kept for those
    who have been served here before. It is half: a class of thirty who come in the same minute, with two or three runs
    each, has to find room.

    owner: the hash of the visitor's token.
    kind:  of the work asked for.
    wanted: how many there must be room for.
    """
    most, most_of_all, others = settings().max_queue, settings().max_waiting, wanted - 1
    unfinished = sum(ticket.lane == (owner, kind) for ticket in tickets.listed(QUEUE, TAKEN, PAUSED))
    if unfinished + others >= most:
        more = f", and this would be {wanted} more" if others else ""
        raise StudentError(
            f"You have {unfinished} unfinished {_NOUNS.get(kind, kind)}; this server allows a visitor {most}{more}.",
            hint="Wait until one is done, or stop one." if wanted <= most else f"Ask for {most} at once.",
        )
    too_many = f"{wanted} more" if others else "more"
    unended = tickets.listed(QUEUE, TAKEN)
    if len(unended) + others >= most_of_all:
        raise StudentError(
            f"{len(unended)} runs of all visitors wait on this server or are at work, and it takes no {too_many}.",
            hint="Try again in a few minutes.",
        )
    if len(unended) + others >= NEWCOMERS * most_of_all and not tickets.visitors.is_known(owner):
        waiting = _of_newcomers(tickets, unended)
        if waiting + others >= NEWCOMERS * most_of_all:
            raise StudentError(
                f"{waiting} runs wait on this server for visitors who are new here, and it takes no {too_many} of "
                "them.",
                hint="Try again in a few minutes.",
            )


def _of_newcomers(tickets: Tickets, unended: Sequence[Ticket]) -> int:
    """How many of these are of visitors none of whose runs has begun yet."""
    known = {owner: tickets.visitors.is_known(owner) for owner in {ticket.owner for ticket in unended}}
    return sum(not known[ticket.owner] for ticket in unended)
