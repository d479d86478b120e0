"""Which layer of the sidebar's list is selected."""

from __future__ import annotations

import streamlit as st

from pages.ui.visitor import design

SELECTED = "selected_layer"  # index into the layers of what is shown, or None


_SELECTED_OF = "selected_layer_of"  # the network it belongs to


def _selected(draft: design.Draft) -> int | None:
    index = st.session_state.get(SELECTED)
    if st.session_state.get(_SELECTED_OF) != design.looked_at():
        index = None
    return index if index is not None and index < len(draft["layers"]) else None


def select(index: int | None) -> None:
    st.session_state[SELECTED] = index
    st.session_state[_SELECTED_OF] = design.looked_at()


def _commit(draft: design.Draft, selected: int | None) -> None:
    design.commit(draft)
    select(selected)
