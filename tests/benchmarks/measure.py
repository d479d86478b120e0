"""How we measure: ours and a peer take turns at the same work, and what counts is their ratio.

A machine has moods: others use it, it grows hot, it throttles. Two things that are timed one after the other, in turns,
meet the same mood, so each turn gives one honest ratio, and the median of the ratios is the figure.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

Work = Callable[[], object]
MORE_IS_BETTER = ("images/s", "%")


@dataclass(frozen=True)
class Line:
    """One line of the report: our values and a peer's, turn by turn, in one unit.

    unit:  "ms", "s", "MB" (less is better) or "images/s", "%" (more is better).
    peer:  the peer's values, one a turn, or () where there is nobody to compare with.
    least: the ratio to reach, in the sense of `ratio`.  most: the value to stay below, in `unit`.
    share: of what the machine can do at best, a fraction, or None.
    curve, at: what grows ("images") and how much of it there was; lines of one theme, curve and unit make one plot.
    """

    theme: str
    name: str
    unit: str
    ours: tuple[float, ...]
    peer: tuple[float, ...] = ()
    peer_name: str = ""
    least: float | None = None
    most: float | None = None
    share: float | None = None
    note: str = ""
    curve: str = ""
    at: float = 0.0

    @property
    def ratios(self) -> tuple[float, ...]:
        """Turn by turn, how many times better ours is; below 1 the peer is better."""
        turns = list(zip(self.ours, self.peer, strict=True)) if self.peer else []
        if self.unit in MORE_IS_BETTER:
            return tuple(ours / peer for ours, peer in turns)
        return tuple(peer / ours for ours, peer in turns)

    @property
    def ratio(self) -> float | None:
        """The median of `ratios`, or None without a peer."""
        return median(self.ratios) if self.peer else None

    @property
    def reached(self) -> bool | None:
        """Whether the figure we hold ourselves to is met; None where there is none."""
        met = []
        if self.least is not None and self.ratio is not None:
            met.append(self.ratio >= self.least)
        if self.most is not None:
            met.append(median(self.ours) <= self.most)
        return all(met) if met else None


@dataclass
class Plan:
    """What the command was asked for."""

    quick: bool = False
    limits: dict[str, float] = field(default_factory=dict)  # precision -> FLOP/s, the best seen in this run

    @property
    def rounds(self) -> int:
        return 2 if self.quick else 5

    def pick(self, quick: int, full: int) -> int:
        """A size of work: the small one for a run of a minute, or the full one."""
        return quick if self.quick else full


def in_turns(
    works: Sequence[Work],
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    *,
    first: Sequence[Work] | None = None,
) -> list[tuple[float, ...]]:
    """Seconds of each work in each of `rounds` turns: the first, the second, ..., the first, the second, ...

    first: what is done before that, unmeasured, for what is done only once (compiling, reading, allocating) is not the
    work. None does each work whole; where that takes long, a small part of each that touches the same is enough.
    """
    for work in works if first is None else first:
        work()
    turns = [[seconds(work, clock) for work in works] for _ in range(rounds)]
    return list(zip(*turns, strict=True))


def alternate(
    ours: Work,
    peer: Work,
    rounds: int,
    clock: Callable[[], float] = time.perf_counter,
    *,
    first: Sequence[Work] | None = None,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Seconds of each of `rounds` turns: ours, the peer, ours, the peer, ...; `first` as `in_turns` has it."""
    mine, theirs = in_turns([ours, peer], rounds, clock, first=first)
    return mine, theirs


def multiplied(times: tuple[float, ...], count: int) -> tuple[float, ...]:
    """Seconds of all the work, where one part of `count` was done, and each takes as long as the next."""
    return tuple(count * one for one in times)


def repeat(ours: Work, rounds: int, clock: Callable[[], float] = time.perf_counter) -> tuple[float, ...]:
    """Seconds of each of `rounds` turns of work that has no peer; one more comes before, unmeasured."""
    ours()
    return tuple(seconds(ours, clock) for _ in range(rounds))


def seconds(work: Work, clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes."""
    start = clock()
    work()
    return clock() - start


def in_milliseconds(times: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(1e3 * one for one in times)


def per_second(amount: float, times: tuple[float, ...]) -> tuple[float, ...]:
    """Rates, for `amount` of work done in each of these seconds."""
    return tuple(amount / one for one in times)


def machine_limit(plan: Plan, precision: str) -> float:
    """FLOP/s of a large matrix product in this precision, with torch's threads: the best seen so far in this run.

    precision: "float32" or "bfloat16". Nothing made of many small layers can be as fast; how near it comes is a figure
    that means the same on every machine. Measured again at each call, as the machine may be busy at any moment.
    """
    import torch

    size = 1024
    a, b = torch.rand(2, size, size).to(getattr(torch, precision)).unbind()
    times = repeat(lambda: a @ b, plan.pick(10, 30))
    plan.limits[precision] = max(plan.limits.get(precision, 0), 2 * size**3 / min(times))
    return plan.limits[precision]
