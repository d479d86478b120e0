"""With and without: two trainings that differ in their augmentation alone, and what came out of it.

A pair is no thing of its own in the store. Two runs of one visitor with the same design, recipe, data and seed, one
with random changes and one without, are a pair, whenever and wherever they were started; so the store need not say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from cnn_core.data.augment_spec import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.run import Run
from cnn_core.runs.store import RunStore
from cnn_core.runs.together import Wish, submit_all
from cnn_core.significance import Gain as Gain
from cnn_core.significance import Gap as Gap
from cnn_core.significance import gain as gain
from cnn_core.training.spec import TrainSpec

K = TypeVar("K")
_Key = tuple[str, TrainSpec, str]  # design, recipe without the random changes, data set


@dataclass(frozen=True)
class Pair:
    """Two runs, equal but for the random changes."""

    augmented: Run
    plain: Run

    @property
    def key(self) -> str:
        """The ids of both: names the pair for a page."""
        return f"{self.augmented.id}.{self.plain.id}"

    @property
    def runs(self) -> tuple[Run, Run]:
        """(with the random changes, without)."""
        return self.augmented, self.plain

    @property
    def augment(self) -> AugmentSpec:
        """The random changes of one of the two."""
        augment = self.augmented.recipe.augment
        assert augment is not None
        return augment

    @property
    def unfinished(self) -> bool:
        """Whether one of the two still goes on or waits."""
        return any(run.status.unfinished for run in self.runs)

    @property
    def finished(self) -> bool:
        """Whether both have come to their end and can be compared."""
        return all(run.status.state == "finished" for run in self.runs)


def submit_pair(
    store: RunStore, spec: ModelSpec, recipe: TrainSpec, augment: AugmentSpec, dataset: str, owner: str
) -> Pair:
    """Ask for both trainings, or for neither. One that was trained before is not trained again.

    spec, dataset: of both.
    recipe: of both; its own augmentation is replaced.
    augment: the random changes of one.
    owner: the visitor's secret token.
    Raises StudentError for changes that change nothing, and where the visitor's queue has no room for two.
    """
    if augment.changes_nothing:
        raise StudentError(
            "These settings change nothing, so both networks would be the same.",
            hint="Turn one of them up, or choose the lesson’s.",
        )
    with_it, without = submit_all(
        store,
        [
            Wish(spec, recipe.replace(augment=augment), dataset, f"{spec.name}, with changes"),
            Wish(spec, recipe.replace(augment=None), dataset, f"{spec.name}, without"),
        ],
        owner,
    )
    return Pair(with_it, without)


def find_pairs(store: RunStore, owner: str, spec: ModelSpec | None = None, among: int = 60) -> list[Pair]:
    """A visitor's pairs, newest first. Of two equal runs, a whole one counts before one that failed or was stopped.

    owner: the visitor's secret token.
    spec: only pairs of this design.
    among: how many of their newest runs are looked at.
    """
    plain: dict[_Key, Run] = {}
    augmented: dict[tuple[_Key, AugmentSpec], Run] = {}
    for run in store.runs(owner, limit=among):
        try:
            if run.kind != "training" or (spec is not None and run.spec.fingerprint != spec.fingerprint):
                continue
            recipe = run.recipe
        except StudentError:  # a folder that this server cannot read
            continue
        key = (run.spec.fingerprint, recipe.replace(augment=None, check_limits=False), run.dataset)
        if recipe.augment is None:
            _add(plain, key, run)
        elif not recipe.augment.changes_nothing:
            _add(augmented, (key, recipe.augment), run)
    pairs = [Pair(run, plain[key]) for (key, _), run in augmented.items() if key in plain]
    return sorted(pairs, key=lambda pair: -max(run.created for run in pair.runs))


def _add(runs: dict[K, Run], key: K, run: Run) -> None:
    # They come newest first.
    if key not in runs or (_ended_badly(runs[key]) and not _ended_badly(run)):
        runs[key] = run


def _ended_badly(run: Run) -> bool:
    return run.status.state in ("failed", "stopped")
