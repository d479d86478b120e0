"""Challenges of a class, scored on the server from the runs' own files; who shares a place, and who is not ranked, why.

A challenge is a measure and a limit, "the best accuracy with at most 10,000 parameters", and perhaps a goal, "99 %". Of
each member the best run counts. Two accuracies whose difference may be chance share a place: so many test images cannot
tell them apart. Runs are compared that were tested on the same images alone.

Plain numbers, no torch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnn_core.checks import is_number
from cnn_core.classroom.board import Exam, Row
from cnn_core.errors import StudentError
from cnn_core.significance import beyond_chance, wilson_interval

TURN = 45.0  # degrees, to a random side: of the measure "turned"
TURNED_IMAGES = 2_000  # test images that are turned for it

# What is best: the most of a share of images, or the least of a number.
SHARES, NUMBERS = ("accuracy", "turned"), ("parameters", "macs")
MEASURES = (*SHARES, *NUMBERS)
# What is limited: at most so many; but of "accuracy" at least.
LIMITS = ("parameters", "macs", "images", "seconds", "accuracy")
_LARGEST = {"parameters": 10**8, "macs": 10**9, "images": 10**6, "seconds": 24 * 3600}


@dataclass(frozen=True)
class Challenge:
    """What the class tries.

    measure: one of MEASURES: highest "accuracy", highest accuracy on "turned" images, fewest "parameters" or "macs".
    limit:   one of LIMITS, or "" for none.
    at:      the limit itself; 0 without one.
    goal:    of a measure that is a share: who reaches it has done it. None: there is only a best.
    Raises StudentError for what cannot be scored.
    """

    measure: str = "accuracy"
    limit: str = ""
    at: float = 0.0
    goal: float | None = None

    def __post_init__(self) -> None:
        if self.measure not in MEASURES or self.limit not in ("", *LIMITS):
            raise StudentError(
                "There is no such challenge.", hint="Choose a measure and a limit of the list."
            )
        if self.limit:
            self._check_limit()
        if self.measure in NUMBERS and self.limit != "accuracy":
            raise StudentError(
                "The smallest net of all reads nothing.",
                hint="Say how many of the test images it has to read.",
            )
        if self.goal is not None and (
            self.measure in NUMBERS or not is_number(self.goal) or not 0 < self.goal < 1
        ):
            raise StudentError(
                "A goal is a share of the test images, under 100 %.", hint="Try 99 %, or leave it out."
            )

    def _check_limit(self) -> None:
        if self.limit == "accuracy":
            if self.measure in SHARES:
                raise StudentError(
                    "An accuracy cannot be the limit of an accuracy.",
                    hint="Limit the parameters, or give it a goal.",
                )
            if not is_number(self.at) or not 0 < self.at < 1:
                raise StudentError("The share to be read lies between 0 and 100 %.", hint="Try 98 %.")
        elif not is_number(self.at) or not 1 <= self.at <= _LARGEST[self.limit]:
            most = f"{_LARGEST[self.limit]:,}"
            raise StudentError(f"A limit lies between 1 and {most}.", hint="Type another number.")

    @property
    def is_share(self) -> bool:
        """Whether more is better: a share of images. Else the fewest win."""
        return self.measure in SHARES

    @property
    def axis(self) -> str:
        """What a chart of it has on its horizontal axis."""
        if self.limit in ("", "accuracy"):
            return self.measure if self.measure in NUMBERS else "parameters"
        return self.limit

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return vars(self).copy()

    @classmethod
    def from_dict(cls, values: object) -> Challenge | None:
        """The inverse of `to_dict`; None for what makes no sense."""
        if not isinstance(values, Mapping):
            return None
        try:
            return cls(**values)
        except (StudentError, TypeError):
            return None


READY: dict[str, Challenge] = {
    "small": Challenge("accuracy", "parameters", 10_000, 0.99),
    "work": Challenge("accuracy", "macs", 500_000, 0.98),
    "few": Challenge("accuracy", "images", 1_000),
    "fast": Challenge("accuracy", "seconds", 20),
    "turned": Challenge("turned"),
    "smallest": Challenge("parameters", "accuracy", 0.98),
    "best": Challenge("accuracy"),
}


@dataclass(frozen=True)
class Share:
    """A share of images that was read rightly."""

    fraction: float
    count: int  # of how many images


@dataclass(frozen=True)
class Place:
    """One member's best run in a challenge.

    rank:     from 1; those that share it have the same.
    score:    what was measured: a fraction, or a number.
    count:    of how many images a fraction is the share; 0 of a number, which is exact.
    interval: of a fraction, with 95 % confidence; None of a number.
    shares:   whether another has the same rank.
    is_done:  whether the goal is reached; None where there is none.
    is_sure:  whether goal or limit are reached by more than chance: the whole interval lies above it. True where it is
              about exact numbers alone.
    """

    rank: int
    row: Row
    score: float
    count: int
    interval: tuple[float, float] | None
    shares: bool
    is_done: bool | None
    is_sure: bool


@dataclass(frozen=True)
class Standing:
    """Who stands where.

    exam:     the test images on which all that are ranked were tested; None before there is one.
    places:   of each member with a run that counts, by rank.
    unranked: the other runs, newest first, each with why: "goes on", "ended", "other images", "seen", "unknown", the
              name of the limit that it does not keep, "measuring", or "own better".
    """

    challenge: Challenge
    exam: Exam | None
    places: tuple[Place, ...]
    unranked: tuple[tuple[Row, str], ...]

    @property
    def done(self) -> tuple[Place, ...]:
        """Those that reached the goal, or for a number the share that had to be read."""
        return tuple(place for place in self.places if place.is_done)


def standing(
    challenge: Challenge, rows: Sequence[Row], turned: Mapping[str, Share] | None = None
) -> Standing:
    """Score the runs of a class.

    turned: run id -> the share that it reads of turned images, as far as that is measured: TURNED_IMAGES, or all that
            there are.
    """
    exam = _most_common(rows)
    unranked: list[tuple[Row, str]] = []
    scored: dict[str, list[_Scored]] = {}  # by a member's id
    for row in rows:
        why = _why_not(challenge, row, exam, turned or {})
        if why:
            unranked.append((row, why))
        else:
            scored.setdefault(row.member.id, []).append(_score(challenge, row, turned or {}))
    best = []
    for runs in scored.values():
        runs.sort(key=lambda one: _order(challenge, one))
        best.append(runs[0])
        unranked += [(one.row, "own better") for one in runs[1:]]
    best.sort(key=lambda one: _order(challenge, one))
    unranked.sort(key=lambda pair: -pair[0].created)
    return Standing(challenge, exam, _places(challenge, best), tuple(unranked))


def value_of(row: Row, what: str) -> float | None:
    """A run's "parameters", "macs", "images", "seconds" or "accuracy"; None where it is not known (yet)."""
    value: float | None = getattr(row, what)
    return value


def _why_not(challenge: Challenge, row: Row, exam: Exam | None, turned: Mapping[str, Share]) -> str:
    """Why a run is not ranked; "" where it is."""
    if row.goes_on:
        return "goes on"
    if row.accuracy is None:
        return "ended"
    if row.seen or not row.is_known:
        return "seen" if row.seen else "unknown"
    if row.exam != exam:
        return "other images"
    if challenge.limit and not _keeps_limit(challenge, row):
        return challenge.limit
    if challenge.measure == "turned" and row.run_id not in turned:
        return "measuring"
    return ""


def _keeps_limit(challenge: Challenge, row: Row) -> bool:
    value = value_of(row, challenge.limit)
    if value is None:
        return False
    return value >= challenge.at if challenge.limit == "accuracy" else value <= challenge.at


def _most_common(rows: Iterable[Row]) -> Exam | None:
    """The test images of most runs; of equally many, of the larger test."""
    counts = Counter(row.exam for row in rows if row.is_test and row.exam is not None)
    return max(counts, key=lambda exam: (counts[exam], exam.count, exam.dataset), default=None)


@dataclass(frozen=True)
class _Scored:
    score: float
    count: int
    row: Row


def _score(challenge: Challenge, row: Row, turned: Mapping[str, Share]) -> _Scored:
    if challenge.measure == "turned":
        share = turned[row.run_id]
        return _Scored(share.fraction, share.count, row)
    value = value_of(row, challenge.measure)
    assert value is not None
    return _Scored(value, row.exam.count if row.exam and challenge.is_share else 0, row)


def _order(challenge: Challenge, one: _Scored) -> tuple[float, float, str]:
    """The best first; of equal ones, who came first."""
    return (-one.score if challenge.is_share else one.score), one.row.created, one.row.run_id


def _places(challenge: Challenge, best: Sequence[_Scored]) -> tuple[Place, ...]:
    """Ranks: whoever cannot be told from the first of a rank shares it."""
    ranks: list[int] = []
    first = 0
    for number, one in enumerate(best):
        if not number or _differs(challenge, best[first], one):
            first = number
        ranks.append(first + 1)
    shared = Counter(ranks)
    return tuple(
        _place(challenge, rank, one, shared[rank] > 1) for rank, one in zip(ranks, best, strict=True)
    )


def _differs(challenge: Challenge, one: _Scored, other: _Scored) -> bool:
    if not challenge.is_share:
        return one.score != other.score
    return beyond_chance(one.score, other.score, one.count, other.count)


def _place(challenge: Challenge, rank: int, one: _Scored, shares: bool) -> Place:
    interval = wilson_interval(one.score, one.count) if challenge.is_share else None
    is_done = None if challenge.goal is None else one.score >= challenge.goal
    is_sure = True
    if challenge.limit == "accuracy":
        is_done, is_sure = True, (one.row.interval or (0.0, 0.0))[0] >= challenge.at
    elif challenge.goal is not None and interval is not None:
        is_sure = interval[0] >= challenge.goal
    return Place(rank, one.row, one.score, one.count, interval, shares, is_done, is_sure)
