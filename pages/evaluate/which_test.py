"""Which test images: of the data set that the network learnt from, or the digits that a class drew."""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import set_of
from cnn_core.data.own import OwnSet, Shelf
from cnn_core.data.sources import dataset_of
from pages.evaluate import words
from pages.ui.frame import address
from pages.ui.visitor import networks, server, who

_KEY = "evaluate_test"  # the id of a test set; "" is what the network learnt from
TEST = address.Part("test", _KEY, "", lambda text: text if text.isascii() and len(text) < 20 else None)


def ask(network: networks.LoadedNetwork) -> str:
    """Draw the choice, where there is any. Returns the key of a data set."""
    address.follow(TEST)
    sets = {one.id: one for one in _test_sets(network)}
    if not sets:
        return network.dataset
    if st.session_state.get(_KEY) not in sets:
        st.session_state[_KEY] = ""
    chosen = st.selectbox(
        words.TEST_IMAGES,
        ["", *sets],
        format_func=lambda set_id: sets[set_id].name if set_id else dataset_of(network.dataset).name,
        key=_KEY,
        width=260,
        persist_state="session",
    )
    address.tell(TEST)
    return sets[chosen].key if chosen else network.dataset


def _test_sets(network: networks.LoadedNetwork) -> list[OwnSet]:
    """Sets for testing that are the visitor's, or their class's, and that this network can read."""
    seat = server.classes().seat(who.visitor())
    of_class = set_of(Shelf(), seat.classroom) if seat else None
    found = {one.id: one for one in [*Shelf().of(who.visitor()), *([of_class] if of_class else [])]}
    home = dataset_of(network.dataset)
    return [
        one
        for one in found.values()
        if one.is_for_testing
        and one.shape == network.spec.input_shape
        and dataset_of(one.key).classes == home.classes
        and len(home.classes) == network.spec.classes
        and one.contents().count("test")
    ]
