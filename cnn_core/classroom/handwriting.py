"""Whose network reads the class's own handwriting best, how much worse than MNIST's, and which digits nobody read.

Counts and fractions only, no torch: what each network answered comes from outside (`cnn_core.looking`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cnn_core.significance import beyond_chance, wilson_interval

FEW = 4  # a digit is read by few where at most one network in so many reads it


@dataclass(frozen=True)
class Reader:
    """One network, and what it read in the class's digits.

    name:      of the network: "run:<id>", "pretrained:lesson".
    title:     its own name.
    who:       whose it is: a member's name; "" for one that came with Convscope.
    answers:   the digit that it read in each drawing, in their order.
    on_mnist:  the fraction of MNIST's test images that it reads rightly; None where that is not known, or no test.
    of_mnist:  how many images that is a fraction of; 0 likewise.
    of_sample: whether those are of the sample that stands in for all of MNIST.
    """

    name: str
    title: str
    who: str
    answers: tuple[int, ...]
    on_mnist: float | None = None
    of_mnist: int = 0
    of_sample: bool = False


@dataclass(frozen=True)
class Score:
    """How a network did on the class's digits."""

    reader: Reader
    right: int
    count: int

    @property
    def accuracy(self) -> float:
        """The fraction that it read as their labels say."""
        return self.right / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Where that would lie for many more digits like these, with 95 % confidence."""
        return wilson_interval(self.accuracy, self.count)

    @property
    def gap(self) -> float | None:
        """How much better it reads MNIST's test images; None where that is not known. A fraction, often above 0."""
        return None if self.reader.on_mnist is None else self.reader.on_mnist - self.accuracy

    @property
    def gap_may_be_chance(self) -> bool:
        """Whether the two accuracies differ by no more than luck alone would make them."""
        on_mnist = self.reader.on_mnist
        return on_mnist is None or not beyond_chance(
            self.accuracy, on_mnist, self.count, self.reader.of_mnist
        )


def scores(readers: Sequence[Reader], labels: Sequence[int]) -> tuple[Score, ...]:
    """Of each network, the best first; those that are equal in the order in which they came.

    labels: of the drawings, at least one.
    """
    each = [
        Score(one, sum(map(int.__eq__, one.answers, labels)), len(labels))
        for one in readers
        if len(one.answers) == len(labels)
    ]
    return tuple(sorted(each, key=lambda score: -score.right))


def best(ranked: Sequence[Score]) -> tuple[Score, ...]:
    """The first of `scores`, and all whose distance to it may be chance: among them nobody can say who is best.

    All read the same digits, so this errs on the careful side (`significance.chance_difference`).
    """
    return tuple(
        one for one in ranked if not beyond_chance(one.accuracy, ranked[0].accuracy, one.count, one.count)
    )


@dataclass(frozen=True)
class HardDigit:
    """A drawing that no network, or only a few, read as its label says.

    place: among the drawings, counted from 0.
    label: what it is.
    right: how many networks read it.
    said:  what most of the networks said: one digit, or several that were said equally often.
    votes: how many said each of these.
    """

    place: int
    label: int
    right: int
    said: tuple[int, ...]
    votes: int


def hard_digits(readers: Sequence[Reader], labels: Sequence[int]) -> tuple[HardDigit, ...]:
    """The drawings that at most one network in FEW read, those that nobody read first; in their order."""
    hard = []
    for place, label in enumerate(labels):
        said = Counter(one.answers[place] for one in readers)
        if readers and said[label] * FEW <= len(readers):
            votes = max(said.values())
            most = tuple(sorted(digit for digit, times in said.items() if times == votes))
            hard.append(HardDigit(place, label, said[label], most, votes))
    return tuple(sorted(hard, key=lambda one: one.right))
