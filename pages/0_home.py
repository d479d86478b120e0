"""What is this? Two sentences, one living picture (a digit on its way through a trained network), three ways on."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.home import words
from pages.home.sections import (
    answer,
    chosen_name,
    digits,
    glossary,
    hint_on_a_phone,
    maps_of_each_layer,
    ways_on,
    with_images,
)
from pages.ui.forms.guess import switch
from pages.ui.frame.board import board
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import caption

require_shell()


def page(summary: DeltaGenerator) -> None:
    """Draw what needs no torch, then fill the places that were kept: torch takes seconds to load on a cold server.

    summary: the place for it.
    """
    st.markdown(words.WELCOME)
    hint_on_a_phone()
    top, right, below = board("home_board", second="right")
    with right:
        answer_place = st.container()
        st.space("small")
        ways_on()
    with top:
        network = networks.current()
        if network.note:
            caption(network.note)
        network, test = with_images(network)
        image = digits(test)
    with below:
        shapes = maps_of_each_layer(network, image)
    with answer_place:
        said = answer(network, image, networks.classes_of(network))
    screen_summary.put(summary, words.summary_of_home(network.title, chosen_name(test), shapes, said))


page(page_head(""))
glossary()
switch()
