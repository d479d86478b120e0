"""How a cat's face is learnt: a real network's maps at three depths."""

from __future__ import annotations

import numpy as np
import streamlit as st
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.lesson import Stage, cat_photo, cat_stages, spotlight
from pages.convolution import words
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.wording.blocks import answer, caption, problem, sheet_heading, what_you_see

_CHOICE = "cat_map"  # (stage, place among its maps)
_ITS_EYES = ("parts", 8)


@st.cache_resource(show_spinner=False)
def stages() -> dict[str, Stage]:
    """The cat's maps: the same for everybody, computed once."""
    return cat_stages()


@st.fragment
def cat() -> None:
    """Draw real maps of a network for photos, at three depths; a chosen one lights up its places in the photo."""
    try:
        cat_maps = stages()
    except StudentError as error:
        problem(error)
        return
    chosen, place = st.session_state.get(_CHOICE, _ITS_EYES)
    answer(words.EDGES_FIRST)
    left, side = st.columns([576, 292], gap="medium")
    with left:
        for name, stage in cat_maps.items():
            _maps_of(name, stage, selected=place if name == chosen else None)
    with side:
        _lit_photo(chosen, cat_maps[chosen], place)


def _maps_of(name: str, stage: Stage, selected: int | None) -> None:
    _, height, width = stage.maps.shape
    st.markdown(sheet_heading(name, f"{len(stage.maps)} of {stage.total} maps of {height}×{width}"))
    sheet(
        contact_sheet(stage.maps.numpy(), "activation", "own"),
        key=f"cat_{name}",
        alt=f"The strongest maps of the cat: {words.STORY[name]}",
        tile_px=84,
        columns=6,
        labels=[f"{name}, map {index}" for index in stage.indices],
        selected=selected,
        on_click=lambda place: st.session_state.update({_CHOICE: (name, place)}),
    )
    caption(words.STORY[name])


def _lit_photo(name: str, stage: Stage, place: int) -> None:
    photo, index = cat_photo(), stage.indices[place]
    picture(rgb(photo), "cat_photo", alt="A photo of a tabby cat’s face", px=292, smooth=True)
    st.markdown(f"**{name}, map {index}** :gray[lights up here]")
    lit = spotlight(photo, stage.maps[place])
    picture(rgb(lit), "cat_lit", alt=f"The photo, bright where map {index} is", px=292, smooth=True)
    what_you_see(words.CLICK_A_MAP)


def rgb(image: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] as (H, W, 3) bytes."""
    return (image.permute(1, 2, 0) * 255).round().byte().numpy()
