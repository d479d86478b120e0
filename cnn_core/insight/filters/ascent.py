"""What does one filter look for? Gradient ascent: change an image, step by step, until the filter answers loudly.

Two recipes. "lesson" is the loop of the lesson's notebook (Chollet, "Deep Learning with R", section 5.4.2; first in
Erhan et al. 2009, "Visualizing Higher-Layer Features of a Deep Network"). It leaves a quarter of the filters with the
noise they began from: where a filter is silent, a relu is flat, and there is no way up. "clean" is ours: it climbs a
relu that leaks, keeps the pixels pixels, shakes and softens the picture a little at each step, and gives those that
are still silent other starts, at last the digit that excites them most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.checks import is_index, plain_number, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.filters.response import Response
from cnn_core.insight.look.features import BATCH
from cnn_core.insight.look.twin import checked_images, input_shape, known_layer

CHUNK = 16  # images at a time; a chunk of the second layer's maps must stay in the cache
MAX_STEPS = 1_000
NO_SLOPE = "no slope"
NEVER_FIRES = "never fires"


@dataclass(frozen=True)
class AscentRecipe:
    """How to climb. The defaults are the notebook's: nothing but the step."""

    step: float = 1.0  # typical change of a pixel at each step, in units of full contrast
    epsilon: float = 1e-5  # added to the gradient's RMS: gradients far below it hardly move the image
    noise: tuple[float, float] = (0.0, 1.0)  # pixels of the start, uniform between these
    leak: float = 0.0  # slope below zero of the relu we climb by; 0 is the net's own
    jitter: int = 0  # the picture is shaken by up to this many pixels at each step
    blur: float = 0.0  # how much of a 3×3 mean is mixed in after each step
    clamp: bool = False  # keep pixels in [0, 1]
    rescue: bool = False  # try the silent again: other noise, and then the digit that excites them most


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
    """What gradient ascent found for F filters of a layer.

    images: (F, C, H, W); with clamp in [0, 1], else raw numbers.  range: (F, 2), each image's lowest and highest.
    scores: (F, steps + 1), the mean of the filter's map, after the activation, before each step and after the last.
    dead:   (F,) bool, no picture was found.  why: for each filter None, "no slope" (the gradient is exactly zero: the
            image never moved, or got stuck) or "never fires" (climbing a leaky relu did not wake it either).
    begun:  where each picture began: "noise", "start" (the caller's), "other noise" or "example".
    starts: (F, C, H, W), the images begun from.
    path:   (F, steps + 1, C, H, W) and gradients (F, steps, C, H, W), raw; only with keep_path.
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
    def range(self) -> Tensor:
        flat = self.images.flatten(1)
        return torch.stack([flat.amin(1), flat.amax(1)], 1)


def maximize_filters(
    net: nn.Module,
    layer: str,
    filters: Iterable[int] | int | None = None,
    steps: int = 40,
    seed: int = 0,
    recipe: str = "clean",
    start: Tensor | None = None,
    *,
    examples: Tensor | None = None,
    keep_path: bool = False,
    step: float | None = None,
    leak: float | None = None,
    jitter: int | None = None,
    blur: float | None = None,
    clamp: bool | None = None,
    rescue: bool | None = None,
) -> FilterPictures:
    """A picture for each filter of a layer: the image that makes the mean of its map as large as `steps` steps can.

    net:     a Network, trained or not; it is not touched.  layer: any of its layers; of a dense one the filters are
             its units (of the last layer: the classes, by their logits).
    filters: which; None means all of the layer.  start: (F, C, H, W) to begin from, instead of noise that depends on
             (seed, layer, filter) alone: one filter has the same picture alone and among the others.
    recipe:  "lesson" or "clean"; `step`, `leak`, `jitter`, `blur`, `clamp`, `rescue` change one thing of it.
    examples: (N, C, H, W), real images among which a silent filter may find its start; None takes digits that are on
             this machine, if the net looks at such.
    Raises StudentError for an unknown layer, filter or recipe, and for numbers that make no sense.
    """
    shape = input_shape(net)
    assert shape is not None, "only networks built from a ModelSpec can be climbed"
    wanted = _known_filters(net, known_layer(net, layer), filters)
    whole_number(steps, "The number of steps", 1, MAX_STEPS)
    whole_number(seed, "The seed", 0, 2**63 - 1)
    how = _recipe(recipe, step=step, leak=leak, jitter=jitter, blur=blur, clamp=clamp, rescue=rescue)
    response = Response(net, layer)
    if start is None:
        starts = torch.stack([_noise(seed, layer, f, shape, how.noise) for f in wanted])
    else:
        starts = _checked_start(start, (len(wanted), *shape))
    numbers = torch.tensor(wanted, dtype=torch.int64)
    climb = _climb(response, starts, numbers, steps, how, seed, keep_path)
    begun = ["noise" if start is None else "start"] * len(wanted)
    if how.rescue and not climb.alive.all():
        digits = _examples(examples, shape)
        _rescue(climb, begun, response, layer, numbers, steps, how, seed, digits)
    why = [None if a else NEVER_FIRES if m and how.leak else NO_SLOPE
           for a, m in zip(climb.alive.tolist(), climb.moved.tolist(), strict=True)]  # fmt: skip
    return FilterPictures(
        layer=layer,
        filters=tuple(wanted),
        images=climb.images,
        scores=climb.scores,
        dead=~climb.alive,
        why=why,
        begun=begun,
        starts=climb.starts,
        recipe=how,
        path=climb.path,
        gradients=climb.gradients,
    )


@dataclass
class _Climb:
    """What a climb found, filter by filter; a later attempt may write its own rows over those of an earlier one."""

    starts: Tensor
    images: Tensor
    scores: Tensor
    moved: Tensor  # (F,) bool: there was a slope at some step
    alive: Tensor  # (F,) bool: it moved, and the filter answers to the image
    path: Tensor | None
    gradients: Tensor | None

    def take_over(self, rows: Tensor, other: _Climb, kept: Tensor) -> None:
        """Write the rows `kept` (bool) of `other` over our `rows`."""
        self.moved[rows] |= other.moved
        for mine, theirs in zip(self._tensors(), other._tensors(), strict=True):
            mine[rows[kept]] = theirs[kept]

    def _tensors(self) -> list[Tensor]:
        every = [self.starts, self.images, self.scores, self.alive, self.path, self.gradients]
        return [tensor for tensor in every if tensor is not None]


def _climb(
    response: Response,
    starts: Tensor,
    filters: Tensor,
    steps: int,
    how: AscentRecipe,
    seed: int,
    keep_path: bool,
) -> _Climb:
    """Climb for all filters, a chunk at a time. Every chunk is shaken alike, so chunks do not matter.

    Chunks are always full: for another number of images the processor's library picks another kernel, whose last
    digits differ, and forty steps over a relu's kinks make a visible difference of that.
    """
    shakes = _shakes(seed, steps, how.jitter)
    missing = -len(starts) % CHUNK
    every = torch.cat([starts, starts[:1].expand(missing, *starts.shape[1:])])
    numbers = torch.cat([filters, filters[:1].expand(missing)])
    parts = [
        _climb_chunk(
            response, x.to(response.device, response.dtype), f.to(response.device), shakes, how, keep_path
        )
        for x, f in zip(every.split(CHUNK), numbers.split(CHUNK), strict=True)
    ]
    columns: list[Any] = [
        None if part[0] is None else _given_back(torch.cat(part)[: len(starts)])
        for part in zip(*parts, strict=True)
    ]
    return _Climb(starts.clone(), *columns)


def _climb_chunk(
    response: Response,
    images: Tensor,
    filters: Tensor,
    shakes: list[tuple[int, int]],
    how: AscentRecipe,
    keep_path: bool,
) -> tuple[Any, ...]:
    scores, path, slopes = [], [images], []
    moved = torch.zeros(len(images), dtype=torch.bool, device=images.device)
    for down, right in shakes:
        score, slope = _slope(response, _rolled(images, down, right), filters, how.leak)
        slope = _rolled(slope, -down, -right)
        rms = slope.square().mean((1, 2, 3), keepdim=True).sqrt()
        moved |= rms.flatten() > 0
        # Divided by its own RMS, each filter's gradient makes steps of one size, loud filters and quiet ones alike.
        climbed = images + how.step * slope / (rms + how.epsilon)
        if how.blur:
            climbed = torch.lerp(climbed, F.avg_pool2d(climbed, 3, 1, 1, count_include_pad=False), how.blur)
        images = climbed.clamp(0, 1) if how.clamp else climbed
        scores.append(score)
        if keep_path:
            path.append(images)
            slopes.append(slope)
    score, answers = response.final(images, filters)
    scores.append(score)
    found = (images, torch.stack(scores, 1), moved, moved & answers)
    return (*found, torch.stack(path, 1), torch.stack(slopes, 1)) if keep_path else (*found, None, None)


def _slope(response: Response, images: Tensor, filters: Tensor, leak: float) -> tuple[Tensor, Tensor]:
    """(score (N,), gradient of the objective (N, C, H, W)), whatever the caller's grad mode is."""
    with torch.inference_mode(False), torch.enable_grad():
        images = images.detach().clone().requires_grad_()
        objective, score = response(images, filters, leak)
        (gradient,) = torch.autograd.grad(objective.sum(), images)
    return score.detach(), gradient


def _rescue(
    climb: _Climb,
    begun: list[str],
    response: Response,
    layer: str,
    filters: Tensor,
    steps: int,
    how: AscentRecipe,
    seed: int,
    digits: Tensor | None,
) -> None:
    """Give the silent filters of `climb` other starts; what is found is written into `climb` and `begun`."""
    keep_path = climb.path is not None
    shape = climb.starts.shape[1:]
    for attempt, noise in enumerate(RESCUE_NOISE, start=1):
        rows = (~climb.alive).nonzero()[:, 0]
        if not len(rows):
            return
        starts = torch.stack([_noise(seed, layer, f, shape, noise, attempt) for f in filters[rows].tolist()])
        again = _climb(response, starts, filters[rows], steps, how, seed, keep_path)
        climb.take_over(rows, again, again.alive)
        for row in rows[again.alive].tolist():
            begun[row] = "other noise"
    rows = (~climb.alive).nonzero()[:, 0]
    if not len(rows) or digits is None:
        return
    strongest, scores = _strongest(response, digits, filters[rows])
    rows, strongest = rows[scores > 0], strongest[scores > 0]
    if not len(rows):
        return
    again = _climb_down_never(response, digits[strongest], filters[rows], steps, how, keep_path)
    climb.take_over(rows, again, again.alive)
    for row in rows[again.alive].tolist():
        begun[row] = "example"


def _climb_down_never(
    response: Response, starts: Tensor, filters: Tensor, steps: int, how: AscentRecipe, keep_path: bool
) -> _Climb:
    """Climb from images that excite their filters, and never end below them.

    Such a filter answers to little besides its digit, and an ordinary step loses it. So nothing is shaken or
    softened, a step that does not help is taken back, and the next one is half as long.
    """
    images = starts.to(response.device, response.dtype)
    numbers = filters.to(response.device)
    best, slope = _slope(response, images, numbers, 0.0)
    length = torch.full_like(best, how.step)[:, None, None, None]
    scores, path, slopes = [best], [images], []
    for _ in range(steps):
        rms = slope.square().mean((1, 2, 3), keepdim=True).sqrt()
        tried = images + length * slope / (rms + how.epsilon)
        tried = tried.clamp(0, 1) if how.clamp else tried
        score, tried_slope = _slope(response, tried, numbers, 0.0)
        slopes.append(slope)
        better = (score > best)[:, None, None, None]
        images = torch.where(better, tried, images)
        slope = torch.where(better, tried_slope, slope)
        length = torch.where(better, length, length / 2)
        best = torch.maximum(score, best)
        scores.append(best)
        path.append(images)
    alive = slopes[0].flatten(1).ne(0).any(1).cpu()
    return _Climb(
        starts.clone(),
        _given_back(images),
        _given_back(torch.stack(scores, 1)),
        alive.clone(),
        alive,
        _given_back(torch.stack(path, 1)) if keep_path else None,
        _given_back(torch.stack(slopes, 1)) if keep_path else None,
    )


def _strongest(response: Response, digits: Tensor, filters: Tensor) -> tuple[Tensor, Tensor]:
    """For each filter the example with the largest score, and that score: (F,) indices and (F,)."""
    scores = torch.cat(
        [response.of_every_filter(part.to(response.device, response.dtype)) for part in digits.split(BATCH)]
    )
    best, index = scores.cpu()[:, filters].max(0)
    return index, best


def _given_back(tensor: Tensor) -> Tensor:
    return tensor.cpu() if tensor.dtype == torch.bool else tensor.float().cpu()


def _shakes(seed: int, steps: int, jitter: int) -> list[tuple[int, int]]:
    """(down, right) for each step, in pixels, the same for all filters."""
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.randint(-jitter, jitter + 1, (steps, 2), generator=generator)
    return [(down, right) for down, right in drawn.tolist()]


def _rolled(images: Tensor, down: int, right: int) -> Tensor:
    return images.roll((down, right), (2, 3)) if down or right else images


def _noise(
    seed: int, layer: str, number: int, shape: Any, bounds: tuple[float, float], attempt: int = 0
) -> Tensor:
    """Uniform noise that depends on nothing but its arguments: not on which filters are asked for beside it."""
    key = hashlib.blake2b(f"{seed}/{layer}/{number}/{attempt}".encode(), digest_size=7).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(key, "little"))
    low, high = bounds
    return low + (high - low) * torch.rand(tuple(shape), generator=generator)


def _known_filters(net: Any, layer: str, filters: Iterable[int] | int | None) -> list[int]:
    channels = net_channels(net, layer)
    if filters is None:
        return list(range(channels))
    asked = list(filters) if isinstance(filters, Iterable) else [filters]
    if not asked:
        raise StudentError("No filter was chosen.", hint=f"{layer} has {channels}, from 0 to {channels - 1}.")
    for number in asked:
        if not is_index(number, channels):
            raise StudentError(
                f"{layer} has no filter {quoted(number)}: it has {channels}, from 0 to {channels - 1}.",
                hint="Choose one of them.",
                layer=layer,
            )
    return [int(number) for number in asked]


def net_channels(net: Any, layer: str) -> int:
    """How many filters (channels, or units) a layer has."""
    from cnn_core.model import summarize

    return next(row.output_shape[0] for row in summarize(net.spec) if row.name == layer)


def _recipe(name: str, **changes: Any) -> AscentRecipe:
    if name not in RECIPES:
        raise StudentError(f"There is no recipe {quoted(name)}.", hint=f"Choose {' or '.join(RECIPES)}.")
    how = replace(RECIPES[name], **{key: value for key, value in changes.items() if value is not None})
    whole_number(how.jitter, "The jitter", 0, 14)
    for value, title, least, most in (
        (how.step, "The step", 0.0, 100.0),
        (how.leak, "The leak", 0.0, 1.0),
        (how.blur, "The blur", 0.0, 1.0),
    ):
        plain_number(value, title, least, most)
    return how


def _checked_start(start: Any, shape: tuple[int, ...]) -> Tensor:
    if not isinstance(start, Tensor) or tuple(start.shape) != shape or not start.is_floating_point():
        given = tuple(start.shape) if isinstance(start, Tensor) else type(start).__name__
        raise StudentError(
            f"The start is {given}, and the filters need floats {shape}.", hint="Give one image each."
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

    return load_images("mnist", "test", fetch=False).take(2_000).images.float().div(255)
