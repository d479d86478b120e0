"""What to expect of a training before it is started: how long, how good, from which images; and fetching those."""

from __future__ import annotations

import streamlit as st

from cnn_core.data import Availability, available, fetch_in_background
from cnn_core.data.fetching import fetch_begun
from cnn_core.data.network import recent_failure
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, preset_of
from cnn_core.runs.expectation import expect
from cnn_core.settings import settings
from pages.train.sprint_words import OFFER, TITLE, is_sprint, what_makes_it_fast
from pages.train.words import (
    attacks_ahead,
    expected_accuracy,
    expected_time,
    how_to_get,
    images_used,
    large_archive,
    why_expected,
    why_this_long,
)
from pages.ui.forms.recipe import Choice, choose_example
from pages.ui.frame import held
from pages.ui.visitor import design, server
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, plain, problem, small


def what_to_expect(spec: ModelSpec, choice: Choice) -> None:
    """Draw what to expect; of a data set that is not here yet, how its fetching gets on."""
    data = available(choice.dataset)
    if data.state == "missing" or _could_be_fetched(data.state, choice.dataset):
        _fetch(choice.dataset)
    if data.state == "missing":
        return  # nothing is to be expected of images that may never come
    record = dataset_of(choice.dataset)
    learn, _ = split_sizes(data.train or record.count("train"))
    is_sample, noun = data.state == "sample", record.noun
    outlook = expect(server.store(), spec, choice.recipe, choice.dataset, learn, is_sample)
    st.markdown("**What to expect**")
    st.metric("Time on this machine", expected_time(outlook))
    st.metric(f"Accuracy on test {noun}", expected_accuracy(outlook.low, outlook.high, is_sample))
    caption(f"{why_expected(outlook, noun)} {why_this_long(outlook)}")


def sprint(spec: ModelSpec, choice: Choice) -> None:
    """Draw what makes the Sprint convnet fast; beside any other design, the way to it."""
    record = dataset_of(choice.dataset)
    if preset_of(spec.to_dict()) != "sprint":
        if record.shape == PRESETS["sprint"].input_shape and not (
            held.holds("layers") or held.holds("train.recipe")
        ):
            st.button(
                OFFER, key="sprint_take", type="tertiary", icon=":material/sprint:", on_click=_take_the_sprint
            )
    elif is_sprint(choice.recipe):
        learn, _ = split_sizes(available(choice.dataset).train or record.count("train"))
        learn = min(learn, choice.recipe.train_size or learn)
        with st.expander(TITLE, key="sprint_why"):
            st.markdown("\n".join(f"- {reason}" for reason in what_makes_it_fast(spec, choice.recipe, learn)))


def _take_the_sprint() -> None:
    with refusals.collect("train"):
        draft = design.for_images_of(design.shown(), PRESETS["sprint"])
        design.commit(draft)
        choose_example(draft)


def what_is_learnt_from(choice: Choice) -> None:
    """Draw what each of the images will be for, and what is wrong with them."""
    data = available(choice.dataset)
    if data.state == "missing":
        return
    record = dataset_of(choice.dataset)
    learn, validation_images = split_sizes(data.train or record.count("train"))
    learn = min(learn, choice.recipe.train_size or learn)
    test = data.test or record.count("test")
    caption(images_used(learn, choice.recipe.epochs, validation_images, test, record.noun))
    if choice.recipe.adversarial:
        caption(attacks_ahead(choice.recipe.adversarial, choice.recipe.work))
    _condition(data)


def _condition(data: Availability) -> None:
    """Say where the images are not all that they should be."""
    if data.state == "sample":
        st.markdown(f":yellow[:material/cloud_off:] {small(plain(data.source))}")
    elif data.state == "damaged":
        problem(StudentError(data.source))


def cannot_be_had(dataset: str) -> bool:
    """Whether it was tried to fetch a data set, and nothing came of it."""
    return settings().offline or bool(recent_failure(dataset))


def _could_be_fetched(state: str, dataset: str) -> bool:
    """Whether a few images stand in for all of them, and nobody has found yet that it must be so."""
    return state == "sample" and not settings().offline and not recent_failure(dataset)


def _fetch(dataset: str) -> None:
    archive = dataset_of(dataset).archive
    if archive is not None and fetch_begun(dataset) is None and not cannot_be_had(dataset):
        # Hundreds of megabytes are not fetched because somebody looked at a list.
        caption(large_archive(dataset_of(dataset).name, archive.size))
        st.button("Fetch it", icon=":material/download:", key="fetch", on_click=_fetch_again, args=(dataset,))
        return
    is_fetching = fetch_in_background(dataset).state == "running"
    st.fragment(_fetching, run_every=1.0 if is_fetching else None)(dataset, is_fetching)


def _fetching(dataset: str, was_fetching: bool) -> None:
    fetch = fetch_in_background(dataset)
    if fetch.state == "running":
        st.progress(fetch.fraction, text=fetch.message)
    elif was_fetching:
        st.rerun()
    elif available(dataset).state == "missing":
        problem(StudentError(fetch.message, hint=how_to_get(dataset_of(dataset))))
        st.button(
            "Try again", icon=":material/refresh:", key="fetch_again", on_click=_fetch_again, args=(dataset,)
        )


def _fetch_again(dataset: str) -> None:
    fetch_in_background(dataset, again=True)
