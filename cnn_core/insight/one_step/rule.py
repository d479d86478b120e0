"""The optimiser's rule for one weight, with its numbers put in, line by line: what a student can follow on paper.

The arithmetic is done here once more, in double precision, and stands beside what the optimiser itself did. The
formulas are Keras's, as `cnn_core.training.optimizers` computes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from cnn_core.checks import is_index
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.one_step.step import Change, OneStep
from cnn_core.training.optimizers import ADADELTA_RHO, EPSILON

RHO = 0.9  # of rmsprop


@dataclass(frozen=True)
class Line:
    """One line of the rule: `symbol` becomes what `formula` says of the numbers before it, which is `value`.

    inputs: the value of each name in the formula, in the order they are met.
    """

    symbol: str
    formula: str
    value: float
    inputs: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Rule:
    """How one weight moves in one step.

    weight:   its tensor, "conv2d_1.conv.weight", and `place` in it.
    before:   the weight; gradient: the loss's slope by it; rate: the learning rate.
    lines:    the rule, line by line; the last one is the new weight.
    after:    what the optimiser made of it, in single precision.
    bound:    no weight can move further than this in a step of this rule; None where there is no such bound.
    """

    weight: str
    place: tuple[int, ...]
    optimizer: str
    before: float
    gradient: float
    rate: float
    lines: tuple[Line, ...]
    after: float
    bound: float | None

    @property
    def by_hand(self) -> float:
        """The new weight as the lines give it."""
        return self.lines[-1].value


def rule_of(step: OneStep, weight: str, place: tuple[int, ...]) -> Rule:
    """The rule for one weight of a step.

    weight: a key of `step.weights`.
    place:  its place in that tensor, counted from 0.
    Raises StudentError for a weight there is not.
    """
    if weight not in step.weights:
        raise StudentError(
            f"There are no weights {quoted(weight)}.", hint=f"Choose {' or '.join(list(step.weights)[:4])}."
        )
    change = step.weights[weight]
    shape = tuple(change.before.shape)
    if len(place) != len(shape) or not all(map(is_index, place, shape)):
        raise StudentError(
            f"{weight} has {'×'.join(map(str, shape))} numbers, and none at {place}.", hint="Count from 0."
        )
    sheet = _Sheet(
        {"w": change.before[place].item(), "g": change.gradient[place].item(), "η": step.learning_rate}
    )
    bound = _RULES[step.recipe.optimizer](sheet, step, _Memory(change, place))
    return Rule(
        weight=weight,
        place=tuple(place),
        optimizer=step.recipe.optimizer,
        before=change.before[place].item(),
        gradient=change.gradient[place].item(),
        rate=step.learning_rate,
        lines=tuple(sheet.lines),
        after=change.after[place].item(),
        bound=bound,
    )


def farthest_weight(step: OneStep, layer: str) -> tuple[str, tuple[int, ...]]:
    """The kernel weight of a layer that moves furthest: tensor and place. Raises StudentError where it has none."""
    names = [name for name in step.weights if name.partition(".")[0] == layer and name.endswith(".weight")]
    if not names:
        raise StudentError(
            f"{layer} has no weights.", hint="Choose a convolution or a dense layer.", layer=layer
        )
    move = step.weights[names[0]].move.abs()
    flat, place = int(move.argmax()), []
    for length in reversed(move.shape):
        flat, index = divmod(flat, length)
        place.append(index)
    return names[0], tuple(reversed(place))


class _Sheet:
    """Lines of arithmetic, each with names that stand for numbers of before."""

    def __init__(self, known: Mapping[str, float]) -> None:
        self.known = dict(known)
        self.lines: list[Line] = []

    def put(self, **numbers: float) -> None:
        self.known.update(numbers)

    def line(self, symbol: str, formula: str, inputs: str, compute: Callable[..., float]) -> None:
        """inputs: the names in the formula, apart by spaces, in the order of `compute`'s arguments."""
        values = tuple((name, self.known[name]) for name in inputs.split())
        self.known[symbol] = compute(*(value for _, value in values))
        self.lines.append(Line(symbol, formula, self.known[symbol], values))


class _Memory:
    """What the optimiser remembered of one weight before the step."""

    def __init__(self, change: Change, place: tuple[int, ...]) -> None:
        self.tensors, self.place = change.memory, place

    def get(self, key: str, otherwise: float = 0.0) -> float:
        value: Tensor | None = self.tensors.get(key)
        if value is None:
            return otherwise
        return float(value[self.place] if value.ndim else value)


def _decayed_gradient(sheet: _Sheet, step: OneStep) -> str:
    """The name of the gradient that the rule goes on with: sgd and adam put their weight decay into it."""
    if not step.recipe.weight_decay:
        return "g"
    sheet.put(λ=step.recipe.weight_decay)
    sheet.line("g'", "g + λ·w", "g λ w", lambda g, decay, w: g + decay * w)
    return "g'"


def _sgd(sheet: _Sheet, step: OneStep, memory: _Memory) -> None:
    g = _decayed_gradient(sheet, step)
    if not step.recipe.momentum:
        sheet.line("w'", f"w − η·{g}", f"w η {g}", lambda w, rate, slope: w - rate * slope)
        return
    sheet.put(μ=step.recipe.momentum, b=memory.get("momentum_buffer"))
    sheet.line("b'", f"μ·b + {g}", f"μ b {g}", lambda momentum, b, slope: momentum * b + slope)
    d = "b'"
    if step.recipe.nesterov:
        d = "d"
        sheet.line(d, f"{g} + μ·b'", f"{g} μ b'", lambda slope, momentum, b: slope + momentum * b)
    sheet.line("w'", f"w − η·{d}", f"w η {d}", lambda w, rate, step_: w - rate * step_)


def _rmsprop(sheet: _Sheet, step: OneStep, memory: _Memory) -> float:
    # Our optimiser keeps the sum under the root.
    sheet.put(ρ=RHO, ε=EPSILON, v=memory.get("mean_square_plus_epsilon", EPSILON) - EPSILON)
    sheet.line("v'", "ρ·v + (1 − ρ)·g²", "ρ v g", lambda rho, v, g: rho * v + (1 - rho) * g * g)
    sheet.line("r", "√(v' + ε)", "v' ε", lambda v, epsilon: math.sqrt(v + epsilon))
    sheet.line("w'", "w − η·g ÷ r", "w η g r", lambda w, rate, g, root: w - rate * g / root)
    return step.learning_rate / math.sqrt(1 - RHO)  # where v was 0: g over the root of 0.1 g²


def _adam(sheet: _Sheet, step: OneStep, memory: _Memory) -> None:
    decoupled, g = step.recipe.optimizer == "adamw", "g"
    if decoupled and step.recipe.weight_decay:
        sheet.put(λ=step.recipe.weight_decay)
        sheet.line("w₀", "w − η·λ·w", "w η λ", lambda w, rate, decay: w - rate * decay * w)
    elif not decoupled:
        g = _decayed_gradient(sheet, step)
    start = "w₀" if "w₀" in sheet.known else "w"
    sheet.put(β1=step.recipe.beta_1, β2=step.recipe.beta_2, ε=EPSILON, t=memory.get("step") + 1)
    sheet.put(m=memory.get("exp_avg"), v=memory.get("exp_avg_sq"))
    sheet.line(
        "m'", f"β1·m + (1 − β1)·{g}", f"β1 m {g}", lambda beta, m, slope: beta * m + (1 - beta) * slope
    )
    sheet.line(
        "v'", f"β2·v + (1 − β2)·{g}²", f"β2 v {g}", lambda beta, v, slope: beta * v + (1 - beta) * slope**2
    )
    sheet.line(
        "α",
        "η·√(1 − β2ᵗ) ÷ (1 − β1ᵗ)",
        "η β2 t β1",
        lambda rate, beta_2, t, beta_1: rate * math.sqrt(1 - beta_2**t) / (1 - beta_1**t),
    )
    sheet.line(
        "w'",
        f"{start} − α·m' ÷ (√v' + ε)",
        f"{start} α m' v' ε",
        lambda w, rate, m, v, epsilon: w - rate * m / (math.sqrt(v) + epsilon),
    )


def _adadelta(sheet: _Sheet, step: OneStep, memory: _Memory) -> None:
    sheet.put(ρ=ADADELTA_RHO, ε=EPSILON, v=memory.get("square_avg"), u=memory.get("acc_delta"))
    sheet.line("v'", "ρ·v + (1 − ρ)·g²", "ρ v g", lambda rho, v, g: rho * v + (1 - rho) * g * g)
    sheet.line(
        "d",
        "g·√(u + ε) ÷ √(v' + ε)",
        "g u ε v'",
        lambda g, u, epsilon, v: g * math.sqrt(u + epsilon) / math.sqrt(v + epsilon),
    )
    sheet.line("u'", "ρ·u + (1 − ρ)·d²", "ρ u d", lambda rho, u, d: rho * u + (1 - rho) * d * d)
    sheet.line("w'", "w − η·d", "w η d", lambda w, rate, d: w - rate * d)


_RULES: dict[str, Callable[[_Sheet, OneStep, _Memory], float | None]] = {
    "rmsprop": _rmsprop,
    "adam": _adam,
    "adamw": _adam,
    "sgd": _sgd,
    "adadelta": _adadelta,
}
