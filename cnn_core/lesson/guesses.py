"""What a student said before the answer was shown, and what was measured: one guess, and how far off it was.

Why ask first: whoever commits to a prediction and then explains the difference remembers more of it than who only sees
the answer (Kim, Reinecke & Hullman 2017, "Explaining the Gap", CHI). A guess is plain values, so that a file can hold
it; what a file or a browser says is looked at before it becomes one. What can be asked is in guess_questions.py.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeGuard, get_args

from cnn_core.checks import is_control, is_number

Kind = Literal["choice", "number", "point", "curve"]
State = Literal["guessed", "measured", "skipped"]
# A choice: the words of an option. A number. A point: (row, column) in pixels of its picture. A curve: a number for
# each of its ticks. None: nothing was said (skipped), or nothing was measured yet.
Value = str | float | tuple[float, ...] | None

KINDS: tuple[str, ...] = get_args(Kind)
MOST_POINTS = 64  # of a curve
MOST_LETTERS = {"question": 60, "asked": 400, "unit": 30, "network": 120, "page": 40, "about": 120}
MOST_OPTION = 160  # letters of what can be chosen
MOST_TRIES = 4
LARGEST = 1e15  # of any number in a guess
CLOSE = 0.05  # a number, point or curve that is off by no more of its range counts as right


@dataclass(frozen=True)
class Guess:
    """One guess.

    question: which question, the same name for ever: "pooling.share_that_moves".
    kind:     "choice", "number", "point" or "curve".
    asked:    the sentence as the student read it.
    said:     what the student said; None where the answer was asked for at once.
    measured: what it came to; None until it was shown.
    unit:     of the numbers: "%", "digits", "pixels".
    network:  title of the network it is about, or "".
    page:     address of the page that asked ("feature_maps"; "" is Home).
    at:       when it was said, in seconds since 1970.
    tries:    of a choice, the wrong answers before `said`.
    about:    what it is about, so that the same question about another network is another guess.
    least, most: between which numbers it could be; of a point 0 and the longest way across the picture.
    ticks:    of a curve, what stands under each of its points ("−90°", ...).
    """

    question: str
    kind: Kind
    asked: str
    said: Value
    measured: Value = None
    unit: str = ""
    network: str = ""
    page: str = ""
    at: float = 0.0
    tries: tuple[str, ...] = ()
    about: str = ""
    least: float = 0.0
    most: float = 1.0
    ticks: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """ "guessed", "measured" or "skipped"."""
        if self.said is None:
            return "skipped"
        return "guessed" if self.measured is None else "measured"

    @property
    def key(self) -> tuple[str, str]:
        """Two guesses with the same key answer the same question about the same thing."""
        return self.question, self.about

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it; `guess_of` reads it back."""
        return asdict(self)


# ---------------------------------------------------------------- how far off


def off(guess: Guess) -> float | None:
    """How far what was said is from what was measured, in the guess's unit; None for a choice, and where one lacks.

    A number: the difference. A point: the straight way, in pixels. A curve: the mean distance of its points.

    >>> off(Guess("x", "number", "How many?", 40.0, 28.0)), off(Guess("x", "point", "Where?", (3, 0), (0, 4)))
    (12.0, 5.0)
    """
    said, measured = guess.said, guess.measured
    if isinstance(said, str) or isinstance(measured, str) or said is None or measured is None:
        return None
    if not isinstance(said, tuple) and not isinstance(measured, tuple):
        return abs(said - measured)
    if not isinstance(said, tuple) or not isinstance(measured, tuple) or len(said) != len(measured):
        return None
    return math.dist(said, measured) if guess.kind == "point" else mean_distance(said, measured)


def mean_distance(said: Sequence[float], measured: Sequence[float]) -> float:
    """How far two curves are apart on average, point by point.  said, measured: as many numbers, one or more.

    >>> mean_distance((100, 50, 0), (100, 80, 60))
    30.0
    """
    return sum(abs(a - b) for a, b in zip(said, measured, strict=True)) / len(said)


def surprise(guess: Guess) -> float | None:
    """How far off, from 0 (just as said) to 1 (as far as it could be); None for what was skipped or not measured.

    A choice is 0 when the first answer was right, 1/2 when the second was, and 1 otherwise.
    """
    if guess.state != "measured":
        return None
    if guess.kind == "choice":
        return 1.0 if guess.said != guess.measured else 0.5 if guess.tries else 0.0
    far, span = off(guess), guess.most - guess.least
    return None if far is None else min(1.0, far / span) if span > 0 else 0.0


def was_right(guess: Guess) -> bool | None:
    """Whether the first answer was right, a number or curve to within a twentieth of its range; None: not known."""
    far = surprise(guess)
    return None if far is None else far <= CLOSE


def most_surprising(guesses: Iterable[Guess]) -> list[Guess]:
    """Those that were measured, the furthest off first; of equal ones the latest first."""
    told = [(far, guess) for guess in guesses if (far := surprise(guess)) is not None]
    return [guess for _, guess in sorted(told, key=lambda pair: (-pair[0], -pair[1].at))]


def right_ones(guesses: Iterable[Guess]) -> list[Guess]:
    """Those that were right at once, the latest first."""
    return sorted((guess for guess in guesses if was_right(guess)), key=lambda guess: -guess.at)


def with_measured(guess: Guess, measured: object) -> Guess:
    """The same guess with what it came to; a value that cannot be one of its kind leaves it as it is."""
    value = value_of(guess.kind, measured)
    if guess.kind == "curve" and isinstance(value, tuple) and len(value) != len(guess.ticks):
        return guess
    return guess if value is None else replace(guess, measured=value)


# ---------------------------------------------------------------- what files and browsers say


def value_of(kind: str, value: object) -> Value:
    """A stranger's value, if it can be said in a guess of this kind; else None.

    >>> value_of("number", 40), value_of("number", float("nan")), value_of("curve", [0, 50.0]), value_of("point", [1])
    (40, None, (0, 50.0), None)
    """
    if kind == "choice":
        return value if _is_words(value, MOST_OPTION) and value else None
    if kind == "number":
        return value if is_plain(value) else None
    if not isinstance(value, list | tuple) or not all(is_plain(one) for one in value[: MOST_POINTS + 1]):
        return None
    if kind == "point":
        return tuple(value) if len(value) == 2 else None
    return tuple(value) if kind == "curve" and 2 <= len(value) <= MOST_POINTS else None


def is_plain(value: object) -> TypeGuard[float]:
    """A number that is finite and not enormous.

    >>> is_plain(3), is_plain(float("inf")), is_plain(10**400), is_plain(True)
    (True, False, False, False)
    """
    return is_number(value) and -LARGEST <= value <= LARGEST


def guess_of(value: object) -> Guess | None:
    """A guess out of what a file holds; None for anything that is not one, whole and sensible."""
    if not isinstance(value, Mapping):
        return None
    words = {name: value.get(name, "") for name in MOST_LETTERS}
    if not all(_is_words(words[name], most) for name, most in MOST_LETTERS.items()) or not words["question"]:
        return None
    kind, at, least, most = (value.get(name) for name in ("kind", "at", "least", "most"))
    if kind not in KINDS or not (is_plain(at) and is_plain(least) and is_plain(most)):
        return None
    tries, ticks = (_texts(value.get(name, [])) for name in ("tries", "ticks"))
    said, measured = (value_of(str(kind), value.get(name)) for name in ("said", "measured"))
    if tries is None or ticks is None or len(tries) > MOST_TRIES or len(ticks) > MOST_POINTS:
        return None
    if (said is None) != (value.get("said") is None) or (measured is None) != (value.get("measured") is None):
        return None
    if kind == "curve" and any(isinstance(one, tuple) and len(one) != len(ticks) for one in (said, measured)):
        return None
    return Guess(
        kind=kind,
        said=said,
        measured=measured,
        at=at,
        tries=tries,
        least=least,
        most=most,
        ticks=ticks,
        **words,
    )


def _is_words(value: object, most: int) -> TypeGuard[str]:
    if not isinstance(value, str) or len(value) > most:
        return False
    return value.isprintable() or not any(
        map(is_control, value)
    )  # the first is quick, and too strict for some


def _texts(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list | tuple) or not all(_is_words(one, MOST_OPTION) for one in value[:100]):
        return None
    return tuple(value)
