"""What does one filter look for? A picture for every filter, a card for one, how one grew, and what one is made of."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.insight import Examples, FilterPictures, card_of
from cnn_core.looking import filters_of_sheet, layers_of
from pages.filters import words
from pages.filters.asking import Question, ask, draw_refusal, follow_address
from pages.filters.card import card
from pages.filters.climbing import examples_of, pictures_of
from pages.filters.code import of_pictures
from pages.filters.growth import growth
from pages.filters.layers import has_maps
from pages.filters.made_of import made_of
from pages.filters.more import more
from pages.filters.own_answer import answers_of
from pages.filters.sheet import OPENS, all_filters
from pages.ui.forms.digit_input import singular
from pages.ui.frame.screens import opened_here
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, next_question, problem

require_shell()


def look_up(
    network: networks.LoadedNetwork, question: Question, width: int
) -> tuple[FilterPictures, Examples | StudentError]:
    """Compute the pictures of a layer of `width` filters, and the test images that excite each of them.

    Where there are no test images, as of a set of another server, the pictures are climbed to all the same: then the
    second is why.
    """
    layer = question.layer
    filters = filters_of_sheet(width, question.index)
    with st.spinner(words.climbing(layer, len(filters))):
        pictures = pictures_of(network, layer, filters, question.climb)
        try:
            return pictures, examples_of(network, layer)
        except StudentError as error:
            return pictures, error


def verdict(network: networks.LoadedNetwork, pictures: FilterPictures, examples: Examples | None) -> str:
    """The answer in one line."""
    layer = pictures.layer
    if examples is None:
        return words.verdict(layer, pictures.why, network.trained)
    return words.verdict(
        layer,
        pictures.why,
        network.trained,
        silent=int(examples.silent.sum()),
        unchanging=int(examples.unchanging.sum()),
        images=examples.count,
        width=len(examples.fires),
    )


def show(
    network: networks.LoadedNetwork,
    question: Question,
    width: int,
    answer_place: DeltaGenerator,
    summary: DeltaGenerator,
) -> None:
    """Draw the answer, the sheet (or the filter that grows), and the card.  summary: the place for it."""
    layer = question.layer
    left, right = st.columns([576, 292], gap="medium")
    try:
        with left:
            pictures, found = look_up(network, question, width)
    except StudentError as error:
        problem(error)
        return
    examples = None if isinstance(found, StudentError) else found
    with answer_place:
        answer(said := verdict(network, pictures, examples))
    screen_summary.put(
        summary, words.summary_of_filters(network.title, layer, question.index, said, question.grows)
    )
    are_classes = layer == list(layers_of(network.spec))[-1] and not has_maps(layer)
    classes = networks.classes_of(network) if are_classes else ()
    with left:
        if question.grows:
            growth(network, question, width)
        else:
            answers = answers_of(network, pictures, question.climb) if classes else None
            all_filters(pictures, examples, question, classes, singular(network.dataset), answers)
            of_pictures(network, question, width)
    with right, opened_here(OPENS):
        if isinstance(found, StudentError):
            caption(found.message)
            return
        about = card_of(network.net, question.index, pictures, found)
        card(network, question, about, classes[question.index] if classes else None)


def view(summary: DeltaGenerator) -> None:
    """Draw all that depends on the network.  summary: the place for it."""
    network = networks.current()
    layers = layers_of(network.spec)
    answer_place = st.empty()
    follow_address(layers)
    question = ask(layers, networks.classes_of(network))
    if network.note:
        caption(network.note)
    if question.view == "more":
        more(network, answer_place, summary)
        return
    draw_refusal(layers, question)
    if question.view == "made_of":
        made_of(network, question, answer_place, summary)
        return
    show(network, question, layers[question.layer], answer_place, summary)


def page(summary: DeltaGenerator) -> None:
    """Draw the page, anew every five seconds while the network is in training.  summary: the place for it."""
    st.fragment(view, run_every=5.0 if networks.is_training() else None)(summary)


page(page_head("filters"))
next_question("break_it", "takes filters out, to see what the network needs.")
