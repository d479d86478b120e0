"""How a network learnt, at each moment of its training that was kept: five ways to look back, one at a time."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from pages.runs import replay_words, words
from pages.runs.course import Course
from pages.runs.moments import Moments, moments_of
from pages.runs.replay_answers import map_over_time, mistakes
from pages.runs.replay_filter import one_filter
from pages.runs.replay_learnt import learnt
from pages.runs.replay_sizes import sizes
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.visitor import design, networks, server
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import caption, problem

# Each draws its view, and returns the line above it; None where there is none.
# The last argument is the strip in which the choice of the view stands.
VIEWS: dict[str, Callable[[LoadedNetwork, Moments, DeltaGenerator], str | None]] = {
    "filter": lambda network, moments, _: one_filter(network, moments),
    "mistakes": lambda network, moments, _: mistakes(Course.of(network, moments)),
    "map": lambda network, moments, _: map_over_time(Course.of(network, moments)),
    "learnt": lambda network, moments, _: learnt(Course.of(network, moments)),
    "gradients": lambda network, moments, strip: sizes(Course.of(network, moments), strip),
}
_VIEW = address.one_of("replay", "replay_view", {view: view for view in VIEWS}, "filter")


def play(summary: DeltaGenerator) -> None:
    """Draw the replay of the network being looked at, or say why there is none.  summary: the place for it."""
    network = networks.current()
    moments = moments_of(network)
    if len(moments.files) < 2:
        _too_few()
        screen_summary.put(summary, words.NOT_KEPT)
        return
    strip = st.container(horizontal=True, vertical_alignment="center", key="replay_views")
    with strip:
        view = choice.in_address(_VIEW, "What is looked at", replay_words.VIEWS)
    try:
        said = VIEWS[view](network, moments, strip)
    except StudentError as error:
        problem(error)
        return
    if said is not None:
        screen_summary.put(summary, replay_words.summary_of(view, said, len(moments.files)))


def _too_few() -> None:
    if networks.is_training():
        caption(words.JUST_BEGUN)
        return
    caption(words.NOT_KEPT)
    if st.button("Replay the lesson’s convnet", on_click=design.look_at, args=(server.DEFAULT,)):
        st.rerun()
