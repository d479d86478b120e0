"""The settings of a dream, limited so that it ends within a minute; equal settings give equal dreams.

No torch here: a page builds one, a file keeps it, and the worker that dreams checks it once more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cnn_core.checks import is_number
from cnn_core.errors import StudentError, quoted

MAX_SIDE = 1_024  # pixels of the longer side: at that size a step of the photo network takes half a second
MAX_PIXEL_STEPS = 40_000_000  # pixels x steps of all octaves: 40 s for the photo network, on one core
# Pixels of the shorter side: a photo network halves it four times, and then looks around.
LEAST_PHOTO_SIDE = 32
MAX_LAYERS = 4
MAX_NETWORK = 8_000  # characters: a design as a link is the longest name of a network

LIMITS: dict[str, tuple[float, float, str]] = {  # field: least, most, how a sentence calls it
    "octaves": (1, 6, "The number of octaves"),
    "octave_scale": (1.2, 2.0, "The octave scale"),
    "steps": (1, 40, "The number of steps"),
    "step_size": (0.001, 0.05, "The strength"),
    "jitter": (0, 32, "The shaking"),
    "seed": (0, 2**31 - 1, "The seed"),
}


@dataclass(frozen=True)
class DreamSpec:
    """A dream that can be done. Field names are those of `dream`, but for the network.

    network: "efficientnet_lite0", "googlenet", or what `runs` calls a network: "pretrained:lesson",
             "run:<id>:<step>", "design:<link>".
    layers:  ((name, weight), ...), the weights above 0; which names there are only the network knows.
    step_size: mean change of a pixel at each step, as a fraction of full contrast.
    Raises StudentError for numbers that are not such.
    """

    network: str
    layers: tuple[tuple[str, float], ...]
    octaves: int = 4
    octave_scale: float = 1.4
    steps: int = 12
    step_size: float = 0.012
    jitter: int = 16
    seed: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.network, str) or not 0 < len(self.network) <= MAX_NETWORK:
            raise StudentError("A dream needs a network.", hint="Choose one.")
        object.__setattr__(self, "layers", _layers(self.layers))
        for name, (least, most, words) in LIMITS.items():
            value = getattr(self, name)
            whole = isinstance(least, int)
            if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
                raise StudentError(f"{words} is {quoted(value)}.", hint=f"Choose from {least} to {most}.")
            if not least <= value <= most:
                raise StudentError(f"{words} is {quoted(value)}.", hint=f"Choose from {least} to {most}.")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> DreamSpec:
        """What `to_dict` gave. Raises StudentError for anything else."""
        known = {field.name for field in fields(cls)}
        if (
            not isinstance(values, Mapping)
            or not {"network", "layers"} <= set(values)
            or not set(values) <= known
        ):
            raise StudentError("These are not the settings of a dream.", hint="Start it anew from the page.")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"layers": [list(pair) for pair in self.layers]}

    def pixel_steps(self, height: int, width: int) -> float:
        """How many pixels are changed in all octaves and steps of a picture of this size."""
        return self.steps * height * width * sum(self.octave_scale ** (-2 * i) for i in range(self.octaves))

    def check_size(self, height: int, width: int) -> None:
        """Raise StudentError for a picture that is too thin, or would take too long with these numbers."""
        if ":" not in self.network and min(height, width) < LEAST_PHOTO_SIDE:
            raise StudentError(
                f"At this size the photo has {width}×{height} pixels, too few for a photo network to see anything.",
                hint="Choose a larger size, or a photo that is not so long and thin.",
            )
        if max(height, width) > MAX_SIDE:
            raise StudentError(
                f"The picture is {width}×{height} pixels.",
                hint=f"Make its longer side {MAX_SIDE:,} pixels or less.",
            )
        if self.pixel_steps(height, width) > MAX_PIXEL_STEPS:
            raise StudentError(
                f"{self.octaves} octaves of {self.steps} steps at {width}×{height} pixels take minutes.",
                hint="Choose a smaller size or fewer steps.",
            )


def _layers(given: Any) -> tuple[tuple[str, float], ...]:
    """Pairs of name and weight, from tuples or from JSON's lists."""
    try:
        pairs = tuple((name, weight) for name, weight in given)
    except (TypeError, ValueError):
        pairs = ()
    if not 1 <= len(pairs) <= MAX_LAYERS or len({str(name) for name, _ in pairs}) < len(pairs):
        raise StudentError(f"A dream needs 1 to {MAX_LAYERS} different layers.", hint="Choose one.")
    for name, weight in pairs:
        if not isinstance(name, str) or len(name) > 80:
            raise StudentError("A layer’s name is a word.", hint="Choose one of the list.")
        if not is_number(weight) or not 0 < weight <= 10:
            raise StudentError(
                f"The weight of {name} is {quoted(weight)}.", hint="Choose more than 0, up to 10."
            )
    return tuple((name, float(weight)) for name, weight in pairs if math.isfinite(weight))
