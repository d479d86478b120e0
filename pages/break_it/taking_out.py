"""The control strip: which layer, "Take out …", Undo, and "Put all back"."""

from __future__ import annotations

import random

import streamlit as st

from cnn_core.insight import NOTHING, Need, Operation
from pages.break_it import operating
from pages.break_it.layers import standard_layer
from pages.ui.frame import address
from pages.ui.visitor import scene

_LAYER = "break_it_layer"
_MENU = "break_it_take_out"
RANKS = {"most": "it needs most", "least": "it needs least", "random": "at random"}


def ask_layer(layers: dict[str, int]) -> str:
    """Draw the choice of the layer; the address says it, and what is done to the network."""
    first = standard_layer(layers)
    part = address.Part("layer", _LAYER, first, lambda text: text if text in layers else None)
    address.follow(part, operating.CUT)
    if st.session_state.get(_LAYER, first) not in layers:
        st.session_state.pop(_LAYER)
    layer = st.selectbox(
        "Layer",
        list(layers),
        index=list(layers).index(first),
        key=_LAYER,
        filter_mode=None,
        label_visibility="collapsed",
        width=150,
        persist_state="session",
    )
    address.tell(part, operating.CUT)
    return str(layer or first)


def menu(layer: str, filters: int, need: Need | None) -> None:
    """Draw "Take out …": so many of a layer at once.

    need: how it needs each of them; None while nobody knows, and then only chance can choose.
    """
    options = offers(filters, need is not None)
    st.menu_button(
        "Take out …",
        list(options),
        format_func=options.__getitem__,
        icon=":material/content_cut:",
        key=_MENU,
        on_click=_take_out,
        args=(layer, filters, need),
    )


def offers(filters: int, is_ranked: bool) -> dict[str, str]:
    """{"most 8": "8 it needs most"}: an eighth and a half of a layer.

    >>> offers(64, False)
    {'random 8': '8 at random', 'random 32': '32 at random'}
    >>> list(offers(2, True))
    ['most 1', 'least 1', 'random 1']
    """
    numbers = sorted({max(1, filters // 8), max(1, filters // 2)})
    ranks = list(RANKS) if is_ranked else ["random"]
    return {f"{rank} {number}": f"{number:,} {RANKS[rank]}" for rank in ranks for number in numbers}


def chosen_filters(option: str, filters: int, need: Need | None) -> list[int]:
    """The filters that an option of the menu means; those at random are others each time."""
    rank, _, number = option.partition(" ")
    if rank == "random" or need is None:
        return random.sample(range(filters), int(number))
    order = need.most_needed if rank == "most" else need.least_needed
    return order[: int(number)]


def _take_out(layer: str, filters: int, need: Need | None) -> None:
    option = st.session_state.get(_MENU)
    if option not in offers(filters, need is not None):
        return
    now = operating.chosen()
    others = now.put_back(layer, range(filters))
    operating.do(others.mute(layer, chosen_filters(option, filters, need)))


def put_back(operation: Operation) -> None:
    """Draw Undo and "Put all back", at the right end."""
    st.space("stretch")
    if operating.can_be_undone() and not scene.holds("break_it.cut"):
        st.button("Undo", key="break_it_undo", type="tertiary", on_click=operating.undo)
    st.button(
        "Put all back",
        key="break_it_put_back",
        icon=":material/undo:",
        disabled=operation == NOTHING,
        on_click=operating.do,
        args=(NOTHING,),
    )
