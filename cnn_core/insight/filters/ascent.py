"""What does one filter look for? Gradient ascent: change an image, step by step, until the filter answers loudly.

Two recipes. "lesson" is the loop of the lesson's notebook (Chollet, "Deep Learning with R", section 5.4.2; first in
Erhan et al. 2009, "Visualizing Higher-Layer Features of a Deep Network"). It leaves a quarter of the filters with the
noise they began from: where a filter is silent, a relu is flat, and there is no way up. "clean" is ours: it climbs a
relu that leaks, keeps the pixels pixels, shakes and softens the picture a little at each step, and gives those that
are still silent other starts, at last the digit that excites them most.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from cnn_core.checks import is_index, whole_number
from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.filters.climbing import Climber, rescue
from cnn_core.insight.filters.recipes import RECIPES, AscentRecipe
from cnn_core.insight.look.twin import checked_images, known_layer
from cnn_core.model import summarize
from cnn_core.model.network import Network

MAX_STEPS = 1_000


@dataclass(frozen=True, eq=False)
class FilterPictures:
    """The pictures that gradient ascent reached, for F filters of a layer.

    filters:   their numbers.
    images:    (F, C, H, W); with clamp in [0, 1], else raw numbers.
    scores:    (F, steps + 1), the mean of the filter's map, after the activation, before each step and after the last.
    dead:      (F,) bool, there is no picture.
    why:       for each filter None, "no slope" (the gradient is exactly zero: the image never moved, or got stuck) or
               "never fires" (climbing a leaky relu did not wake it either).
    begun:     where each picture began: "noise", "start" (the caller's), "other noise" or "example".
    starts:    (F, C, H, W), the images begun from.
    recipe:    how they were climbed to.
    path:      (F, steps + 1, C, H, W), raw; only with keep_path.
    gradients: (F, steps, C, H, W), raw; only with keep_path.
    """

    layer: str
    filters: tuple[int, ...]
    images: Tensor
    scores: Tensor
    dead: Tensor
    why: list[str | None]
    begun: list[str]
    starts: Tensor
    recipe: AscentRecipe
    path: Tensor | None = None
    gradients: Tensor | None = None

    @property
    def slopes(self) -> Tensor:
        """(F, steps): the RMS of each gradient, its typical size; only with keep_path."""
        assert self.gradients is not None, "climb with keep_path"
        return self.gradients.square().flatten(2).mean(2).sqrt()

    @property
    def range(self) -> Tensor:
        """(F, 2): the lowest and the highest number of each image."""
        flat = self.images.flatten(1)
        return torch.stack([flat.amin(1), flat.amax(1)], 1)


def maximize_filters(
    net: Network,
    layer: str,
    filters: Iterable[int] | int | None = None,
    steps: int = 40,
    seed: int = 0,
    recipe: str | AscentRecipe = "clean",
    start: Tensor | None = None,
    *,
    examples: Tensor | None = None,
    keep_path: bool = False,
) -> FilterPictures:
    """A picture for each filter of a layer: the image that makes the mean of its map as large as `steps` steps can.

    net:       trained or not; it is not touched.
    layer:     any of its layers; of a dense one the filters are its units (of the last layer: the classes, by their
               logits).
    filters:   which; None means all of the layer.
    steps:     of the climb.
    seed:      of the noise to start from, which depends on (seed, layer, filter) alone: one filter has the same
               picture alone and among the others.
    recipe:    "lesson", "clean", or one of your own: `RECIPES["clean"].replace(blur=0)`.
    start:     (F, C, H, W) to begin from, instead of noise.
    examples:  (N, C, H, W), real images among which a silent filter may find its start; None takes digits that are on
               this machine, if the net looks at such.
    keep_path: give the way to each picture too.
    Raises StudentError for an unknown layer, filter or recipe, and for numbers that make no sense.
    """
    numbers = _known_filters(net, known_layer(net, layer), filters)
    whole_number(steps, "The number of steps", 1, MAX_STEPS)
    whole_number(seed, "The seed", 0, 2**63 - 1)
    how = _known_recipe(recipe)
    climber = Climber(net, layer, how, steps, seed, keep_path)
    if start is None:
        starts = climber.noise(numbers, how.noise)
    else:
        starts = _checked_start(start, (len(numbers), *net.spec.input_shape))
    climb = climber.climb(starts, torch.tensor(numbers, dtype=torch.int64))
    climb.begun = ["noise" if start is None else "start"] * len(numbers)
    if how.rescue and not climb.alive.all():
        rescue(climb, climber, numbers, _examples(examples, net.spec.input_shape))
    return FilterPictures(
        layer=layer,
        filters=tuple(numbers),
        images=climb.images,
        scores=climb.scores,
        dead=~climb.alive,
        why=climb.why(how),
        begun=climb.begun,
        starts=climb.starts,
        recipe=how,
        path=climb.path,
        gradients=climb.gradients,
    )


def _known_filters(net: Network, layer: str, filters: Iterable[int] | int | None) -> list[int]:
    channels = next(row.output_shape[0] for row in summarize(net.spec) if row.name == layer)
    if filters is None:
        return list(range(channels))
    numbers = list(filters) if isinstance(filters, Iterable) else [filters]
    if not numbers:
        raise StudentError("No filter was chosen.", hint=f"{layer} has {channels}, from 0 to {channels - 1}.")
    for number in numbers:
        if not is_index(number, channels):
            raise StudentError(
                f"{layer} has no filter {quoted(number)}: it has {channels}, from 0 to {channels - 1}.",
                hint="Choose one of them.",
                layer=layer,
            )
    return [int(number) for number in numbers]


def _known_recipe(recipe: str | AscentRecipe) -> AscentRecipe:
    if isinstance(recipe, AscentRecipe):
        return recipe
    if recipe not in RECIPES:
        raise StudentError(f"There is no recipe {quoted(recipe)}.", hint=f"Choose {' or '.join(RECIPES)}.")
    return RECIPES[recipe]


def _checked_start(start: Any, shape: tuple[int, ...]) -> Tensor:
    if not isinstance(start, Tensor) or tuple(start.shape) != shape or not start.is_floating_point():
        what = tuple(start.shape) if isinstance(start, Tensor) else type(start).__name__
        raise StudentError(
            f"The start is {what}, and the filters need floats {shape}.", hint="Give one image each."
        )
    if not start.isfinite().all():
        raise StudentError("The start holds values that are no numbers.", hint="Begin from noise instead.")
    return start.detach().float().cpu().clone()


def _examples(examples: Tensor | None, shape: tuple[int, ...]) -> Tensor | None:
    if examples is not None:
        return checked_images(examples, shape).cpu()
    if tuple(shape) != (1, 28, 28):
        return None
    from cnn_core.data import load_images

    return as_fractions(load_images("mnist", "test", fetch=False).take(2_000).images)
