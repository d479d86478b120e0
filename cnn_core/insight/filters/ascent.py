"""What does one filter look for? Gradient ascent: change an image, step by step, until the filter answers loudly.

Two recipes. "lesson" is the loop of the lesson's notebook (Chollet, "Deep Learning with R", section 5.4.2; first in
Erhan et al. 2009, "Visualizing Higher-Layer Features of a Deep Network"). It leaves a quarter of the filters with the
noise they began from: where a filter is silent, a relu is flat, and there is no way up. "clean" is ours: it climbs a
relu that leaks, keeps the pixels pixels, shakes and softens the picture a little at each step, and gives those that
are still silent other starts, at last the digit that excites them most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.checks import is_index, plain_number, whole_number
from cnn_core.data.pixels import as_fractions
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.filters.response import Response
from cnn_core.insight.look.features import BATCH
from cnn_core.insight.look.twin import checked_images, known_layer
from cnn_core.model import summarize
from cnn_core.model.network import Network

CHUNK = 16  # images at a time; a chunk of the second layer's maps must stay in the cache
MAX_STEPS = 1_000
NO_SLOPE = "no slope"
NEVER_FIRES = "never fires"


@dataclass(frozen=True)
class AscentRecipe:
    """How to climb. The defaults are the notebook's: nothing but the step.

    step:    typical change of a pixel at each step, in units of full contrast.
    epsilon: added to the gradient's RMS: gradients far below it hardly move the image.
    noise:   pixels of the start, uniform between these two.
    leak:    slope below zero of the relu we climb by; 0 is the net's own.
    jitter:  the picture is shaken by up to this many pixels at each step.
    blur:    how much of a 3×3 mean is mixed in after each step, 0 to 1.
    clamp:   keep pixels in [0, 1].
    rescue:  try the silent again: from other noise, and then from the digit that excites them most.
    Raises StudentError for numbers that make no sense.
    """

    step: float = 1.0
    epsilon: float = 1e-5
    noise: tuple[float, float] = (0.0, 1.0)
    leak: float = 0.0
    jitter: int = 0
    blur: float = 0.0
    clamp: bool = False
    rescue: bool = False

    def __post_init__(self) -> None:
        whole_number(self.jitter, "The jitter", 0, 14)
        for value, title, least, most in (
            (self.step, "The step", 0.0, 100.0),
            (self.leak, "The leak", 0.0, 1.0),
            (self.blur, "The blur", 0.0, 1.0),
        ):
            plain_number(value, title, least, most)

    def replace(self, **changes: Any) -> AscentRecipe:
        """A copy with some values changed, checked like any other."""
        return replace(self, **changes)


RECIPES: dict[str, AscentRecipe] = {
    "lesson": AscentRecipe(),
    "clean": AscentRecipe(
        step=0.05,
        epsilon=1e-12,
        noise=(0.4, 0.6),
        leak=0.01,
        jitter=2,
        blur=0.15,
        clamp=True,
        rescue=True,
    ),
}
RESCUE_NOISE = ((0.0, 1.0), (0.0, 0.2))  # the silent need another kind of start, not the same kind again


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
    climber = _Climber(net, layer, how, steps, seed, keep_path)
    if start is None:
        starts = climber.noise(numbers, how.noise)
    else:
        starts = _checked_start(start, (len(numbers), *net.spec.input_shape))
    climb = climber.climb(starts, torch.tensor(numbers, dtype=torch.int64))
    climb.begun = ["noise" if start is None else "start"] * len(numbers)
    if how.rescue and not climb.alive.all():
        _rescue(climb, climber, numbers, _examples(examples, net.spec.input_shape))
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


@dataclass(eq=False)
class _Climb:
    """The outcome for F filters. A later attempt may write its own rows over those of an earlier one.

    starts, images, scores, path, gradients, begun: as in FilterPictures.
    moved: (F,) bool, there was a slope at some step.
    alive: (F,) bool, it moved, and the filter answers to the image.
    """

    starts: Tensor
    images: Tensor
    scores: Tensor
    moved: Tensor
    alive: Tensor
    path: Tensor | None
    gradients: Tensor | None
    begun: list[str] = field(default_factory=list)

    @classmethod
    def joined(cls, chunks: Sequence[_Climb], starts: Tensor) -> _Climb:
        """The climbs of several chunks as one, on the CPU, for as many filters as there are `starts`."""

        def column(tensors: list[Tensor]) -> Tensor:
            return _on_cpu(torch.cat(tensors)[: len(starts)])

        paths = [chunk.path for chunk in chunks if chunk.path is not None]
        gradients = [chunk.gradients for chunk in chunks if chunk.gradients is not None]
        return cls(
            starts=starts.clone(),
            images=column([chunk.images for chunk in chunks]),
            scores=column([chunk.scores for chunk in chunks]),
            moved=column([chunk.moved for chunk in chunks]),
            alive=column([chunk.alive for chunk in chunks]),
            path=column(paths) if paths else None,
            gradients=column(gradients) if gradients else None,
        )

    def take_over(self, rows: Tensor, attempt: _Climb, began: str) -> None:
        """Write what came alive in `attempt`, which is for our `rows` and began from `began`, over those rows."""
        self.moved[rows] |= attempt.moved
        for mine, theirs in zip(self._tensors(), attempt._tensors(), strict=True):
            mine[rows[attempt.alive]] = theirs[attempt.alive]
        for row in rows[attempt.alive].tolist():
            self.begun[row] = began

    def silent_rows(self) -> Tensor:
        """The rows that have no picture yet: (n,) int64."""
        return (~self.alive).nonzero()[:, 0]

    def why(self, recipe: AscentRecipe) -> list[str | None]:
        """For each filter why it has no picture, or None."""
        return [
            None if alive else NEVER_FIRES if moved and recipe.leak else NO_SLOPE
            for alive, moved in zip(self.alive.tolist(), self.moved.tolist(), strict=True)
        ]

    def _tensors(self) -> list[Tensor]:
        every = [self.starts, self.images, self.scores, self.alive, self.path, self.gradients]
        return [tensor for tensor in every if tensor is not None]


class _Climber:
    """Climbs by one recipe, for any filters of one layer."""

    def __init__(
        self, net: Network, layer: str, recipe: AscentRecipe, steps: int, seed: int, keep_path: bool
    ) -> None:
        self.response, self.layer, self.shape = Response(net, layer), layer, net.spec.input_shape
        self.recipe, self.steps, self.seed, self.keep_path = recipe, steps, seed, keep_path

    def noise(self, filters: Iterable[int], bounds: tuple[float, float], attempt: int = 0) -> Tensor:
        """A start for each filter, (F, C, H, W)."""
        keys = [f"{self.seed}/{self.layer}/{number}/{attempt}" for number in filters]
        return torch.stack([_noise(key, self.shape, bounds) for key in keys])

    def climb(self, starts: Tensor, filters: Tensor) -> _Climb:
        """Climb for all filters, a chunk at a time. Every chunk is shaken alike, so chunks do not matter.

        Chunks are always full: for another number of images the processor's library picks another kernel, whose last
        digits differ, and forty steps over a relu's kinks make a visible difference of that.
        """
        missing = -len(starts) % CHUNK
        images = torch.cat([starts, starts[:1].expand(missing, *starts.shape[1:])])
        numbers = torch.cat([filters, filters[:1].expand(missing)])
        shakes = _shakes(self.seed, self.steps, self.recipe.jitter)
        chunks = [
            self._climb_chunk(*chunk, shakes)
            for chunk in zip(images.split(CHUNK), numbers.split(CHUNK), strict=True)
        ]
        return _Climb.joined(chunks, starts)

    def _climb_chunk(self, starts: Tensor, filters: Tensor, shakes: list[tuple[int, int]]) -> _Climb:
        response, recipe = self.response, self.recipe
        images, filters = starts.to(response.device, response.dtype), filters.to(response.device)
        scores, path, gradients = [], [images], []
        moved = torch.zeros(len(images), dtype=torch.bool, device=images.device)
        for down, right in shakes:
            slope = _slope(response, _rolled(images, down, right), filters, recipe.leak)
            gradient = _rolled(slope.gradient, -down, -right)
            rms = _rms(gradient)
            moved |= rms.flatten() > 0
            # Divided by its own RMS, each filter's gradient makes steps of one size, loud filters and quiet ones alike.
            climbed = images + recipe.step * gradient / (rms + recipe.epsilon)
            if recipe.blur:
                mean = F.avg_pool2d(climbed, 3, 1, 1, count_include_pad=False)
                climbed = torch.lerp(climbed, mean, recipe.blur)
            images = climbed.clamp(0, 1) if recipe.clamp else climbed
            scores.append(slope.score)
            if self.keep_path:
                path.append(images)
                gradients.append(gradient)
        score, answers = response.final(images, filters)
        return _Climb(
            starts=starts,
            images=images,
            scores=torch.stack([*scores, score], 1),
            moved=moved,
            alive=moved & answers,
            path=torch.stack(path, 1) if self.keep_path else None,
            gradients=torch.stack(gradients, 1) if self.keep_path else None,
        )

    def climb_monotonic(self, starts: Tensor, filters: Tensor) -> _Climb:
        """Climb from images that excite their filters, and never end below them.

        Such a filter answers to little besides its digit, and an ordinary step loses it. So nothing is shaken or
        softened, a step that does not help is taken back, and the next one is half as long.
        """
        response, recipe = self.response, self.recipe
        images, filters = starts.to(response.device, response.dtype), filters.to(response.device)
        slope = _slope(response, images, filters, 0.0)
        best, gradient = slope.score, slope.gradient
        length = torch.full_like(best, recipe.step)[:, None, None, None]
        scores, path, gradients = [best], [images], []
        for _ in range(self.steps):
            step = images + length * gradient / (_rms(gradient) + recipe.epsilon)
            step = step.clamp(0, 1) if recipe.clamp else step
            slope = _slope(response, step, filters, 0.0)
            gradients.append(gradient)
            better = (slope.score > best)[:, None, None, None]
            images = torch.where(better, step, images)
            gradient = torch.where(better, slope.gradient, gradient)
            length = torch.where(better, length, length / 2)
            best = torch.maximum(slope.score, best)
            scores.append(best)
            path.append(images)
        alive = gradients[0].flatten(1).ne(0).any(1)
        climb = _Climb(
            starts=starts,
            images=images,
            scores=torch.stack(scores, 1),
            moved=alive,
            alive=alive,
            path=torch.stack(path, 1) if self.keep_path else None,
            gradients=torch.stack(gradients, 1) if self.keep_path else None,
        )
        return _Climb.joined([climb], starts)


@dataclass(frozen=True, eq=False)
class _Slope:
    """At N images: the score of each (N,), and the gradient of what is climbed (N, C, H, W)."""

    score: Tensor
    gradient: Tensor


def _slope(response: Response, images: Tensor, filters: Tensor, leak: float) -> _Slope:
    with torch.inference_mode(False), torch.enable_grad():  # whatever the caller is in
        images = images.detach().clone().requires_grad_()
        objective, score = response(images, filters, leak)
        (gradient,) = torch.autograd.grad(objective.sum(), images)
    return _Slope(score.detach(), gradient)


def _rms(gradient: Tensor) -> Tensor:
    """Of each image: (N, C, H, W) -> (N, 1, 1, 1)."""
    return gradient.square().mean((1, 2, 3), keepdim=True).sqrt()


def _rescue(climb: _Climb, climber: _Climber, numbers: Sequence[int], digits: Tensor | None) -> None:
    """Give the silent filters of `climb` other starts; the pictures reached are written into it."""
    filters = torch.tensor(numbers, dtype=torch.int64)
    for attempt, bounds in enumerate(RESCUE_NOISE, start=1):
        rows = climb.silent_rows()
        if not len(rows):
            return
        starts = climber.noise(filters[rows].tolist(), bounds, attempt)
        climb.take_over(rows, climber.climb(starts, filters[rows]), "other noise")
    rows = climb.silent_rows()
    if not len(rows) or digits is None:
        return
    indices, scores = _strongest(climber.response, digits, filters[rows])
    rows, indices = rows[scores > 0], indices[scores > 0]
    if len(rows):
        climb.take_over(rows, climber.climb_monotonic(digits[indices], filters[rows]), "example")


def _strongest(response: Response, digits: Tensor, filters: Tensor) -> tuple[Tensor, Tensor]:
    """For each filter the example with the largest score, and that score: (F,) indices and (F,)."""
    scores = torch.cat(
        [response.of_every_filter(part.to(response.device, response.dtype)) for part in digits.split(BATCH)]
    )
    best, index = scores.cpu()[:, filters].max(0)
    return index, best


def _on_cpu(tensor: Tensor) -> Tensor:
    return tensor.cpu() if tensor.dtype == torch.bool else tensor.float().cpu()


def _shakes(seed: int, steps: int, jitter: int) -> list[tuple[int, int]]:
    """(down, right) for each step, in pixels, the same for all filters."""
    generator = torch.Generator().manual_seed(seed)
    moves = torch.randint(-jitter, jitter + 1, (steps, 2), generator=generator)
    return [(down, right) for down, right in moves.tolist()]


def _rolled(images: Tensor, down: int, right: int) -> Tensor:
    return images.roll((down, right), (2, 3)) if down or right else images


def _noise(key: str, shape: Sequence[int], bounds: tuple[float, float]) -> Tensor:
    """Uniform noise that depends on nothing but its arguments: not on which filters are asked for beside it."""
    digest = hashlib.blake2b(key.encode(), digest_size=7).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest, "little"))
    low, high = bounds
    return low + (high - low) * torch.rand(tuple(shape), generator=generator)


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
