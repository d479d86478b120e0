"""The images of the batch: what is read in each, its loss, and which one is followed."""

from __future__ import annotations

import streamlit as st

from pages.one_step import words
from pages.one_step.asking import four_others, mark
from pages.one_step.stepping import View
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.wording.blocks import caption

TILE_PX = 84  # three screen pixels for each of a digit's


def four(view: View, may_tell: bool) -> None:
    """Draw them; a click follows another.  may_tell: whether the losses after the step may be said."""
    step, stage = view.step, view.asked.stage
    images = range(len(step.labels))
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(width="content"):
            caption(words.heading(stage, len(images), view.noun, may_tell))
        st.button(
            "Four others",
            key="one_step_others",
            type="tertiary",
            icon=":material/refresh:",
            on_click=four_others,
        )
    told = [words.tile(stage, image, step, view.classes, may_tell) for image in images]
    sheet(
        image_sheet(step.images.numpy()),
        "one_step_four",
        alt=words.heading(stage, len(images), view.noun, may_tell),
        tile_px=TILE_PX,
        captions=told,
        selected=view.marked,
        wrong=[image for image in images if words.is_wrong(stage, image, step, may_tell)],
        columns=4,
        on_click=mark,
    )
