"""Which net was better, and why? All my runs over each other, how one of them came to see, and the way out."""

from __future__ import annotations

import streamlit as st

from pages.runs.compare import compare
from pages.runs.replay import play
from pages.runs.rows import GOING_ON, going_on, open_saved
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import networks

require_shell()


# ---------------------------------------------------------------- the page

page_head("runs")
view = st.segmented_control(
    "View", ["Compare", "Replay"], default="Compare", required=True, key="runs_view", label_visibility="collapsed",
    bind="query-params",
)  # fmt: skip
if view == "Replay":
    st.fragment(play, run_every=3.0 if networks.is_training() else None)()
else:
    st.session_state[GOING_ON] = going_on()
    st.fragment(compare, run_every=2.0 if st.session_state[GOING_ON] else None)()
    open_saved()
