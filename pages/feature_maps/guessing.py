"""Guess first: which class comes second, as only the bars tell; and in "Why this answer?" where the picture counts."""

from __future__ import annotations

import numpy as np

from cnn_core.lesson.guess_questions import ChoiceQuestion, PointQuestion
from pages.feature_maps import guess_words as words
from pages.feature_maps.maps import Reading
from pages.ui.drawing.contact_sheet import as_picture
from pages.ui.forms import guess
from pages.ui.wording.numbers import probability

OPTIONS = 4  # classes to choose from: the right one is among them


def question(reading: Reading) -> ChoiceQuestion | None:
    """Which class comes second; None where that is no question: of two classes, or where two are equally likely."""
    order = sorted(range(len(reading.classes)), key=lambda i: -reading.probabilities[i])
    if len(order) < 3 or reading.probabilities[order[1]] == reading.probabilities[order[2]]:
        return None
    names = [reading.classes[i] for i in sorted(options(order))]
    if len(set(names)) < len(names):
        return None
    return ChoiceQuestion(
        id="feature_maps.second",
        asked=words.which_comes_second(reading.classes[order[0]]),
        network=reading.network.title,
        page="feature_maps",
        about=guess.about(reading.network, reading.chosen.key),
        options=tuple(names),
        answer=reading.classes[order[1]],
        hints={
            reading.classes[i]: words.only_so_much(reading.classes[i], probability(reading.probabilities[i]))
            for i in order[2:]
        },
    )


def options(order: list[int]) -> list[int]:
    """The classes to choose from: the second, and three more that are spread over the rest.

    order: all classes, the likeliest first; three or more.

    >>> options([7, 3, 2, 9, 8, 0, 1, 4, 5, 6]), options([2, 0, 1])
    ([3, 2, 0, 6], [0, 1])
    """
    rest = order[2:]
    count = min(OPTIONS - 1, len(rest))
    return [order[1], *(rest[i * (len(rest) - 1) // max(1, count - 1)] for i in range(count))]


def show(reading: Reading, asked: ChoiceQuestion) -> None:
    """Draw what was said beside what the network gives, where something was said."""
    order = sorted(reading.probabilities, reverse=True)
    why = words.what_the_two_get(
        reading.classes[reading.best], probability(order[0]), asked.answer or "", probability(order[1])
    )
    guess.shown(asked, asked.answer, why, look_of(reading))


# ---------------------------------------------------------------- where it counts


def where(reading: Reading, target: int) -> PointQuestion:
    """Which place of the picture counts most for a class.  target: its number."""
    rows, columns = reading.chosen.image.shape[1:]
    return PointQuestion(
        id="feature_maps.where",
        asked=words.where_it_counts(reading.classes[target]),
        network=reading.network.title,
        page="feature_maps",
        about=guess.about(reading.network, reading.chosen.key, target),
        rows=rows,
        columns=columns,
    )


def look_of(reading: Reading) -> guess.Look:
    """The picture itself, to be tapped."""
    image = reading.chosen.image.numpy()
    shown = image[0] if len(image) == 1 else as_picture(image)
    return guess.Look(image=shown, alt=reading.chosen.title, px=224, is_whole=True)


def show_where(reading: Reading, target: int, occlusion: np.ndarray) -> None:
    """Draw where it was said beside where it is.  occlusion: (H, W), how much the score falls without each place."""
    if guess.has_said(where(reading, target)) and occlusion.max() > 0:
        place = np.unravel_index(int(occlusion.argmax()), occlusion.shape)
        why = words.around_there(reading.classes[target])
        guess.shown(where(reading, target), place, why, look_of(reading))
