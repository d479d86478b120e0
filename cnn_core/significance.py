"""Is a difference of accuracies luck? What so many test images can prove, and what they cannot.

Every answer is right in 19 of 20 cases (95 % confidence). Fractions and counts only, no torch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

NORMAL_95 = 1.959964  # 95 % of a normal distribution lies within so many standard deviations of its mean


def wilson_interval(fraction: float, count: int, z: float = NORMAL_95) -> tuple[float, float]:
    """The 95 % interval of a fraction observed in `count` independent trials.

    Wilson's score interval (1927), which stays inside [0, 1] and is right near 1.0, where the usual ± fails.

    >>> low, high = wilson_interval(0.99, 10_000)
    >>> f"{low:.4f} {high:.4f}"
    '0.9879 0.9918'
    """
    spread = z * z / count
    centre = (fraction + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(fraction * (1 - fraction) / count + spread / (4 * count))
    return max(0.0, centre - half), min(1.0, centre + half)


def chance_difference(one: float, other: float, count: int, other_count: int) -> float:
    """How far apart luck alone would put two fractions.

    The two-proportion z-test: both are taken for samples of one pooled fraction. Where both saw the same images,
    it errs on the careful side.

    one, other:         fractions.
    count, other_count: of how many images each is the fraction.

    >>> round(chance_difference(0.97, 0.98, 10_000, 10_000), 4)
    0.0043
    """
    pooled = (one * count + other * other_count) / (count + other_count)
    variance = max(pooled * (1 - pooled), 1e-12)  # two perfect networks differ by nothing, and not by 0 / 0
    return NORMAL_95 * math.sqrt(variance * (1 / count + 1 / other_count))


def beyond_chance(one: float, other: float, count: int, other_count: int) -> bool:
    """Whether two fractions differ by more than `chance_difference`, which see."""
    return abs(one - other) > chance_difference(one, other, count, other_count)


def seeds_beyond_chance(ones: Sequence[float], others: Sequence[float], count: int) -> bool:
    """Whether two networks, each trained with several seeds, differ by more than luck.

    Luck is in the test images and in the seeds. So the means have to differ by more than `chance_difference`, and each
    of the one has to be better than each of the other. Of two networks that are equally good, three seeds each fall
    apart so in 2 of the 20 orders in which 3 and 3 can stand.

    ones, others: accuracies on the same images, one a seed.
    count:        how many images those are.

    >>> seeds_beyond_chance([0.98, 0.981, 0.982], [0.97, 0.971, 0.972], 10_000)
    True
    >>> seeds_beyond_chance([0.98, 0.981, 0.982], [0.95, 0.971, 0.9805], 10_000)
    False
    """
    means = sum(ones) / len(ones), sum(others) / len(others)
    apart = min(ones) > max(others) or min(others) > max(ones)
    return apart and beyond_chance(means[0], means[1], count, count)


@dataclass(frozen=True)
class Gap:
    """Two accuracies (fractions) at one strength of a change, and how far apart luck alone would put them."""

    strength: float
    augmented: float
    plain: float
    chance: float  # differences up to this size may be luck, in 19 of 20 cases

    @property
    def difference(self) -> float:
        return self.augmented - self.plain

    @property
    def is_chance(self) -> bool:
        return abs(self.difference) <= self.chance


@dataclass(frozen=True)
class Gain:
    """What augmentation brought along one curve: where it helped most (or harmed least), and its price at the start."""

    best: Gap
    untouched: Gap


def gain(strengths: Sequence[float], augmented: Sequence[float], plain: Sequence[float], count: int) -> Gain:
    """Compare two curves of accuracy; the first strength is no change at all.

    strengths:        of a change of the images.
    augmented, plain: fractions, one for each strength.
    count:            of how many images each accuracy is the fraction.

    >>> lesson = gain([0, 45, 90], [0.97, 0.90, 0.80], [0.98, 0.60, 0.15], count=2000)
    >>> lesson.best.strength, round(lesson.best.difference, 2), lesson.best.is_chance
    (90, 0.65, False)
    >>> round(lesson.untouched.difference, 2)
    -0.01
    """
    images = max(count, 1)
    gaps = [
        Gap(strength, one, other, chance_difference(one, other, images, images))
        for strength, one, other in zip(strengths, augmented, plain, strict=True)
    ]
    return Gain(max(gaps[1:], key=lambda gap: gap.difference), gaps[0])
