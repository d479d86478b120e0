"""Which of its two questions the page answers: what each layer sees, or which filters decided."""

from __future__ import annotations

import streamlit as st

from pages.feature_maps import decided_words as words
from pages.ui.forms import choice
from pages.ui.frame import address

_VIEW = "maps_view"
TURNED = "maps_turned"  # set by a click that turns to the second view, while the image is the usual one
VIEWS = {"maps": words.MAPS, "decided": words.DECIDED}
_PART = address.one_of("view", _VIEW, {view: view for view in VIEWS}, "maps")


def current() -> str:
    """A key of VIEWS: what the address says, else what was chosen last."""
    address.follow(_PART)
    return str(st.session_state.get(_VIEW) or "maps")


def ask() -> None:
    """Draw the switch, and let the address say how it stands."""
    choice.one_of("View", VIEWS, _VIEW, on_change=_note_the_turn)
    address.tell(_PART)


def turn_to_decided() -> None:
    """Ask which filters decided, for the image that is looked at; for callbacks."""
    st.session_state[_VIEW] = "decided"


def _note_the_turn() -> None:
    st.session_state[TURNED] = True
