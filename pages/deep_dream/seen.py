"""What the big photo network sees in the picture, before any dream: its answers, and its maps at a depth."""

from __future__ import annotations

import hashlib

import streamlit as st

from cnn_core.errors import StudentError
from cnn_core.insight.dream.animation import from_file
from pages.deep_dream import words
from pages.deep_dream.dream import Picture
from pages.ui.forms.photo_seen import section
from pages.ui.wording.blocks import problem


def seen(picture: Picture) -> None:
    """Draw the section, folded until it is asked for: nothing is computed while it is closed.

    picture: a photo, in colour.
    """
    box = st.expander(words.SEEN, key="dream_seen_open", on_change="rerun")
    if not box.open:
        return
    with box:
        try:
            key = hashlib.sha256(picture.png).hexdigest()[:16]
            section(key, from_file(picture.png), "dream_seen")
        except StudentError as error:
            problem(error)
