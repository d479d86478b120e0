"""What the network reads in its own pictures: below one on a card, and under each of the classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import answers_to_pictures
from cnn_core.kept import kept
from pages.filters import own_answer_words as words
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, problem
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures, PictureAnswers, RecipePictures
    from cnn_core.model.network import Network
    from pages.filters.asking import Question
    from pages.filters.climbing import Climb

MEASURED = 300  # test images whose mean magnitudes the third recipe holds


def answers_of(network: networks.LoadedNetwork, pictures: FilterPictures, climb: Climb) -> PictureAnswers:
    """What it reads in these. At once, for it is less than a hundredth of the climb to them."""
    return _answers(network.weights_key, pictures.layer, pictures.filters, climb, network.net, pictures)


@kept(2)
def _answers(
    weights_key: str,
    layer: str,
    filters: tuple[int, ...],
    climb: Climb,
    _net: Network,
    _pictures: FilterPictures,
) -> PictureAnswers:
    return answers_to_pictures(_net, _pictures)


def below_picture(network: networks.LoadedNetwork, picture: FilterPictures, climb: Climb) -> None:
    """Say what the network reads in one picture, which is not dead."""
    answers = answers_of(network, picture, climb)
    name = networks.classes_of(network)[int(answers.answers[0])]
    caption(words.below_picture(name, float(answers.certainty[0])))


def under_tiles(answers: PictureAnswers, classes: tuple[str, ...]) -> list[str]:
    """For each picture what is read in it; "" of one that is dead."""
    return [
        "" if dead else words.on_tile(classes[answer], certainty)
        for answer, certainty, dead in zip(
            answers.answers.tolist(), answers.certainty.tolist(), answers.dead.tolist(), strict=True
        )
    ]


def by_three_recipes(network: networks.LoadedNetwork, question: Question) -> None:
    """Draw the picture of a class by each recipe, what the network reads in it, and the third one's importance.

    Folded until it is asked for: nothing is computed while it is closed.
    """
    box = st.expander(words.THREE_RECIPES, key="recipes_open", on_change="rerun")
    if not box.open:
        return
    layer, filters, seed = question.layer, (question.index,), question.climb.seed
    with box:
        try:
            with st.spinner(words.DRAWING):
                rows = look(network, "recipes_compared", MEASURED, layer=layer, filters=filters, seed=seed)
        except StudentError as error:  # without test images there are no magnitudes to hold
            problem(error)
            return
        _recipes(network, rows)


def _recipes(network: networks.LoadedNetwork, rows: list[RecipePictures]) -> None:
    images = [row.images[0] for row in rows]
    captions = [(words.RECIPES[row.recipe], _read(network, row)) for row in rows]
    if (importance := rows[-1].importance) is not None:
        images.append(images[-1] * importance)
        captions.append((words.IMPORTANCE, ""))
    sheet(
        image_sheet(torch.stack(images).numpy(), "own"),
        key="card_recipes",
        alt=words.COMPARED,
        tile_px=112,
        captions=captions,
        clickable=False,
        columns=2,
    )
    caption(words.WHAT_COMPARED)


def _read(network: networks.LoadedNetwork, row: RecipePictures) -> str:
    probabilities = row.probabilities[0]
    answer = int(probabilities.argmax())
    return words.on_tile(networks.classes_of(network)[answer], float(probabilities[answer]))
