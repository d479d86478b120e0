"""The test set as a map: neighbours are what the last hidden layer takes for alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from pages.evaluate import words
from pages.evaluate.clicks import clicked_points, index_of
from pages.evaluate.exam import Exam
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.evaluation_charts import scatter_of_images, short_names
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.sheets import sheet
from pages.ui.forms import choice
from pages.ui.forms.digit_input import article
from pages.ui.frame import address
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, what_you_see
from pages.ui.wording.looking import look

MAPPED = 1_000  # test images on the map
MOST = 12  # images drawn beside it at once
_METHOD = address.one_of("method", "map_method", {method: method for method in words.METHODS}, "pca")
_UNTRAINED = address.switch("untrained", "map_untrained")


@dataclass(frozen=True, eq=False)
class ImageMap:
    """The first N test images on a plane."""

    places: np.ndarray  # (N, 2)
    labels: list[int]
    answers: list[int]  # what the network reads
    trained: bool  # whether its answers mean anything


def map_view(exam: Exam) -> None:
    """Draw the test images where the network's last hidden layer puts them, and those that were clicked."""
    method, untrained = _ask_method()
    network = networks.untrained(exam.network.spec) if untrained else exam.network
    with st.spinner("Laying out the test set …"):
        plane = _image_map(exam, network, method)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        clicked = _scatter(plane, exam.classes)
        written = words.written_as(exam.classes, short_names(exam.classes))
        what_you_see(words.what_the_map_shows(len(plane.labels), plane.trained, written))
    with right:
        # A figure cannot be reached by keyboard.
        number = _ask_number(len(plane.labels))
        clicked += [] if number is None or number in clicked else [number]
        st.markdown(words.clicked_heading(len(clicked)))
        if clicked:
            _clicked_images(clicked, plane, exam)
        caption(words.METHOD_WORDS[method])


def _ask_method() -> tuple[str, bool]:
    """Draw the strip. Returns "pca" or "t-sne", and whether the same network untrained is looked at."""
    address.follow(_UNTRAINED)
    with st.container(horizontal=True, vertical_alignment="center"):
        method = choice.in_address(_METHOD, "Method", words.METHODS)
        untrained = st.toggle("The same net, untrained", key=_UNTRAINED.key, persist_state="session")
    address.tell(_UNTRAINED)
    return method, untrained


def _ask_number(images: int) -> int | None:
    """Draw the field for the number of an image, from 0; None while it is empty."""
    return st.number_input(
        words.BY_NUMBER,
        0,
        images - 1,
        None,
        key=f"map_number_{images}",
        placeholder="none chosen",
        width=180,
    )


def _image_map(exam: Exam, network: networks.LoadedNetwork, method: str) -> ImageMap:
    plane = look(network, "plane", MAPPED, dataset=exam.dataset, method=method)
    labels = exam.test.labels[:MAPPED].tolist()
    return ImageMap(plane.places, labels, plane.answers, network.trained)


def _scatter(plane: ImageMap, classes: tuple[str, ...]) -> list[int]:
    """Draw the map. Returns the indices of the images that were clicked."""
    # Before any training nearly all are wrong, and red would hide what the picture is about.
    answers = plane.answers if plane.trained else plane.labels
    event = show(
        scatter_of_images(plane.places, plane.labels, answers, classes, mode()),
        key="test_map",
        alt=words.map_alt(plane.labels, plane.answers if plane.trained else None, classes),
        on_select="rerun",
    )
    return [index_of(point) for point in clicked_points(event)[:MOST]]


def _clicked_images(indices: list[int], plane: ImageMap, exam: Exam) -> None:
    answers, labels = plane.answers, plane.labels
    sheet(
        image_sheet(exam.test.images[indices].numpy() / 255),
        key="map_images",
        alt="The test images that were clicked",
        tile_px=84,
        columns=3,
        captions=[
            (exam.classes[answers[i]], f"no. {i}, {article(exam.classes[labels[i]])}") for i in indices
        ],
        wrong={place for place, i in enumerate(indices) if answers[i] != labels[i]},
        clickable=False,
    )
