"""How large something is in each layer of a network, in words: its gradient, one step, the way from the start."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, loss_text

What = Literal["gradient", "step", "way"]
NAMES: dict[What, str] = {"gradient": "Gradient", "step": "One step", "way": "Way from the start"}
EXPLAINED: dict[What, str] = {
    "gradient": (
        "One line per layer, on a log scale. The gradient says how strongly the loss asks a layer’s weights to "
        "change. Its size here is the root mean square over them, measured on a few training images."
    ),
    "step": (
        "One line per layer, on a log scale. This is how far one single step moved a layer’s weights: the root mean "
        "square over them. The optimiser makes it of the gradient and the learning rate."
    ),
    "way": (
        "One line per layer, on a log scale. This is how far a layer’s weights are from where they began: the root "
        "mean square over them. It may be less than all steps together, for they also go back and forth."
    ),
}


def size(value: float) -> str:
    """A size in three figures.

    >>> size(0.0123), size(0), size(0.0000045)
    ('0.0123', '0', '4.50×10⁻⁶')
    """
    return loss_text(value) if value else "0"


def in_words(what: What, step: int, layers: Mapping[str, float]) -> str:
    """Where it is largest and where smallest.  layers: {layer: size}, one or more.

    >>> in_words("gradient", 840, {"conv2d_1": 0.021, "dense_1": 0.0023})
    'After step 840 the gradient is largest in **conv2d\\\\_1** (0.0210) and smallest in **dense\\\\_1** (0.00230).'
    """
    names = [f"**{plain(pick(layers, key=lambda name: layers[name]))}**" for pick in (max, min)]
    sizes = [size(max(layers.values())), size(min(layers.values()))]
    moment = f"Step {count(step)}" if what == "step" else f"After step {count(step)}"
    if sizes[0] == sizes[1]:
        whose = f"of {names[0]}" if len(layers) == 1 else "of each layer"
        return f"{moment} {_ALIKE[what].format(whose, sizes[0])}"
    return f"{moment} {_APART[what].format(names[0], sizes[0], names[1], sizes[1])}"


_ALIKE: dict[What, str] = {
    "gradient": "the gradient {} is {}.",
    "step": "moved the weights {} by {}.",
    "way": "the weights {} are {} from where they began.",
}
_APART: dict[What, str] = {
    "gradient": "the gradient is largest in {} ({}) and smallest in {} ({}).",
    "step": "moved the weights of {} farthest ({}) and those of {} least ({}).",
    "way": "the weights of {} are farthest from where they began ({}) and those of {} nearest ({}).",
}


def alt(what: What, lines: Mapping[str, tuple[float | None, float | None]]) -> str:
    """What a reader who cannot see the chart is told.  lines: {layer: its first and its last size}.

    >>> alt("way", {"dense_1": (0.0, 0.5)})
    'Way from the start: dense_1 first 0, last 0.500'
    """

    def said(value: float | None) -> str:
        return "–" if value is None else size(value)

    courses = [f"{name} first {said(first)}, last {said(last)}" for name, (first, last) in lines.items()]
    return f"{NAMES[what]}: {'; '.join(courses)}"
