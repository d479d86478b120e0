"""The sheet: each filter of a layer as what it looks for; a click takes one out or puts it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.break_it import operating, words
from pages.break_it.layers import feeds_averages, word
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures, Operation


def all_filters(
    network: LoadedNetwork, layer: str, operation: Operation, pictures: FilterPictures, filters: int
) -> None:
    """Draw a tile for every filter of a layer, struck where it is out.

    filters: how many the layer has; those beyond the pictures have no tile.
    """
    one, out, marks = word(network.spec, layer), operation.muted(layer), marks_of(operation, layer)
    images, drawn = pictures.images.numpy(), pictures.filters
    with st.container(gap="xsmall"):
        st.markdown(sheet_heading(layer, *words.sheet_facts(filters, len(images), one, len(out))))
        sheet(
            image_sheet(images, "own"),
            key=f"break_it_{layer}",
            alt=words.sheet_alt(layer, one),
            tile_px=max(56, images.shape[2]),
            columns=8,
            labels=[
                words.tile_label(layer, one, index, marks.get(index, ""), why)
                for index, why in zip(pictures.filters, pictures.why, strict=True)
            ],
            badges=[marks.get(index, "").replace("out", "") for index in pictures.filters],
            states=pictures.why,
            struck=[tile for tile, index in enumerate(pictures.filters) if index in out],
            on_click=lambda tile: operating.turn(layer, drawn[tile]),
        )
    what_you_see(words.what_you_see(one, feeds_averages(network.spec, layer)))
    if filters > len(images):
        caption(words.not_drawn(one, len(images)))


def marks_of(operation: Operation, layer: str) -> dict[int, str]:
    """{filter: what is done to it, in a word}: "out", "held", "×0.5", "edited"."""
    out = operation.muted(layer)
    marks = {edit.filter: "edited" for edit in operation.edits if edit.layer == layer}
    for touch in operation.touches:
        if touch.layer == layer:
            kind = "held" if touch.held is not None else f"×{touch.factor:g}"
            marks[touch.filter] = "out" if touch.filter in out else kind
    return marks
