"""What a class said, counted: bars of a choice, a histogram of numbers, spots on a picture, the middle of many curves.

And the one thing worth talking about: where most of them went wrong, as plain numbers that a page makes a sentence of.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from cnn_core.lesson.guess_questions import (
    ChoiceQuestion,
    CurveQuestion,
    GuessQuestion,
    NumberQuestion,
    PointQuestion,
)
from cnn_core.lesson.guesses import CLOSE, Value, was_right, with_measured

MOST_BINS = 25
_NICE = (1, 2, 5)


@dataclass(frozen=True)
class Bin:
    """Part of a scale and how many answers lie in it.

    low, high: its ends; an answer at `high` lies in the next one, but for the last.
    """

    low: float
    high: float
    count: int


def bars(question: ChoiceQuestion, said: Sequence[Value]) -> list[tuple[str, int]]:
    """How many chose each option, in the order of the options."""
    counts = Counter(one for one in said if isinstance(one, str))
    return [(option, counts[option]) for option in question.options]


def bins(question: NumberQuestion, said: Sequence[Value]) -> list[Bin]:
    """The slider's scale in at most MOST_BINS equal parts of 1, 2, 5, 10, … steps, and the answers in each.

    >>> [one.count for one in bins(NumberQuestion(id="x", asked="?", least=0, most=2), [0, 1, 1, 2])]
    [1, 2, 1]
    """
    numbers = [one for one in said if isinstance(one, int | float)]
    width = bin_width(question)
    parts = max(1, math.ceil((question.most - question.least) / width - 1e-9))
    if width == question.step:  # one for each value that can be said
        parts += 1
    counts = [0] * parts
    for number in numbers:
        counts[min(parts - 1, int((number - question.least) / width + 1e-9))] += 1
    lows = [question.least + index * width for index in range(parts)]
    return [Bin(low, low + width, count) for low, count in zip(lows, counts, strict=True)]


def bin_width(question: NumberQuestion) -> float:
    """The smallest of 1, 2, 5, 10, 20, … steps at which the scale has no more than MOST_BINS parts.

    >>> [bin_width(NumberQuestion(id="x", asked="?", least=0, most=most)) for most in (20, 28, 100, 676)]
    [1, 2, 5, 50]
    """
    steps = (question.most - question.least) / question.step
    power = 1
    while True:
        for nice in _NICE:
            if steps / (nice * power) <= MOST_BINS - 1e-9:
                return nice * power * question.step
        power *= 10


def spots(said: Sequence[Value]) -> list[tuple[tuple[int, int], int]]:
    """Which pixels were pointed at, (row, column), and by how many, the most first."""
    counts = Counter((int(one[0]), int(one[1])) for one in said if isinstance(one, tuple) and len(one) == 2)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def middle_curve(said: Sequence[Value]) -> tuple[float, ...]:
    """At each tick the middle of all that were drawn there; () of none.

    >>> middle_curve([(0, 10), (2, 30), (9, 20)])
    (2, 20)
    """
    curves = [one for one in said if isinstance(one, tuple)]
    return tuple(median(column) for column in zip(*curves, strict=True)) if curves else ()


# ---------------------------------------------------------------- what most got wrong


@dataclass(frozen=True)
class Verdict:
    """What became of the answers.

    answered: how many there are.
    right:    of them those that are right, a number, point or curve to within a twentieth of its range.
    common:   of a choice the wrong options that most chose, all with as many; of others ().
    wrong:    how many chose each of those; of a number and a curve how many were wrong on the side of `side`.
    side:     1 where more of the wrong ones said too much, -1 too little, 0 as many, and where there are no sides.
    middle:   the middle answer: of a number it, of a curve at tick `at`, of a point the middle distance in pixels.
    measured: of a number it, of a curve at tick `at`.
    at:       of a curve, the tick where its middle is furthest from what was measured.
    """

    answered: int
    right: int
    common: tuple[str, ...] = ()
    wrong: int = 0
    side: int = 0
    middle: float = 0.0
    measured: float = 0.0
    at: int = 0


def verdict(question: GuessQuestion, said: Sequence[Value], measured: Value) -> Verdict:
    """Counted from the answers.  said: each of the question's kind.  measured: likewise."""
    guesses = [with_measured(question.guess(one), measured) for one in said]
    right = sum(was_right(guess) is True for guess in guesses)
    answered = len(guesses)
    if not answered:
        return Verdict(0, 0)
    if isinstance(question, ChoiceQuestion):
        wrong = [(option, count) for option, count in bars(question, said) if option != measured and count]
        most = max((count for _, count in wrong), default=0)
        return Verdict(answered, right, tuple(option for option, count in wrong if count == most), most)
    if isinstance(question, PointQuestion):
        far = [
            math.dist(one, measured) for one in said if isinstance(one, tuple) and isinstance(measured, tuple)
        ]
        return Verdict(answered, right, wrong=answered - right, middle=median(far))
    if isinstance(question, CurveQuestion):
        return _of_curves(question, said, measured, right)
    numbers = [float(one) for one in said if isinstance(one, int | float)]
    assert isinstance(measured, int | float)
    return _of_numbers(numbers, measured, CLOSE * (question.most - question.least), right)


def _of_numbers(numbers: Sequence[float], measured: float, close: float, right: int, at: int = 0) -> Verdict:
    over = sum(one - measured > close for one in numbers)
    under = sum(measured - one > close for one in numbers)
    side = (over > under) - (over < under)
    return Verdict(
        len(numbers), right, (), max(over, under), side, float(median(numbers)), float(measured), at
    )


def _of_curves(question: CurveQuestion, said: Sequence[Value], measured: Value, right: int) -> Verdict:
    assert isinstance(measured, tuple)
    middle = middle_curve(said)
    at = max(range(len(measured)), key=lambda place: abs(middle[place] - measured[place]))
    there = [one[at] for one in said if isinstance(one, tuple)]
    return _of_numbers(there, measured[at], CLOSE * (question.most - question.least), right, at)
