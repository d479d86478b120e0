"""What is said of a photo that the big photo network looks at: its answers, and where it found them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, probability, probability_tile

if TYPE_CHECKING:
    from cnn_core.insight import PhotoAnswer

PRIVACY = (
    "Your photo stays on this server, in its memory only: some time after your visit it makes way for others’. Nobody "
    "else can see it. Deep Dream can use it, too; only if you start a dream of it, it is kept with that dream."
)


def upload_label(megabytes: int) -> str:
    """
    >>> upload_label(25)
    'A photo of yours, at most 25 MB'
    """
    return f"A photo of yours, at most {megabytes} MB"


def verdict(answers: Sequence[PhotoAnswer], classes: int) -> str:
    """What it would call the photo, in one line.

    classes: how many it knows.
    """
    best = answers[0]
    return (
        f"EfficientNet-Lite0 would call this photo **{plain(best.name)}**, {probability(best.probability)} sure. "
        f"It must choose among the {count(classes)} classes of ImageNet, also where none of them fits."
    )


def caption_of(answer: PhotoAnswer) -> tuple[str, str]:
    """(bold, muted) below a picture."""
    where = "" if answer.places.any() else "\nno place speaks for it"
    return answer.name, f"{probability_tile(answer.probability)}{where}"


def label_of(answer: PhotoAnswer) -> str:
    """Read out, and shown on hover."""
    return f"{answer.name}, {probability(answer.probability)}"


def where_found(places: tuple[int, int]) -> str:
    """What the bright places mean.

    places: rows and columns of the maps that were asked.

    >>> where_found((7, 10))[:91]
    'Bright is where the network found what speaks for that answer (Grad-CAM, asked at 7×10 plac'
    """
    rows, columns = places
    return (
        f"Bright is where the network found what speaks for that answer (Grad-CAM, asked at {rows}×{columns} places of "
        "its last maps). Each picture is brightest where its own answer has most, so one cannot be compared with "
        "another."
    )


def lights_up(name: str, index: int) -> str:
    """
    >>> lights_up("fur", 12)
    '**fur, map 12** :gray[lights up here]'
    """
    return f"**{name}, map {index}** :gray[lights up here]"


def map_facts(shown: int, total: int, height: int, width: int) -> str:
    """
    >>> map_facts(12, 480, 14, 21)
    '12 of 480 maps of 14×21'
    """
    return f"{shown} of {count(total)} maps of {height}×{width}"


STRONGEST = "Shown are the maps that differ most from place to place, each from 0, black, to its own maximum."
