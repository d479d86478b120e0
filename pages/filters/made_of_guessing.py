"""Guess first: which of a few filters gives the one in the middle most. The bands and the table tell it."""

from __future__ import annotations

from collections.abc import Sequence

from torch import stack

from cnn_core.insight.between.sources import IMAGE
from cnn_core.lesson.guess_questions import ChoiceQuestion
from pages.filters import made_of_words as words
from pages.filters.upstream import Upstream
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.forms import guess
from pages.ui.visitor.networks import LoadedNetwork

OPTIONS = 4  # to choose from: the right one is among them
TILE_PX = 112


def question(network: LoadedNetwork, found: Upstream) -> ChoiceQuestion | None:
    """Which of a few gives most; None where that is chance, or no question, or one of them has no picture."""
    read, below = found.read, found.way.below
    places = some_of([one.flow for one in below])
    if not network.trained or read.source == IMAGE or not places:
        return None
    filters = [below[place].filter for place in places]
    if any(found.picture(read.source, one)[0] is None for one in filters):
        return None
    return ChoiceQuestion(
        id="filters.gives_most",
        asked=words.who_gives_most(read.layer, read.filter, read.source, len(filters)),
        network=network.title,
        page="filters",
        about=guess.about(network, read.layer, read.filter),
        options=tuple(words.named(read.source, one) for one in sorted(filters)),
        answer=words.named(read.source, filters[0]),
        hint=words.ANOTHER_GIVES_MORE,
    )


def some_of(flows: Sequence[float]) -> list[int]:
    """The places of four of these, or of three: the largest first, then others that are spread over the rest.

    None where there are fewer, where the largest is not above zero, or where two are the largest.

    >>> some_of([1.0, 0.75, -0.5, 0.4, 0.3, 0.2]), some_of([-2.0, 0.5, 0.25])
    ([0, 1, 4, 2], [1, 2, 0])
    >>> some_of([1.0, 1.0, 0.5]), some_of([1.0, 0.5]), some_of([-1.0, -2.0, -3.0])
    ([], [], [])
    """
    order = sorted(range(len(flows)), key=lambda place: -flows[place])
    if len(order) < 3 or flows[order[0]] <= 0 or flows[order[0]] == flows[order[1]]:
        return []
    first, *rest = order
    count = min(OPTIONS - 1, len(rest))
    return [first, *(rest[i * (len(rest) - 1) // (count - 1)] for i in range(count))]


def ask(asked: ChoiceQuestion, found: Upstream) -> bool:
    """Draw the question with what each of them looks for. Returns whether the ways may be seen."""
    filters = {words.named(found.read.source, one.filter): one.filter for one in found.way.below}
    drawn = [found.picture(found.read.source, filters[option])[0] for option in asked.options]
    pictures = image_sheet(stack([one for one in drawn if one is not None]).numpy(), "own")
    return guess.first(asked, guess.Look(pictures=pictures, alt=words.TO_CHOOSE_FROM, px=TILE_PX))


def show(asked: ChoiceQuestion, found: Upstream) -> None:
    """Draw what was said beside what is so, where something was said."""
    most = max(one.flow for one in found.way.below)
    digits = words.decimals([found.read.total, most])
    guess.shown(asked, asked.answer, words.what_it_gives(most, found.read.total, digits))
