"""Before a training: what is to be trained and how, and the button that starts it."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from cnn_core.data import available
from cnn_core.data.sources import Dataset, dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, fitted
from cnn_core.model.draft import Draft
from cnn_core.training import check_images
from pages.train import again
from pages.train.data_words import fit_label, misfit_way_out
from pages.train.expectation import cannot_be_had
from pages.train.words import NOT_POSSIBLE, about_diagram
from pages.ui.drawing.diagram import diagram_alt, network_diagram
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.recipe import Choice, data_set_and_recipe
from pages.ui.frame.screens import main_action
from pages.ui.visitor import design
from pages.ui.wording.blocks import caption, on_primary, problem, what_you_see

MOST_OFFERS = 2
_FOR_COLOUR: dict[bool, tuple[str, ...]] = {True: ("small_vgg",), False: ()}  # presets that suit such images


def inspected_design() -> Draft:
    """What can be said of the design in the sidebar; of the lesson's where that one makes no sense."""
    try:
        return design.inspect(design.shown())
    except StudentError:
        return design.inspect(design.lesson())


def misfit(spec: ModelSpec | None, choice: Choice) -> StudentError | None:
    """What is wrong where the design is for other images than those that are chosen; None where they fit."""
    try:
        if spec is not None:
            check_images(spec, dataset_of(choice.dataset))
    except StudentError as error:
        return error
    return None


def offer_to_fit(spec: ModelSpec, choice: Choice, wrong: StudentError) -> None:
    """Say that design and images do not fit, and offer designs that do: the same layers, else a preset."""
    data = dataset_of(choice.dataset)
    with st.container(border=True, key="misfit_box"):
        problem(StudentError(wrong.message, hint=misfit_way_out(data)))
        with st.container(horizontal=True, gap="small"):
            for i, (label, fitting) in enumerate(_fitting(spec, data)):
                st.button(label, key=f"fit_{i}", on_click=design.commit, args=(fitting.to_dict(),))


def _fitting(spec: ModelSpec, data: Dataset) -> list[tuple[str, ModelSpec]]:
    """(label, design) of what can be trained on these images, the nearest to `spec` first; two at most."""
    offers = {fit_label(data): spec}
    offers |= {f"Use {PRESETS[key].name}": PRESETS[key] for key in (*_FOR_COLOUR[data.is_colour], "lesson")}
    found: dict[str, tuple[str, ModelSpec]] = {}
    for label, other in offers.items():
        with suppress(
            StudentError
        ):  # its layers cannot stand on such images, or are too much for this server
            fitting = fitted(other, data.shape, len(data.classes))
            found.setdefault(fitting.fingerprint, (label, fitting))
    return list(found.values())[:MOST_OFFERS]


def strip(spec: ModelSpec | None) -> Choice:
    """Ask for images and recipe, and offer to train `spec`; it is None where the design cannot be trained."""
    with st.container(horizontal=True, vertical_alignment="center", key="train_strip"):
        choice = data_set_and_recipe()
        st.space("stretch")
        is_possible = spec is not None and _is_possible(choice) and misfit(spec, choice) is None
        with main_action("train"):
            st.button(
                on_primary("Train", is_possible),
                key="train",
                type="primary",
                icon=":material/play_arrow:",
                disabled=not is_possible,
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
