"""How a cat's face is learnt: a real network's maps at three depths, of our cat or of a photo of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight import fitted_photo
from cnn_core.lesson import STAGES, Stage, cat_photo
from pages.convolution import words
from pages.ui.drawing.contact_sheet import as_picture
from pages.ui.drawing.sheets import picture
from pages.ui.forms import choice
from pages.ui.forms.colour_photo import ask_photo, pixels_of
from pages.ui.forms.photo_seen import draw_answers, draw_lit, draw_maps, maps_of
from pages.ui.frame import address
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, problem, what_you_see
from pages.ui.wording.photo_seen import PRIVACY

if TYPE_CHECKING:
    from torch import Tensor

_CHOICE = "cat_map"  # (key of the photo, stage, place among its maps)
_WHOSE = {"cat": "A cat", "own": "A photo of yours"}
_ITS_EYES = ("parts", 8)  # of the cat
MOST_MAPS = 12  # at a stage


def read_map(text: str) -> tuple[str, str, int] | None:
    """The map of the cat that a link names, "parts.8"; None where there can be none of that name.

    >>> read_map("parts.8"), read_map("parts.-1"), read_map("tails.0")
    (('cat', 'parts', 8), None, None)
    """
    stage, _, number = text.partition(".")
    place = address.whole_number(number, MOST_MAPS)
    return ("cat", stage, place) if stage in STAGES and place is not None else None


def written_map(choice: tuple[str, str, int]) -> str:
    """What a link says of a chosen map; nothing of one of a photo that the visitor sent."""
    photo, stage, place = choice
    return f"{stage}.{place}" if photo == "cat" else ""


_MAP = address.Part("map", _CHOICE, ("cat", *_ITS_EYES), read_map, written_map)


@st.fragment
def cat(summary: DeltaGenerator) -> None:
    """Draw real maps of a network for photos, at three depths; a chosen one lights up its places in the photo.

    summary: the place for it.
    """
    answer(words.EDGES_FIRST)
    address.follow(_MAP)
    address.tell(_MAP)
    chosen = _photo()
    if chosen is None:
        screen_summary.put(summary, screen_summary.spoken(words.EDGES_FIRST))
        return
    key, photo = chosen
    screen_summary.put(summary, words.summary_of_cat(key == "cat", *_chosen(key)))
    try:
        _maps_and_answers(key, photo)
    except StudentError as error:
        problem(error)


def _photo() -> tuple[str, Tensor] | None:
    """Draw the choice of the photo. Returns (key, (3, H, W) in [0, 1]), or None until one is sent."""
    whose = choice.one_of("Photo", _WHOSE, "cat_photo_of")
    if whose != "own":
        return "cat", cat_photo()
    sent = ask_photo("cat")
    caption(PRIVACY)
    return None if sent is None else (sent[0], pixels_of(sent[1]))


def _maps_and_answers(key: str, photo: Tensor) -> None:
    stages = {stage: maps_of(key, depth, photo) for stage, depth in STAGES.items()}
    chosen, place = _chosen(key)
    left, side = st.columns([576, 292], gap="medium")
    with left:
        for name, stage in stages.items():
            _maps_of(name, stage, key, selected=place if name == chosen else None)
    with side:
        fitted = fitted_photo(photo)
        alt = words.CAT_ALT if key == "cat" else "Your photo"
        picture(as_picture(fitted.numpy()), "cat_photo", alt=alt, px=292, smooth=True)
        draw_lit(chosen, stages[chosen], place, fitted, "cat")
        what_you_see(words.CLICK_A_MAP)
    st.header(words.WHAT_IS_IT, anchor=False)
    draw_answers(key, photo, "cat")


def _chosen(key: str) -> tuple[str, int]:
    """The stage and the place of the map that lights up: the one clicked of this very photo."""
    photo, stage, place = st.session_state.get(_CHOICE, ("", "", 0))
    if photo == key:
        return stage, place
    return _ITS_EYES if key == "cat" else ("parts", 0)


def _maps_of(name: str, stage: Stage, key: str, selected: int | None) -> None:
    story = words.STORY[name] if key == "cat" else words.STORY_OF_ANY[name]
    draw_maps(
        name,
        stage,
        "cat",
        alt=words.maps_alt(key == "cat", story),
        selected=selected,
        on_click=lambda place: st.session_state.update({_CHOICE: (key, name, place)}),
    )
    caption(story)
