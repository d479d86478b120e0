"""Rules for a training that goes on or has ended: its curves, and what was measured on the way. No torch."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from cnn_core.data.augment_spec import AugmentSpec
from cnn_core.doctor import cures
from cnn_core.doctor.case import Bar, Case, Cure, Finding, counted, nats, share, times
from cnn_core.doctor.health import Check, Health
from cnn_core.doctor.plans import RUN_KEPT, usual_rate, with_rate
from cnn_core.errors import StudentError
from cnn_core.training.history import Curve
from cnn_core.training.moving_averages import MISLEADING, SETTLED, share_left

NEAR_GUESSING = 0.05  # nats from the loss of guessing
FIRST_STEP = 40  # before it, nothing is said of a network's answers
SMALL_GRADIENT = 1 / 100  # of the last layer's; healthy runs stayed above 1/15 in every layer
SILENT_FILTERS, SILENT_UNITS = 1 / 3, 1 / 2  # healthy runs stayed below 0.12 and 0.27
RISE = 1.15, 0.03  # of the validation loss above its best: times, and nats
GAP = 0.02  # of accuracy
EXPLODED = 10  # times the loss of guessing
SLOW = 0.8  # of the loss of guessing
_BROKE_OFF = re.compile(r"At step [\d,]+ the (loss became|weights grew)")
GENTLE = AugmentSpec(rotation_range=10, width_shift_range=0.1, height_shift_range=0.1, zoom_range=0.1)


# ---------------------------------------------------------------- it does not learn


def diverged(case: Case) -> Finding | None:
    """The loss, or a weight, grew beyond all numbers."""
    if case.state != "failed" or not _BROKE_OFF.search(case.reason):
        return None
    first, _, _ = case.reason.partition(". ")
    rate = min(0.001, case.learning_rate / 10)  # as the reason itself advises
    return Finding("Why did it break off?", first.rstrip(".") + ".", _again_with_rate(case, rate))


def vanishing_gradient(case: Case) -> Finding | None:
    """Sigmoids or tanhs in a row leave the first layers without a gradient, in two checks running."""
    worst = starved_layer(case.health.checks, case.guess)
    names = list(case.spec.layer_names)
    if worst is None or worst not in names:
        return None
    last_check = case.health.checks[-1]
    gradients = last_check.gradients
    last = list(gradients)[-1]
    between = [
        name
        for layer in case.spec.layers[names.index(worst) : names.index(last)]
        if (name := cures.activation_of(layer)) in cures.SQUASHING
    ]
    mended = cures.with_relu(case.spec)
    if len(between) < 2 or mended is None:
        return None
    kinds = sorted(set(between))
    row = counted(len(between), kinds[0]) if len(kinds) == 1 else f"{len(between)} sigmoids and tanhs"
    compared = case.health.with_relu
    keeps = RUN_KEPT
    if compared is not None:
        keeps += (
            f" With relu this net read {share(compared.accuracy)} of {compared.images:,} {case.noun} "
            f"after {compared.steps} steps."
        )
    smaller = gradients[last] / gradients[worst] if gradients[worst] else math.inf
    size = f"**{times(smaller)}** smaller than {last}’s" if math.isfinite(smaller) else "**0**"
    return Finding(
        "Why does it not learn?",
        f"The gradient that reaches **{worst}** is {size}: {row} in a row let almost nothing through.",
        Cure("Use relu and start again", keeps, spec=mended),
        bars=gradient_bars(case.health),
        relu_steps=None if compared is None else compared.steps,
    )


def starved_layer(checks: Sequence[Check], guess: float) -> str | None:
    """The layer with the smallest gradient, where it is below a hundredth of the last layer's in two checks running.

    And while the loss is no better than guessing: a network that has learnt has small gradients too.
    guess: the loss of guessing, in nats.
    Source: Glorot & Bengio 2010; the hundredth is measured, see tests/core/doctor_cases.py.
    """
    if len(checks) < 2:
        return None
    worst = None
    for check in checks[-2:]:
        values = check.gradients
        if len(values) < 2 or check.step < FIRST_STEP or check.loss < guess - NEAR_GUESSING:
            return None
        last = list(values.values())[-1]
        worst = min(values, key=lambda name: values[name])
        if not last or values[worst] >= SMALL_GRADIENT * last:
            return None
    return worst


def gradient_bars(health: Health) -> tuple[Bar, ...]:
    """The gradient of each layer in the last check as a share of the last layer's; empty where none was measured."""
    if not health.checks:
        return ()
    gradients, compared = health.checks[-1].gradients, health.with_relu
    theirs = {} if compared is None else dict(compared.gradients)
    last = list(gradients.values())[-1] if gradients else 0.0
    their_last = list(theirs.values())[-1] if theirs else 0.0
    if not last:
        return ()
    return tuple(
        Bar(name, value / last, theirs[name] / their_last if their_last and name in theirs else None)
        for name, value in gradients.items()
    )


def dead_filters(case: Case) -> Finding | None:
    """Filters or units that a relu leaves at 0 for every image: their gradient is 0 too, so they stay so."""
    if len(case.health.checks) < 2:
        return None
    before, now = case.health.checks[-2:]
    dead = {
        name: fraction
        for name, fraction in now.silent.items()
        if now.step >= FIRST_STEP and min(fraction, before.silent.get(name, 0.0)) >= _most_silent(case, name)
    }
    if not dead:
        return None
    worst = max(dead, key=lambda name: dead[name])
    count, is_list = sum(now.labels), _most_silent(case, worst) == SILENT_UNITS
    sentence = (
        f"**{share(dead[worst])}** of the {'units' if is_list else 'filters'} of {worst} give 0 for each of {count} "
        f"{case.noun}, and what gives 0 everywhere does not learn. At least {'half' if is_list else 'a third'} of them "
        f"have done so since step {_silent_since(case, worst):,}."
    )
    if case.learning_rate > 2.5 * usual_rate(case.recipe):
        sentence += f" A learning rate of {case.learning_rate:g} is too large."
        return Finding("Why are so many silent?", sentence, _again_with_rate(case))
    leaky = cures.with_leaky_relu(case.spec)
    cure = None if leaky is None else Cure("Use leaky relu and start again", RUN_KEPT, spec=leaky)
    return Finding("Why are so many silent?", sentence, cure)


def _most_silent(case: Case, name: str) -> float:
    """The share of a layer's filters or units from which on it is said."""
    names = list(case.spec.layer_names)
    place = names.index(name) if name in names else 0
    is_list = any(layer.makes_list for layer in case.spec.layers[:place])
    return SILENT_UNITS if is_list else SILENT_FILTERS


def _silent_since(case: Case, name: str) -> int:
    """The step of the first check from which on so many of the layer were silent without a break."""
    since = case.health.checks[-1].step
    for check in reversed(case.health.checks):
        if check.silent.get(name, 0.0) < _most_silent(case, name):
            break
        since = check.step
    return since


def one_class(case: Case) -> Finding | None:
    """The same answer to every image, in two checks running."""
    if len(case.health.checks) < 2:
        return None
    favourites = []
    for check in case.health.checks[-2:]:
        if check.step < FIRST_STEP or not check.answers or max(check.answers) < sum(check.answers):
            return None
        favourites.append(check.answers.index(max(check.answers)))
    now, always = case.health.checks[-1], favourites[-1]
    name = case.classes[always] if always < len(case.classes) else str(always)
    count, right = sum(now.labels), now.labels[always]
    before = "" if favourites[0] == always else ", where before it was another one"
    return Finding(
        "Why does it always say the same?",
        f"It answers **{name}** to each of {count} {case.noun}{before}. "
        f"For {right} of them that is right: {share(right / count)} is their share, not something it has learnt.",
        _whatever_helps(case),
    )


def loss_not_moving(case: Case) -> Finding | None:
    """The training loss stands where guessing stands, after a hundred steps and more."""
    late = case.loss_of_late
    if late is None or abs(late - case.guess) > NEAR_GUESSING or _is_falling(case):
        return None
    return Finding(
        "Why does the loss not move?",
        f"After {case.step:,} steps it is **{late:.2f}**. Guessing among {case.spec.classes} classes costs "
        f"{case.guess:.2f}, so nothing has been learnt yet.",
        _whatever_helps(case),
    )


def _is_falling(case: Case) -> bool:
    """Whether the second half of the training curve lies below the first by more than its noise."""
    curve = case.since_rate_changed or Curve()
    half = len(curve) // 2
    if half < 4:
        return False
    first, second = list(curve.loss)[half // 2 : half], list(curve.loss)[-half:]
    return _mean(second) < _mean(first) - 0.004


# ---------------------------------------------------------------- the rate


def rate_too_high(case: Case) -> Finding | None:
    """The loss is worse than guessing, has risen again, or stands still at thirty times the usual rate."""
    late, usual = case.loss_of_late, usual_rate(case.recipe)
    if late is None:  # too early, unless it is beyond all doubt
        losses = list((case.since_rate_changed or Curve()).loss)[-4:]
        if case.step < FIRST_STEP or len(losses) < 4 or min(losses) < EXPLODED * case.guess:
            return None
        late = _mean(losses)
    best = _best_quarter(case)
    question, rate = "Is the rate too high?", f"A learning rate of {case.learning_rate:g}"
    if late > case.guess + 0.15:
        sentence = (
            f"The training loss is **{late:.2f}**, and guessing costs {case.guess:.2f}. {rate} is too high."
        )
    elif late > 1.5 * best + 0.1:
        sentence = f"The training loss has risen from {best:.2f} to **{late:.2f}**. {rate} is too high."
    elif case.learning_rate >= 9.99 * usual and abs(late - case.guess) <= NEAR_GUESSING:
        sentence = (
            f"The training loss stands at **{late:.2f}**, where guessing stands. {rate} is "
            f"{round(case.learning_rate / usual):,} times the usual one of {case.recipe.optimizer}."
        )
    else:
        return None
    return Finding(question, sentence, lower_rate(case))


def rate_too_low(case: Case) -> Finding | None:
    """It learns, and so slowly that most of the loss of guessing is still there after an epoch and a hundred steps."""
    usual, late = usual_rate(case.recipe), case.loss_of_late
    if (
        late is None
        or case.step < max(100, case.steps_an_epoch)
        or case.learning_rate > usual / 3
        or late < SLOW * case.guess
        or late > case.guess + 0.15
        or case.recipe.schedule != "constant"
    ):
        return None
    return Finding(
        "Is the rate too low?",
        f"After {case.step:,} steps the training loss is still **{late:.2f}**, and it began at about {case.guess:.2f}, "
        f"the loss of guessing. The usual learning rate of {case.recipe.optimizer} is {usual:g}, "
        f"{round(usual / case.learning_rate):,} times this one.",
        _go_on_with(case, usual),
    )


def _best_quarter(case: Case) -> float:
    """The lowest mean of the training loss over a quarter of its curve."""
    losses = list((case.since_rate_changed or Curve()).loss)
    size = max(1, len(losses) // 4)
    return min(_mean(losses[i : i + size]) for i in range(0, len(losses) - size + 1, size))


# ---------------------------------------------------------------- it learns, and not what it should


def overfitting(case: Case) -> Finding | None:
    """New images are read worse and worse while those it learns from are read better and better."""
    curve, train = case.history.validation, case.history.train
    normalises = any(layer.keeps_averages for layer in case.spec.layers)
    # Young averages of batch normalisation spoil a validation too, and that is another finding.
    if len(curve) < 3 or not len(train) or (normalises and case.step < SETTLED):
        return None
    best = min(range(len(curve)), key=lambda i: curve.loss[i])
    factor, above = RISE
    gap = _accuracy_around(train, curve.step[-1]) - curve.accuracy[-1]
    then, now = _loss_around(train, curve.step[best]), _loss_around(train, curve.step[-1])
    if (
        curve.epoch[-1] - curve.epoch[best] < 1
        or curve.loss[-1] < factor * curve.loss[best] + above
        or now >= then
        or gap < GAP
    ):
        return None
    since = f"{curve.epoch[best]:.1f}".removesuffix(".0")
    own, others = share(min(1.0, curve.accuracy[-1] + gap)), share(curve.accuracy[-1])
    return Finding(
        "Does it only learn by heart?",
        f"Since epoch {since} its loss on {case.noun} it does not learn from has risen from {curve.loss[best]:.2f} to "
        f"{curve.loss[-1]:.2f}, while on its own it fell from {nats(then)} to {nats(now)}. "
        f"It reads {own} of its own and **{others}** of the others.",
        _against_overfitting(case),
    )


def _against_overfitting(case: Case) -> Cure | None:
    if case.available >= 2 * case.images:
        recipe = case.recipe.replace(train_size=None, check_limits=False)
        return Cure(f"Start again with all {case.available:,} {case.noun}", RUN_KEPT, recipe=recipe)
    if case.recipe.augment is None and case.of_strokes:
        recipe = case.recipe.replace(augment=GENTLE, check_limits=False)
        return Cure("Start again with small random turns and shifts", RUN_KEPT, recipe=recipe)
    if (dropped := cures.with_dropout(case.spec)) is not None:
        return Cure("Add dropout and start again", RUN_KEPT, spec=dropped)
    return None


def unsettled_averages(case: Case) -> Finding | None:
    """Batch normalisation goes by averages that still remember their first values, and the training is over."""
    if case.state not in ("finished", "stopped") or not 0 < case.step < SETTLED:
        return None
    if not any(layer.keeps_averages for layer in case.spec.layers):
        return None
    learnt, read = case.history.train.accuracy[-1:], case.history.validation.accuracy[-1:]
    if not learnt or not read or read[0] >= learnt[0] - MISLEADING:
        return None
    epochs = max(1, math.ceil((1.2 * SETTLED - case.step) / case.steps_an_epoch))
    return Finding(
        "Why does it read new images so badly?",
        f"It reads {share(learnt[0])} of its own batches and **{share(read[0])}** of new {case.noun}. New ones are "
        f"read by batch normalisation’s averages, and after {case.step:,} steps {share(share_left(case.step))} of what "
        f"these began with is still in them (0.99 to the power of {case.step:,}).",
        _more_epochs(case, epochs),
    )


def _more_epochs(case: Case, epochs: int) -> Cure | None:
    if case.state == "finished" and case.recipe.schedule == "constant":
        label = f"Train {epochs} epoch{'s' * (epochs != 1)} more"
        return Cure(label, "It goes on from its weights.", epochs=epochs)
    total = math.ceil(1.2 * SETTLED / case.steps_an_epoch)
    try:
        recipe = case.recipe.replace(epochs=total)
    except StudentError:  # more than this server allows
        return None
    return Cure(f"Start again with {total} epochs", RUN_KEPT, recipe=recipe)


# ---------------------------------------------------------------- cures that several rules share


def lower_rate(case: Case) -> Cure:
    """The usual rate, or a tenth of one that is not above it; in the same run where that can still help."""
    usual = usual_rate(case.recipe)
    rate = usual if case.learning_rate > 1.01 * usual else case.learning_rate / 10
    return _go_on_with(case, rate)


def _go_on_with(case: Case, rate: float) -> Cure:
    all_silent = bool(case.health.checks) and 1.0 in case.health.checks[-1].silent.values()
    if case.goes_on and not all_silent:
        return Cure(f"Go on with rate {rate:g}", "It goes on from its weights.", rate=rate)
    return _again_with_rate(case, rate)


def _again_with_rate(case: Case, rate: float | None = None) -> Cure:
    rate = usual_rate(case.recipe) if rate is None else rate
    return Cure(f"Start again with rate {rate:g}", RUN_KEPT, recipe=with_rate(case, rate))


def _whatever_helps(case: Case) -> Cure:
    """For a network that has learnt nothing: the likeliest cause first."""
    usual = usual_rate(case.recipe)
    if case.learning_rate > 2.5 * usual:
        return _again_with_rate(case)
    if case.learning_rate < usual / 3:
        return _go_on_with(case, usual)
    for label, mended in (
        ("relu", cures.with_relu(case.spec)),
        ("softmax at the end", cures.with_softmax(case.spec)),
    ):
        if mended is not None:
            return Cure(f"Use {label} and start again", RUN_KEPT, spec=mended)
    seed = case.recipe.seed + 1
    return Cure(
        f"Start again with seed {seed}", RUN_KEPT, recipe=case.recipe.replace(seed=seed, check_limits=False)
    )


def _loss_around(curve: Curve, step: int) -> float:
    return _mean([curve.loss[i] for i in _around(curve, step)])


def _accuracy_around(curve: Curve, step: int) -> float:
    return _mean([curve.accuracy[i] for i in _around(curve, step)])


def _around(curve: Curve, step: int) -> list[int]:
    """Places of the few points of a curve up to this step; the first one where it begins later."""
    places = [i for i in range(len(curve)) if curve.step[i] <= step]
    return places[-5:] or [0]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
