"""One filter's picture, growing step by step."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core.insight import RECIPES
from pages.filters.card import shown_as_grey
from pages.filters.climbing import growth_of, has_maps
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.flipbook import CurveLine, Strip, flipbook
from pages.ui.visitor import networks
from pages.ui.wording.numbers import plural


def growth(shown: networks.LoadedNetwork, layer: str, index: int, settings: tuple) -> None:
    recipe, steps, seed, how = settings
    found = growth_of(shown.weights_key, layer, index, recipe, steps, seed, how, shown)
    assert found.path is not None
    assert found.gradients is not None
    scores = found.scores[0].tolist()
    pages = shown_as_grey(found.path[0].numpy())
    gradients = shown_as_grey(found.gradients[0].numpy())
    gradients = np.concatenate(
        [gradients, np.zeros_like(gradients[:1])]
    )  # after the last step none was needed
    what = "mean of the filter’s map" if has_maps(layer) else "the unit’s number"
    answers = f"{what if what.startswith('the') else f'the {what}'} is"
    begun = {"noise": "white noise", "other noise": "other noise", "example": "a test image"}.get(
        found.begun[0], "noise"
    )
    flipbook(
        [
            Strip("the image now", contact_sheet(pages, "grey", "own"), 224),
            Strip("the gradient: brighter where orange", contact_sheet(gradients, "signed", "own"), 224),
        ],
        key="filter_growth",
        book=f"{shown.weights_key}/{layer}/{index}/{settings}",
        places=[f"step {i} of {steps}" for i in range(steps + 1)],
        unit="steps of gradient ascent",
        captions=[
            f"It began as {begun}: {answers} {scores[0]:.3g}."
            if i == 0
            else f"After {plural(i, 'step')} {answers} {scores[i]:.3g}."
            for i in range(steps + 1)
        ],
        curve=CurveLine(f"{what}, at each step", scores, "step 0", f"step {steps}"),
    )
    how_full = RECIPES[recipe]
    st.markdown(
        "**What happens at each step.** The network is asked how the filter’s mean would change if each pixel changed "
        "a little: that is the **gradient**, the picture at the right. Then the image takes a step that way.\n\n"
        "**Why the gradient is divided by its RMS.** In one filter it is a thousand times larger than in another, and "
        "it shrinks as the image gets better. Divided by the root of its mean square, a typical pixel changes by the "
        f"same amount each time (here {how_full.step:g} of full contrast), in each filter and step. A tiny number "
        "is added below the line, so that a gradient of zero is not divided by zero."
    )
