"""How a cat's face is learnt: a real network's maps at three depths."""

from __future__ import annotations

import numpy as np
import streamlit as st
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.lesson.cat_face import Stage, cat_photo, cat_stages, spotlight
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import picture, sheet
from pages.ui.wording.blocks import answer, caption, problem, sheet_heading, what_you_see


@st.cache_resource(show_spinner=False)
def stages() -> dict[str, Stage]:
    """The cat's maps: the same for everybody, computed once."""
    return cat_stages()


STORY = {
    "edges": "Early: where brightness changes, and in which direction.",
    "parts": "In the middle: several edges at once make an eye, an ear, a nose.",
    "wholes": "Late: parts in the right places make a face.",
}


@st.fragment
def cat() -> None:
    """Real maps of a network for photos, at three depths; a chosen one lights up its places in the photo."""
    try:
        found = stages()
    except StudentError as error:
        problem(error)
        return
    stage, place = st.session_state.get("cat_map", ("parts", 8))  # its eyes
    answer(
        "Edges first, then parts, then wholes: each layer is made of **the one before it**, and nobody drew a cat."
    )
    left, side = st.columns([576, 292], gap="medium")
    with left:
        for name, story in STORY.items():
            maps = found[name].maps
            _, height, width = maps.shape
            st.markdown(sheet_heading(name, f"{len(maps)} of {found[name].total} maps of {height}×{width}"))
            sheet(
                contact_sheet(maps.numpy(), "activation", "own"),
                key=f"cat_{name}",
                alt=f"The strongest maps of the cat: {story}",
                tile_px=84,
                columns=6,
                labels=[f"{name}, map {index}" for index in found[name].indices],
                selected=place if name == stage else None,
                on_click=lambda index, name=name: st.session_state.update(cat_map=(name, index)),
            )
            caption(story)
    with side:
        photo = cat_photo()
        index = found[stage].indices[place]
        picture(rgb(photo), "cat_photo", alt="A photo of a tabby cat’s face", px=292, smooth=True)
        st.markdown(f"**{stage}, map {index}** :gray[lights up here]")
        lit = spotlight(photo, found[stage].maps[place])
        picture(rgb(lit), "cat_lit", alt=f"The photo, bright where map {index} is", px=292, smooth=True)
        what_you_see(
            "Click a map. EfficientNet-Lite0 learnt these from a million photos; shown are the maps that differ most "
            "from place to place, each from 0 to its own maximum."
        )


def rgb(image: Tensor) -> np.ndarray:
    """(3, H, W) in [0, 1] as (H, W, 3) bytes."""
    return (image.permute(1, 2, 0) * 255).round().byte().numpy()
