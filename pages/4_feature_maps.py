"""What does each layer see? The maps of every layer for one digit, and where any one of their pixels comes from."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight import speaking_layers
from pages.feature_maps import code, decided, guess_words, guessing, views, why, words
from pages.feature_maps import decided_words as words_of_decided
from pages.feature_maps.asking import Options, ask
from pages.feature_maps.decided_asking import strongest_rival
from pages.feature_maps.maps import Reading, filter_layers, mapped_layers, reading_of
from pages.feature_maps.pixel import pixel
from pages.feature_maps.selection import follow_address, selected
from pages.feature_maps.sheets import OPENS, legend, sheets, sheets_beside
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.figure import mode
from pages.ui.drawing.figure import show as show_figure
from pages.ui.drawing.said_and_measured import unknown
from pages.ui.forms import guess, none_of_these
from pages.ui.forms.digit_input import ChosenImage, chosen_image, say_why_none, singular
from pages.ui.frame.screens import opened_here
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, next_question, problem
from pages.ui.wording.picture_words import how_sure
from pages.ui.wording.run_states import NO_MAPS

require_shell()


def verdict(reading: Reading) -> str:
    """The answer in one line."""
    network, chosen, classes, best = reading.network, reading.chosen, reading.classes, reading.best
    is_wrong = chosen.label is not None and chosen.label != best
    return words.verdict(
        classes[best],
        reading.probabilities[best],
        is_trained=network.trained,
        is_test_image=chosen.index is not None,
        truth=classes[chosen.label] if chosen.label is not None and is_wrong else None,
        story=words.story(filter_layers(reading.maps), singular(network.dataset)),
    )


def show(reading: Reading, options: Options) -> None:
    """Draw the sheets; below them those of the network beside."""
    if not mapped_layers(reading.maps, True):
        st.markdown(NO_MAPS)
        if st.button("Look at the convnet", on_click=design.look_at, args=("pretrained:lesson",)):
            st.rerun()  # the sidebar shows it too
        return
    sheets(reading, options)
    if options.beside is not None:
        show_beside(options.beside, reading.chosen, options)
    legend(reading, options)
    code.of_maps(reading, options)


def show_beside(network: networks.LoadedNetwork, chosen: ChosenImage, options: Options) -> None:
    """Draw the sheets of another network for the same image."""
    try:
        sheets_beside(reading_of(network, chosen), options)
    except StudentError as error:
        problem(error)


def show_answer(reading: Reading) -> None:
    """Draw how sure the network is, and what softmax does."""
    st.markdown(words.HOW_SURE)
    question = guessing.question(reading)
    if question is not None and not guess.first(question, guess.Look(narrow=True)):
        unknown(guess_words.BARS, 250)
        return
    if question is not None:
        guessing.show(reading, question)
    truth = reading.chosen.label if reading.network.trained else None
    figure = bars(reading.probabilities, reading.classes, mode(), truth=truth)
    show_figure(figure, key="maps_bars", alt=how_sure(reading.probabilities, reading.classes))
    why_and_not(reading)
    with st.expander("What softmax does"):
        st.markdown(words.softmax(reading.logits, reading.classes))


def why_and_not(reading: Reading) -> None:
    """Draw the way to the filters that decided for its answer, and not for the next one."""
    if not speaking_layers(reading.network.spec):
        return
    rival = strongest_rival(reading.logits.tolist(), reading.best)
    label = words_of_decided.why_and_not(reading.classes[reading.best], reading.classes[rival])
    if st.button(f"{label}?", key="maps_why", on_click=views.turn_to_decided):
        st.rerun()  # the title is another


def summary_of(reading: Reading) -> str:
    """The page's summary of what is chosen now."""
    pixel = selected(reading.maps) if mapped_layers(reading.maps, True) else None
    value = 0.0 if pixel is None else float(reading.maps[pixel.layer][pixel[1:]])
    return words.summary_of_maps(reading.network.title, reading.chosen.title, verdict(reading), pixel, value)


def view(summary: DeltaGenerator) -> None:
    """Draw all that depends on the network.  summary: the place for it."""
    network = networks.current()
    answer_place = st.empty()
    options = ask(network)
    if network.note:
        caption(network.note)
    say_why_none(network.dataset)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        chosen = chosen_image(options.way, network.dataset)
    if chosen is None:
        with answer_place:
            answer(words.nothing_given(singular(network.dataset)))
        screen_summary.put(summary, words.nothing_given(singular(network.dataset)))
        return
    try:
        reading = reading_of(network, chosen)
    except StudentError as error:  # a network for other images than ours
        problem(error)
        return
    refusal = follow_address(reading.maps)
    with answer_place:
        answer(verdict(reading))
    screen_summary.put(summary, summary_of(reading))
    with left:
        show(reading, options)
    with right:
        if mapped_layers(reading.maps, True):
            with opened_here(OPENS):
                pixel(reading, refusal)
        show_answer(reading)
    if chosen.index is None:
        none_of_these.section(network, chosen.image, "maps")
    why.section(reading)


def page() -> None:
    """Draw one of two views, anew every two seconds while the network is in training."""
    is_decided = views.current() == "decided"
    has_filters = any(layer.has_filters for layer in networks.current().spec.layers)
    with st.container(horizontal=True, vertical_alignment="bottom", key="maps_head"):
        summary = page_head("feature_maps", words_of_decided.question(has_filters) if is_decided else "")
        views.ask()
    draw = decided.view if is_decided else view
    st.fragment(draw, run_every=2.0 if networks.is_training() else None)(summary)


page()
next_question("filters", "shows the picture that excites a filter most.")
