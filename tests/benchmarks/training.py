"""Training, and what belongs to it: augmentation, evaluation, two runs at once, saving."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from unittest.mock import patch

import torch

from cnn_core.data import AugmentSpec, ImageSet, load_images
from cnn_core.data.augment import augment
from cnn_core.model import PRESETS, ModelSpec, build, summarize
from cnn_core.pretrained import load_pretrained
from cnn_core.training import RECIPES, TrainSpec, evaluate, save_model, train
from cnn_core.training.fast import passes
from tests.benchmarks import peers
from tests.benchmarks.keras_peer import KerasPeer
from tests.benchmarks.measure import Line, Plan, Work, alternate, in_turns, machine_limit, per_second
from tests.benchmarks.one_training import trainer, work

LESSON = RECIPES["lesson"].replace(epochs=1)
DIGITS, KERAS_DIGITS = 4_800, 9_600  # in an epoch; Keras's `fit` has something to do once in each


def lines(plan: Plan, keras: KerasPeer | None) -> Iterator[Line]:
    """One line after the other, as they are measured."""
    data = load_images("mnist", "train").take(plan.pick(1_280, DIGITS))
    yield from plain(plan, data, keras)
    yield from unread(plan, data)
    yield augmented(plan, data)
    yield augmentation(plan, data)
    yield two_at_once(plan)
    yield evaluation(plan)
    yield saving(plan)


def plain(plan: Plan, data: ImageSet, keras: KerasPeer | None) -> Iterator[Line]:
    """An epoch of a recipe, from new weights: against the tutorial's loop, all in turns; and against Keras's `fit`."""
    import torchvision  # noqa: F401  or the peer's first turn would pay for it

    loop = "DataLoader, ToTensor, float32"
    if keras is not None:
        more = load_images("mnist", "train").take(plan.pick(1_280, KERAS_DIGITS))
        turns = alternate(lambda: learn(more, LESSON), lambda: keras.fit(more), 3 * plan.rounds)
        yield rate("training, lesson recipe", more, *turns, "Keras's fit on TensorFlow", least=2.2)
    fast, exact = RECIPES["fast"].replace(epochs=1), LESSON.replace(precision="float32")
    half, full, with_adamw, theirs, theirs_with_adamw = in_turns(
        [
            *(partial(learn, data, recipe) for recipe in (LESSON, exact, fast)),
            *(partial(peers.tutorial_training, data, optimizer) for optimizer in ("RMSprop", "AdamW")),
        ],
        plan.rounds,
    )
    flops = training_flops(PRESETS["lesson"]) * len(data)
    share = flops / median(half) / machine_limit(plan, "bfloat16")
    yield rate("training, lesson recipe", data, half, theirs, loop, share=share)
    share = flops / median(full) / machine_limit(plan, "float32")
    yield rate("training, lesson recipe in float32", data, full, theirs, loop, share=share)
    yield rate("training, fast recipe", data, with_adamw, theirs_with_adamw, f"{loop}, AdamW")


def unread(plan: Plan, data: ImageSet) -> Iterator[Line]:
    """What leaving out pixels that never reach the output is worth: with one thread, with all; and in evaluation."""
    net, threads = build(PRESETS["lesson"]), torch.get_num_threads()
    try:
        for count in sorted({1, threads}):
            torch.set_num_threads(count)
            for work, name in (
                (lambda: learn(data, LESSON), "training"),
                (lambda: evaluate(net, data), "evaluation"),
            ):
                turns = alternate(work, partial(with_whole_images, work), plan.rounds)
                yield rate(
                    f"{name} without unread pixels, {count} threads", data, *turns, "ours, whole images"
                )
    finally:
        torch.set_num_threads(threads)


def with_whole_images(work: Work) -> None:
    """Do it as if a part of the images had never been tried."""
    with patch.object(passes, "TRIED_AT", math.inf):
        work()


def augmented(plan: Plan, data: ImageSet) -> Line:
    """Training with all the lesson's augmentation, as a fraction of the speed without."""
    changed = LESSON.replace(augment=AugmentSpec.lesson())
    turns = alternate(lambda: learn(data, changed), lambda: learn(data, LESSON), plan.rounds)
    return rate("training with all augmentation", data, *turns, "ours without", least=0.7)


def augmentation(plan: Plan, data: ImageSet) -> Line:
    """Changing batches of 64, without training."""
    os.environ.setdefault(
        "KERAS_BACKEND", "torch"
    )  # Keras's generator is numpy and scipy, whatever the backend
    data = data.take(plan.pick(640, 1_920))
    images, spec = data.images.float() / 255, AugmentSpec.lesson()
    array = images.permute(0, 2, 3, 1).numpy()
    generator = torch.Generator().manual_seed(0)
    turns = alternate(
        lambda: [augment(batch, spec, generator) for batch in images.split(64)],
        lambda: list(peers.keras_augmented(array, 64)),
        plan.rounds,
    )
    return rate("augmentation, batches of 64", data, *turns, "Keras's ImageDataGenerator", least=10)


def two_at_once(plan: Plan) -> Line:
    """Two runs of one thread each, together, against one alone; images a second of all that run."""
    count = plan.pick(1_280, DIGITS)
    count = min(count, len(load_images("mnist", "train")))
    with trainer(count, threads=1) as one, trainer(count, threads=1) as other:
        mine, theirs = alternate(lambda: work([one, other]), lambda: work([one]), plan.rounds)
    name = "two runs at once, one thread each"
    together, alone = per_second(2 * count, mine), per_second(count, theirs)
    return Line("training", name, "images/s", together, alone, "one alone, one thread", least=1.5)


def evaluation(plan: Plan) -> Line:
    """The test set, or as many training digits, where the test set is only a sample."""
    data = load_images("mnist", "test")
    if data.is_sample:
        data = load_images("mnist", "train")
    data = data.take(plan.pick(2_000, 10_000))
    net, _ = load_pretrained("lesson")
    plain = peers.same_weights(net)
    turns = alternate(
        lambda: evaluate(net, data), lambda: peers.tutorial_evaluation(plain, data), min(plan.rounds, 3)
    )
    return rate("evaluation, confusion included", data, *turns, "DataLoader, batches of 1,000")


def saving(plan: Plan) -> Line:
    """Weights and design to a file, whole or not at all, against the tutorial's `torch.save`."""
    net, spec = load_pretrained("lesson")
    with tempfile.TemporaryDirectory() as folder:
        mine, theirs = alternate(
            lambda: save_model(Path(folder) / "ours.safetensors", net, spec),
            lambda: torch.save(net.state_dict(), Path(folder) / "peer.pt"),
            10 * plan.rounds,
        )
    times = [tuple(1e3 * one for one in each) for each in (mine, theirs)]
    return Line("training", "saving the lesson's net, safetensors", "ms", *times, "torch.save, a pickle")


def learn(data: ImageSet, recipe: TrainSpec) -> None:
    """A training from new weights, to its end, every event listened to."""
    for _ in train(build(PRESETS["lesson"]), data, recipe):
        pass


def rate(
    name: str, data: ImageSet, mine: tuple[float, ...], theirs: tuple[float, ...], peer: str, **more: float
) -> Line:
    """A line in images a second, from seconds for all of `data`."""
    name = f"{name}, {len(data):,} images"
    return Line(
        "training", name, "images/s", per_second(len(data), mine), per_second(len(data), theirs), peer, **more
    )


def training_flops(spec: ModelSpec) -> float:
    """Of one image's step: forward, gradients of weights, and of inputs but for the first layer's."""
    macs = [row.macs for row in summarize(spec) if row.macs and row.parameters]
    return 2 * (3 * sum(macs) - macs[0])
