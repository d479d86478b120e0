"""The sentences about what a network reads in its own filters' pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import plural, probability, probability_tile

if TYPE_CHECKING:
    from cnn_core.insight import PictureAnswers

THREE_RECIPES = "By three recipes, side by side"
DRAWING = "Climbing to it by three recipes …"
COMPARED = "its picture by three recipes, and where the third one mattered"
RECIPES = {"lesson": "Lesson", "clean": "Clean", "maco": "Magnitudes"}
IMPORTANCE = "Importance"
WHAT_COMPARED = (
    "“Magnitudes” may only move the phases of waves: each fineness is as strong as in test images, so no fine "
    "noise can grow. “Importance” shows that picture where the climb’s gradients were large (MACO, Fel et al. 2023)."
)


def below_picture(class_name: str, certainty: float) -> str:
    """
    >>> below_picture("8", 0.99999), below_picture("4", 0.41)
    ('the network reads it as **8**, over 99.9 % sure', 'the network reads it as **4**, 41 % sure')
    """
    return f"the network reads it as **{plain(class_name)}**, {probability(certainty)} sure"


def on_tile(class_name: str, certainty: float) -> str:
    """
    >>> on_tile("8", 0.99999)
    'read as 8, >99 %'
    """
    return f"read as {class_name}, {probability_tile(certainty)}"


def class_pictures(
    answers: PictureAnswers, filters: Sequence[int], classes: Sequence[str], begun: Sequence[str]
) -> str:
    """What the network reads in the pictures of its classes, and what that says.

    filters: of which class each picture is.
    begun:   where each began, as in `FilterPictures`.
    """
    rows = [row for row in range(len(filters)) if not answers.dead[row]]
    if not rows:
        return ""
    own = [row for row in rows if int(answers.answers[row]) == filters[row]]
    noise = [row for row in own if begun[row] != "example"]
    made = plural(len(rows), "picture")
    text = f"**What does it read in them?** In **{len(own)}** of {made} the class that it was made for"
    if not noise:
        return f"{text}."
    surest = max(noise, key=lambda row: float(answers.certainty[row]))
    name, how_sure = plain(classes[filters[surest]]), probability(float(answers.certainty[surest]))
    return (
        f"{text}; in one it reads “{name}” and is {how_sure} sure. Nobody drew that “{name}”: it began as noise. Being "
        "sure is no proof."
    )
