"""One more picture for a network that learnt from photos of a visitor's own: prepared exactly as those were."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.data.own.names import is_own
from cnn_core.data.own.prepare import as_image, from_photo
from cnn_core.data.uploads import EXTENSIONS
from cnn_core.upload_limits import BROWSER_MB, PHOTO_MB
from pages.ui.drawing.contact_sheet import as_picture
from pages.ui.drawing.sheets import picture
from pages.ui.frame import uploads
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.data.sources import Dataset

_WAYS = ("Camera", "File")
NONE_YET = (
    "Show it one of your things, or something that it has never seen. The picture stays on this server."
)
PHOTO_LABEL = f"Photo, at most {PHOTO_MB} MB"
PREPARED = "What the network gets: the square in the middle of the photo, made small, as your pictures were."


def takes_photos(data: Dataset) -> bool:
    """Whether it is a visitor's own data set of photos, not of drawings."""
    return is_own(data.key) and not data.of_strokes


def confusing(data: Dataset) -> str:
    """What Evaluate calls the view for a picture of the visitor’s own; also its name in the address.

    Nobody draws a photo.
    """
    return "Your photo" if data.is_colour or takes_photos(data) else "Draw"


def own_picture(data: Dataset) -> Tensor | None:
    """Draw the camera or the place for a file, and what the network gets of the photo. None while there is none.

    Returns (C, H, W) in [0, 1]. Raises StudentError for a file that is no picture.
    """
    way = st.segmented_control(
        "Way", _WAYS, default=_WAYS[0], required=True, key="own_picture_way", label_visibility="collapsed"
    )
    if way == "File":
        file = st.file_uploader(PHOTO_LABEL, type=list(EXTENSIONS), max_upload_size=BROWSER_MB)
    else:
        file = st.camera_input("Photo", width=330)
    if file is None:
        caption(NONE_YET)
        return None
    image = as_image(from_photo(uploads.content(file), data.shape, "thing"), data.shape)
    picture(as_picture(image.numpy()), "own_picture", alt="What the network gets of your photo", px=196)
    caption(PREPARED)
    return image
