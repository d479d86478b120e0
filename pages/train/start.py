"""Before a training: what is to be trained and how, and the button that starts it."""

from __future__ import annotations

import streamlit as st

from cnn_core.data import available
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.model.draft import Draft
from pages.train import again
from pages.train.expectation import cannot_be_had
from pages.train.words import NOT_POSSIBLE, about_diagram
from pages.ui.drawing.diagram import diagram_alt, network_diagram
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.recipe import Choice, data_set_and_recipe
from pages.ui.visitor import design
from pages.ui.wording.blocks import caption, on_primary, problem, what_you_see


def inspected_design() -> Draft:
    """What can be said of the design in the sidebar; of the lesson's where that one makes no sense."""
    try:
        return design.inspect(design.shown())
    except StudentError:
        return design.inspect(design.lesson())


def strip(spec: ModelSpec | None) -> Choice:
    """Ask for images and recipe, and offer to train `spec`; it is None where the design cannot be trained."""
    with st.container(horizontal=True, vertical_alignment="center", key="train_strip"):
        choice = data_set_and_recipe()
        st.space("stretch")
        st.button(
            on_primary("Train"),
            key="train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=spec is None or not _is_possible(choice),
            on_click=again.start,
            args=(spec, choice),
        )
    return choice


def _is_possible(choice: Choice) -> bool:
    state = available(choice.dataset).state
    absent = state == "damaged" or (state == "missing" and cannot_be_had(choice.dataset))
    return choice.problem is None and not absent


def diagram(inspected: Draft) -> None:
    """Draw the design, or say why it cannot be trained."""
    spec = inspected.spec
    if spec is None:
        problem(inspected.problem or StudentError("This network cannot be trained."))
        caption(NOT_POSSIBLE)
        return
    show(network_diagram(spec, mode()), key="train_diagram", alt=diagram_alt(spec))
    what_you_see(about_diagram(spec))
