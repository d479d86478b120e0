"""The sentences of the view “More of a class”: a picture that is changed little by little towards a class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.wording.blocks import plain
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import number, plural, probability
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.insight import Climb

HOLDS = {"loose": "Hold it loosely", "usual": "Hold it", "tight": "Hold it tightly"}
NOW = "the picture now"
CLIMBING = "Changing it step by step …"


def more_of(class_name: str) -> str:
    """
    >>> more_of("9"), more_of("Ankle boot")
    ('more of a 9', 'more of Ankle boot')
    """
    return f"more of {article(class_name)}"


def change(channels: int) -> str:
    """
    channels: of the image.

    >>> change(1), change(3)
    ('what was added, orange, and taken away, blue', 'what was changed: more of a colour where it shows')
    """
    if channels == 1:
        return "what was added, orange, and taken away, blue"
    return "what was changed: more of a colour where it shows" if channels == 3 else "what was changed"


def verdict(climb: Climb, title: str, class_name: str, is_trained: bool, *, is_loose: bool = False) -> str:
    """The answer in one line.

    title: of the picture, "your drawing".  class_name: of the class.
    is_loose: it is held as loosely as can be.
    """
    first, last = (float(climb.probabilities[place, climb.target]) for place in (0, -1))
    name, this, steps = plain(class_name), plain(title), len(climb.images) - 1
    share = number(100 * float(climb.change.abs().mean()), 1)
    before_after = f"{probability(first)} before, **{probability(last)}** after {plural(steps, 'step')}"
    if climb.reached == 0:
        text = f"The network reads “{name}” in {this} already: {before_after}."
    elif climb.reached is None:
        text = f"The network does not come to read “{name}” in {this}: {before_after}."
        text += "" if is_loose else " Hold it loosely."
    else:
        text = (
            f"After **{plural(climb.reached, 'step')}** the network reads “{name}” in {this}: {before_after}."
        )
    text += f" A pixel has changed by {share} % of full contrast on average."
    return text if is_trained else f"{text} It has not been trained: its answers are chance."


def captions(climb: Climb, classes: Sequence[str]) -> list[str]:
    """A line for each step, the start first."""
    lines = []
    for step, row in enumerate(climb.probabilities):
        answer = int(row.argmax())
        begun = "As it was" if step == 0 else f"After {plural(step, 'step')}"
        line = f"{begun}: read as {classes[answer]}, {probability(float(row[answer]))} sure"
        if answer != climb.target:
            line += f"; {classes[climb.target]} {probability(float(row[climb.target]))}"
        lines.append(f"{line}.")
    return lines


def curve(class_name: str) -> str:
    """
    >>> curve("9")
    'how sure it is of “9”, at each step'
    """
    return f"how sure it is of “{class_name}”, at each step"


def what_you_see(hold: float) -> str:
    """hold: what a pixel that is wholly changed costs, in the lead of the class."""
    return (
        "Each step changes the pixels so that the lead of the class grows; leaving the picture costs something: "
        f"{number(hold, 1)} of the lead for a pixel that is wholly changed. What is added is what the network misses "
        "in it. Is it what you would add?"
    )


NO_PICTURE = "Here a picture of yours is changed step by step until the network reads more of a class in it."


def summary_of_view(title: str, answer: str) -> str:
    """The summary of the page, in this view.  title: of the network.  answer: the page's first line."""
    return summary(
        f"Here a network, {plain(title)}, is asked what would make a picture more of a class.",
        answer,
        "Try: press Play, or choose another class.",
    )
