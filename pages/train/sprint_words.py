"""What makes the Sprint convnet learn so quickly, in its own numbers beside the lesson's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_core.model import PRESETS, summarize
from cnn_core.training import RECIPES, example_of_recipe
from cnn_core.training.schedule import steps_per_epoch
from pages.ui.wording.numbers import count, plural

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec
    from cnn_core.training import TrainSpec

OFFER = "Take the Sprint convnet"
TITLE = "**What makes it fast**"


def is_sprint(recipe: TrainSpec) -> bool:
    """Whether it is the recipe that belongs to the Sprint convnet, now or earlier, whatever its seed and images."""
    return example_of_recipe(recipe) == "sprint"


def what_makes_it_fast(spec: ModelSpec, recipe: TrainSpec, images: int) -> list[str]:
    """Reasons, a sentence or two each, true of any network and recipe that do less than the lesson's.

    images: how many there are to learn from, for either.
    """
    lesson, usual = PRESETS["lesson"], RECIPES["lesson"]
    work, usual_work = multiply_adds(spec), multiply_adds(lesson)
    steps, usual_steps = (steps_per_epoch(images, one.batch_size) * one.epochs for one in (recipe, usual))
    return [
        f"A small network: {count(work)} multiply-adds for an image. The lesson’s convnet does {count(usual_work)}, "
        f"{usual_work / work:.1f} times as many.{_moves_far(spec)}",
        f"Few epochs: it goes through the images {_times(recipe.epochs)}. The lesson’s recipe does so "
        f"{_times(usual.epochs)}.",
        f"Large batches: each step learns from {recipe.batch_size} images, not {usual.batch_size}. With so few "
        f"epochs that makes {plural(steps, 'step')}, not {count(usual_steps)}.",
        f"Long steps: the learning rate rises to {recipe.learning_rate:g} and falls to about 0 at the end. The "
        f"lesson’s stays at {usual.learning_rate:g}.",
        f"In all that is 1/{usual_work * usual.epochs / (work * recipe.epochs):.0f} of the lesson’s multiply-adds.",
    ]


def multiply_adds(spec: ModelSpec) -> int:
    """Of one image on its way through the network."""
    return sum(row.macs or 0 for row in summarize(spec))


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _moves_far(spec: ModelSpec) -> str:
    """What it means that the first convolution moves by more than a pixel; "" where it does not."""
    window, shape = spec.layers[0].window(), summarize(spec)[0].output_shape
    if window is None or window.stride == 1:
        return ""
    size = f"{shape[1]}×{shape[2]}"
    return f" Its first kernels move by {window.stride} pixels, so already the first maps are only {size}."
