"""Which net was better, and why? All my runs over each other, a fair race, how one of them came to see."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.runs import race, race_lineup
from pages.runs.compare import compare, start_timer
from pages.runs.replay import play
from pages.runs.replay_learnt import open_clicked
from pages.runs.rows import my_record, open_your_own
from pages.runs.somebody_else import somebody_else
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks
from pages.ui.wording.blocks import next_question

require_shell()


VIEWS = ("Compare", "Race", "Replay")
VIEW = address.one_of(
    "view",
    "runs_view",
    {view.lower(): view for view in VIEWS} | {view: view for view in VIEWS},
    "Compare",
    before="runs_view",
)


def ask() -> str:
    """Which of the views: "Compare", "Race" or "Replay". A link can name it."""
    return choice.in_address(VIEW, "View", {view: view for view in VIEWS})


def show(view: str, summary: DeltaGenerator) -> None:
    """The view, drawn anew while something in it goes on.  summary: the place for it."""
    if view == "Race":
        race.view(summary)
        return
    race_lineup.leave_out()
    if view == "Replay":
        open_clicked()
        st.fragment(play, run_every=3.0 if networks.is_training() else None)(summary)
        return
    st.fragment(compare, run_every=2.0 if start_timer() else None)(summary)
    open_your_own()
    my_record()
    somebody_else()


def page() -> None:
    """The title with the choice of a view beside it, and that view."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="runs_head"):
        summary = page_head("runs")
        view = ask()
    show(view, summary)


page()
next_question("feature_maps", "shows what each layer of a network makes of an image.")
