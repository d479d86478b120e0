"""Guess first: how much the network still reads. Its number, what broke and the line under the title tell it."""

from __future__ import annotations

from cnn_core.data.sources import dataset_of
from cnn_core.insight import written_operation
from cnn_core.lesson.guess_questions import NumberQuestion
from pages.break_it import words
from pages.break_it.outcomes import Cut
from pages.ui.forms import guess
from pages.ui.visitor.networks import LoadedNetwork

LOOK = guess.Look(narrow=True)


def question(network: LoadedNetwork, cut: Cut, done: str) -> NumberQuestion | None:
    """About what is done to it now; None where nothing is, or it has learnt nothing.

    done: what is done, as `words.done` says it.
    """
    if not cut.operation.layers or not network.trained:
        return None
    noun = dataset_of(network.dataset).noun
    return NumberQuestion(
        id="break_it.still_reads",
        asked=words.how_much_is_left(done, cut.before.accuracy, cut.images, noun),
        network=network.title,
        page="break_it",
        about=guess.about(network, written_operation(cut.operation)),
        least=0,
        most=100,
        unit="%",
    )


def may_tell(asked: NumberQuestion | None) -> bool:
    """Whether what follows may be said; draws nothing."""
    return asked is None or guess.may_tell(asked)


def ask(asked: NumberQuestion | None, cut: Cut) -> bool:
    """Draw the question, or what was said and what is so. Returns what `may_tell` does."""
    if asked is None:
        return True
    if not guess.first(asked, LOOK):
        return False
    guess.shown(asked, 100 * cut.after.accuracy, words.WHY_SO_MUCH_IS_LEFT, LOOK)
    return True
