"""What the view "Take filters out" computes: what a network reads with an operation, and its filters' pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.errors import StudentError
from cnn_core.insight import RECIPES
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures, Operation, Outcome

JUDGED = 2_000  # test images that an operation is judged on at once
DRAWN = 128  # filters of one sheet; a dense layer can have thousands of units
STEPS = 40  # of the climb to a picture, as on the page Filters, whose pictures these are


def outcome_of(network: LoadedNetwork, operation: Operation) -> Outcome:
    """What it makes of the first 2,000 test images. Raises StudentError where there are none on this machine."""
    return look(network, "outcome", JUDGED, operation=operation)


def pictures_of(network: LoadedNetwork, layer: str, filters: int) -> FilterPictures:
    """A picture for each filter of a layer, or for the first of many."""
    try:
        starts = min(JUDGED, len(server.images(network.dataset, "test")))
    except StudentError:
        starts = 0
    return look(
        network,
        "pictures",
        starts,
        layer=layer,
        filters=tuple(range(min(filters, DRAWN))),
        recipe=RECIPES["clean"],
        steps=STEPS,
        seed=0,
    )
