"""The climb itself, for many filters at once: step by step up each one's slope, and what is tried for the silent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Self, TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.insight.filters.recipes import AscentRecipe
from cnn_core.insight.filters.response import Response
from cnn_core.insight.look.features import BATCH
from cnn_core.model.network import Network
from cnn_core.training.fast.aside import side_by_side, threads_here

MOST, QUAD = 24, 4  # images at a time: so many at most, and a multiple of so many
NO_SLOPE = "no slope"
NEVER_FIRES = "never fires"
RESCUE_NOISE = ((0.0, 1.0), (0.0, 0.2))  # the silent need another kind of start, not the same kind again

R = TypeVar("R")
Chunk = tuple[Tensor, Tensor]  # images (N, C, H, W), and the filter of each (N,)
Shakes = list[tuple[int, int]]  # (down, right) for each step, in pixels


@dataclass(eq=False)
class Way:
    """Some steps of F images, as far as they have come. In the network's own numbers, where it computes.

    images:    (F, C, H, W), where they are now.
    scores:    (F, S), before each of S steps.
    moved:     (F,) bool, there was a slope at some step.
    path:      (F, S, C, H, W), where each step began; only where it is kept.
    gradients: (F, S, C, H, W); only where they are kept.
    """

    images: Tensor
    scores: Tensor
    moved: Tensor
    path: Tensor | None = None
    gradients: Tensor | None = None

    @classmethod
    def beside(cls, ways: Sequence[Self], count: int) -> Self:
        """Those of several chunks as one, the first `count` of them."""

        def column(name: str) -> Tensor | None:
            parts = [getattr(way, name) for way in ways]
            return None if parts[0] is None else torch.cat(parts)[:count]

        return cls(*(column(one.name) for one in fields(cls)))  # type: ignore[arg-type]

    def then(self, rows: Tensor, further: Self) -> Self:
        """This way and the further steps of those `rows`; the others stay where they are, and have no slope."""
        steps = further.scores.shape[1]
        images, moved = self.images.clone(), self.moved.clone()
        images[rows] = further.images
        moved[rows] |= further.moved

        def longer(mine: Tensor | None, theirs: Tensor | None, stays: Callable[[], Tensor]) -> Tensor | None:
            if mine is None or theirs is None:
                return None
            rest = stays()[:, None].expand(-1, steps, *mine.shape[2:]).clone()
            rest[rows] = theirs
            return torch.cat([mine, rest], 1)

        scores = longer(self.scores, further.scores, lambda: self.scores[:, -1])
        assert scores is not None
        return type(self)(
            images=images,
            scores=scores,
            moved=moved,
            path=longer(self.path, further.path, lambda: self.images),
            gradients=longer(self.gradients, further.gradients, lambda: torch.zeros_like(self.images)),
        )


@dataclass(eq=False)
class Climb:
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
    def ended(cls, way: Way, starts: Tensor, score: Tensor, alive: Tensor) -> Self:
        """What a way led to, on the CPU.  score: (F,), after its last step."""
        path = None if way.path is None else torch.cat([way.path, way.images[:, None]], 1)
        return cls(
            starts=starts.clone(),
            images=_on_cpu(way.images),
            scores=_on_cpu(torch.cat([way.scores, score[:, None]], 1)),
            moved=way.moved.cpu(),
            alive=alive.cpu(),
            path=None if path is None else _on_cpu(path),
            gradients=None if way.gradients is None else _on_cpu(way.gradients),
        )

    def take_over(self, rows: Tensor, attempt: Climb, began: str) -> None:
        """Write what came alive in `attempt`, which is for our `rows` and began from `began`, over those rows."""
        self.moved[rows] |= attempt.moved
        for mine, theirs in zip(self._tensors(), attempt._tensors(), strict=True):
            mine[rows[attempt.alive]] = theirs[attempt.alive]
        for row in rows[attempt.alive].tolist():
            self.begun[row] = began

    def only(self, rows: Tensor) -> Climb:
        """The outcome of some rows; nobody has said yet where they began."""
        return Climb(
            starts=self.starts[rows],
            images=self.images[rows],
            scores=self.scores[rows],
            moved=self.moved[rows],
            alive=self.alive[rows],
            path=None if self.path is None else self.path[rows],
            gradients=None if self.gradients is None else self.gradients[rows],
        )

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


class Climber:
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

    def climb(self, starts: Tensor, filters: Tensor) -> Climb:
        """Climb for all filters, a chunk at a time. Every chunk is shaken alike, so chunks do not matter.

        An image that the first step leaves as it is, and that nothing shakes, will never move: the others go on
        without it. By the lesson's recipe that is half of the third layer's.
        """
        images, filters = self._here(starts), filters.to(self.response.device)
        shakes = _shakes(self.seed, self.steps, self.recipe.jitter)
        if self.recipe.jitter:
            way = self._in_chunks(images, filters, shakes)
        else:
            way = self._in_chunks(images, filters, shakes[:1])
            going = (way.images != images).flatten(1).any(1).nonzero()[:, 0]
            if len(shakes) > 1:
                going = (
                    going if len(going) else torch.zeros_like(filters[:1])
                )  # then one of them shows how far
                further = self._in_chunks(way.images[going], filters[going], shakes[1:])
                way = way.then(going, further)
        score, answers = self._final(way.images, filters)
        return Climb.ended(way, starts, score, way.moved & answers)

    def _in_chunks(self, images: Tensor, filters: Tensor, shakes: Shakes) -> Way:
        ways = self._each(lambda chunk: self._walk(*chunk, shakes), _chunks(images, filters))
        return Way.beside(ways, len(images))

    def _final(self, images: Tensor, filters: Tensor) -> tuple[Tensor, Tensor]:
        every = self._each(lambda chunk: self.response.final(*chunk), _chunks(images, filters))
        scores, answers = zip(*every, strict=True)
        return torch.cat(scores)[: len(images)], torch.cat(answers)[: len(images)]

    def _each(self, work: Callable[[Chunk], R], chunks: Iterable[Chunk]) -> list[R]:
        """Of each chunk; on processors as many at a time as there may be threads, for none needs another."""
        if self.response.device.type != "cpu":
            return [work(chunk) for chunk in chunks]
        return side_by_side(work, chunks)

    def _here(self, starts: Tensor) -> Tensor:
        return starts.to(self.response.device, self.response.dtype)

    def _walk(self, images: Tensor, filters: Tensor, shakes: Shakes) -> Way:
        response, recipe = self.response, self.recipe
        scores, path, gradients = [], [], []
        moved = torch.zeros(len(images), dtype=torch.bool, device=images.device)
        for down, right in shakes:
            slope = _slope(response, _rolled(images, down, right), filters, recipe.leak)
            gradient = _rolled(slope.gradient, -down, -right)
            rms = _rms(gradient)
            moved |= rms.flatten() > 0
            scores.append(slope.score)
            if self.keep_path:
                path.append(images)
                gradients.append(gradient)
            # Divided by its own RMS, each filter's gradient makes steps of one size, loud filters and quiet ones alike.
            climbed = images + recipe.step * gradient / (rms + recipe.epsilon)
            if recipe.blur:
                mean = F.avg_pool2d(climbed, 3, 1, 1, count_include_pad=False)
                climbed = torch.lerp(climbed, mean, recipe.blur)
            images = climbed.clamp(0, 1) if recipe.clamp else climbed
        return Way(
            images=images,
            scores=torch.stack(scores, 1),
            moved=moved,
            path=torch.stack(path, 1) if self.keep_path else None,
            gradients=torch.stack(gradients, 1) if self.keep_path else None,
        )

    def climb_monotonic(self, starts: Tensor, filters: Tensor) -> Climb:
        """Climb from images that excite their filters, and never end below them.

        Such a filter answers to little besides its digit, and an ordinary step loses it. So nothing is shaken or
        softened, a step that does not help is taken back, and the next one is half as long.
        """
        response, recipe = self.response, self.recipe
        images, filters = self._here(starts), filters.to(response.device)
        slope = _slope(response, images, filters, 0.0)
        best, gradient = slope.score, slope.gradient
        length = torch.full_like(best, recipe.step)[:, None, None, None]
        scores, path, gradients = [], [], []
        for _ in range(self.steps):
            scores.append(best)
            path.append(images)
            gradients.append(gradient)
            step = images + length * gradient / (_rms(gradient) + recipe.epsilon)
            step = step.clamp(0, 1) if recipe.clamp else step
            slope = _slope(response, step, filters, 0.0)
            better = (slope.score > best)[:, None, None, None]
            images = torch.where(better, step, images)
            gradient = torch.where(better, slope.gradient, gradient)
            length = torch.where(better, length, length / 2)
            best = torch.maximum(slope.score, best)
        moved = gradients[0].flatten(1).ne(0).any(1)
        way = Way(images, torch.stack(scores, 1), moved)
        if self.keep_path:
            way.path, way.gradients = torch.stack(path, 1), torch.stack(gradients, 1)
        return Climb.ended(way, starts, best, moved)


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


def rescue(climb: Climb, climber: Climber, numbers: Sequence[int], digits: Tensor | None) -> None:
    """Give the silent filters of `climb` other starts; the pictures reached are written into it."""
    filters = torch.tensor(numbers, dtype=torch.int64)
    rows = climb.silent_rows()
    attempts = list(enumerate(RESCUE_NOISE, start=1))
    # Two attempts that fit into one chunk cost no more than the first alone.
    together = len(attempts) if len(attempts) * len(rows) <= MOST else 1
    while attempts and len(rows):
        now, attempts = attempts[:together], attempts[together:]
        starts = [climber.noise(filters[rows].tolist(), bounds, attempt) for attempt, bounds in now]
        reached = climber.climb(torch.cat(starts), filters[rows].repeat(len(now)))
        for number in range(len(now)):
            still = (~climb.alive[rows]).nonzero()[:, 0]
            climb.take_over(rows[still], reached.only(still + number * len(rows)), "other noise")
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


def _chunks(images: Tensor, filters: Tensor) -> list[Chunk]:
    """All images with their filters, some at a time: as many for each thread, the last ones filled up to a quad.

    For one image or two the processor's library picks another kernel, whose last digits differ, and forty steps over
    a relu's kinks make a visible difference of that. From four on it picks the same one, so that a filter has the
    same picture alone and among others, however many threads there are. (Tried from 4 to 24 images, in every layer
    of every preset, by the instructions of AVX2 and of AVX-512: the same bits.)
    """
    quads, threads = -(-len(images) // QUAD), threads_here() if images.device.type == "cpu" else 1
    rounds = -(-quads // (threads * MOST // QUAD))
    missing = quads * QUAD - len(images)
    images = torch.cat([images, images[:1].expand(missing, *images.shape[1:])])
    filters = torch.cat([filters, filters[:1].expand(missing)])
    count = min(quads, rounds * threads)
    sizes = [QUAD * (quads // count + (place < quads % count)) for place in range(count)]
    return list(zip(images.split(sizes), filters.split(sizes), strict=True))


def _on_cpu(tensor: Tensor) -> Tensor:
    return tensor.cpu() if tensor.dtype == torch.bool else tensor.float().cpu()


def _shakes(seed: int, steps: int, jitter: int) -> Shakes:
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
