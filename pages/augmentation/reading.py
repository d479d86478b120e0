"""What a network reads in changed pictures of one digit."""

from __future__ import annotations

from typing import Any

import streamlit as st

from cnn_core.data import AugmentSpec
from cnn_core.lesson import Change, Reading, read_changed
from pages.ui.forms.digit_input import Chosen, article
from pages.ui.visitor import networks


@st.cache_data(show_spinner=False, max_entries=96)
def readings(
    weights_key: str,
    image_key: str,
    changes: tuple[Change, ...],
    fill_mode: str,
    cval: float,
    _shown: Any,
    _image: Any,
) -> Reading:
    return read_changed(_shown.net, _image, changes, fill_mode, cval)


class Asked:
    """The network, the digit, and the class it ought to keep: what every view of this page asks about."""

    def __init__(self, shown: networks.LoadedNetwork, chosen: Chosen, spec: AugmentSpec) -> None:
        self.shown, self.chosen, self.spec = shown, chosen, spec
        self.classes = networks.classes_of(shown)
        self.original = self.read((Change(),))
        # A drawing has no label: what counts is what the network takes the untouched one for.
        self.label = self.original.answers[0] if chosen.label is None else chosen.label

    def read(
        self, changes: tuple[Change, ...], fill_mode: str | None = None, chosen: Chosen | None = None
    ) -> Reading:
        one = chosen or self.chosen
        fill_mode = fill_mode or self.spec.fill_mode
        return readings(
            self.shown.weights_key, one.key, changes, fill_mode, self.spec.cval, self.shown, one.image
        )

    @property
    def a_digit(self) -> str:
        """ "a 7"."""
        return article(self.classes[self.label])
