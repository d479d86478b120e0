"""The recipe a visitor chose last, kept by the server, so that a reload of the page does not forget it.

Read once in a session; from then on the widgets know better. A file can hold anything: what makes no sense is dropped.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.settings import settings
from cnn_core.training.spec import MAX_BATCH_SIZE, MONITORS, MOST_EPOCHS, OPTIMIZERS, PRECISIONS, SCHEDULES
from pages.ui.visitor import server, who

_MEMORY = "recipe_memory"  # what the file said when the session began
_WRITTEN = "recipe_written"  # what it says now


def _one_of(*options: str) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and value in options


def _between(least: float, most: float, kind: type[int] | type[float] = int) -> Callable[[Any], bool]:
    return lambda value: type(value) is kind and bool(least <= value <= most)


def _checks() -> dict[str, Callable[[Any], bool]]:
    """{key of a widget: whether it can show a value}."""
    return {
        "recipe_kind": _one_of("lesson", "fast", "example", "own"),
        "recipe_size": _between(1, 10**9),
        "recipe_seed": _between(0, 2**31),
        "own_optimizer": _one_of(*OPTIMIZERS),
        "own_rate": _between(0.0, 1.0, float),
        "own_epochs": _between(1, settings().max_epochs),
        "own_batch": _between(1, MAX_BATCH_SIZE),
        "own_schedule": _one_of(*SCHEDULES),
        "own_precision": _one_of(*PRECISIONS),
        "own_augment": _one_of("none", "gentle", "lesson", "light", "patch"),
        "own_noise": lambda value: _between(0, 90)(value) and value % 5 == 0,
        "own_decay": _between(0.0, 1.0, float),
        "own_momentum": _between(0.0, 0.99, float),
        "own_nesterov": lambda value: isinstance(value, bool),
        "own_l2": _between(0.0, 1.0, float),
        "own_smoothing": _between(0.0, 0.5, float),
        "own_against": _between(0.0, 0.5, float),
        "own_monitor": _one_of(*MONITORS),
        "own_patience": _between(0, MOST_EPOCHS),
    }


def remembered(key: str, otherwise: Any) -> Any:
    """What a widget of the recipe begins with: the value of the visitor's last session, or `otherwise`."""
    if _MEMORY not in st.session_state:
        values, checks = server.store().recipe_of(who.visitor()), _checks()
        st.session_state[_MEMORY] = {
            name: value for name, value in values.items() if name in checks and checks[name](value)
        }
        # The data set is no secret of ours to check: a catalogue grows.
        if isinstance(values.get("recipe_dataset"), str):
            st.session_state[_MEMORY]["recipe_dataset"] = values["recipe_dataset"]
    return st.session_state[_MEMORY].get(key, otherwise)


def remember(size: int) -> None:
    """Keep what the widgets show now, where that has changed.

    size: how many images are learnt from; 0 for all.
    """
    memory = st.session_state.get(_MEMORY, {})
    keys = [*_checks(), "recipe_dataset"]
    shown = {key: st.session_state[key] for key in keys if key in st.session_state}
    values = memory | shown | {"recipe_size": size}
    if not size:
        del values["recipe_size"]
    if st.session_state.get(_WRITTEN, memory) == values:
        return
    st.session_state[_WRITTEN] = values
    try:
        server.store().remember_recipe(who.visitor(), values)
    except StudentError:  # no room on the disk: then a reload forgets it, as nothing worse would happen
        return
