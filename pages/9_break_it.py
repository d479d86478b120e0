"""What breaks it? Filters are taken out of the network, or one digit is attacked, and it is seen what follows."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.break_it import attack, surgery, words
from pages.break_it.layers import layers_of
from pages.ui.forms import choice
from pages.ui.forms.digit_input import singular
from pages.ui.frame import address
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, next_question

require_shell()

VIEWS = {"filters": surgery.draw, "attack": attack.draw}
VIEW = address.one_of("view", "break_it_view", {key: key for key in VIEWS}, "filters")


def ask(network: networks.LoadedNetwork) -> str:
    """Draw the choice of a view. Returns a key of VIEWS."""
    return choice.in_address(VIEW, "View", words.views(layers_of(network.spec), singular(network.dataset)))


def view(summary: DeltaGenerator) -> None:
    """Draw all that depends on the network.  summary: the place for it."""
    network = networks.current()
    answer_place = st.empty()
    strip = st.container(horizontal=True, vertical_alignment="center", key="break_it_strip")
    with strip:
        chosen = ask(network)
    if network.note:
        caption(network.note)
    VIEWS[chosen](network, strip, answer_place, summary)


def page(summary: DeltaGenerator) -> None:
    """Draw the page, anew every five seconds while the network is in training.  summary: the place for it."""
    st.fragment(view, run_every=5.0 if networks.is_training() else None)(summary)


page(page_head("break_it"))
next_question("deep_dream", "changes a photo until a layer is excited.")
