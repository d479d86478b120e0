"""A photo of the visitor's own: the file, what was found in it, what the network gets, and the way to correct it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from cnn_core.data import read_photo
from cnn_core.data.digits import BOX
from cnn_core.data.photo.reading import HIGHEST, LOWEST
from cnn_core.data.sources import Dataset, dataset_of
from cnn_core.data.uploads import EXTENSIONS
from cnn_core.errors import StudentError
from cnn_core.kept import kept
from cnn_core.upload_limits import BROWSER_MB, PHOTO_MB
from pages.ui.drawing.contact_sheet import contact_sheet
from pages.ui.drawing.sheets import image_picture, picture, sheet
from pages.ui.forms.own_picture import own_picture, takes_photos
from pages.ui.frame import uploads
from pages.ui.visitor import networks
from pages.ui.wording import photos
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.data import PhotoReading

_OTHERS = (0.15, 0.25, 0.4, 0.6)  # limits whose answers stand beside the one that is set


@dataclass(frozen=True)
class _Photo:
    """A file, and what the visitor wants of it. sha: of its bytes, for keys."""

    data: bytes
    sha: str
    dataset: Dataset
    limit: float | None
    frame: tuple[float, float, float, float] | None


def own_photo(dataset: str) -> Tensor | None:
    """Draw the place for a file, then what was found in it. Returns (C, H, W), or None while there is none.

    Raises StudentError for a file in which nothing is found; the way to put a frame is drawn before.
    """
    record = dataset_of(dataset)
    if takes_photos(record):
        return own_picture(record)
    file = st.file_uploader(
        photos.upload_label(record, PHOTO_MB),
        type=list(EXTENSIONS),
        max_upload_size=BROWSER_MB,
    )
    if file is None:
        caption(photos.before_choosing(record))
        return None
    data = uploads.content(file)
    sha = hashlib.sha256(data).hexdigest()[:12]
    photo = _Photo(data, sha, record, _limit_by_hand(sha), _frame_by_hand(sha))
    try:
        reading = _reading(photo)
    except StudentError:
        _correct(photo, None)
        raise
    place = _show(photo, reading)
    _correct(photo, reading)
    return reading.pieces[place].image


def _limit_by_hand(sha: str) -> float | None:
    per_cent = st.session_state.get(f"photo_limit_{sha}")
    return (
        per_cent / 100 if isinstance(per_cent, int) and st.session_state.get(f"photo_by_hand_{sha}") else None
    )


def _frame_by_hand(sha: str) -> tuple[float, float, float, float] | None:
    if not st.session_state.get(f"photo_frame_{sha}"):
        return None
    left, right = st.session_state.get(f"photo_across_{sha}", (0, 100))
    top, bottom = st.session_state.get(f"photo_down_{sha}", (0, 100))
    return top / 100, left / 100, bottom / 100, right / 100


def _reading(photo: _Photo, limit: float | None = None) -> PhotoReading:
    outcome = _cached(photo.sha, photo.dataset.key, limit or photo.limit, photo.frame, photo.data)
    if isinstance(outcome, StudentError):
        raise StudentError(outcome.message, outcome.hint)  # anew: that one is kept, and shared
    return outcome


@kept(16)
def _cached(
    sha: str, dataset: str, limit: float | None, frame: tuple[float, float, float, float] | None, _data: bytes
) -> PhotoReading | StudentError:
    """What was found, or why nothing was: a photo without a digit is not looked at anew at each click, either."""
    try:
        return read_photo(_data, dataset, limit, frame)
    except StudentError as error:
        return StudentError(error.message, error.hint)


# ---------------------------------------------------------------- what was found


def _show(photo: _Photo, reading: PhotoReading) -> int:
    """Draw the photo, the cut-out, and what was left out. Returns the place of the piece to look into."""
    place = _chosen_piece(photo, reading)
    piece = reading.pieces[place]
    left, right = st.columns([330, 220], gap="small")
    with left:
        rects = [found.box for found in reading.pieces]
        picture(
            reading.photo,
            "photo_found",
            alt=photos.found(photo.dataset),
            px=330,
            rects=rects,
            smooth=True,
        )
    with right:
        _, rows, columns = piece.image.shape
        image_picture(
            piece.image.numpy(), "photo_cut", alt=f"The {rows}×{columns} pixels that the network gets", px=196
        )
        is_small = reading.limit is None and photo.dataset.of_strokes
        caption(photos.ALREADY_SMALL if is_small else photos.cut_out(photo.dataset, BOX))
    remarks = [photos.THIN] if piece.was_thin else []
    caption(" ".join([*remarks, photos.left_out(reading.left_out)]).strip() or " ")
    return place


def _chosen_piece(photo: _Photo, reading: PhotoReading) -> int:
    """Draw the pieces where there are several, each a button. Returns the place of the chosen one."""
    key = f"photo_piece_{photo.sha}"
    place = st.session_state.get(key, reading.main)
    place = place if isinstance(place, int) and 0 <= place < len(reading.pieces) else reading.main
    if len(reading.pieces) == 1:
        return place
    network = networks.current()
    classes = networks.classes_of(network)
    names = [classes[answer] for answer, _ in _answers(reading)]
    in_one_line = all(
        one.box[0] < other.box[2] and other.box[0] < one.box[2]
        for one in reading.pieces
        for other in reading.pieces
    )
    is_number = in_one_line and photo.dataset.key == "mnist"
    st.markdown(photos.number_read(names, network.title) if is_number else photos.several_lines(len(names)))
    sheet(
        contact_sheet(np.stack([piece.image[0].numpy() for piece in reading.pieces]), "grey", (0, 1)),
        "photo_pieces",
        alt="The digits that were found",
        tile_px=56,
        labels=[f"no. {number + 1}, read as {name}" for number, name in enumerate(names)],
        captions=[(name, "") for name in names],
        selected=place,
        on_click=lambda clicked: st.session_state.__setitem__(key, clicked),
    )
    return place


def _answers(reading: PhotoReading) -> list[tuple[int, float]]:
    """The class of each piece, and how sure the network is."""
    import torch

    chances = networks.current().net.predict(torch.stack([piece.image for piece in reading.pieces]))
    return [(int(row.argmax()), float(row.max())) for row in chances]


# ---------------------------------------------------------------- correct it


def _correct(photo: _Photo, reading: PhotoReading | None) -> None:
    """Draw the slider of the ink and the frame by hand, closed unless nothing was found."""
    with st.expander(photos.CORRECT, expanded=reading is None):
        if photo.dataset.of_strokes and (reading is None or reading.limit is not None):
            _ask_limit(photo, reading)
        if st.toggle(photos.FRAME, key=f"photo_frame_{photo.sha}", help=photos.FRAME_HELP):
            st.slider("From left to right", 0, 100, (0, 100), key=f"photo_across_{photo.sha}", format="%d %%")
            st.slider("From top to bottom", 0, 100, (0, 100), key=f"photo_down_{photo.sha}", format="%d %%")


def _ask_limit(photo: _Photo, reading: PhotoReading | None) -> None:
    by_itself, sha = _by_itself(photo), photo.sha
    lowest, highest = round(100 * LOWEST), round(100 * HIGHEST)
    start = min(max(round(100 * (by_itself or 0.35)), lowest), highest)
    st.slider(
        photos.ink_label(reading is not None and reading.light_on_dark),
        lowest,
        highest,
        start,
        key=f"photo_limit_{sha}",
        format="%d %%",
        on_change=lambda: st.session_state.__setitem__(f"photo_by_hand_{sha}", True),
    )
    if by_itself is not None:
        caption(photos.by_itself(by_itself, photo.limit))
    left, right = st.columns([220, 330], gap="small")
    with left:
        if reading is not None:
            picture(
                reading.ink.astype(np.float32),
                "photo_ink",
                alt="What counts as ink",
                px=200,
                limits=(0, 1),
                smooth=True,
            )
            caption("White: what counts as ink.")
    with right:
        caption("With other limits:")
        for limit in _OTHERS:
            caption(photos.other_limit(limit, _answer_with(photo, limit)))


def _by_itself(photo: _Photo) -> float | None:
    outcome = _cached(photo.sha, photo.dataset.key, None, photo.frame, photo.data)
    return None if isinstance(outcome, StudentError) else outcome.limit


def _answer_with(photo: _Photo, limit: float) -> tuple[str, float] | None:
    try:
        reading = _reading(photo, limit)
    except StudentError:
        return None
    answers, classes = _answers(reading), networks.classes_of(networks.current())
    return " ".join(classes[answer] for answer, _ in answers), min(sure for _, sure in answers)
