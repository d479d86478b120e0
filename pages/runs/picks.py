"""Which networks are compared: at most as many as there are colours that everybody can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core.network_name import NetworkName

MOST = 6
_PICKS = "runs_chosen"  # names of networks, in the order of choosing


def picks(names: Sequence[str]) -> list[str]:
    """The names of the networks that are compared, of those there are; at first the two newest runs and ours."""
    if _PICKS not in st.session_state:
        mine = [name for name in names if NetworkName.parse(name).kind == "run"][:2]
        ours = [name for name in names if NetworkName.parse(name).kind == "pretrained"]
        st.session_state[_PICKS] = (mine + ours)[:3]
    return [name for name in st.session_state[_PICKS] if name in names][:MOST]


def chosen_elsewhere(names: Sequence[str]) -> list[str]:
    """Names of runs that are compared and are none of these: they stand in another part of the list."""
    chosen = [name for name in st.session_state.get(_PICKS, []) if name not in names]
    return [name for name in chosen if NetworkName.parse(name).kind == "run"]


def pick(name: str) -> None:
    """For the callback of a row's checkbox: the network joins the comparison, or leaves it."""
    others = [other for other in st.session_state[_PICKS] if other != name]
    st.session_state[_PICKS] = [*others, name] if st.session_state[f"pick_{name}"] else others


def put_first(names: Sequence[str]) -> None:
    """Compare these, and of the others as many as there is room for."""
    others = [name for name in st.session_state.get(_PICKS, []) if name not in names]
    st.session_state[_PICKS] = [*names, *others][:MOST]


def put_only(names: Sequence[str]) -> None:
    """Compare these, and no others."""
    st.session_state[_PICKS] = list(dict.fromkeys(names))[:MOST]
