"""Guess first: whether the best of the compared networks is ahead by more than chance, and which wins a race."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from cnn_core.lesson.guess_questions import ChoiceQuestion
from cnn_core.runs.races import Course
from pages.runs import race_words, words
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


# ---------------------------------------------------------------- a race


def race_question(course: Course, noun: str) -> ChoiceQuestion:
    """Which of a race will read more; nobody knows it before the end.  noun: what the test images show."""
    race = course.race
    told = repr(
        (race.titles, [racer.identity for racer in race.racers], race.dataset, race.train_size, race.seeds)
    )
    return ChoiceQuestion(
        id="runs.race",
        asked=race_words.which_reads_more(noun, len(race.racers), race.seeds),
        page="runs",
        network=f"{race.one_design and race.one_design + ': '}{' against '.join(race.titles)}",
        about=blake2b(told.encode("utf-8", "replace"), digest_size=12).hexdigest(),
        options=(*race.titles, race_words.NOBODY),
    )


def ask_race(course: Course, ended: Sequence[race_words.Ended], noun: str) -> bool:
    """Draw the question of a race, or at its end what was said and what is so. Returns whether it may be looked at."""
    asked = race_question(course, noun)
    if not guess.first(asked):
        return False
    if course.is_over:
        guess.shown(asked, race_words.winner(ended), race_words.why(ended), LOOK)
    return True
