"""The visitor's pairs of trainings, and which of them is looked at."""

from __future__ import annotations

import streamlit as st

from cnn_core.model import ModelSpec
from cnn_core.runs import Pair, find_pairs
from pages.augmentation.pair_words import pair_title
from pages.ui.visitor import server, who

_CHOSEN = "pair_chosen"  # the key of the pair that is looked at, where there are several


def pairs_of(spec: ModelSpec) -> list[Pair]:
    """The visitor's pairs of this design, the chosen one first; found in the store, so they outlive everything here."""
    chosen = st.session_state.get(_CHOSEN)
    return sorted(find_pairs(server.store(), who.visitor(), spec), key=lambda pair: pair.key != chosen)


def choose_pair(key: str) -> None:
    """Look at the pair of that key from the next run on."""
    st.session_state[_CHOSEN] = key


def ask_pair(pairs: list[Pair]) -> None:
    """Draw the choice among several pairs; the first is the one that is looked at."""
    titles = {pair.key: pair_title(pair) for pair in pairs}
    widget = f"{_CHOSEN}_{pairs[0].key}"
    st.selectbox(
        "Which pair",
        list(titles),
        format_func=lambda key: titles.get(key, key),
        key=widget,
        label_visibility="collapsed",
        filter_mode=None,
        on_change=lambda: choose_pair(st.session_state[widget]),
    )
