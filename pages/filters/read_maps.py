"""On a filter's card, below its heaviest kernels: what the maps look for that these kernels read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.insight import heaviest_kernels, source_of_layer
from cnn_core.insight.between.sources import IMAGE, filters_over_each
from pages.filters import words
from pages.filters.asking import go_to
from pages.filters.climbing import pictures_with
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from cnn_core.insight import FilterCard
    from pages.filters.asking import Question


def read_maps(network: networks.LoadedNetwork, question: Question, about: FilterCard) -> None:
    """Draw the pictures of the filters whose maps the heaviest kernels read; nothing where they read the image."""
    source = source_of_layer(network.spec, about.layer)
    if source == IMAGE or about.kernel is None:
        return
    maps = _maps_read(network, about)
    pictures = pictures_with(network, source, tuple(sorted(maps)), question.climb)
    rows = [pictures.filters.index(one) for one in maps]
    with st.container(gap="xsmall"):
        caption(words.what_they_read(source, len(maps)))
        sheet(
            image_sheet(pictures.images[rows].numpy(), "own"),
            key="card_read",
            alt=words.what_they_read(source, len(maps)),
            tile_px=30 if len(maps) > 1 else 60,
            labels=[words.go_to(source, one) for one in maps],
            states=[None if (why := pictures.why[row]) is None else words.reason(why, False) for row in rows],
            columns=8,
            on_click=lambda tile: go_to(source, maps[tile]),
        )


def _maps_read(network: networks.LoadedNetwork, about: FilterCard) -> list[int]:
    """The numbers of the maps below that the kernels on the card lie on, in their order there."""
    assert about.kernel is not None
    over_each = filters_over_each(network.spec, about.layer)
    return heaviest_kernels(about.kernel) if over_each is None else [about.filter // over_each]
