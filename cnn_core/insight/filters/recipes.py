"""How to climb to a filter's picture: the numbers of gradient ascent, and the two recipes that have a name."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from cnn_core.checks import plain_number, whole_number


@dataclass(frozen=True)
class AscentRecipe:
    """How to climb. The defaults are the notebook's: nothing but the step.

    step:    typical change of a pixel at each step, in units of full contrast.
    epsilon: added to the gradient's RMS: gradients far below it hardly move the image.
    noise:   pixels of the start, uniform between these two.
    leak:    slope below zero of the relu we climb by; 0 is the net's own.
    jitter:  the picture is shaken by up to this many pixels at each step.
    blur:    how much of a 3×3 mean is mixed in after each step, 0 to 1.
    clamp:   keep pixels in [0, 1].
    rescue:  try the silent again: from other noise, and then from the digit that excites them most.
    Raises StudentError for numbers that make no sense.
    """

    step: float = 1.0
    epsilon: float = 1e-5
    noise: tuple[float, float] = (0.0, 1.0)
    leak: float = 0.0
    jitter: int = 0
    blur: float = 0.0
    clamp: bool = False
    rescue: bool = False

    def __post_init__(self) -> None:
        whole_number(self.jitter, "The jitter", 0, 14)
        for value, title, least, most in (
            (self.step, "The step", 0.0, 100.0),
            (self.leak, "The leak", 0.0, 1.0),
            (self.blur, "The blur", 0.0, 1.0),
        ):
            plain_number(value, title, least, most)

    def replace(self, **changes: Any) -> AscentRecipe:
        """A copy with some values changed, checked like any other."""
        return replace(self, **changes)


RECIPES: dict[str, AscentRecipe] = {
    "lesson": AscentRecipe(),
    "clean": AscentRecipe(
        step=0.05,
        epsilon=1e-12,
        noise=(0.4, 0.6),
        leak=0.01,
        jitter=2,
        blur=0.15,
        clamp=True,
        rescue=True,
    ),
}
