"""Which of the curves is drawn: the accuracy, its last per cents enlarged, or the loss. An address can say it."""

from __future__ import annotations

from pages.runs import words
from pages.ui.forms import choice
from pages.ui.frame import address

_MEASURE = address.one_of(
    "measure", "runs_measure", {measure: measure for measure in words.MEASURES}, "accuracy"
)


def ask_measure() -> str:
    """Draw the choice. Returns a key of `words.MEASURES`."""
    return choice.in_address(_MEASURE, "Measure", words.MEASURES)
