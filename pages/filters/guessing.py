"""Guess first: on how many test images one filter fires. Only the last line of its card tells it."""

from __future__ import annotations

from cnn_core.insight import FilterCard
from cnn_core.lesson.guess_questions import NumberQuestion
from pages.filters import words
from pages.filters.layers import has_maps
from pages.ui.forms import guess
from pages.ui.visitor import networks

LOOK = guess.Look(narrow=True)


def question(network: networks.LoadedNetwork, card: FilterCard) -> NumberQuestion | None:
    """On how many images it fires; None of a layer whose numbers may be below zero, where that means nothing."""
    if not card.examples.can_be_silent:
        return None
    images = int(card.examples.count)
    return NumberQuestion(
        id="filters.fires_on",
        asked=words.on_how_many(card.layer, card.filter, images),
        network=network.title,
        page="filters",
        about=guess.about(network, card.layer, card.filter),
        least=0,
        most=images,
        step=max(1, images // 50),
        unit="images",
    )


def facts(network: networks.LoadedNetwork, card: FilterCard) -> list[tuple[str, str]]:
    """What is printed below the examples, and draws the question: until it is guessed, the last number is a "?"."""
    told, asked = words.facts(card, has_peaks=not guess.is_hidden("filters.peaks")), question(network, card)
    if asked is None:
        return told
    if guess.first(asked, LOOK):
        guess.shown(asked, int(card.examples.fires[0]), words.why_it_fires(has_maps(card.layer)), LOOK)
        return told
    return [*told[:-1], (told[-1][0], "?")]
