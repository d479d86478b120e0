"""The optimiser's rule in words: each line with what it is for, and with its numbers put in."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pages.ui.wording.numbers import short

if TYPE_CHECKING:
    from cnn_core.insight import Line, Rule

_DIGITS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_FOR = {
    "g'": "the gradient, with weight decay",
    "w₀": "the weight after its decay",
    "b'": "the momentum: what is left of the steps before, and this gradient",
    "m'": "the mean of the gradients lately",
    "v'": "the mean of the squared gradients lately",
    "r": "the root of it: how large the gradient usually is",
    "α": "the learning rate, corrected while the memory is short",
    "u'": "the mean of the squared moves lately, for the next step",
    "w'": "the new weight",
}
_FOR_D = {
    "sgd": "the direction: the gradient where the momentum leads",
    "adadelta": "the move, before the rate",
}

NAMES = {
    "w": "the weight",
    "g": "its gradient",
    "η": "learning rate",
}


def figure(value: float) -> str:
    """A number in four figures, with a power of ten where it is very small or large.

    >>> figure(-0.0268), figure(0.0000724), figure(0.9), figure(1e-7), figure(0.0), figure(12)
    ('−0.0268', '7.24×10⁻⁵', '0.9', '10⁻⁷', '0', '12')
    """
    if value == 0 or not math.isfinite(value):
        return "0" if value == 0 else "infinite"
    exponent = math.floor(math.log10(abs(value)))
    if -4 < exponent < 6:
        text = f"{value:.{max(0, 3 - exponent)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace("-", "−")
    mantissa, power = f"{value:.3e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    ten = "10" + str(int(power)).translate(_DIGITS)
    lead = {"1": "", "-1": "−"}.get(mantissa, f"{mantissa}×")
    return (lead + ten).replace("-", "−")


def with_numbers(line: Line) -> str:
    """The formula of a line with the value of each name in its place.

    >>> from cnn_core.insight import Line
    >>> with_numbers(Line("w'", "w − η·g ÷ r", 0.1, (("w", 0.1), ("η", 0.001), ("g", -0.02), ("r", 0.5))))
    '0.1 − 0.001·(−0.02) ÷ 0.5'
    >>> with_numbers(Line("v'", "ρ·v + (1 − ρ)·g²", 0.1, (("ρ", 0.9), ("v", 1e-6), ("g", 0.02))))
    '0.9·10⁻⁶ + (1 − 0.9)·0.02²'
    """
    values = dict(line.inputs)
    names = sorted(values, key=len, reverse=True)
    pattern = re.compile("|".join([*map(re.escape, names), "ᵗ"]))

    def put(found: re.Match[str]) -> str:
        if found[0] == "ᵗ":
            return str(round(values["t"])).translate(_DIGITS)
        text = figure(values[found[0]])
        follows = line.formula[found.end() : found.end() + 1]
        is_bare = text[0] != "−" or found.start() == 0
        return text if is_bare and not (follows in ("²", "ᵗ") and "×" in text) else f"({text})"

    return pattern.sub(put, line.formula)


def is_for(line: Line, rule: Rule) -> str:
    """What a line of the rule is for."""
    if line.symbol == "d":
        return _FOR_D.get(rule.optimizer, "the direction")
    return _FOR.get(line.symbol, "")


def place_words(layer: str, place: tuple[int, ...]) -> str:
    """Where a weight is, counted from 0.

    >>> place_words("conv2d_2", (41, 23, 2, 1)), place_words("dense_1", (5, 70))
    ('conv2d_2, filter 41, kernel 23, row 2, column 1', 'dense_1, unit 5, input 70')
    """
    names = NAMES_OF_PLACE[len(place)]
    return ", ".join([layer, *(f"{name} {at}" for name, at in zip(names, place, strict=True))])


NAMES_OF_PLACE = {4: ("filter", "kernel", "row", "column"), 2: ("unit", "input")}


def gradient_says(gradient: float) -> str:
    """
    >>> gradient_says(0.01)
    'The loss rises with this weight, so the weight should fall.'
    """
    if gradient == 0:
        return "The loss does not change with this weight."
    if gradient > 0:
        return "The loss rises with this weight, so the weight should fall."
    return "The loss falls when this weight grows, so the weight should grow."


def outcome(rule: Rule) -> str:
    """What the optimiser itself made of it, and how far a weight can move at most."""
    did = f"By hand {rule.by_hand:.7f}; {rule.optimizer} itself made {rule.after:.7f}.".replace("-", "−")
    if rule.bound is None:
        return did
    return f"{did} No weight moves further than {short(rule.bound)} in one step: the learning rate ÷ √0.1."


def moves_the_other_way(rule: Rule) -> str:
    """Where the step goes against the gradient of now: what is remembered counts too."""
    move = rule.after - rule.before
    if not move or not rule.gradient or (move > 0) != (rule.gradient > 0):
        return ""
    has_decay = any(line.symbol in ("w₀", "g'") for line in rule.lines)
    what = "its decay and the steps before count" if has_decay else "the steps before count"
    return f"It moves the other way than this gradient alone would move it: {what} more."


def change_words(rule: Rule) -> str:
    """
    >>> from cnn_core.insight import Rule
    >>> change_words(Rule("a", (0,), "sgd", -0.0268, 1.0, 0.1, (), -0.0298, None))
    'It moves by **−0.003**, from −0.0268 to −0.0298.'
    """
    return f"It moves by **{figure(rule.after - rule.before)}**, from {figure(rule.before)} to {figure(rule.after)}."
