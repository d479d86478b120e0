"""Guess first: whether the best of the compared networks is ahead by more than chance. One sentence tells it."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.lesson.guess_questions import ChoiceQuestion
from pages.runs import words
from pages.ui.forms import guess
from pages.ui.trained.trained import Trained

LOOK = guess.Look(is_whole=True)


def question(selection: Sequence[Trained]) -> ChoiceQuestion | None:
    """Of the best two; None where that is not said, as of networks tested on different images."""
    lead = words.lead(selection)
    if lead is None or lead.is_sure is None:
        return None
    return ChoiceQuestion(
        id="runs.chance",
        asked=words.is_it_chance(lead),
        page="runs",
        network=" and ".join(sorted(one.label for one in (lead.best, lead.second))),
        about="/".join(sorted(one.name for one in (lead.best, lead.second))),
        options=words.CHANCE,
        answer=words.CHANCE[0 if lead.is_sure else 1],
    )


def may_tell(selection: Sequence[Trained]) -> bool:
    """Whether the answer may say it; draws nothing."""
    asked = question(selection)
    return asked is None or guess.may_tell(asked)


def ask(selection: Sequence[Trained]) -> None:
    """Draw the question, or what was said and what is so."""
    asked = question(selection)
    if asked is not None and guess.first(asked):
        lead = words.lead(selection)
        guess.shown(asked, asked.answer, "" if lead is None else words.why_chance(lead), LOOK)
