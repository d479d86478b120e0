"""What is in your network? A file from elsewhere is opened, tested and looked at for the first time."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.open_network import words
from pages.open_network.door import door, is_wanted, want
from pages.open_network.first_look import first_look, opened_run
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import caption, next_question

require_shell()


def page(summary: DeltaGenerator) -> None:
    """The network that was opened and is looked at; else, or on wish, the door.  summary: the place for it."""
    run = opened_run()
    if run is not None and run.has_recipe:
        caption(words.TRAINED_ON)
    elif run is not None and not is_wanted():
        first_look(run, summary)
        return
    door()
    screen_summary.put(summary, words.SUMMARY_OF_DOOR)
    if run is not None and not run.has_recipe:
        st.button(words.BACK, key="open_network_back", on_click=want, args=(False,), type="tertiary")


page(page_head("open_network"))
next_question("convolution", "asks you questions about all of it.", tab="questions")
