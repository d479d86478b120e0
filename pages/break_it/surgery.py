"""The view "Take filters out": the sheet of a layer, and what the network still reads."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from pages.break_it import operating, words
from pages.break_it.layers import layers_of as layers_of
from pages.break_it.layers import standard_layer, word
from pages.break_it.outcomes import outcome_of, pictures_of
from pages.break_it.sheet import all_filters
from pages.ui.frame import address
from pages.ui.visitor import networks
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import answer, problem
from pages.ui.wording.numbers import percent

_LAYER = "break_it_layer"


def draw(
    network: networks.LoadedNetwork, strip: DeltaGenerator, verdict: DeltaGenerator, summary: DeltaGenerator
) -> None:
    """Draw the view.

    strip:   the control strip, a horizontal container in which the choice of the view stands already.
    verdict: the place for the answer in one line, above the strip.
    summary: the place for what is read to whoever does not see the page.
    """
    layers = layers_of(network.spec)
    if not layers:
        with verdict:
            answer(words.NOTHING_TO_TAKE_OUT)
        screen_summary.put(summary, words.NOTHING_TO_TAKE_OUT)
        return
    with strip:
        layer = _ask(layers)
    operation = operating.current(network)
    refusals.draw(operating.PLACE)
    left, right = st.columns([576, 292], gap="medium")
    one = word(network.spec, layer)
    try:
        outcome = outcome_of(network, operation)
    except StudentError as error:
        problem(error)
        return
    with left:
        all_filters(network, layer, operation, pictures_of(network, layer, layers[layer]))
    with right:
        st.metric("Accuracy now", percent(outcome.accuracy))
    noun, out = dataset_of(network.dataset).noun, len(operation.muted(layer))
    images = len(outcome.labels)
    said = (
        words.without(out, layers[layer], one, outcome.accuracy, images, noun)
        if out
        else words.whole(outcome.accuracy, images, noun, layer, one)
    )
    with verdict:
        answer(said)
    screen_summary.put(summary, words.summary_of_surgery(network.title, said, layer, one))


def _ask(layers: dict[str, int]) -> str:
    """Draw the choice of the layer; the address says what is done."""
    first = standard_layer(layers)
    part = address.Part("layer", _LAYER, first, lambda text: text if text in layers else None)
    address.follow(part, operating.CUT)
    if st.session_state.get(_LAYER, first) not in layers:
        st.session_state.pop(_LAYER)
    layer = st.selectbox(
        "Layer",
        list(layers),
        index=list(layers).index(first),
        key=_LAYER,
        label_visibility="collapsed",
        width=150,
        persist_state="session",
    )
    address.tell(part, operating.CUT)
    return str(layer or first)
