"""What to expect of a training before it is started: how long, and how good. Arithmetic and memory, no torch."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.model.shapes import summarize
from cnn_core.model.spec import ModelSpec
from cnn_core.runs.store import RunStore
from cnn_core.training.spec import TrainSpec

# Measured with one thread of a two-core server: a fixed cost an image (gathering, the loss, the optimizer) and one
# for each of its multiply-adds, forwards and backwards. Only used until a design has been trained on this machine.
SECONDS_PER_IMAGE = 2.0e-5
SECONDS_PER_MAC = 5.0e-11

# Of the 500 digits kept aside where only the sample of 4,500 can be learnt; the lesson's convnet, five seeds.
SAMPLE_ACCURACY = 0.96


@dataclass(frozen=True)
class Expectation:
    """seconds: predicted, of training alone.  accuracy: a fraction, or None where nobody knows.  why: one clause."""

    seconds: float
    accuracy: float | None
    why: str


def expect(store: RunStore, spec: ModelSpec, recipe: TrainSpec, images: int, is_sample: bool) -> Expectation:
    """What a training of `spec` by `recipe` on a data set of `images` training images will bring.

    The time is that of the same design's last training on this machine, else a prediction from its multiply-adds.
    The accuracy is that of the network we trained ourselves, if it is the same design.
    """
    learnt = min(images, recipe.train_size or images)
    speed = store.speed_of(spec) or predicted_speed(spec)
    seconds = learnt * recipe.epochs / speed
    if is_sample:
        return Expectation(seconds, SAMPLE_ACCURACY, "what a convnet gets from 4,500 digits")
    for name, card in _cards().items():
        if card["fingerprint"] == spec.fingerprint and learnt == images:
            return Expectation(
                seconds, float(card["test_accuracy"]), f"what ours got: “{name}”, seed {card['seed']}"
            )
    return Expectation(seconds, None, "nobody has trained this design yet")


def predicted_speed(spec: ModelSpec) -> float:
    """Images a second that one worker of this machine will learn, about.

    >>> from cnn_core.model.presets import PRESETS
    >>> 3_000 < predicted_speed(PRESETS["lesson"]) < 15_000
    True
    """
    macs = sum(row.macs for row in summarize(spec))
    return 1 / (SECONDS_PER_IMAGE + SECONDS_PER_MAC * macs)
