"""A digit of the visitor's own hand, read while it is drawn; for a network of colour photos, a photo."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.data import digit_from_pixels
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from pages.evaluate import words
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.figure import mode, show
from pages.ui.forms import none_of_these
from pages.ui.forms.canvas import digit_canvas
from pages.ui.forms.digit_input import singular
from pages.ui.forms.own_picture import takes_photos
from pages.ui.forms.photo_input import own_photo
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, problem
from pages.ui.wording.picture_words import how_sure

if TYPE_CHECKING:
    from torch import Tensor

    from pages.ui.visitor.networks import LoadedNetwork


@st.fragment
def own_digit(network: LoadedNetwork) -> None:
    """Draw the pad, and beside it what the network reads; of a photo below it. Needs no test images."""
    data = dataset_of(network.dataset)
    if data.is_colour or takes_photos(data):
        _own_photo(network)
        return
    left, right = st.columns([300, 560], gap="medium")
    with left:
        pixels = digit_canvas("digit_pad", px=280)  # by its key the same drawing as on the other pages
    with right:
        if pixels is None:
            caption(words.draw_one(singular(network.dataset)))
        else:
            _drawing(pixels, network)


def _own_photo(network: LoadedNetwork) -> None:
    try:
        image = own_photo(network.dataset)
    except StudentError as error:
        problem(error)
        return
    if image is not None:
        _answer(image, network)


def _drawing(pixels: Sequence[int], network: LoadedNetwork) -> None:
    try:
        image = digit_from_pixels(pixels, dataset=network.dataset)
    except StudentError as error:
        problem(error)
        return
    _answer(image, network)


def _answer(image: Tensor, network: LoadedNetwork) -> None:
    try:
        chances = network.net.predict(image[None])[0].tolist()
    except StudentError as error:
        problem(error)
        return
    best, classes = int(np.argmax(chances)), networks.classes_of(network)
    st.markdown(words.it_reads(classes[best], chances[best]))
    show(bars(chances, classes, mode()), key="draw_bars", alt=how_sure(chances, classes))
    none_of_these.section(network, image, "draw")
