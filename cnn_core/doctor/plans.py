"""Rules for what can be seen before a training: the design, the recipe, the number of images. Arithmetic, no torch."""

from __future__ import annotations

import math

from cnn_core.doctor import cures
from cnn_core.doctor.case import Case, Cure, Finding, share
from cnn_core.model import ModelSpec, summarize
from cnn_core.model.activations import is_usual, parts_of
from cnn_core.model.layers import Dropout
from cnn_core.training.spec import TrainSpec

ADAPTIVE = ("rmsprop", "adam", "adamw")  # they divide each slope by its own recent size

UNDO = "Undo brings the design back."
RUN_KEPT = "The run so far is kept."

MOST_IN_ONE_LAYER = 0.85  # of all parameters
MANY_PARAMETERS = 100_000  # in that layer: below, nothing is gained by saving
STROKE = 6  # pixels a side, see `small_view`
FEW_IMAGES = 50  # per class
TOO_HIGH = {True: 30, False: 10}  # times the usual rate, of an adaptive optimiser and of sgd
SHORT_WAY = {
    True: 0.006,
    False: 1.0,
}  # rate x steps of an adaptive optimiser, and of plain sgd, see `low_rate`


# ---------------------------------------------------------------- the last layer


def last_activation(case: Case) -> Finding | None:
    """Something bends the scores before softmax sees them. During a run it is said only where answers are missing."""
    finding, missing = bent_scores(case.spec), _missing_answers(case)
    if finding is None or finding.cure is None or not case.state:
        return finding
    if not missing:
        return None
    names = ", ".join(case.classes[i] if i < len(case.classes) else str(i) for i in missing)
    many = sum(case.health.checks[-1].labels)
    sentence = f"It gives none of {many} {case.noun} the answer **{names}**. {finding.sentence}"
    cure = Cure(f"{finding.cure.label} and start again", RUN_KEPT, spec=finding.cure.spec)
    return Finding("Why are some answers never given?", sentence, cure)


def bent_scores(spec: ModelSpec) -> Finding | None:
    """The remark on a last layer that is neither softmax nor linear: before a training, beside the design."""
    place, name = cures.end_of(spec)
    mended = cures.with_softmax(spec)
    if name == "linear" or mended is None:
        return None
    at_the_end = place == len(spec.layers) - 1
    label = "Use softmax" if at_the_end else f"Use linear in {spec.layer_names[place]}"
    where = "on the last layer" if at_the_end else f"in {spec.layer_names[place]}, right before the end,"
    return Finding(
        "Will it find every class?",
        f"{name.replace('_', ' ')} {where} {_what_it_does(name, spec.classes)}",
        Cure(label, UNDO, spec=mended),
    )


def _what_it_does(name: str, classes: int) -> str:
    if name == "relu":
        # Measured, the lesson's convnet and 12,000 digits: 50 % read, four of the ten answers never given.
        return (
            "makes every score below zero alike: a class may never be found again. softmax keeps them apart."
        )
    if name in ("sigmoid", "tanh"):
        low, high = (0, 1) if name == "sigmoid" else (-1, 1)
        surest = surest_answer(low, high, classes)
        return (
            f"keeps every score between {low} and {high}".replace("-", "−")
            + f". Of {classes} classes softmax can then be at most **{share(surest)}** sure of one, "
            f"and the loss cannot fall below {-math.log(surest):.2f}."
        )
    kind, number = parts_of(name)
    if kind == "leaky_relu":
        smaller = "five times smaller" if is_usual(name) else f"{number:g} times as large"
        return f"makes each score below zero {smaller}. softmax takes any score as it is."
    least = "−0.17" if kind == "gelu" else f"−{number:g}"
    return f"puts each score below zero between {least} and 0, so that wrong classes are hardly told apart."


def surest_answer(low: float, high: float, classes: int) -> float:
    """The largest probability that softmax can give where each score lies between `low` and `high`, a fraction.

    >>> round(surest_answer(0, 1, 10), 3), round(surest_answer(-1, 1, 10), 3)
    (0.232, 0.451)
    """
    return 1 / (1 + (classes - 1) * math.exp(low - high))


def _missing_answers(case: Case) -> list[int]:
    """Classes that are among the images of the last check and that it never answered, after the first epoch."""
    if not case.health.checks or case.step < case.steps_an_epoch:
        return []
    last = case.health.checks[-1]
    pairs = zip(last.answers, last.labels, strict=False)
    return [index for index, (answer, label) in enumerate(pairs) if label and not answer]


# ---------------------------------------------------------------- the design


def one_dense_layer(case: Case) -> Finding | None:
    """Nearly all parameters of a convnet in one dense layer: the way to few is pooling. An MLP has nothing else.

    Nothing is said where dropout stands beside that layer: then it is large by intent, as in Keras's `mnist_cnn`.
    """
    spec = case.spec
    if case.state or not any(layer.has_filters for layer in spec.layers):
        return None
    if (place := _heavy_layer(spec)) is None or _has_dropout_beside(spec, place):
        return None
    rows = summarize(spec)
    total = sum(row.parameters for row in rows)
    cure, fewer = None, ""
    for side in (2, 3, 4):
        pooled = cures.pooled_before(spec, place, side)
        if pooled is not None and _heavy_layer(pooled) is None:
            left = sum(row.parameters for row in summarize(pooled))
            fewer = f" With one more pooling, {side}×{side}, before it the network has {left:,}."
            cure = Cure(f"Pool once more, {side}×{side}", UNDO, spec=pooled)
            break
    return Finding(
        "Where are its parameters?",
        f"**{share(rows[place].parameters / total)}** of its {total:,} parameters are in {rows[place].name}.{fewer}",
        cure,
    )


def _has_dropout_beside(spec: ModelSpec, place: int) -> bool:
    """Whether dropout stands right behind a dense layer, or before it with no other weights between."""
    first = place
    while first and not (spec.layers[first - 1].has_filters or spec.layers[first - 1].has_units):
        first -= 1
    return any(isinstance(layer, Dropout) and layer.rate > 0 for layer in spec.layers[first : place + 2])


def _heavy_layer(spec: ModelSpec) -> int | None:
    """The place of the dense layer with nearly all parameters, and many; None where there is none."""
    rows = summarize(spec)
    place = max(range(len(rows)), key=lambda i: rows[i].parameters)
    largest, total = rows[place].parameters, sum(row.parameters for row in rows)
    is_heavy = largest >= MANY_PARAMETERS and largest >= MOST_IN_ONE_LAYER * total
    return place if spec.layers[place].has_units and is_heavy else None


def small_view(case: Case) -> Finding | None:
    """The last maps are averaged, and each of their numbers depends on less than a stroke and its two sides.

    Where the maps are flattened instead, a dense layer puts the whole image together again.
    """
    spec = case.spec
    averaged = any(layer.makes_list and layer.sees_all for layer in spec.layers)
    if case.state or not case.of_strokes or not averaged:
        return None
    view = cures.view_of(spec)
    if view >= STROKE:
        return None
    wider = cures.that_sees_more(spec, STROKE)
    cure = None if wider is None else Cure(f"Use {wider[0]}", UNDO, spec=wider[1])
    pixels = f"{view}×{view} pixels" if view > 1 else "one pixel"
    return Finding(
        "Does it see a whole stroke?",
        f"Before the maps are averaged, no number depends on more than **{pixels}** of the image. Measured with three "
        f"such layers and 4,000 digits: with 1×1 pixels it read {share(READ_BY_VIEW[1])}, with 3×3 "
        f"{share(READ_BY_VIEW[3])}, with 5×5 {share(READ_BY_VIEW[5])}, with 13×13 {share(READ_BY_VIEW[13])}.",
        cure,
    )


# {pixels a side: fraction read}, three layers of 24 filters, averaged; adam at 0.003, four epochs, else as READ_AFTER.
READ_BY_VIEW = {1: 0.224, 3: 0.288, 5: 0.402, 13: 0.812}


def vanishing_map(case: Case) -> Finding | None:
    """A window of several pixels slides over a map of one: all but one of its weights only meet the border."""
    spec = case.spec
    rows = summarize(spec)
    for place, layer in enumerate(spec.layers):
        window = layer.window()
        before = rows[place - 1].output_shape if place else spec.input_shape
        if case.state or window is None or not layer.has_filters or window.side < 2 or max(before[1:]) > 1:
            continue
        mended = cures.without_a_pooling(spec, place)
        cells = window.side**2
        return Finding(
            "Is there still something to see?",
            f"What reaches {rows[place].name} is maps of **1×1**: of each kernel’s {cells} weights per map, "
            f"{cells - 1} only ever meet the zeros around it.",
            None if mended is None else Cure("Remove a pooling above it", UNDO, spec=mended),
        )
    return None


# ---------------------------------------------------------------- the recipe


def too_few_images(case: Case) -> Finding | None:
    """So few images that the same design reads far fewer digits than it could."""
    few = FEW_IMAGES * case.spec.classes
    if case.state or case.images >= few or case.available < 2 * case.images:
        return None
    recipe = case.recipe.replace(train_size=None, check_limits=False)
    return Finding(
        "Are these enough to learn from?",
        f"**{case.images:,}** {case.noun} are about {max(1, case.images // case.spec.classes)} per class. "
        "Measured with the lesson’s convnet, its recipe and MNIST: from 100 digits it learnt to read "
        f"{share(READ_AFTER[100])}, from 300 {share(READ_AFTER[300])}, from 4,000 {share(READ_AFTER[4_000])}.",
        Cure(f"Train on all {case.available:,}", "The design stays as it is.", recipe=recipe),
    )


# {images learnt from: fraction read of 500 kept aside}, the lesson's convnet by the lesson's recipe, seed 0, on the
# sample: `python -m tests.core.doctor_cases --quoted`.
READ_AFTER = {100: 0.514, 300: 0.706, 4_000: 0.97}


def high_rate(case: Case) -> Finding | None:
    """A rate at which the lesson's convnet learns less or nothing: thirty times the usual one, of sgd ten times."""
    usual, rate = usual_rate(case.recipe), case.recipe.learning_rate
    if (
        case.state or case.recipe.optimizer not in READ_AT
    ):  # adadelta learns well at the highest rate there is
        return None
    if rate < TOO_HIGH[case.recipe.optimizer in ADAPTIVE] * usual * 0.999:
        return None
    high, at_usual, at_high = READ_AT[case.recipe.optimizer]
    return Finding(
        "Is the rate too high?",
        f"A learning rate of **{rate:g}** is {round(rate / usual):,} times the usual one of {case.recipe.optimizer}. "
        f"Measured once with the lesson’s convnet, 4,000 digits and three epochs of {case.recipe.optimizer}: "
        f"it read {share(at_usual)} with {PLAIN_RATE[case.recipe.optimizer]:g}, and {share(at_high)} with {high:g}.",
        Cure(f"Train with rate {usual:g}", "The design stays as it is.", recipe=with_rate(case, usual)),
    )


# {optimizer: (a high rate, read with the usual one, read with the high one)}, measured as READ_AFTER, three epochs.
READ_AT = {
    "rmsprop": (0.03, 0.948, 0.856),
    "adam": (0.03, 0.944, 0.1),
    "adamw": (0.03, 0.944, 0.1),
    "sgd": (1.0, 0.926, 0.1),
}
PLAIN_RATE = {
    "rmsprop": 0.001,
    "adam": 0.001,
    "adamw": 0.001,
    "sgd": 0.1,
    "adadelta": 1.0,
}  # without momentum


def low_rate(case: Case) -> Finding | None:
    """All steps together are too short a way. Adaptive optimisers move each weight by about the rate in each step."""
    usual, rate = usual_rate(case.recipe), case.recipe.learning_rate
    way = rate * case.steps / (1 - case.recipe.momentum)
    is_adadelta = case.recipe.optimizer == "adadelta"
    enough = ADADELTA_WAY if is_adadelta else SHORT_WAY[case.recipe.optimizer in ADAPTIVE]
    if case.state or rate > usual / 3 or way >= enough:
        return None
    moved = (
        f"Adadelta finds the length of its steps by itself; this rate makes them {count_of(1 / rate)} times shorter. "
        "Measured once with the lesson’s convnet, 4,000 digits and three epochs: with a rate of 1 it read "
        f"{share(READ_BY_ADADELTA[1.0])}, with 0.1 {share(READ_BY_ADADELTA[0.1])}, with Keras’s default, 0.001, "
        f"{share(READ_BY_ADADELTA[0.001])}."
        if is_adadelta
        else f"In {case.steps:,} steps no weight moves by more than about {way:.2g}."
        if case.recipe.optimizer in ADAPTIVE
        else f"The usual one of {case.recipe.optimizer} is {usual:g}."
    )
    return Finding(
        "Is the rate too low?",
        f"A learning rate of **{rate:g}** is small for this recipe. {moved}",
        Cure(f"Train with rate {usual:g}", "The design stays as it is.", recipe=with_rate(case, usual)),
    )


def count_of(ratio: float) -> str:
    """A ratio above 1 for a sentence: two digits of it, whole from ten on.

    >>> count_of(1000.0), count_of(3.3333), count_of(12.4)
    ('1,000', '3.3', '12')
    """
    return f"{round(ratio):,}" if ratio >= 10 else f"{ratio:.2g}"


# {rate: fraction read}, adadelta, measured as READ_AT; with 10 it read 97 %, with 0.01 27.4 %.
READ_BY_ADADELTA = {1.0: 0.942, 0.1: 0.854, 0.001: 0.156}
ADADELTA_WAY = 30.0  # rate x steps: with less it is behind what the usual rate reads


def usual_rate(recipe: TrainSpec) -> float:
    """The learning rate at which this optimiser usually learns digits; momentum makes each step longer.

    >>> usual_rate(TrainSpec()), usual_rate(TrainSpec(optimizer="sgd"))
    (0.001, 0.1)
    """
    if recipe.optimizer == "adadelta":
        return PLAIN_RATE["adadelta"]
    return 0.001 if recipe.optimizer in ADAPTIVE else round(0.1 * (1 - recipe.momentum), 6) or 1e-6


def with_rate(case: Case, rate: float) -> TrainSpec:
    """The recipe with another learning rate."""
    return case.recipe.replace(learning_rate=rate, check_limits=False)
