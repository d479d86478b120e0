"""Guess first: how many of the draws are still read as the digit that they are."""

from __future__ import annotations

from cnn_core.lesson import Reading
from cnn_core.lesson.guess_questions import NumberQuestion
from pages.augmentation import words
from pages.augmentation.settings import Settings
from pages.augmentation.trial import Trial
from pages.ui.forms import guess


def question(trial: Trial, reading: Reading, settings: Settings) -> NumberQuestion | None:
    """How many of the draws; None where that is no question: nothing changes, or the network cannot read at all."""
    if not trial.network.trained or trial.spec.changes_nothing or settings.look != "draws":
        return None
    return NumberQuestion(
        id="augmentation.draws",
        asked=words.how_many_draws(len(reading), trial.a_digit),
        network=trial.network.title,
        page="augmentation",
        about=guess.about(trial.network, trial.digit.key, trial.spec, settings.seed, len(reading)),
        least=0,
        most=len(reading),
        unit="draws",
    )


def may_tell(asked: NumberQuestion | None, trial: Trial, reading: Reading) -> bool:
    """Draw the question, or what was said beside what was measured. Returns whether the answers may be seen."""
    if asked is None:
        return True
    if not guess.first(asked):
        return False
    turns: dict[bool, list[float]] = {True: [], False: []}
    for change, answer in zip(reading.changes, reading.answers, strict=True):
        turns[answer == trial.label].append(abs(change.turn))
    guess.shown(asked, reading.kept(trial.label), words.why_so_many(turns[True], turns[False]))
    return True
