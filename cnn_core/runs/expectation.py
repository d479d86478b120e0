"""What to expect of a training before it is started: how long, and how good. Arithmetic and memory, no torch."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core import pretrained
from cnn_core.model import summarize
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.store import RunStore
from cnn_core.training.spec import TrainSpec

# Measured with one thread of a two-core server: a fixed cost an image (gathering, the loss, the optimizer) and one
# for each of its multiply-adds, forwards and backwards. Only used until a design has been trained on this machine.
SECONDS_PER_IMAGE = 3.0e-5
SECONDS_PER_MAC = 2.5e-11

# Of the 500 digits kept aside where only the sample of 4,500 can be learnt; the lesson's convnet, five seeds.
SAMPLE_ACCURACY = 0.96


VALIDATION_IMAGES = 5_000  # of 60,000; a ninth of a smaller set


def split_sizes(images: int) -> tuple[int, int]:
    """Of a data set's training images: how many a run learns from, and how many it keeps aside for validation.

    >>> split_sizes(60_000), split_sizes(4_500)
    ((55000, 5000), (4000, 500))
    """
    aside = min(VALIDATION_IMAGES, max(1, images // 9))
    return images - aside, aside


@dataclass(frozen=True)
class Expectation:
    """seconds: predicted, of training alone.  accuracy: a fraction, or None where nobody knows.  why: one clause."""

    seconds: float
    accuracy: float | None
    why: str


def expect(
    store: RunStore, spec: ModelSpec, recipe: TrainSpec, dataset: str, images: int, is_sample: bool
) -> Expectation:
    """What a training of `spec` by `recipe` on `images` training images will bring.

    The time is that of the same design's last training on this machine, else a prediction from its multiply-adds.
    The accuracy is that of the network we trained ourselves, if design and recipe are the same.
    """
    learnt = min(images, recipe.train_size or images)
    speed = store.speed_of(spec) or predicted_speed(spec)
    seconds = learnt * recipe.epochs / speed
    if is_sample:
        return Expectation(seconds, SAMPLE_ACCURACY, "what a convnet gets from 4,500 digits")
    for name in pretrained.names():
        card = pretrained.card(name)
        same = card.fingerprint == spec.fingerprint and card.recipe == recipe.replace(seed=card.recipe.seed)
        if same and dataset == "mnist":
            return Expectation(
                seconds, card.test_accuracy, f"what ours reached from 60,000, with seed {card.recipe.seed}"
            )
    return Expectation(seconds, None, "this design has not been trained by this recipe yet")


def predicted_speed(spec: ModelSpec) -> float:
    """Images a second that one worker of this machine will learn, about.

    >>> from cnn_core.model.presets import PRESETS
    >>> 3_000 < predicted_speed(PRESETS["lesson"]) < 15_000
    True
    """
    macs = sum(row.macs for row in summarize(spec))
    return 1 / (SECONDS_PER_IMAGE + SECONDS_PER_MAC * macs)
