"""What the Filters page computes: pictures by gradient ascent, their growth, and the images that excite a filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.insight import RECIPES, Examples, FilterPictures
from cnn_core.looking import MOST, RECIPE, SEED, STEPS, WATCHED, layers_of, work_of
from cnn_core.looking import Question as JobQuestion
from pages.ui.visitor import networks, server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.looking import look


@dataclass(frozen=True)
class Climb:
    """How a picture is climbed to; equal ones give equal pictures, so a cache goes by it.

    changes: (name, value) of what differs from the recipe, in the order of the names.
    """

    recipe: str = RECIPE
    steps: int = STEPS
    seed: int = SEED
    changes: tuple[tuple[str, Any], ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of `maximize_filters`."""
        recipe = RECIPES[self.recipe].replace(**dict(self.changes))
        return {"recipe": recipe, "steps": self.steps, "seed": self.seed}


def pictures_of(network: LoadedNetwork, layer: str, filters: tuple[int, ...], climb: Climb) -> FilterPictures:
    """A picture for each of these filters."""
    return look(network, "pictures", _watched(network), layer=layer, filters=filters, **climb.arguments())


def pictures_with(
    network: LoadedNetwork, layer: str, wanted: tuple[int, ...], climb: Climb
) -> FilterPictures:
    """Pictures of a layer with these among them.

    Of all its filters, which everybody shares, where that is light; while a network is in training of these alone, for
    its pictures are soon of no use.
    """
    every = tuple(range(layers_of(network.spec)[layer]))
    asked = JobQuestion.of("pictures", network.dataset, 0, layer=layer, filters=every, steps=climb.steps)
    is_shared = len(every) <= MOST and work_of(asked, network.spec).is_light and not networks.is_training()
    return pictures_of(network, layer, every if is_shared else wanted, climb)


def growth_of(network: LoadedNetwork, layer: str, index: int, climb: Climb) -> FilterPictures:
    """The picture of one filter, with what it was at each step."""
    how = climb.arguments() | {"keep_path": True}
    return look(network, "pictures", _watched(network), layer=layer, filters=(index,), **how)


def slopes_of(network: LoadedNetwork, layer: str, filters: tuple[int, ...], climb: Climb) -> list[float]:
    """For each of these filters the RMS of the gradient at the first step, where nothing is rescued yet."""
    how = climb.arguments()
    return look(
        network,
        "slopes",
        _watched(network),
        layer=layer,
        filters=filters,
        recipe=how["recipe"],
        seed=how["seed"],
    )


def examples_of(network: LoadedNetwork, layer: str) -> Examples:
    """The first 2,000 test images' strongest, for every filter of the layer."""
    return look(network, "examples", WATCHED, layer=layer)


def _watched(network: LoadedNetwork) -> int:
    """How many test images a silent filter may find its start among; 0 where none are here."""
    try:
        return min(WATCHED, len(server.images(network.dataset, "test")))
    except StudentError:
        return 0
