"""The sheet: what every filter of a layer looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.filters import words
from pages.filters.asking import Question, choose
from pages.filters.climbing import as_grey
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.wording.blocks import sheet_heading, what_you_see

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures


def all_filters(
    pictures: FilterPictures, question: Question, classes: tuple[str, ...], singular: str
) -> None:
    """Draw a picture for every filter; a click chooses one.

    classes: what the units are called, of the last layer; else nothing.
    singular: what one image of the data set is, "digit".
    """
    layer, climb = question.layer, question.climb
    images = as_grey(pictures.images)
    height, width = images.shape[1:]
    with st.container(gap="xsmall"):
        facts = words.heading_facts(len(images), (height, width), climb.steps, climb.seed)
        st.markdown(sheet_heading(layer, *facts))
        sheet(
            contact_sheet(images, "grey", "own"),
            key=f"filters_{layer}",
            alt=words.sheet_alt(layer),
            tile_px=56 if height <= 56 else height,
            columns=8,
            labels=_labels(pictures),
            states=list(pictures.why),
            captions=[(classes[i], "") for i in pictures.filters] if classes else None,
            selected=pictures.filters.index(question.index),
            on_click=lambda tile: choose(layer, pictures.filters[tile]),
        )
    what_you_see(words.what_you_see(layer, singular, climb.steps, pictures.begun.count("example")))


def _labels(pictures: FilterPictures) -> list[str]:
    return [
        words.tile_label(pictures.layer, i, low, high)
        for i, (low, high) in zip(pictures.filters, pictures.range.tolist(), strict=True)
    ]
