"""Who is here: a visitor with any page open keeps their place in the queue, whichever page it is."""

from __future__ import annotations

from cnn_core.runs.ids import owner_of
from cnn_core.runs.store import RunStore
from cnn_core.runs.tickets import QUEUE, TAKEN, Tickets
from cnn_core.runs.visitors import Visitors


def still_here(store: RunStore, token: str) -> bool:
    """Note that some page of the visitor with this token is open. Cheap: a page may do so in each of its runs.

    Returns whether anything of theirs waits or is at work, so that it is worth saying again in a while. Nothing is kept
    of a visitor who has never asked for anything, and nothing is said where the folder cannot be written.
    """
    owner, visitors = owner_of(token), Visitors(store.path)
    visitors.still_here(owner)
    return any(ticket.owner == owner for ticket in Tickets(store.path, visitors).listed(QUEUE, TAKEN))
