"""Loaded, reshaped, scaled, one-hot: the four steps on a real image, each with its numbers and its line of R."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import ImageSet, available
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.lesson.preparation import Preparation, prepare
from pages.train import data_words as words
from pages.ui.drawing.palette import ink_on
from pages.ui.drawing.sheets import image_picture
from pages.ui.forms.digit_input import article
from pages.ui.visitor import server
from pages.ui.wording import terms
from pages.ui.wording.blocks import caption

EXAMPLE = 7  # the label of the image that is shown: the lesson's first test image is a 7


@dataclass(frozen=True, eq=False)
class Example:
    """An image to show the steps on.

    pixels:  (C, H, W) uint8.
    dataset: that it is of; not the one that is learnt from, where that is not here.
    steps:   of its first channel.
    """

    pixels: np.ndarray
    dataset: str
    label: int
    name: str  # of its class
    title: str  # "test image no. 4, a 7"
    steps: Preparation


def data_steps(dataset: str, train_size: int | None) -> None:
    """Draw the four steps, folded until somebody wants to know.

    dataset:    that is learnt from.
    train_size: how many of its images a recipe asks for; None for all that are not kept aside.
    """
    with st.expander(words.TITLE, key="train_data_steps"):
        images, example = images_learnt_from(dataset, train_size), example_of(dataset)
        steps = example.steps
        text = words.loaded(images, dataset, steps.row, example.title, example.dataset)
        with _step(text, words.r_loaded(images, dataset), "label"):
            image_picture(example.pixels / 255.0, "data_example", alt=example.title, px=112)
            st.html(cells(steps.stored, steps.scaled))
        _step(words.reshaped(images, dataset), words.r_reshaped(images, dataset), "channel")
        with _step(words.SCALED, words.R_SCALED, "weight"):
            st.html(cells([f"{value:.2f}" for value in steps.scaled], steps.scaled))
        text = words.one_hot(example.label, example.name, len(steps.one_hot))
        with _step(text, words.R_ONE_HOT, "one-hot"):
            st.html(cells(steps.one_hot, steps.one_hot, numbered=True))
        caption(words.SAME_FOR_TEST)


def images_learnt_from(dataset: str, train_size: int | None) -> int:
    """How many images a run of that recipe learns from, of what is on this machine; of all where nothing is yet."""
    learn, _ = split_sizes(available(dataset).train or dataset_of(dataset).count("train"))
    return min(learn, train_size or learn)


def example_of(dataset: str) -> Example:
    """A test image of the data set; one of MNIST's where that data set is not here yet."""
    try:
        test = server.images(dataset, "test")
    except StudentError:
        test = server.images("mnist", "test")
    return _first_of(test, min(EXAMPLE, len(test.classes) - 1))


def _first_of(test: ImageSet, label: int) -> Example:
    index = int((test.labels == label).nonzero()[0])
    pixels = test.images[index].numpy()
    name = test.classes[label]
    steps = prepare(pixels[0].tolist(), label, len(test.classes))
    return Example(pixels, test.name, label, name, f"test image no. {index}, {article(name)}", steps)


def _step(text: str, code: str, term: str) -> DeltaGenerator:
    """Draw one step: its words at the left, its R at the right. Returns the left, for what is shown below the words."""
    left, right = st.columns([3, 2], gap="medium")
    with right:
        if code:
            st.code(code, language="r", wrap_lines=True)
    with left:
        terms.draw(text, term)
    return left


def cells(texts: Sequence[object], brightness: Sequence[float], numbered: bool = False) -> str:
    """A row of numbers as HTML, each on its own grey.

    brightness: of each cell, 0 black to 1 white.
    numbered:   with the index of each above it.
    """
    pairs = enumerate(zip(texts, brightness, strict=True))
    row = "".join(_cell(index, str(text), bright, numbered) for index, (text, bright) in pairs)
    return f'<div style="display:flex;flex-wrap:wrap;gap:1px">{row}</div>'


def _cell(index: int, text: str, bright: float, numbered: bool) -> str:
    grey = round(255 * bright)
    ink = ink_on(f"#{grey:02x}{grey:02x}{grey:02x}")
    head = f'<div style="font-size:12px;opacity:.75">{index}</div>' if numbered else ""
    box = f"background:rgb({grey},{grey},{grey});color:{ink};border:1px solid #8888;line-height:24px;font-size:12px"
    return (
        f'<div style="width:34px;text-align:center;font-variant-numeric:tabular-nums">{head}'
        f'<div style="{box}">{text}</div></div>'
    )
