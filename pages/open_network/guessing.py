"""Guess first: whether an opened network reads nine in ten test images. The numbers measured here tell it."""

from __future__ import annotations

from cnn_core.lesson.guess_questions import ChoiceQuestion
from cnn_core.runs import Run
from pages.open_network import words
from pages.ui.forms import guess
from pages.ui.forms.sidebar import IS_IT_GOOD
from pages.ui.wording.numbers import percent


def question(run: Run, accuracy: float) -> ChoiceQuestion:
    """Whether it reads at least nine in ten.  accuracy: measured here, a fraction."""
    return ChoiceQuestion(
        id=IS_IT_GOOD,
        asked=words.IS_IT_GOOD,
        page="open_network",
        network=run.name,
        about=run.id,
        options=words.GOOD,
        answer=words.GOOD[0 if accuracy >= words.NINE_IN_TEN else 1],
    )


def may_tell(run: Run, images: str) -> bool:
    """Draw the question, or what was said and what was measured. Returns whether the numbers may be seen.

    images: which it was tested on: "MNIST’s 10,000 test digits".
    """
    accuracy = (run.status.result or {}).get("accuracy")
    if not isinstance(accuracy, int | float):
        return True
    asked = question(run, accuracy)
    if not guess.first(asked):
        return False
    guess.shown(asked, asked.answer, words.measured_here(percent(accuracy), images))
    return True
