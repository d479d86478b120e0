"""The curves of a run, two ways to read them, and what they show; also why validation can be above training."""

from __future__ import annotations

import streamlit as st

from cnn_core.runs import Run
from cnn_core.training.ahead import MEASURED_IMAGES, validation_ahead
from pages.train import end_words, words
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.learning_charts import loss_and_accuracy
from pages.ui.wording.blocks import what_you_see
from pages.ui.wording.picture_words import course


def curves(run: Run, images: int, validation_images: int) -> None:
    """Draw them.

    images:            training images in one epoch.
    validation_images: how many are kept aside.
    """
    history, recipe = run.history(), run.recipe
    alike, enlarged = (bool(st.session_state.get(key)) for key in ("train_alike", "train_enlarged"))
    has_measured = len(history.measured) > 0
    figure = loss_and_accuracy(
        history,
        recipe.epochs,
        mode(),
        dataset=run.dataset,
        images=images,
        alike=alike and has_measured,
        enlarged=enlarged,
    )
    training = history.measured if alike and has_measured else history.train
    alt = f"{course('Validation', history.validation)} {course('Training', training)}"
    show(figure, key=f"curves_{run.id}", alt=alt)
    measured_images = min(MEASURED_IMAGES, images)
    what_you_see(words.curves(run, measured_images if alike and has_measured else 0))
    lead = validation_ahead(run.spec, recipe, history, validation_images, measured_images)
    if lead is not None:
        st.markdown(end_words.ahead(lead, measured_images))
    with st.container(horizontal=True, gap="medium"):
        st.toggle(
            end_words.ALIKE,
            key="train_alike",
            disabled=not has_measured and not alike and not run.status.unfinished,
            help=end_words.ALIKE_HELP if has_measured or run.status.unfinished else end_words.NOT_MEASURED,
            persist_state="session",
            width="content",
        )
        st.toggle(end_words.ENLARGED, key="train_enlarged", persist_state="session", width="content")
