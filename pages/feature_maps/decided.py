"""Which filters decided? What each filter of a layer says for one answer and against another, and the check of it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight import speaking_layers
from pages.feature_maps import code
from pages.feature_maps import decided_guessing as guessing
from pages.feature_maps import decided_words as words
from pages.feature_maps.decided_asking import another_close_call, ask, ask_classes, begin
from pages.feature_maps.decided_rows import rows
from pages.feature_maps.deciding import Decision, decision_of
from pages.feature_maps.maps import Reading, reading_of
from pages.feature_maps.words import nothing_given
from pages.ui.drawing.figure import mode
from pages.ui.drawing.figure import show as show_figure
from pages.ui.drawing.muting_chart import muting_lines
from pages.ui.drawing.sheets import image_picture
from pages.ui.forms import guess
from pages.ui.forms.digit_input import chosen_image, say_why_none, singular
from pages.ui.frame import held
from pages.ui.frame.board import board
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, problem, what_you_see

IMAGE_PX = 112


def view(summary: DeltaGenerator) -> None:
    """Draw all that depends on the network.  summary: the place for it."""
    network = networks.current()
    answer_place = st.empty()
    if network.note:
        caption(network.note)
    if not speaking_layers(network.spec):
        said = words.nothing_between(singular(network.dataset))
        with answer_place:
            answer(said)
        screen_summary.put(summary, said)
        return
    way, layer, classes_place = ask(network, begin(network))
    say_why_none(network.dataset)
    first, left, below = board("decided_board", second="left")
    with first:
        chosen = chosen_image(way, network.dataset)
    if chosen is None:
        with answer_place:
            answer(nothing_given(singular(network.dataset)))
        screen_summary.put(summary, nothing_given(singular(network.dataset)))
        return
    try:
        reading = reading_of(network, chosen)
        with classes_place:
            classes = ask_classes(reading)
        decision = decision_of(network, chosen, layer, classes.answer, classes.rival, classes.by)
    except StudentError as error:  # a network for other images than ours, or one class chosen twice
        problem(error)
        return
    asked = guessing.about_the_check(network, chosen, decision, reading.classes)
    may_tell = asked is None or guess.may_tell(asked)
    said = (
        words.verdict(decision, reading.classes, network.trained)
        if may_tell
        else words.most_of_all(decision, reading.classes)
    )
    with answer_place:
        answer(said)
    screen_summary.put(
        summary,
        words.summary_of_decided(network.title, chosen.title, decision, reading.classes, said),
    )
    with first:
        _image(reading)
    with below:
        st.markdown(words.IS_IT_TRUE)
        if guessing.ask_about_the_check(asked, decision):
            _check(reading, decision)
    with left:
        rows(reading, decision)
        opens = "filters" not in held.closed()
        what_you_see(words.what_you_see(decision, reading.classes, opens=opens))
        code.of_decision(reading, decision)


def _image(reading: Reading) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(width=IMAGE_PX + 4):
            image_picture(
                reading.chosen.image.numpy(),
                "decided_image",
                alt=f"The image: {reading.chosen.title}",
                px=IMAGE_PX,
            )
        with st.container(width="content", gap="xsmall"):
            st.markdown(words.read_as(reading.classes, reading.probabilities))
            if reading.chosen.index is not None:
                another_close_call(reading.network, reading.chosen.index)


def _check(reading: Reading, decision: Decision) -> None:
    layer = decision.found.layer
    figure = muting_lines(
        decision.top.tolist(),
        decision.chance.tolist(),
        (words.FROM_THE_TOP, words.AT_RANDOM),
        words.axis(layer),
        mode(),
        is_share=not decision.is_by_lead,
    )
    show_figure(figure, key="decided_check", alt=words.check_alt(decision))
    caption(words.check_says(decision, reading.classes))
