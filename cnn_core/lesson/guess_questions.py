"""What a student can be asked to guess: a choice, a number, a point on a picture, or a curve.

A question knows what may be said, refuses anything else, and makes a `Guess` of it. Its answer it need not know: what
the page measures afterwards is put beside the guess.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from cnn_core.checks import is_index
from cnn_core.errors import StudentError
from cnn_core.lesson.guesses import MOST_LETTERS, MOST_POINTS, MOST_TRIES, Guess, Kind, Value, is_plain


@dataclass(frozen=True, kw_only=True)
class _Question:
    """What all questions have.

    id:      the same name for ever: "pooling.share_that_moves".
    asked:   the question, one or two plain sentences.
    network: title of the network it is about, or "".
    page:    address of the page that asks.
    about:   what it is about (a network's name, a digit's number): of another thing it is asked anew.
    """

    id: str
    asked: str
    network: str = ""
    page: str = ""
    about: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """As `Guess.key`."""
        return self.id, self.about[: MOST_LETTERS["about"]]

    def _guess(self, kind: Kind, said: Value, unit: str, least: float, most: float) -> Guess:
        return Guess(
            question=self.id,
            kind=kind,
            asked=_short(self.asked, MOST_LETTERS["asked"]),
            said=said,
            unit=unit,
            network=_short(self.network, MOST_LETTERS["network"]),
            page=self.page,
            at=time.time(),
            about=self.about[: MOST_LETTERS["about"]],
            least=least,
            most=most,
        )


@dataclass(frozen=True, kw_only=True)
class ChoiceQuestion(_Question):
    """One of a few.

    options: the words of each, two or more, all different.
    answer:  the right one; None where nobody knows it yet. Then there is one try.
    hints:   {a wrong option: what it overlooks}, said before the second try.
    hint:    said for a wrong option that has none of its own.
    """

    options: tuple[str, ...]
    answer: str | None = None
    hints: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""

    def guess(self, said: object, tries: tuple[str, ...] = ()) -> Guess:
        """The guess. Raises StudentError for what is not among the options."""
        if not isinstance(said, str) or said not in self.options:
            raise StudentError("That is not one of the answers.", hint="Choose one of those on the page.")
        guess = self._guess("choice", said, "", 0.0, 1.0)
        return Guess(**{**vars(guess), "tries": tries[:MOST_TRIES]})

    def skipped(self) -> Guess:
        """Whoever asks for the answer at once."""
        return self._guess("choice", None, "", 0.0, 1.0)

    def hint_for(self, said: str, tries: tuple[str, ...] = ()) -> str:
        """What to say to a first answer that is wrong; "" where the answer is due: it is right, or the second."""
        if self.answer is None or said == self.answer or tries or len(self.options) < 3:
            return ""
        return self.hints.get(said) or self.hint


@dataclass(frozen=True, kw_only=True)
class NumberQuestion(_Question):
    """A number on a slider.

    least, most, step: what the slider offers.
    start: where it stands at first; None is the middle.
    unit:  behind the number: "%", "digits", or "".
    """

    least: float
    most: float
    step: float = 1
    start: float | None = None
    unit: str = ""

    @property
    def middle(self) -> float:
        """Where the slider stands at first, on one of its steps."""
        if self.start is not None:
            return min(self.most, max(self.least, self.start))
        return self.least + self.step * round((self.most - self.least) / 2 / self.step)

    def guess(self, said: object) -> Guess:
        """The guess. Raises StudentError for what is no number between the ends."""
        if not is_plain(said) or not self.least <= said <= self.most:
            raise StudentError(
                "That is no number of this scale.", hint=f"Choose from {self.least:g} to {self.most:g}."
            )
        return self._guess("number", said, self.unit, self.least, self.most)

    def skipped(self) -> Guess:
        """Whoever asks for the answer at once."""
        return self._guess("number", None, self.unit, self.least, self.most)


@dataclass(frozen=True, kw_only=True)
class PointQuestion(_Question):
    """A pixel of a picture.  rows, columns: of the picture."""

    rows: int
    columns: int

    def guess(self, said: object) -> Guess:
        """The guess; said: (row, column). Raises StudentError for what lies outside the picture."""
        inside = (
            isinstance(said, list | tuple)
            and len(said) == 2
            and is_index(said[0], self.rows)
            and is_index(said[1], self.columns)
        )
        if not isinstance(said, list | tuple) or not inside:
            raise StudentError("That point is not on the picture.", hint="Choose a point on it.")
        return self._guess("point", (int(said[0]), int(said[1])), "pixels", 0.0, self._across)

    def skipped(self) -> Guess:
        """Whoever asks for the answer at once."""
        return self._guess("point", None, "pixels", 0.0, self._across)

    @property
    def _across(self) -> float:
        return max(1.0, math.hypot(self.rows - 1, self.columns - 1))


@dataclass(frozen=True, kw_only=True)
class CurveQuestion(_Question):
    """A curve, drawn.

    ticks: what stands under each of its points, 2 to 64.
    least, most: the ends of its upright axis.
    unit:  of that axis: "%".
    start: the height at which the line lies before anybody has drawn.
    """

    ticks: tuple[str, ...]
    least: float = 0.0
    most: float = 100.0
    unit: str = "%"
    start: float | None = None

    def guess(self, said: object) -> Guess:
        """The guess; said: a number for each tick. Raises StudentError for anything else."""
        if not isinstance(said, list | tuple) or len(said) != len(self.ticks) or len(said) > MOST_POINTS:
            raise StudentError(f"A curve here has {len(self.ticks)} points.", hint="Draw it once more.")
        if not all(is_plain(one) and self.least <= one <= self.most for one in said):
            raise StudentError(
                f"A point of the curve is not between {self.least:g} and {self.most:g}.",
                hint="Draw it once more.",
            )
        return self._with_ticks(self._guess("curve", tuple(said), self.unit, self.least, self.most))

    def skipped(self) -> Guess:
        """Whoever asks for the answer at once."""
        return self._with_ticks(self._guess("curve", None, self.unit, self.least, self.most))

    def _with_ticks(self, guess: Guess) -> Guess:
        return Guess(**{**vars(guess), "ticks": self.ticks})


GuessQuestion = ChoiceQuestion | NumberQuestion | PointQuestion | CurveQuestion


def _short(text: str, most: int) -> str:
    """On one line, and no longer than a guess may hold.

    >>> _short("one  two", 7), _short("a longer one", 8)
    ('one two', 'a longe…')
    """
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= most else line[: most - 1] + "…"
