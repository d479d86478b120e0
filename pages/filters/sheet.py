"""The sheet: what every filter of a layer looks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.insight.filters.climbing import NO_SLOPE
from pages.filters import own_answer_words, words
from pages.filters.asking import Question, choose
from pages.filters.layers import has_maps
from pages.filters.own_answer import under_tiles
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.wording.blocks import caption, sheet_heading, what_you_see

if TYPE_CHECKING:
    from cnn_core.insight import Examples, FilterPictures, PictureAnswers


LONG_NAME = 9  # letters: longer ones would break below a narrow tile
OPENS = "filter_card"  # key of the container in which a click on a picture opens it


def without_slope_that_fire(
    pictures: FilterPictures, examples: Examples, chosen: int
) -> tuple[int, int] | None:
    """A filter without a slope that fires all the same: (its number, on so many test images).

    chosen: the filter that is looked at; where it is none of them, the one that fires on most images.
    None where there is none, or where zero is a number like others.
    """
    if not examples.can_be_silent:
        return None
    fires = {
        number: int(examples.fires[number])
        for number, why in zip(pictures.filters, pictures.why, strict=True)
        if why == NO_SLOPE and examples.fires[number] > 0
    }
    if not fires:
        return None
    number = chosen if chosen in fires else max(fires, key=lambda number: fires[number])
    return number, fires[number]


def all_filters(
    pictures: FilterPictures,
    examples: Examples | None,
    question: Question,
    classes: tuple[str, ...],
    singular: str,
    answers: PictureAnswers | None,
) -> None:
    """Draw a picture for every filter; a click chooses one.

    examples: of all filters of the layer: those that never fire are marked. None where no images are here.
    classes: what the units are called, of the last layer; else nothing.
    singular: what one image of the data set is, "digit".
    answers: what the network reads in the pictures of its classes; of other layers None.
    """
    layer, climb, filters = question.layer, question.climb, pictures.filters
    images = pictures.images.numpy()
    height, width = images.shape[2:]
    silent = _silent(pictures, examples)
    badges = _badges(pictures, silent)
    are_long = any(len(name) > LONG_NAME for name in classes)
    with st.container(gap="xsmall"):
        facts = words.heading_facts(len(images), (height, width), climb.steps, climb.seed)
        st.markdown(sheet_heading(layer, *facts))
        sheet(
            image_sheet(images, "own"),
            key=f"filters_{layer}",
            alt=words.sheet_alt(layer),
            tile_px=max(84 if are_long else 56, height),
            columns=6 if are_long else 8,
            labels=_labels(pictures, silent),
            badges=badges,
            states=[
                None if why is None else words.reason(why, is_silent)
                for why, is_silent in zip(pictures.why, silent, strict=True)
            ],
            captions=_captions(pictures, classes, answers),
            selected=filters.index(question.index),
            on_click=lambda tile: choose(layer, filters[tile]),
            opens=OPENS,
        )
    what_you_see(
        words.what_you_see(
            layer,
            singular,
            climb.steps,
            began_as=(pictures.begun.count("other noise"), pictures.begun.count("example")),
            why=set(filter(None, pictures.why)),
            silent=any(badges),
        )
    )
    if answers is not None:
        caption(own_answer_words.class_pictures(answers, pictures.filters, classes, pictures.begun))
    if NO_SLOPE in pictures.why and examples is not None:
        fires = without_slope_that_fire(pictures, examples, question.index)
        caption(words.no_slope(layer, fires, examples.count, climb.recipe == "lesson"))
    if has_maps(layer):
        caption(words.R_COUNTS)


def _silent(pictures: FilterPictures, examples: Examples | None) -> list[bool]:
    """Of each tile whether its filter fires on no test image; where there are none, nobody knows of any."""
    silent = [] if examples is None else examples.silent.tolist()
    return [bool(silent) and silent[number] for number in pictures.filters]


def _badges(pictures: FilterPictures, silent: list[bool]) -> list[str]:
    """A mark on each tile that has a picture though its filter fires on no test image; else nothing."""
    return [
        words.BADGE if why is None and is_silent else ""
        for why, is_silent in zip(pictures.why, silent, strict=True)
    ]


def _captions(
    pictures: FilterPictures, classes: tuple[str, ...], answers: PictureAnswers | None
) -> list[tuple[str, str]] | None:
    """Below the picture of each class its name, and what the network reads in it."""
    if not classes or answers is None:
        return None
    return list(zip((classes[i] for i in pictures.filters), under_tiles(answers, classes), strict=True))


def _labels(pictures: FilterPictures, silent: list[bool]) -> list[str]:
    return [
        words.tile_label(pictures.layer, i, low, high, why, is_silent)
        for i, (low, high), why, is_silent in zip(
            pictures.filters, pictures.range.tolist(), pictures.why, silent, strict=True
        )
    ]
