"""The numbers of one racer's recipe that one races most often; all others are chosen on the page Train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cnn_core.settings import settings
from cnn_core.training import TrainSpec
from cnn_core.training.spec import MAX_BATCH_SIZE, NO_DECAY, OPTIMIZERS, WITH_BETAS
from pages.runs import race_words
from pages.ui.forms.recipe import AUGMENTATION_WORDS, AUGMENTATIONS
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption

Take = Callable[[TrainSpec], None]
_OTHER = "other"  # random changes that have no name here


def tune(place: int, recipe: TrainSpec, take: Take) -> None:
    """Draw the popover with a racer's numbers.

    place: of the racer, from 0.
    take:  is told the recipe after a change.
    """
    with st.popover(race_words.change(place + 1), key=f"race_tune_{place}", on_change="rerun") as box:
        if not box.open:
            return
        left, right = st.columns(2)
        with left:
            key = _key("optimizer", place, recipe.optimizer)
            st.selectbox("Optimiser", OPTIMIZERS, key=key, filter_mode=None, on_change=_take_optimizer,
                         args=(key, recipe, take))  # fmt: skip
            _number(
                "Epochs", "epochs", place, recipe, take, dict(min_value=1, max_value=settings().max_epochs)
            )
        with right:
            rates = dict(min_value=0.0, max_value=10.0, step=0.0005, format="%.5f")
            _number("Learning rate", "learning_rate", place, recipe, take, rates)
            _number(
                "Batch size", "batch_size", place, recipe, take, dict(min_value=1, max_value=MAX_BATCH_SIZE)
            )
        _random_changes(place, recipe, take)
        caption(race_words.OTHER_NUMBERS)


def _key(name: str, place: int, value: Any) -> str:
    """The key of a widget that shows the recipe's value, whatever it showed before."""
    key = f"race_{name}_{place}"
    st.session_state[key] = value
    return key


def _number(label: str, name: str, place: int, recipe: TrainSpec, take: Take, limits: dict[str, Any]) -> None:
    key = _key(name, place, getattr(recipe, name))
    st.number_input(label, key=key, on_change=_take, args=(name, key, recipe, take), **limits)


def _take(name: str, key: str, recipe: TrainSpec, take: Take) -> None:
    with refusals.collect("race"):
        take(recipe.replace(**{name: st.session_state[key]}))


def _take_optimizer(key: str, recipe: TrainSpec, take: Take) -> None:
    """Another optimiser; what it does not know is left out."""
    optimizer = st.session_state[key]
    unknown: dict[str, Any] = {} if optimizer == "sgd" else {"momentum": 0.0, "nesterov": False}
    unknown |= {} if optimizer in WITH_BETAS else {"beta_1": 0.9, "beta_2": 0.999}
    unknown |= {"weight_decay": 0.0} if optimizer in NO_DECAY else {}
    with refusals.collect("race"):
        take(recipe.replace(optimizer=optimizer, **unknown))


def _random_changes(place: int, recipe: TrainSpec, take: Take) -> None:
    names = dict(AUGMENTATIONS)
    chosen = next((name for name, one in names.items() if one == recipe.augment), _OTHER)
    if chosen == _OTHER:
        names[_OTHER] = recipe.augment
    words = AUGMENTATION_WORDS | {_OTHER: race_words.OTHER_CHANGES}
    key = _key("augment", place, chosen)
    st.selectbox(
        "Random changes",
        list(names),
        format_func=words.__getitem__,
        key=key,
        filter_mode=None,
        on_change=lambda: take(recipe.replace(augment=names[st.session_state[key]])),
    )
