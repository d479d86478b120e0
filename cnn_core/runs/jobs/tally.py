"""What a runner has counted since it began: how long work waited, and how it ended. For the operator's figures."""

from __future__ import annotations

from collections import Counter
from typing import Any

BOUNDS = (
    1,
    10,
    60,
    300,
    1800,
)  # seconds of waiting, each a bar of the histogram; what waited longer is above all


class Tally:
    """Counts that only grow."""

    def __init__(self) -> None:
        self.waits: Counter[int] = Counter()  # bound -> how much work waited no longer than that
        self.count, self.seconds = 0, 0.0  # of all work that was started, and how long it waited together
        self.ends: Counter[str] = Counter()  # "training finished" -> how many

    def starts(self, waited: float) -> None:
        """A piece of work that waited so many seconds is given to a worker."""
        waited = max(0.0, waited)  # the clock may have been set back
        self.count += 1
        self.seconds += waited
        self.waits.update(bound for bound in BOUNDS if waited <= bound)

    def end(self, kind: str, state: str) -> None:
        """A run ended in this state."""
        self.ends[f"{kind} {state}"] += 1

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, as it stands in `runner.json`."""
        return {
            "waits": {str(bound): self.waits[bound] for bound in BOUNDS},
            "count": self.count,
            "seconds": self.seconds,
            "ends": dict(self.ends),
        }
