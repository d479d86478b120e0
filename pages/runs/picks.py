"""Which networks are compared: at most as many as there are colours that everybody can tell apart."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core import pretrained
from cnn_core.network_name import NetworkName
from cnn_core.runs.ids import is_run_id
from pages.ui.frame import address

MOST = 6
_COMPARED = "compare"  # in the address
_BETWEEN = "~"  # two of them there: it is in no id
_PICKS = "runs_chosen"  # names of networks, in the order of choosing


def picks(names: Sequence[str]) -> list[str]:
    """The names of the networks that are compared, of those there are; at first the two newest runs and ours."""
    if _PICKS not in st.session_state:
        st.session_state[_PICKS] = _usual(names)
    return [name for name in st.session_state[_PICKS] if name in names][:MOST]


def _usual(names: Sequence[str]) -> list[str]:
    mine = [name for name in names if NetworkName.parse(name).kind == "run"][:2]
    ours = [name for name in names if NetworkName.parse(name).kind == "pretrained"]
    return (mine + ours)[:3]


def follow_address() -> None:
    """Compare the networks that a link names; those that are not here are left out, as deleted ones are."""
    text = address.asked(_COMPARED)
    if text and (names := read_names(text)):
        for name in {*st.session_state.get(_PICKS, []), *names}:
            st.session_state[f"pick_{name}"] = name in names
        put_only(names)


def write_address(names: Sequence[str], selection: Sequence[str]) -> None:
    """Let the address name what is compared, of the networks there are; nothing where they are the usual ones."""
    chosen = [] if list(selection) == _usual(names) else selection
    address.write(_COMPARED, _BETWEEN.join(NetworkName.parse(name).name for name in chosen))


def read_names(text: str) -> list[str]:
    """The networks that a link names: our own by their names, runs by their ids.

    >>> read_names("lesson~AAAAAAAAAAA~../x")
    ['pretrained:lesson', 'run:AAAAAAAAAAA']
    """
    pieces = text[:200].split(_BETWEEN)
    ours = {name: f"pretrained:{name}" for name in pretrained.names()}
    return [ours.get(piece) or f"run:{piece}" for piece in pieces if piece in ours or is_run_id(piece)]


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
