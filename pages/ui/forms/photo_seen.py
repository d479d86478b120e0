"""What the big photo network sees in a photo: five answers, each with where it found them, and its maps at a depth.

Three pages ask it. A photo is looked at once, by a thread of the server, while a bar says how long it takes: the
first photo a second, for the network is read from its file; one photo a processor at a time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Hashable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import streamlit as st
from torch import stack
from torch.nn.functional import interpolate

from cnn_core.insight import (
    DepthMaps,
    PhotoAnswer,
    class_names,
    fitted_photo,
    maps_at_depth,
    photo_answers,
    photo_network,
)
from cnn_core.insight.dream.photo import DEPTHS
from cnn_core.insight.dream.seen import SIDE
from cnn_core.kept import Kept
from cnn_core.lesson import spotlight
from cnn_core.looking import Question, Work
from pages.ui.drawing.contact_sheet import as_picture, contact_sheet, image_sheet
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.forms import choice
from pages.ui.frame import process
from pages.ui.wording import looking
from pages.ui.wording import photo_seen as words
from pages.ui.wording.blocks import answer, caption, sheet_heading, what_you_see

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight.dream.photo import PhotoNetwork

MACS = 385_000_000  # multiply-adds for SIDE×SIDE pixels
TO_READ = 14_000_000_000  # in as many multiply-adds: to import the network and read its weights takes 0.7 s
ANSWER_PX = 168  # width of an answer's picture: five of them fill a row
MAP_PX = 84

T = TypeVar("T")
_answers: Kept[list[PhotoAnswer]] = Kept(1_000_000)
_maps: Kept[DepthMaps] = Kept(16_000_000)


def answers_of(key: str, photo: Tensor) -> list[PhotoAnswer]:
    """The five best answers of EfficientNet-Lite0.

    key:   the same key, the same photo.
    photo: (3, H, W) in [0, 1].
    Raises StudentError where the network is not installed, or the photo is too thin for it.
    """
    return _seen(_answers, key, photo, photo_answers)


def maps_of(key: str, depth: str, photo: Tensor) -> DepthMaps:
    """Its maps at one of its depths that tell most; key, photo and errors as for `answers_of`."""
    return _seen(_maps, (key, depth), photo, partial(maps_at_depth, depth=depth))


def _seen(kept: Kept[T], key: Hashable, photo: Tensor, see: Callable[[PhotoNetwork, Tensor], T]) -> T:
    """What is kept under that key, else what `see` makes of the photo. Draws a bar where that takes a moment."""
    if (found := kept.get(key)) is not None:
        return found
    fitted = fitted_photo(photo)

    @process.in_turn
    def compute() -> T:
        result = see(photo_network(), fitted)
        kept.put(key, result)
        return result

    is_read = "efficientnet_lite_pytorch" in sys.modules  # to import that takes longest
    macs = round(MACS * fitted[0].numel() / (SIDE * SIDE))
    work = Work(1 if is_read else 1 + TO_READ // macs, macs)
    return looking.here((id(kept), key), Question.of("photo", "", 1, is_read=is_read), work, compute)


def draw_answers(key: str, photo: Tensor, place: str) -> None:
    """Draw what the network would call the photo, and where it found that.

    key, photo: as for `answers_of`.
    place: the page, for the keys of the widgets.
    """
    answers = answers_of(key, photo)
    answer(words.verdict(answers, len(class_names())))
    small = interpolate(fitted_photo(photo)[None], size=_size(photo), mode="bilinear", antialias=True)[
        0
    ].clamp(0, 1)
    # Squared, for `spotlight` takes the root: these maps are coarse, and what is half as strong must look weaker.
    lit = stack([spotlight(small, one.places.square()) for one in answers])
    sheet(
        image_sheet(lit.numpy()),
        key=f"{place}_answers",
        alt="The photo, bright where the network found each of its five best answers",
        tile_px=ANSWER_PX,
        columns=5,
        labels=[words.label_of(one) for one in answers],
        captions=[words.caption_of(one) for one in answers],
        clickable=False,
    )
    rows, columns = answers[0].places.shape
    what_you_see(words.where_found((rows, columns)))


def draw_maps(
    name: str, maps: DepthMaps, place: str, *, alt: str, selected: int | None, on_click: Callable[[int], None]
) -> None:
    """Draw the maps of one depth as a sheet.

    name:  what the depth is called.
    place: the page, for the key.
    """
    _, height, width = maps.maps.shape
    st.markdown(sheet_heading(name, words.map_facts(len(maps.maps), maps.total, height, width)))
    sheet(
        contact_sheet(maps.maps.numpy(), "activation", "own"),
        key=f"{place}_{name}",
        alt=alt,
        tile_px=MAP_PX,
        columns=6,
        labels=[f"{name}, map {index}" for index in maps.indices],
        selected=selected,
        on_click=on_click,
    )


def draw_lit(name: str, maps: DepthMaps, chosen: int, photo: Tensor, place: str, px: int = 292) -> None:
    """Draw the photo, bright where one of the maps is.

    chosen: its place among the maps.
    photo:  (3, H, W) in [0, 1].
    """
    index = maps.indices[chosen]
    st.markdown(words.lights_up(name, index))
    lit = as_picture(spotlight(photo, maps.maps[chosen]).numpy())
    picture(lit, f"{place}_lit", alt=f"The photo, bright where map {index} is", px=px, smooth=True)


def section(key: str, photo: Tensor, place: str) -> None:
    """Draw answers, and the maps of a depth that is chosen, one of which lights up the photo."""
    draw_answers(key, photo, place)
    depths = tuple(DEPTHS)
    depth = choice.one_of(
        "Depth", {depth: depth for depth in depths}, f"{place}_depth", depths[2], is_labelled=True
    )
    maps = maps_of(key, depth, photo)
    chosen = _chosen(place, key, depth, len(maps.maps))
    left, right = st.columns([576, 292], gap="medium")
    with left:
        draw_maps(
            depth,
            maps,
            place,
            alt=f"The maps at the depth “{depth}” that differ most from place to place",
            selected=chosen,
            on_click=lambda tile: st.session_state.update({f"{place}_map": (key, depth, tile)}),
        )
        caption(words.STRONGEST)
    with right:
        draw_lit(depth, maps, chosen, fitted_photo(photo), place)


def _chosen(place: str, key: str, depth: str, count: int) -> int:
    """The map that was clicked, of this very photo and depth; else the first."""
    *of, tile = st.session_state.get(f"{place}_map", (None, None, 0))
    return tile if of == [key, depth] and tile < count else 0


def _size(photo: Tensor) -> tuple[int, int]:
    height, width = np.array(fitted_photo(photo).shape[1:])
    return max(1, round(height * ANSWER_PX / width)), ANSWER_PX
