"""One filter's picture, growing step by step."""

from __future__ import annotations

import streamlit as st
import torch

from cnn_core.looking import filters_of_sheet
from pages.filters import words
from pages.filters.asking import Question
from pages.filters.climbing import growth_of, slopes_of
from pages.ui.drawing.contact_sheet import image_sheet, signed_sheet
from pages.ui.drawing.flipbook import CurveLine, Strip, flipbook
from pages.ui.visitor import networks


def growth(network: networks.LoadedNetwork, question: Question, width: int) -> None:
    """Draw the image and its gradient at each step, as a book to leaf through, and what happens there.

    width: filters of the layer.
    """
    layer, climb = question.layer, question.climb
    pictures = growth_of(network, layer, question.index, climb)
    assert pictures.path is not None
    assert pictures.gradients is not None
    scores = pictures.scores[0].tolist()
    # After the last step no gradient was needed.
    gradients = torch.cat([pictures.gradients[0], torch.zeros_like(pictures.gradients[0, :1])])
    flipbook(
        [
            Strip(words.NOW, image_sheet(pictures.path[0].numpy(), "own"), 224),
            Strip(words.gradient(gradients.shape[1]), signed_sheet(gradients.numpy()), 224),
        ],
        key="filter_growth",
        book=f"{network.weights_key}/{layer}/{question.index}/{climb}",
        places=[f"step {i} of {climb.steps}" for i in range(climb.steps + 1)],
        unit="steps of gradient ascent",
        captions=words.growth_captions(layer, pictures.begun[0], scores),
        curve=CurveLine(words.growth_curve(layer), scores, "step 0", f"step {climb.steps}"),
    )
    recipe = pictures.recipe
    slopes = slopes_of(network, layer, filters_of_sheet(width, question.index), climb)
    st.markdown(words.growth_explained(layer, recipe.step, pictures.slopes[0].tolist(), slopes))
