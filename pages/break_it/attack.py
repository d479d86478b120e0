"""The view "Attack a digit": what a small pattern on one image does to the answer."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.break_it import words
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.figure import mode
from pages.ui.drawing.figure import show as show_figure
from pages.ui.drawing.sheets import image_picture
from pages.ui.forms.digit_input import chosen_image, say_why_none, singular, way_and_number
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer
from pages.ui.wording.picture_words import how_sure


def draw(
    network: networks.LoadedNetwork, strip: DeltaGenerator, verdict: DeltaGenerator, summary: DeltaGenerator
) -> None:
    """Draw the view.

    strip:   the control strip, a horizontal container in which the choice of the view stands already.
    verdict: the place for the answer in one line, above the strip.
    summary: the place for what is read to whoever does not see the page.
    """
    with strip:
        way = way_and_number(network.dataset)
    say_why_none(network.dataset)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        chosen = chosen_image(way, network.dataset)
    said = words.nothing_given(singular(network.dataset))
    if chosen is not None:
        classes = networks.classes_of(network)
        probabilities = network.net.predict(chosen.image[None])[0].tolist()
        best = max(range(len(classes)), key=probabilities.__getitem__)
        said = words.whole_answer(classes[best], probabilities[best])
        with left:
            image_picture(chosen.image.numpy(), "attack_image", alt=chosen.title, px=252)
        with right:
            figure = bars(probabilities, classes, mode(), truth=chosen.label)
            show_figure(figure, key="attack_bars", alt=how_sure(probabilities, classes))
    with verdict:
        answer(said)
    screen_summary.put(summary, words.summary_of_attack(network.title, said))
