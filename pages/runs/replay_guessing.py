"""Guess first: how many images were forgotten again, and which layer's gradient is largest at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.lesson.guess_questions import ChoiceQuestion, NumberQuestion
from pages.runs import replay_words as words
from pages.runs.course import READ, Course
from pages.ui.forms import guess
from pages.ui.wording.layer_sizes import size

if TYPE_CHECKING:
    from cnn_core.insight import Sizes

OPTIONS = 4  # layers to choose from: the right one is among them


def ask_forgotten(course: Course, forgotten: int, never: int, of: str) -> bool:
    """Draw the question, or what was said and what is so. Returns whether the answer may be seen.

    forgotten, never: of the test images that `of` names, how many were forgotten, and how many never right.
    """
    images = min(READ, len(course.test))
    asked = NumberQuestion(
        id="runs.forgotten",
        asked=words.how_many_forgotten(of, len(course.files)),
        network=course.network.title,
        page="runs",
        about=guess.about(course.network, len(course.files)),
        least=0,
        most=images,
        step=max(1, images // 50),
        unit=course.noun,
    )
    if not guess.first(asked):
        return False
    guess.shown(asked, forgotten, words.why_forgotten(never, of))
    return True


def ask_largest(course: Course, last: Sizes) -> bool:
    """The same for the layer with the largest gradient.  last: the sizes at the last moment."""
    order = sorted(last.gradient, key=lambda name: -last.gradient[name])
    sizes = [size(last.gradient[name]) for name in order]
    if len(order) < 2 or sizes[0] == sizes[1]:
        return True
    offered = some_of(order)
    asked = ChoiceQuestion(
        id="runs.largest_gradient",
        asked=words.where_is_it_largest(last.step),
        network=course.network.title,
        page="runs",
        about=guess.about(course.network, last.step),
        options=tuple(name for name in last.gradient if name in offered),
        answer=order[0],
    )
    if not guess.first(asked):
        return False
    guess.shown(asked, order[0], words.it_is_largest_there(*sizes[:2]))
    return True


def some_of(order: list[str]) -> list[str]:
    """The layers to choose from: the first, and others that are spread over the rest.

    >>> some_of(["e", "a", "d", "b", "c"]), some_of(["b", "a"])
    (['e', 'a', 'd', 'c'], ['b', 'a'])
    """
    rest = order[1:]
    count = min(OPTIONS - 1, len(rest))
    return [order[0], *(rest[i * (len(rest) - 1) // max(1, count - 1)] for i in range(count))]
