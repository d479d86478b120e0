"""What trainings came to: on this server, and on ours, where a table was made of a few designs. No torch.

An expectation is earned by a training that was done. Of the same design, or of designs like it: the same kinds of
layers and activations, about as deep; learning from the same data set, about as many images, by the same recipe.

`python -m cnn_core.runs.jobs.measure` makes our table, `measured.json`.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cnn_core.model import summarize
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.files import read_json, write_json
from cnn_core.training.ahead import has_dropout
from cnn_core.training.spec import TrainSpec

TABLE = Path(__file__).with_name("measured.json")
MOST_REMEMBERED = 500  # trainings of this server, the latest
_PLAIN_ENDS = ("softmax", "linear")  # what a last layer usually has


@dataclass(frozen=True)
class Measurement:
    """What one training came to.

    design:            the fingerprint of its design.
    family:            what designs like it have in common, as `family_of` says it.
    depth:             its layers with weights, batch normalisation aside.
    macs:              multiply-adds for one image.
    dataset:           a key of DATASETS.
    is_sample:         whether it learnt from a part that stands in for the whole data set, and was tested on it.
    images:            how many it learnt from.
    recipe:            as `recipe_key` says it.
    accuracy:          a fraction of the test images, which it had not learnt from.
    images_per_second: while it learnt.
    """

    design: str
    family: str
    depth: int
    macs: int
    dataset: str
    is_sample: bool
    images: int
    recipe: str
    accuracy: float
    images_per_second: float

    @classmethod
    def of(
        cls,
        spec: ModelSpec,
        recipe: TrainSpec,
        dataset: str,
        is_sample: bool,
        images: int,
        accuracy: float,
        images_per_second: float,
    ) -> Measurement:
        """A training of this design by this recipe."""
        return cls(
            design=spec.fingerprint,
            family=family_of(spec),
            depth=depth_of(spec),
            macs=macs_of(spec),
            dataset=dataset,
            is_sample=is_sample,
            images=images,
            recipe=recipe_key(recipe),
            accuracy=round(accuracy, 4),
            images_per_second=round(images_per_second, 1),
        )

    @classmethod
    def from_dict(cls, values: Any) -> Measurement | None:
        """The inverse of `dataclasses.asdict`; None for what makes no sense."""
        try:
            one = cls(**values)
            is_sound = (
                0 <= one.accuracy <= 1 and one.images_per_second > 0 and one.images > 0 and one.macs >= 0
            )
        except TypeError:
            return None
        return one if is_sound else None


def family_of(spec: ModelSpec) -> str:
    """What a design has in common with those like it, in words.

    >>> from cnn_core.model.presets import PRESETS
    >>> family_of(PRESETS["lesson"]), family_of(PRESETS["mlp"])
    ('convnets with relu', 'networks of dense layers with relu')
    """
    learning = [layer for layer in spec.layers if hasattr(layer, "activation")]
    inner = {str(getattr(layer, "activation", "linear")) for layer in learning[:-1]} - {"linear"}
    if any(layer.has_filters for layer in spec.layers):
        kind = "convnets"
    else:
        kind = "networks of dense layers" if depth_of(spec) > 1 else "networks of one dense layer"
    additions = [
        *sorted(inner),
        *(["batch normalisation"] if any(layer.keeps_averages for layer in spec.layers) else []),
        *(["dropout layers"] if has_dropout(spec) else []),
    ]
    last = str(getattr(learning[-1], "activation", "linear")) if learning else "linear"
    if last not in _PLAIN_ENDS:
        additions.append(f"{last} at the end")
    return f"{kind} with {', '.join(additions)}" if additions else kind


def depth_of(spec: ModelSpec) -> int:
    """Layers with weights, batch normalisation aside."""
    return sum(
        row.parameters > 0 and not layer.keeps_averages
        for row, layer in zip(summarize(spec), spec.layers, strict=True)
    )


def macs_of(spec: ModelSpec) -> int:
    """Multiply-adds for one image."""
    return sum(row.macs for row in summarize(spec))


def recipe_key(recipe: TrainSpec) -> str:
    """Equal for recipes that differ in chance and in the number of images alone."""
    values = recipe.identity()
    for name in ("seed", "train_size", "precision"):
        values.pop(name, None)
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def table() -> tuple[Measurement, ...]:
    """What we measured ourselves; empty where the table is missing."""
    return _sound(read_json(TABLE).get("measurements", []))


def _sound(rows: Any) -> tuple[Measurement, ...]:
    measurements = (Measurement.from_dict(row) for row in (rows if isinstance(rows, list) else []))
    return tuple(one for one in measurements if one is not None)


class Results:
    """What the trainings of a server came to, in `results.json` of the store in folder `path`."""

    def __init__(self, path: Path) -> None:
        self.file = path / "results.json"

    def all(self) -> tuple[Measurement, ...]:
        """The latest of them, oldest first."""
        return _sound(read_json(self.file).get("measurements", []))

    def remember(self, measurement: Measurement) -> None:
        """Keep it for the expectations of the next. Raises OSError."""
        rows = [asdict(one) for one in (*self.all(), measurement)]
        write_json(self.file, {"measurements": rows[-MOST_REMEMBERED:]})


# ---------------------------------------------------------------- looking up


@dataclass(frozen=True)
class Range:
    """Where accuracies lay, as fractions.

    low, high: the worst and the best of them.
    images:    from how many images, at least and at most.
    count:     how many trainings these were.
    """

    low: float
    high: float
    images: tuple[int, int]
    count: int


def same_design(measurements: Iterable[Measurement], spec: ModelSpec) -> list[Measurement]:
    """Those of this very design."""
    return [one for one in measurements if one.design == spec.fingerprint]


def like_design(measurements: Iterable[Measurement], spec: ModelSpec) -> list[Measurement]:
    """Those of designs like it; none where it is less deep or deeper than all of them."""
    family, depth = family_of(spec), depth_of(spec)
    family_members = [one for one in measurements if one.family == family]
    depths = [one.depth for one in family_members]
    return family_members if depths and min(depths) <= depth <= max(depths) else []


def by_recipe(
    measurements: Iterable[Measurement], recipe: TrainSpec, dataset: str, is_sample: bool
) -> list[Measurement]:
    """Those by the same recipe, on the same data."""
    key = recipe_key(recipe)
    return [
        one for one in measurements if (one.recipe, one.dataset, one.is_sample) == (key, dataset, is_sample)
    ]


def accuracies_at(measurements: Sequence[Measurement], images: int) -> Range | None:
    """Where the accuracies lay of those that learnt from so many images, or from the next fewer and the next more.

    None where `images` is fewer than in all of them, or more.
    """
    at = [one for one in measurements if one.images == images]
    if not at:
        fewer = max((one.images for one in measurements if one.images < images), default=None)
        more = min((one.images for one in measurements if one.images > images), default=None)
        if fewer is None or more is None:
            return None
        at = [one for one in measurements if one.images in (fewer, more)]
    accuracies, numbers = [one.accuracy for one in at], [one.images for one in at]
    return Range(min(accuracies), max(accuracies), (min(numbers), max(numbers)), len(at))
