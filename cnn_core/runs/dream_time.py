"""How long a dream will take on this machine: by the dreams that were dreamt here, else as on ours. No torch.

Time goes by pixels times steps, and by how deep the network looks: once one depth was dreamt here, the others follow.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cnn_core.insight import DreamSpec
from cnn_core.runs.expectation import Speeds

# Seconds of one core for a million pixels and one step, on our machine (AMD EPYC), full with other work.
OURS = {"lines": 0.48, "scales": 0.57, "fur": 0.68, "animals": 0.74, "creatures": 0.76}
PHOTO_NETWORK = "efficientnet_lite0"  # whose depths these are
PACE = "dream's pace"  # as `Speeds` keeps it: how many times as long as on our machine
LEAST = 1.0  # million pixel-steps: of a smaller dream most is no dreaming


@dataclass(frozen=True)
class DreamTime:
    """seconds: from its first step to its last.  is_from_here: told by dreams on this machine."""

    seconds: float
    is_from_here: bool


def expected(path: Path, spec: DreamSpec, height: int, width: int) -> DreamTime | None:
    """How long a dream takes, without waiting for its turn; None of a network whose cost nobody has measured.

    path: of the store.
    height, width: of the picture, in pixels.
    """
    ours = _on_ours(spec, height, width)
    if ours is None:
        return None
    pace = Speeds(path).seconds(PACE, 0.0)
    return DreamTime(ours * pace, True) if pace > 0 else DreamTime(ours, False)


def remember(path: Path, spec: DreamSpec, height: int, width: int, seconds: float) -> None:
    """Keep how long a dream took. Raises OSError.

    path, height, width: as of `expected`.
    """
    ours = _on_ours(spec, height, width)
    if ours is not None and spec.pixel_steps(height, width) >= LEAST * 1e6 and seconds > 0:
        Speeds(path).remember_seconds(PACE, max(seconds / ours, 0.01))


def _on_ours(spec: DreamSpec, height: int, width: int) -> float | None:
    costs = [OURS.get(name) for name, _ in spec.layers]
    known = [cost for cost in costs if cost is not None]
    if spec.network != PHOTO_NETWORK or len(known) < len(costs):
        return None
    return spec.pixel_steps(height, width) / 1e6 * max(known)
