"""Guess first: how many of the four losses fall in this step? Only the last stage tells it."""

from __future__ import annotations

from cnn_core.lesson.guess_questions import NumberQuestion
from pages.one_step import words
from pages.one_step.asking import AGAIN
from pages.one_step.stepping import View
from pages.ui.forms import guess

LOOK = guess.Look()


def question(view: View) -> NumberQuestion:
    """About this very step."""
    asked = view.asked
    images = len(view.step.labels)
    return NumberQuestion(
        id="one_step.fall",
        asked=words.how_many_fall(images),
        network=view.course.now.title,
        page="one_step",
        about=guess.about(view.course.now, asked.after, asked.batch, view.course.optimiser, asked.faster),
        least=0,
        most=images,
        unit="losses",
    )


def may_tell(view: View) -> bool:
    """Ask, at the last stage; whether its losses may be shown. Before that there is nothing to tell."""
    return view.asked.stage < AGAIN or guess.first(question(view), LOOK)


def show(view: View) -> None:
    """Draw what was said beside what it came to."""
    if view.asked.stage == AGAIN:
        guess.shown(question(view), words.fell(view.step), words.WHY_ONE_RISES, LOOK)
