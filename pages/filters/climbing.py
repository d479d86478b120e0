"""What the Filters page computes: pictures by gradient ascent, their growth, and the digits that excite a filter."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnn_core.insight import (
    RECIPES,
    Examples,
    FilterPictures,
    maximize_filters,
    strongest_examples,
    strongest_for_units,
)
from pages.ui.frame import process
from pages.ui.visitor import networks, server

WATCHED = 2_000  # test images that are asked which filters they excite


@st.cache_data(show_spinner=False, max_entries=48)
@process.in_turn
def pictures_of(
    weights_key: str,
    layer: str,
    filters: tuple[int, ...],
    recipe: str,
    steps: int,
    seed: int,
    how: tuple,
    _shown: Any,
) -> FilterPictures:
    return maximize_filters(
        _shown.net,
        layer,
        filters,
        steps=steps,
        seed=seed,
        recipe=RECIPES[recipe].replace(**dict(how)),
        examples=watched(_shown),
    )


@st.cache_data(show_spinner=False, max_entries=16)
@process.in_turn
def growth_of(
    weights_key: str, layer: str, index: int, recipe: str, steps: int, seed: int, how: tuple, _shown: Any
) -> FilterPictures:
    return maximize_filters(
        _shown.net,
        layer,
        [index],
        steps=steps,
        seed=seed,
        recipe=RECIPES[recipe].replace(**dict(how)),
        keep_path=True,
        examples=watched(_shown),
    )


@st.cache_data(show_spinner=False, max_entries=16)
@process.in_turn
def examples_of(weights_key: str, layer: str, _shown: Any) -> Examples:
    if has_maps(layer):
        return strongest_examples(_shown.net, watched(_shown), [layer])[layer]
    return strongest_for_units(_shown.net, watched(_shown), layer)


def watched(shown: networks.LoadedNetwork):
    """The first 2,000 test images, as the network takes them."""
    return server.images(shown.dataset, "test").images[:WATCHED].float() / 255


def layers_of(shown: networks.LoadedNetwork) -> dict[str, int]:
    """{name: filters} of the layers that can be asked: convolutions, and dense layers, whose units are filters too."""
    widths = {"conv2d": "filters", "dense": "units"}
    return {
        name: getattr(layer, widths[layer.type])
        for name, layer in zip(shown.spec.layer_names, shown.spec.layers, strict=True)
        if layer.type in widths
    }


def has_maps(layer: str) -> bool:
    return layer.startswith("conv2d")


def word(layer: str) -> str:
    """What one of a layer's own is called."""
    return "filter" if has_maps(layer) else "unit"


def standard_layer(layers: dict[str, int]) -> str:
    """Where to begin: the second convolution, or the only one; without any, the last layer, whose units are classes."""
    convolutions = [name for name in layers if has_maps(name)]
    return convolutions[min(1, len(convolutions) - 1)] if convolutions else list(layers)[-1]
