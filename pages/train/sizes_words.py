"""The sentences around gradients and steps over a training; what each chart shows is in `wording/layer_sizes.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.ui.wording.blocks import small

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnn_core.runs import StepSizes

TITLE = "How strongly each layer learns"
NO_STEPS = small(
    "Of this run single steps were not measured: it is of an earlier version, or learns on a GPU."
)
_BY_OWN_SIZE = {"rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW", "adadelta": "Adadelta"}


def why_steps_are_alike(what: str, optimizer: str, sizes: StepSizes) -> str:
    """Said where it is so: the last steps differ less from layer to layer than the gradients before them."""
    if what != "step" or optimizer not in _BY_OWN_SIZE:
        return ""
    step = sizes.moved[-1]
    gradient = next((one for one in reversed(sizes.gradients) if one.step < step.step), None)
    if gradient is None or _times(step.layers) >= _times(gradient.layers):
        return ""
    return (
        f" {_BY_OWN_SIZE[optimizer]} divides each gradient by the size it usually has. So the steps differ less from "
        "layer to layer than the gradients."
    )


def _times(layers: Mapping[str, float]) -> float:
    """How many times the smallest the largest is; 1 where there is nothing to compare."""
    values = [value for value in layers.values() if value > 0]
    return max(values) / min(values) if values else 1.0
