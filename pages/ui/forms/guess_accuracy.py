"""Guess first: how much of the test images a training will read in the end. Asked by Train and by My data."""

from __future__ import annotations

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.lesson.guess_questions import NumberQuestion
from cnn_core.runs import Run
from pages.ui.forms import guess
from pages.ui.visitor import who
from pages.ui.wording import guesses as words


def question(run: Run, page: str) -> NumberQuestion:
    """What share of the test images it will read.  page: that asks, "train"."""
    try:
        noun = dataset_of(run.dataset).noun
    except StudentError:  # of a set that is not here any more
        noun = "images"
    return NumberQuestion(
        id="train.test_accuracy",
        asked=words.what_will_it_read(noun),
        least=0,
        most=100,
        unit="%",
        network=run.name,
        page=page,
        about=run.id,
    )


def ask(run: Run, page: str) -> bool:
    """While the visitor's run goes on, ask. Returns whether what it came to may be told."""
    if not run.has_recipe or not run.is_owner(who.visitor()):
        return True
    return guess.first(question(run, page), guess.Look(is_open=run.status.unfinished))


def show(run: Run, page: str) -> None:
    """What was said beside what was measured, once it has finished; nothing where nothing was said."""
    result = run.status.result or {}
    if run.status.state == "finished" and isinstance(result.get("accuracy"), int | float):
        why = words.blind_guessing(float(result["accuracy"]), run.spec.classes)
        guess.shown(question(run, page), 100 * float(result["accuracy"]), why)
