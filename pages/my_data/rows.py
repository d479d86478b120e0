"""One row a class: its name, how many pictures it has, and these."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st

from cnn_core.data.own.contents import OwnClass, Picture
from cnn_core.owners import owner_of
from pages.my_data import undoing, words
from pages.my_data.chosen import View, aim_at, keep_as, made
from pages.ui.drawing.contact_sheet import Sheet, image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.frame.controlled import controlled
from pages.ui.visitor import who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, what_you_see

MOST_TILES = 45  # of one class, the latest
TILE_PX, NAME_PX = 56, 150
COLUMNS = {False: 9, True: 8}  # a row of grey tiles, and of larger ones in colour


def rows(view: View) -> None:
    """Draw all classes."""
    undoing.line(view)
    if view.one is None:
        _ask_shape(view)
    for own in view.contents.classes:
        _row(view, own)
    if view.contents.pictures:
        what_you_see(words.what_you_see(view.is_owner))


def _ask_shape(view: View) -> None:
    st.segmented_control(
        "How pictures are kept",
        list(words.SHAPES),
        format_func=words.SHAPES.__getitem__,
        required=True,
        label_visibility="collapsed",
        **controlled("data-shape", "colour" if view.is_colour else "grey", keep_as),
    )
    caption(words.SHAPE_FIRST)


def _row(view: View, own: OwnClass) -> None:
    pictures = view.contents.of_class(own.number)
    with st.container(gap="small"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            if view.is_owner:
                st.text_input(
                    f"Name of class {own.number + 1}",
                    max_chars=30,
                    label_visibility="collapsed",
                    width=NAME_PX,
                    **controlled(f"data-name-{own.number}", own.name, _rename, view, own.number),
                )
            else:
                st.markdown(f"**{own.name}**", width=NAME_PX)
            st.markdown(words.row_count(len(pictures), view.contents.is_for_testing), width="content")
            if view.is_owner and view.one is not None and len(view.contents.classes) > 1:
                st.space("stretch")
                st.button(
                    "Take out",
                    key=f"data_class_out_{own.number}",
                    type="tertiary",
                    help=f"Take out {own.name} with its pictures. Undo brings it back.",
                    on_click=undoing.take_out_class,
                    args=(view.one, own.number, own.name),
                )
        if pictures:
            _mosaic(view, own, pictures)


def _rename(view: View, number: int, name: str) -> None:
    with refusals.collect("data"):
        made(view).rename_class(who.visitor(), number, name)
        aim_at(number)


def _mosaic(view: View, own: OwnClass, pictures: tuple[Picture, ...]) -> None:
    latest = pictures[-MOST_TILES:]
    first = len(pictures) - len(latest)
    me = owner_of(who.visitor())
    may = [view.is_owner or one.by == me for one in latest]

    def clicked(place: int) -> None:
        if view.one is not None and may[place]:
            undoing.take_out(view.one, [latest[place].id])

    labels = [
        words.tile(own.name, first + i + 1, one.part == "test", one.who, may[i])
        for i, one in enumerate(latest)
    ]
    sheet(
        _tiles(tuple(one.pixels for one in latest), view.shape),
        f"data_tiles_{own.number}",
        alt=f"The pictures of {own.name}",
        tile_px=TILE_PX,
        labels=labels,
        columns=COLUMNS[view.is_colour],
        keeps_gap=True,
        clickable=any(may),
        on_click=clicked,
    )
    if first:
        caption(words.shown_of(len(latest), len(pictures)))


@lru_cache(maxsize=64)
def _tiles(pixels: tuple[bytes, ...], shape: tuple[int, int, int]) -> Sheet:
    values = np.frombuffer(b"".join(pixels), np.uint8).reshape(len(pixels), *shape)
    return image_sheet(values.astype(np.float32) / 255)
