"""Trainings that the doctor looks at: bad ones, one for each rule, and good ones; all on the digits always here.

`python -m tests.core.doctor_cases` does those that take long and writes what it measured of them to
tests/data/doctor_cases.json (about ten minutes on one core); the others are done anew by each test. With `--quoted` it
prints the accuracies that the doctor's sentences quote.
"""

from __future__ import annotations

import json
import random
import sys
from dataclasses import replace
from pathlib import Path

import torch

from cnn_core.data import load_images
from cnn_core.data.splits import split_sizes
from cnn_core.doctor import Case, CheckImages, Health, check, compare_with_relu
from cnn_core.doctor.course import starved_layer
from cnn_core.doctor.health import Check, Comparison
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import (
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling2D,
    MaxPooling2D,
)
from cnn_core.training import RECIPES, BatchDone, Curve, History, TrainSpec, Validated, evaluate, train

RECORDED = Path(__file__).parents[1] / "data" / "doctor_cases.json"
LESSON, LESSON_RECIPE = PRESETS["lesson"], RECIPES["lesson"]


def with_activation(name: str, spec: ModelSpec = LESSON, last: str = "softmax") -> ModelSpec:
    """The design with another activation everywhere, and at its end."""
    layers = [replace(one, activation=name) if hasattr(one, "activation") else one for one in spec.layers]
    layers[-1] = replace(layers[-1], activation=last)
    return spec.replace(layers=tuple(layers))


SIGMOID_MLP = ModelSpec(
    "Sigmoids",
    (1, 28, 28),
    10,
    (Flatten(), *(Dense(32, activation="sigmoid") for _ in range(6)), Dense(10, activation="softmax")),
)
WITHOUT_BENDS = ModelSpec(
    "Without bends", (1, 28, 28), 10, (Flatten(), *(Dense(64) for _ in range(6)), Dense(10))
)
SMALL = ModelSpec(
    "Small",
    (1, 28, 28),
    10,
    (
        Conv2D(8, strides=2, activation="relu"),
        Conv2D(16, strides=2, activation="relu"),
        Flatten(),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    ),
)
NORMALISED = ModelSpec(
    "Normalised",
    (1, 28, 28),
    10,
    (
        Conv2D(8, strides=2, activation="relu"),
        BatchNormalization(),
        Conv2D(16, strides=2, activation="relu"),
        BatchNormalization(),
        Flatten(),
        Dense(10, activation="softmax"),
    ),
)


def sample():
    """(4,000 images to learn from, 500 kept aside): what a run has where nothing else is here."""
    images = load_images("mnist", "train", fetch=False)
    return images.split_off(split_sizes(len(images))[1])


def course(spec: ModelSpec, recipe: TrainSpec, every: int = 25) -> Case:
    """A training really done on the sample, measured every so many steps, as the page would see it at its end."""
    images, validation = sample()
    checked, net, checks, batches, validations, step, reason = (
        CheckImages.of(images, recipe),
        build(spec),
        [],
        [],
        [],
        0,
        "",
    )
    plan = Case(spec, recipe, len(images), "digits", images.classes)
    try:
        for event in train(net, images, recipe, validation):
            step = event.step
            if isinstance(event, BatchDone):
                batches.append(event)
                if step % every == 0 or step == plan.steps:
                    checks.append(check(net, checked, step, event.epoch))
            elif isinstance(event, Validated):
                validations.append(event)
    except StudentError as error:
        reason = str(error)
    compared = None
    if starved_layer(checks, plan.guess):
        compared = compare_with_relu(spec, recipe, images, validation, step)
    lines = [batches[i : i + 10] for i in range(0, len(batches), 10)]  # as the recorder writes them
    history = History(
        Curve(
            [line[-1].step for line in lines],
            [line[-1].epoch for line in lines],
            [sum(one.loss for one in line) / len(line) for line in lines],
            [sum(one.accuracy for one in line) / len(line) for line in lines],
        ),
        Curve(
            [one.step for one in validations],
            [one.epoch for one in validations],
            [one.loss for one in validations],
            [one.accuracy for one in validations],
        ),
        [line[-1].learning_rate for line in lines],
    )
    state = "failed" if reason else "finished"
    return replace(
        plan, state=state, reason=reason, step=step, history=history, health=Health(tuple(checks), compared)
    )


def good_design(seed: int) -> tuple[ModelSpec, TrainSpec]:
    """A sound design and recipe, drawn by lot: one to three blocks, a usual rate, enough steps."""
    chance = random.Random(seed)
    bend = chance.choice(["relu", "relu", "leaky_relu", "elu", "gelu", "tanh"])
    filters, layers = chance.choice([8, 12, 16]), []
    for _ in range(chance.choice([2, 2, 3])):
        kernel = chance.choice([3, 3, 5])
        layers.append(Conv2D(filters, kernel, padding="same", activation=bend))
        if chance.random() < 0.2:
            layers.append(Dropout(0.1))
        layers.append(MaxPooling2D())
        filters = min(32, 2 * filters)
    layers.append(Flatten())
    if chance.random() < 0.6:
        layers.append(Dense(chance.choice([32, 64]), activation=bend))
    spec = ModelSpec(f"Good {seed}", (1, 28, 28), 10, (*layers, Dense(10, activation="softmax")))
    optimizer = chance.choice(["rmsprop", "adam", "adamw"])
    return spec, TrainSpec(
        optimizer=optimizer, learning_rate=chance.choice([0.001, 0.002]), epochs=2, seed=seed
    )


# ---------------------------------------------------------------- those that take long


def recorded() -> dict[str, Case]:
    """{name: the case that was measured}."""
    return {name: _case(values) for name, values in json.loads(RECORDED.read_text("utf-8")).items()}


def slow_cases() -> dict[str, tuple[ModelSpec, TrainSpec]]:
    """What is recorded: presets by the lesson's recipe, and what convnets do wrong."""
    presets = {f"preset {key}": (spec, LESSON_RECIPE) for key, spec in PRESETS.items() if key != "modern"}
    presets["preset lesson, fast"] = (LESSON, RECIPES["fast"])
    return presets | {
        "sigmoid": (with_activation("sigmoid"), LESSON_RECIPE.replace(epochs=2)),
        "rate 0.01": (LESSON, LESSON_RECIPE.replace(learning_rate=0.01, epochs=2)),
        "rate 0.03": (LESSON, LESSON_RECIPE.replace(learning_rate=0.03, epochs=2)),
        "sgd rate 1": (LESSON, LESSON_RECIPE.replace(optimizer="sgd", learning_rate=1.0, epochs=2)),
        "relu at the end": (with_activation("relu", last="relu"), LESSON_RECIPE),
        "preset modern": (PRESETS["modern"], LESSON_RECIPE.replace(epochs=10)),
        "modern, 315 steps": (PRESETS["modern"], LESSON_RECIPE),
    }


def _values(case: Case) -> dict:
    curves = {
        name: {
            column: [_short(value) for value in getattr(curve, column)]
            for column in ("step", "epoch", "loss", "accuracy")
        }
        for name, curve in (("train", case.history.train), ("validation", case.history.validation))
    }
    compared = case.health.with_relu
    return {
        "spec": case.spec.to_dict(),
        "recipe": case.recipe.to_dict(),
        "available": case.available,
        "state": case.state,
        "reason": case.reason,
        "step": case.step,
        "rates": list(case.history.learning_rates),
        "checks": [one.to_dict() for one in case.health.checks],
        "with_relu": None if compared is None else compared.to_dict(),
        **curves,
    }


def _short(value: float) -> float:
    return value if isinstance(value, int) else float(f"{value:.6g}")


def _case(values: dict) -> Case:
    compared = values["with_relu"]
    return Case(
        ModelSpec.from_dict(values["spec"]),
        TrainSpec.from_dict(values["recipe"]),
        values["available"],
        "digits",
        tuple("0123456789"),
        state=values["state"],
        reason=values["reason"],
        step=values["step"],
        history=History(Curve(**values["train"]), Curve(**values["validation"]), values["rates"]),
        health=Health(
            tuple(one for line in values["checks"] if (one := Check.from_dict(line))),
            None if compared is None else Comparison.from_dict(compared),
        ),
    )


# ---------------------------------------------------------------- what the sentences quote


def read_after(spec: ModelSpec, recipe: TrainSpec) -> float:
    """The fraction of the 500 digits kept aside that the design reads after this training."""
    images, validation = sample()
    net = build(spec, recipe.seed)
    for _ in train(net, images, recipe):
        pass
    return evaluate(net, validation).accuracy


def averaged(sides: tuple[int, ...]) -> ModelSpec:
    """A net whose maps are averaged, and whose view is as wide as these kernels make it."""
    maps = tuple(Conv2D(24, side, padding="same", activation="relu") for side in sides)
    return ModelSpec(
        "Averaged", (1, 28, 28), 10, (*maps, GlobalAveragePooling2D(), Dense(10, activation="softmax"))
    )


def _print_quoted() -> None:
    for count in (100, 300, 4_000):
        print(f"from {count} images", read_after(LESSON, LESSON_RECIPE.replace(train_size=count)), flush=True)
    for optimizer, rates in {
        "rmsprop": (0.001, 0.03),
        "adam": (0.001, 0.03),
        "adamw": (0.001, 0.03),
        "sgd": (0.1, 1.0),
        "adadelta": (1.0, 0.1, 0.001),
    }.items():
        for rate in rates:
            recipe = LESSON_RECIPE.replace(optimizer=optimizer, learning_rate=rate, epochs=3)
            print(f"{optimizer} at {rate}, 3 epochs", read_after(LESSON, recipe), flush=True)
    recipe = TrainSpec(optimizer="adam", learning_rate=0.003, epochs=4)
    for sides in ((1, 1, 1), (3, 1, 1), (5, 1, 1), (7, 1, 1), (5, 5, 5), (7, 7, 3)):
        view = 1 + sum(side - 1 for side in sides)
        print(f"a view of {view} pixels", read_after(averaged(sides), recipe), flush=True)


def main(words: list[str]) -> None:
    """words: names of cases to measure anew, none for all; or --quoted."""
    torch.set_num_threads(1)
    if words == ["--quoted"]:
        _print_quoted()
        return
    values = json.loads(RECORDED.read_text("utf-8")) if words else {}
    for name, (spec, recipe) in slow_cases().items():
        if not words or name in words:
            values[name] = _values(course(spec, recipe, every=50))
            print(name, flush=True)
    RECORDED.parent.mkdir(exist_ok=True)
    RECORDED.write_text(json.dumps(values, separators=(",", ":")) + "\n", "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
