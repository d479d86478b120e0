"""A trained network and how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec
    from cnn_core.runs import History
    from cnn_core.training import TrainSpec


@dataclass(frozen=True)
class Contender:
    """One trained network in a comparison: a run, or one of ours.

    accuracy, count: on the test set; None and 0 before the end.  seconds: of training.
    """

    key: str
    name: str
    spec: ModelSpec
    recipe: TrainSpec
    dataset: str
    history: History
    accuracy: float | None
    count: int
    seconds: float
    parameters: int
    state: str = "finished"
    opened: bool = False  # from a file, and not trained here since: nobody knows how it was trained

    @property
    def has_curve(self) -> bool:
        return bool(len(self.history.validation.epoch) or len(self.history.train.epoch))

    @property
    def design(self) -> tuple:
        """Equal for runs that differ by nothing but the seed."""
        return self.spec.fingerprint, self.recipe.replace(seed=0), self.dataset
