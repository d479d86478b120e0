"""A colour photo of the visitor's own, kept for this visit: for the pages that look into a big photo network."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data import photo_from_upload
from cnn_core.data.uploads import EXTENSIONS
from cnn_core.errors import StudentError
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.insight.dream.dream_spec import MAX_SIDE
from cnn_core.upload_limits import BROWSER_MB, PHOTO_MB
from pages.ui.frame import uploads
from pages.ui.wording.blocks import problem
from pages.ui.wording.photo_seen import upload_label

if TYPE_CHECKING:
    from torch import Tensor

LOOKED_AT = 640  # pixels: a network that only looks at a photo sees no more in a larger one
_KEPT = "colour_photo"  # (hash, PNG): Streamlit forgets a file when the page is left


def ask_photo(place: str) -> tuple[str, bytes] | None:
    """Draw the way to send a photo. Returns (its hash, the PNG of it), or None until one is there.

    place: the page, for the key of the widget.
    A file that is no photo is refused in a sentence; a photo that was sent on another page counts too.
    """
    file = st.file_uploader(
        upload_label(PHOTO_MB),
        type=list(EXTENSIONS),
        max_upload_size=BROWSER_MB,
        key=f"{place}_file",
    )
    if file is not None:
        try:
            _remember(uploads.content(file))
        except StudentError as error:
            problem(error)
            return None
    kept = st.session_state.get(_KEPT)
    return kept if isinstance(kept, tuple) else None


def pixels_of(png: bytes) -> Tensor:
    """The photo of `ask_photo`'s PNG, (3, H, W) in [0, 1], its longer side at most LOOKED_AT."""
    from cnn_core.insight import enlarged

    photo = from_file(png)
    return enlarged(photo, LOOKED_AT) if max(photo.shape[1:]) > LOOKED_AT else photo


def _remember(content: bytes) -> None:
    """Keep the photo of a file for this session. Raises StudentError for what is no photo."""
    sha = hashlib.sha256(content).hexdigest()[:16]
    if (st.session_state.get(_KEPT) or ("",))[0] != sha:
        st.session_state[_KEPT] = (sha, to_png(photo_from_upload(content, MAX_SIDE)))
