"""What is this? Home asks before it tells: draw a digit, and guess what a network reads in it; then four ways on."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.home import words
from pages.home.image import ask_image
from pages.home.sections import (
    answer,
    for_teachers,
    glossary,
    hint_on_a_phone,
    maps_of_each_layer,
    to_the_class,
    ways_on,
    with_images,
)
from pages.ui.forms.guess import switch
from pages.ui.frame.board import board_places, board_style
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import caption

require_shell()

BOARD = "home_board"


def view(summary: DeltaGenerator) -> None:
    """Draw what needs no torch, then fill the places that were kept: torch takes seconds to load on a cold server.

    summary: the place for it.
    """
    top, right, below = board_places(BOARD)
    with right:
        answer_place = st.container()
        st.space("small")
        ways_on()
        hint_on_a_phone()
    with top:
        network = networks.current()
        if network.note:
            caption(network.note)
        network, test = with_images(network)
        image = ask_image(test)
    with below:
        shapes = maps_of_each_layer(network, image.pixels)
    with answer_place:
        said = answer(network, image, networks.classes_of(network))
    screen_summary.put(summary, words.summary_of_home(network.title, image.title, shapes, said))


def page(summary: DeltaGenerator) -> None:
    """Draw the page; while the pen draws, only what follows it is drawn anew.  summary: the place for it."""
    st.markdown(words.WELCOME)
    board_style(BOARD, second="right")
    st.fragment(view)(summary)


page(page_head(""))
glossary()
switch()
to_the_class()
for_teachers()
