"""The kinds of attack that the view offers: how far each slider goes, and in which steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

AIMED = ("fgsm", "pgd")


@dataclass(frozen=True)
class Kind:
    """One kind of attack.

    step:    from one size on the slider to the next, in the attack's unit.
    end:     the largest size, of an image whose shorter side has so many pixels.
    farther: the slider's end where nothing up to `end` changes the answer; 0 where that is the end of it.
    """

    step: float
    end: Callable[[int], float]
    farther: float = 0.0


# In the order of the menu. The names are those of `cnn_core.insight.ATTACKS`.
KINDS: dict[str, Kind] = {
    "fgsm": Kind(0.01, lambda side: 0.3, farther=0.5),
    "pgd": Kind(0.02, lambda side: 0.3, farther=0.5),
    "noise": Kind(0.05, lambda side: 1.0),
    "blur": Kind(0.25, lambda side: side / 7),
    "patch": Kind(1, lambda side: 3 * side // 4),
    "shift": Kind(1, lambda side: side // 2),
    "turn": Kind(5, lambda side: 180),
}
DIRECTIONS: dict[str, dict[str, float]] = {  # {kind: {name: degrees, as `disturbed` takes them}}
    "shift": {"right": 0.0, "left": 180.0, "up": 90.0, "down": -90.0},
    "turn": {"right": -1.0, "left": 1.0},
}


def sizes_of(kind: str, side: int, farther: bool = False) -> tuple[float, ...]:
    """The sizes of a slider, from 0 on.

    side:    the image's shorter side, in pixels.
    farther: go on to where every pixel can be grey.

    >>> sizes_of("patch", 8), sizes_of("blur", 7), len(sizes_of("fgsm", 28)), sizes_of("pgd", 28, True)[-1]
    ((0, 1, 2, 3, 4, 5, 6), (0.0, 0.25, 0.5, 0.75, 1.0), 31, 0.5)
    """
    which = KINDS[kind]
    end = which.farther if farther and which.farther else which.end(side)
    places = range(int(end / which.step + 1e-9) + 1)
    return tuple(round(which.step * place, 6) for place in places)


def scale_of(kind: str, end: float) -> float:
    """The end of the signed scale on which a pattern is drawn: of an aimed one the slider's, else all contrast."""
    return end if kind in AIMED else 1.0
