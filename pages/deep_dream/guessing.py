"""Guess first: by how much a dream has changed the pixels of its picture, on average. Half of its answer tells it."""

from __future__ import annotations

from dataclasses import replace

from cnn_core.lesson.guess_questions import NumberQuestion
from pages.deep_dream import words
from pages.deep_dream.dream import Dream
from pages.ui.forms import guess

LOOK = guess.Look(narrow=True)


def question(dream: Dream) -> NumberQuestion:
    """By how much; asked of a dream that goes on, and of one that is finished."""
    return NumberQuestion(
        id="deep_dream.pixels",
        asked=words.HOW_MUCH_CHANGED,
        page="deep_dream",
        network=words.layers(dream.spec),
        about=dream.key,
        least=0,
        most=50,
        start=20,
        unit="%",
    )


def asked(dream: Dream) -> bool:
    """Draw the question, or what was said beside what was measured. Returns whether it may be told."""
    change = dream.result.get("change")
    if change is None and not dream.is_going_on:
        return True
    if not guess.first(question(dream), replace(LOOK, is_open=change is None)):
        return False
    if change is not None:
        why = words.why_so_much(dream.spec.step_size, dream.spec.steps, dream.octaves)
        guess.shown(question(dream), 100 * change, why, LOOK)
    return True


def may_tell(dream: Dream | None) -> bool:
    """Whether the answer may say by how much; draws nothing."""
    return dream is None or dream.result.get("change") is None or guess.may_tell(question(dream))
