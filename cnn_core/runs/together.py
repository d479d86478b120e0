"""Several trainings asked for at once: all of them, or none."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.admission import check_room
from cnn_core.runs.ids import owner_of
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.runs.tickets import Tickets
from cnn_core.runs.visitors import Visitors
from cnn_core.training.spec import TrainSpec


class Wish(NamedTuple):
    """One training that is asked for; `name` is what its run is called."""

    spec: ModelSpec
    recipe: TrainSpec
    dataset: str
    name: str


def submit_all(store: RunStore, wishes: Sequence[Wish], owner: str) -> list[Run]:
    """Ask for these trainings; one that was done before is not done again. Returns their runs, in the same order.

    owner: the visitor's secret token.
    Raises StudentError, and asks for none of them, where one is refused or the queue has no room for all.
    """
    check_room_for(store, owner, sum(_is_new(store, wish, owner) for wish in wishes))
    known = {run.id for run in store.runs(owner)}
    begun: list[str] = []
    try:
        for wish in wishes:
            begun.append(store.submit(wish.spec, wish.recipe, wish.dataset, owner, wish.name))
    except StudentError:
        for run_id in set(begun) - known:  # half of what is compared helps nobody
            with suppress(StudentError):
                store.control(run_id, owner, "stop")
                store.delete(run_id, owner)
        raise
    return [store.run(run_id) for run_id in begun]


def check_room_for(store: RunStore, owner: str, trainings: int) -> None:
    """Raise StudentError where the visitor's queue, or the server's, has no room for so many trainings more."""
    if trainings:
        tickets = Tickets(store.path, Visitors(store.path))
        check_room(tickets, owner_of(owner), "training", trainings)


def _is_new(store: RunStore, wish: Wish, owner: str) -> bool:
    return store.equal_run(wish.spec, wish.recipe, wish.dataset, owner) is None
