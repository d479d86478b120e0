"""What the steps inside the network ask: how far a layer sees, and what a climb makes of its filters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from cnn_core.insight import RECIPES, card_of, feature_maps
from cnn_core.lesson.guess_questions import ChoiceQuestion, NumberQuestion
from cnn_core.model import summarize
from pages.tour import inside_words as words
from pages.tour.asking import About, Asked, Measured
from pages.tour.words import after
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.insight import Examples, FilterPictures

# As on the Filters page, so that what it draws afterwards is computed already.
STEPS, SEED = 40, 0
WATCHED = 2_000  # test images
MOST = 128  # filters of a sheet
CLEARLY = 0.1  # a tenth more or less is more or less


def maps_of_layers(about: About) -> Asked:
    """How many pixels of the image one number of the last convolution depends on."""
    rows = summarize(about.spec)
    last = about.convolutions[-1]
    field = next(row.receptive_field for row in rows if row.name == last)
    digit = about.digit()
    maps = feature_maps(about.network.net, about.test.images[digit].float() / 255, [last])[last]
    channel, row, column = np.unravel_index(
        int(maps.argmax()), maps.shape
    )  # torch's own imports sympy, 40 MB
    seen = [(row.name, row.receptive_field) for row in rows if len(row.output_shape) == 3]
    side = max(about.spec.input_shape[1:])
    return Asked(
        NumberQuestion(
            id="tour.maps_of_layers",
            asked=after(words.maps_get_smaller(tuple(maps.shape), last), words.how_far_it_sees(last)),
            network=about.network.title,
            page="feature_maps",
            about=about.spec.fingerprint,
            least=0,
            most=side,
            unit="pixels",
        ),
        lambda: Measured(field, words.field_answer(seen[: [name for name, _ in seen].index(last) + 1], side)),
        state={"digit": str(digit)},
        after={"pixel": f"{last}.{channel}.{row}.{column}"},
    )


# ---------------------------------------------------------------- filters


def _layer(about: About) -> str:
    """The convolution that is asked about: the second, or the only one."""
    return about.convolutions[min(1, len(about.convolutions) - 1)]


def _width(about: About, layer: str) -> int:
    return next(row.output_shape[0] for row in summarize(about.spec) if row.name == layer)


def _pictures(about: About, layer: str, recipe: str) -> FilterPictures:
    """A picture for each filter of a sheet, as the Filters page asks for them."""
    return look(
        about.network,
        "pictures",
        min(WATCHED, len(about.test)),
        layer=layer,
        filters=tuple(range(min(MOST, _width(about, layer)))),
        recipe=RECIPES[recipe],
        steps=STEPS,
        seed=SEED,
    )


def _examples(about: About, layer: str) -> Examples:
    return look(about.network, "examples", WATCHED, layer=layer)


def one_filter(about: About) -> Asked:
    """Whether the picture of a filter excites it more than the best of the test images."""
    layer = _layer(about)
    index = about.chance.randrange(min(MOST, _width(about, layer)))
    return Asked(
        ChoiceQuestion(
            id="tour.one_filter",
            asked=after(words.climbed_for(layer, index, STEPS), words.MORE_THAN_ANY_IMAGE),
            network=about.network.title,
            page="filters",
            about=f"{about.network.weights_key}/{layer}.{index}",
            options=words.MORE_OR_LESS,
        ),
        lambda: _against_the_best(about, layer, index),
        state={"filter": f"{layer}.{index}", "recipe": "clean"},
        hides=("filters.peaks",),
    )


def _against_the_best(about: About, layer: str, index: int) -> Measured:
    examples = _examples(about, layer)
    card = card_of(about.network.net, index, _pictures(about, layer, "clean"), examples)
    more, alike, less = words.MORE_OR_LESS
    own, best = card.picture_peak, card.example_peak
    if own is None:
        return Measured(less, words.no_picture_answer(best, examples.count))
    far = CLEARLY * abs(best)
    value = more if own > best + far else less if own < best - far else alike
    return Measured(value, words.peak_answer(own, best, examples.count))


def gradient_size(about: About) -> Asked:
    """How many times the steepest slope of a layer's filters is as steep as the flattest."""
    layer = _layer(about)
    return Asked(
        ChoiceQuestion(
            id="tour.gradient_size",
            asked=after(words.slopes_at_first(layer), words.HOW_MUCH_STEEPER),
            network=about.network.title,
            page="filters",
            about=f"{about.network.weights_key}/{layer}",
            options=tuple(words.STEEPER),
        ),
        lambda: _steepest(about, layer),
        state={"filter": f"{layer}.0"},
    )


def _steepest(about: About, layer: str) -> Measured:
    slopes = look(
        about.network,
        "slopes",
        min(WATCHED, len(about.test)),
        layer=layer,
        filters=tuple(range(min(MOST, _width(about, layer)))),
        recipe=RECIPES["clean"],
        seed=SEED,
    )
    some = [slope for slope in slopes if slope > 0] or [1.0]
    times = max(some) / min(some)
    value = next(name for name, most in words.STEEPER.items() if times < most)
    return Measured(value, words.slopes_answer(min(some), max(some)))


def all_filters(about: About) -> Asked:
    """How many filters of the last convolution the notebook's climb leaves without a picture."""
    layer = about.convolutions[-1]
    width = min(MOST, _width(about, layer))
    return Asked(
        NumberQuestion(
            id="tour.all_filters",
            asked=after(words.notebook_climb(layer, width), words.HOW_MANY_STAY_NOISE),
            network=about.network.title,
            page="filters",
            about=f"{about.network.weights_key}/{layer}",
            least=0,
            most=width,
            unit="filters",
        ),
        lambda: _without(about, layer, width),
        state={"filter": f"{layer}.0", "recipe": "clean"},
        after={"recipe": "lesson"},
    )


def _without(about: About, layer: str, width: int) -> Measured:
    dead = int(_pictures(about, layer, "lesson").dead.sum())
    return Measured(dead, words.noise_answer(dead, width))


def without_picture(about: About) -> Asked:
    """How many of those without a picture answer to no test image either."""
    layer = about.convolutions[-1]
    dead = int(_pictures(about, layer, "lesson").dead.sum())
    width = min(MOST, _width(about, layer))
    images = min(WATCHED, len(about.test))
    return Asked(
        NumberQuestion(
            id="tour.without_picture",
            asked=after(words.some_have_none(dead, width, layer), words.how_many_never_fire(dead, images)),
            network=about.network.title,
            page="filters",
            about=f"{about.network.weights_key}/{layer}",
            least=0,
            most=dead or width,
            unit="filters",
        ),
        lambda: _silent(about, layer, dead),
        state={"filter": f"{layer}.0", "recipe": "lesson"},
        after={"recipe": "clean"},
    )


def _silent(about: About, layer: str, dead: int) -> Measured:
    pictures, examples = _pictures(about, layer, "lesson"), _examples(about, layer)
    fires = examples.fires[torch.tensor(pictures.filters)]
    silent = fires.eq(0) & pictures.dead if dead else fires.eq(0)
    return Measured(
        int(silent.sum()), words.silent_answer(int(silent.sum()), dead or len(fires), examples.count)
    )
