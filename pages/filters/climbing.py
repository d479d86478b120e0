"""What the Filters page computes: pictures by gradient ascent, their growth, and the images that excite a filter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight import (
    RECIPES,
    Examples,
    FilterPictures,
    maximize_filters,
    strongest_examples,
    strongest_for_units,
)
from pages.filters.layers import has_maps
from pages.ui.frame import process
from pages.ui.visitor import server
from pages.ui.visitor.networks import LoadedNetwork

if TYPE_CHECKING:
    from torch import Tensor

WATCHED = 2_000  # test images that are asked which filters they excite
STEPS = 40


@dataclass(frozen=True)
class Climb:
    """How a picture is climbed to; equal ones give equal pictures, so a cache goes by it.

    changes: (name, value) of what differs from the recipe, in the order of the names.
    """

    recipe: str = "clean"
    steps: int = STEPS
    seed: int = 0
    changes: tuple[tuple[str, Any], ...] = ()

    def arguments(self) -> dict[str, Any]:
        """The same as arguments of `maximize_filters`."""
        recipe = RECIPES[self.recipe].replace(**dict(self.changes))
        return {"recipe": recipe, "steps": self.steps, "seed": self.seed}


@st.cache_data(show_spinner=False, max_entries=48)
@process.in_turn
def pictures_of(
    weights_key: str, layer: str, filters: tuple[int, ...], climb: Climb, _network: LoadedNetwork
) -> FilterPictures:
    """A picture for each of these filters."""
    return maximize_filters(_network.net, layer, filters, examples=_starts(_network), **climb.arguments())


@st.cache_data(show_spinner=False, max_entries=16)
@process.in_turn
def growth_of(
    weights_key: str, layer: str, index: int, climb: Climb, _network: LoadedNetwork
) -> FilterPictures:
    """The picture of one filter, with what it was at each step."""
    return maximize_filters(
        _network.net, layer, [index], examples=_starts(_network), keep_path=True, **climb.arguments()
    )


@st.cache_data(show_spinner=False, max_entries=16)
@process.in_turn
def slopes_of(
    weights_key: str, layer: str, filters: tuple[int, ...], climb: Climb, _network: LoadedNetwork
) -> list[float]:
    """For each of these filters the RMS of the gradient at the first step, where nothing is rescued yet."""
    how = climb.arguments()
    how |= {"steps": 1, "recipe": how["recipe"].replace(rescue=False)}
    return maximize_filters(_network.net, layer, filters, keep_path=True, **how).slopes[:, 0].tolist()


@st.cache_data(show_spinner=False, max_entries=16)
@process.in_turn
def examples_of(weights_key: str, layer: str, _network: LoadedNetwork) -> Examples:
    """The first 2,000 test images' strongest, for every filter of the layer."""
    if has_maps(layer):
        return strongest_examples(_network.net, watched(_network), [layer])[layer]
    return strongest_for_units(_network.net, watched(_network), layer)


def watched(network: LoadedNetwork) -> Tensor:
    """The first 2,000 test images, (N, C, H, W) in [0, 1], as the network takes them."""
    return server.images(network.dataset, "test").images[:WATCHED].float() / 255


def _starts(network: LoadedNetwork) -> Tensor | None:
    """The same, among which a silent filter may find its start; None where there are none here."""
    try:
        return watched(network)
    except StudentError:
        return None
