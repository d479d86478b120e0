"""Which layer of the sidebar's list is selected."""

from __future__ import annotations

import streamlit as st

from pages.ui.visitor import design

_SELECTED = "selected_layer"  # index into the layers of what is shown, or None
_SELECTED_OF = "selected_layer_of"  # the network it belongs to


def selected(draft: design.Draft) -> int | None:
    """The selected layer of what the sidebar shows; None where there is none, or it belonged to another network."""
    index = latest()
    if st.session_state.get(_SELECTED_OF) != design.looked_at():
        return None
    return index if index is not None and index < len(draft["layers"]) else None


def latest() -> int | None:
    """The layer that was selected last, whatever network is looked at now."""
    return st.session_state.get(_SELECTED)


def select(index: int | None) -> None:
    """Select a layer of the network being looked at, or none."""
    st.session_state[_SELECTED] = index
    st.session_state[_SELECTED_OF] = design.looked_at()


def commit(edited: design.Draft, index: int | None) -> None:
    """Take `edited` as the design, with that layer selected; for callbacks."""
    design.commit(edited)
    select(index)
