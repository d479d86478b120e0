"""The sheet: each filter of a layer as what it looks for; a click takes one out or puts it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.break_it import operating, words
from pages.break_it.layers import word
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import sheet_heading, what_you_see

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures, Operation


def all_filters(network: LoadedNetwork, layer: str, operation: Operation, pictures: FilterPictures) -> None:
    """Draw a tile for every filter of a layer, struck where it is out."""
    one, out = word(network.spec, layer), operation.muted(layer)
    images = pictures.images.numpy()

    def turned(tile: int) -> None:
        operating.turn(layer, pictures.filters[tile])

    with st.container(gap="xsmall"):
        st.markdown(sheet_heading(layer, *words.sheet_facts(len(images), one, len(out))))
        sheet(
            image_sheet(images, "own"),
            key=f"break_it_{layer}",
            alt=words.sheet_alt(layer, one),
            tile_px=max(56, images.shape[2]),
            columns=8,
            labels=[
                words.tile_label(layer, one, index, index in out, why)
                for index, why in zip(pictures.filters, pictures.why, strict=True)
            ],
            badges=["out" if index in out else "" for index in pictures.filters],
            states=pictures.why,
            on_click=turned,
        )
    what_you_see(words.what_you_see(one))
