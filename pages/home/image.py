"""The image that Home sends through the network: what the visitor draws, or one of ten test images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.kept import kept
from pages.home import words
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.canvas import digit_canvas
from pages.ui.frame import address
from pages.ui.wording.blocks import caption, problem

if TYPE_CHECKING:
    import torch

    from cnn_core.data import ImageSet

PAD, TEN = 252, 310  # pixels
DRAWN = "drawn"
_CHOSEN = "home_digit"  # which of the ten
_SEEN = (
    "home_seen"  # the drawing that was there when one of the ten was chosen: a further stroke counts again
)
_FIRST = 7


@dataclass(frozen=True, eq=False)
class HomeImage:
    """pixels: (C, H, W) in [0, 1].  about: DRAWN, or which of the ten.  title: "your drawing", "a 7"."""

    pixels: torch.Tensor
    about: str
    title: str
    is_pad_empty: bool

    @property
    def is_drawn(self) -> bool:
        """Whether the visitor drew it."""
        return self.about == DRAWN


def ask_image(test: ImageSet) -> HomeImage:
    """Draw the pad, where such images can be drawn, and the ten to choose from."""
    if dataset_of(test.name).is_colour:  # nobody draws a photo
        return _one_of_ten(test, drawing=None, columns=10)
    with st.container(horizontal=True, gap="medium"):
        pad, ten = st.container(width=PAD), st.container(width=TEN)
    with pad:
        drawing = digit_canvas("home_pad", px=PAD)
    pixels = (
        None if drawing is None or drawing == st.session_state.get(_SEEN) else _centred(drawing, test.name)
    )
    with ten:
        caption(words.OR_TAKE_ONE)
        one = _one_of_ten(test, drawing, columns=5, is_chosen=pixels is None)
    return one if pixels is None else HomeImage(pixels, DRAWN, words.YOUR_DRAWING, is_pad_empty=False)


def _centred(drawing: list[int], dataset: str) -> torch.Tensor | None:
    from cnn_core.data import digit_from_pixels

    try:
        return digit_from_pixels(drawing, dataset=dataset)
    except StudentError as error:
        problem(error)
        return None


def _one_of_ten(test: ImageSet, drawing: list[int] | None, columns: int, is_chosen: bool = True) -> HomeImage:
    """Draw the ten.  drawing: what the pad shows now.  is_chosen: whether one of them is it, and no drawing."""
    indices = _one_of_each(f"{test.name}/{len(test)}", test)
    images = test.images[indices].float() / 255
    part = address.whole("show", _CHOSEN, 0, len(indices) - 1, min(_FIRST, len(indices) - 1))
    if address.follow(part):
        st.session_state[_SEEN] = drawing
    chosen = st.session_state.get(_CHOSEN, _FIRST) % len(indices)
    sheet(
        image_sheet(images.numpy()),
        key="home_digits",
        alt="Test images to choose from",
        tile_px=56,
        labels=[words.with_article(name) for name in test.classes],
        selected=chosen if is_chosen else None,
        columns=columns,
        on_click=lambda place: st.session_state.update({_CHOSEN: place, _SEEN: drawing}),
    )
    address.tell(part)
    return HomeImage(
        images[chosen], str(chosen), words.with_article(test.classes[chosen]), is_pad_empty=drawing is None
    )


@kept(0.01)
def _one_of_each(dataset: str, _test: ImageSet) -> list[int]:
    """For each class the first test image of it: indices into the test set."""
    return [int((_test.labels == label).nonzero()[0]) for label in range(len(_test.classes))]
