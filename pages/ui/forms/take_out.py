"""The way from one filter, map or unit to the network without it, on the page Break it."""

from __future__ import annotations

import streamlit as st

from cnn_core.insight import NOTHING, operable_layers, written_operation
from cnn_core.model import ModelSpec
from pages.ui.frame import held, shell


def take_out(spec: ModelSpec, layer: str, index: int, what: str, key: str) -> None:
    """Draw the way; nothing where that page is closed by a scene, or nothing can be taken out of the layer.

    index: of the one of the layer that goes.
    what:  what the page calls it: "filter", "map", "unit".
    """
    if "break_it" in held.closed() or layer not in operable_layers(spec):
        return
    if st.button(without_it(what), key=key, type="tertiary"):
        cut = written_operation(NOTHING.mute(layer, [index]))
        shell.turn_to("break_it", view="filters", layer=layer, cut=cut)


def without_it(what: str) -> str:
    """
    >>> without_it("filter")
    'What if this filter were taken out?'
    """
    return f"What if this {what} were taken out?"
