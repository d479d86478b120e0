"""Guess first: what is left of an answer's lead without the filters that speak most for it. The check tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.lesson.guess_questions import ChoiceQuestion
from pages.feature_maps import decided_words as words
from pages.ui.forms import guess

if TYPE_CHECKING:
    from pages.feature_maps.deciding import Decision
    from pages.ui.forms.digit_input import ChosenImage
    from pages.ui.visitor.networks import LoadedNetwork

LOOK = guess.Look(narrow=True)


def about_the_check(
    network: LoadedNetwork, chosen: ChosenImage, decision: Decision, names: tuple[str, ...]
) -> ChoiceQuestion | None:
    """How much is left; None where all is chance, where its rival is ahead, or where nothing can be muted.

    names: of the classes.
    """
    found, out = decision.found, decision.out
    lead, left = (float(decision.check.lead[muted]) for muted in (0, out))
    if not network.trained or lead <= 0 or not out:
        return None
    answer, rival = names[found.answer], names[found.rival]
    options = (*words.LEFT, words.ahead(rival))
    return ChoiceQuestion(
        id="feature_maps.left",
        asked=words.how_much_is_left(out, found.layer, answer, rival, lead),
        network=network.title,
        page="feature_maps",
        about=guess.about(network, chosen.key, found.layer, found.answer, found.rival, found.way),
        options=options,
        answer=options[2 if left < 0 else 1 if left < lead / 2 else 0],
    )


def ask_about_the_check(asked: ChoiceQuestion | None, decision: Decision) -> bool:
    """Draw the question, or what was said and what is so. Returns whether the check may be seen."""
    if asked is None:
        return True
    if not guess.first(asked, LOOK):
        return False
    lead, chance = decision.check.lead, decision.check.lead_by_chance
    out = decision.out
    left = words.what_was_left(float(lead[0]), float(lead[out]), float(chance[:, out].mean()), out)
    guess.shown(asked, asked.answer, left, LOOK)
    return True
