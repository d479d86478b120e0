"""The picture a dream would begin with: a photo of ours, a digit, or a photo of the visitor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.insight import enlarged, photos
from cnn_core.insight.dream.animation import from_file, to_png
from cnn_core.kept import kept
from pages.deep_dream import words
from pages.deep_dream.dream import Picture
from pages.ui.forms.colour_photo import ask_photo
from pages.ui.forms.digit_input import chosen_image
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from torch import Tensor

UPLOAD = "upload"  # stands among the photos' names


def photo(name: str, side: int, dreamer: str) -> Picture | None:
    """A photo of that name; for UPLOAD it draws the way to send one, and gives None until one is there.

    side: pixels of the longer side.
    dreamer: the network, for the key.
    """
    if name == UPLOAD:
        return _upload(side, dreamer)
    return Picture(_photo_png(name, side), f"{dreamer}/{name}", words.PHOTO_TITLES.get(name, name))


def digit(way: str, dataset: str, side: int, dreamer: str) -> Picture | None:
    """A test image, a drawing or an upload, as on other pages; None until it is there.

    way: test, draw or upload.
    side, dreamer: as for `photo`.
    """
    chosen = chosen_image(way, dataset)
    if chosen is None:
        return None
    return Picture(_digit_png(chosen.key, side, chosen.image), f"{dreamer}/{chosen.key}", chosen.title)


@kept(8)
def _photo_png(name: str, side: int) -> bytes:
    return to_png(enlarged(photos()[name], side))


@kept(8)
def _digit_png(key: str, side: int, _image: Tensor) -> bytes:
    return to_png(enlarged(_image, side))


@kept(8)
def _resized_png(sha: str, side: int, _png: bytes) -> bytes:
    return to_png(enlarged(from_file(_png), side))


def _upload(side: int, dreamer: str) -> Picture | None:
    sent = ask_photo("dream")
    if sent is None:
        caption(words.PRIVACY)
        return None
    sha, png = sent
    return Picture(_resized_png(sha, side, png), f"{dreamer}/{sha}", words.YOUR_PHOTO)
