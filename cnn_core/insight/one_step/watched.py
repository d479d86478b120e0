"""One step, as a page shows it: of each layer a few maps with their gradients, one weight with its rule, what follows.

A step itself keeps every weight four times over, so it stays where it was done; this is small enough to be sent on.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.data import ImageSet
from cnn_core.errors import StudentError
from cnn_core.insight.between.sources import mixing_layers
from cnn_core.insight.one_step.rule import Rule, farthest_weight, rule_of
from cnn_core.insight.one_step.step import Moment, OneStep, losses_of_steps, one_step
from cnn_core.training import TrainSpec

MAPS, UNITS = 5, 10  # of a layer: those with the largest gradient
FURTHER = 10  # steps on the same images

Place = tuple[int, ...]  # of a weight in its tensor, counted from 0


@dataclass(frozen=True, eq=False)
class LayerWatched:
    """What a layer made of each image, and what came back to it. B images, k maps or units.

    total:     how many maps or units it has.
    chosen:    (B, k) which of them, those with the largest gradient first; of the scores in their order.
    values:    (B, k, H, W), of units (B, k); of the scores what softmax makes of them.
    gradients: the same shape, of the mean loss by each of these numbers; of the scores by the scores.
    """

    name: str
    total: int
    chosen: Tensor
    values: Tensor
    gradients: Tensor

    @property
    def has_maps(self) -> bool:
        """Whether these are maps, and not units."""
        return self.values.ndim == 4


@dataclass(frozen=True, eq=False)
class Kernel:
    """The kernel in which the chosen weight lies: (k, k) each; of a dense layer its one number, (1, 1)."""

    before: Tensor
    gradient: Tensor
    move: Tensor


@dataclass(frozen=True, eq=False)
class StepWatched:
    """B images, K classes.

    images, labels: (B, C, H, W) in [0, 1], (B,).
    pixels:         (B, C, H, W), gradient of the mean loss by the pixels.
    losses, probabilities: (B,), (B, K), before the step; losses_after, probabilities_after with the new weights.
    layers:         those with filters or units, in order, but for the one that gives the scores.
    scores:         the layer that gives the scores.
    sizes, moves:   as `OneStep` has them, of the layers that have kernels.
    moved:          how many weights changed, of `weights` in all; `untouched` have a gradient of exactly 0.
    rule, kernel:   of one weight.
    onwards:        (FURTHER + 1,), mean loss of these images before and after each of so many such steps.
    learning_rate:  of the step.
    has_memory:     whether the optimiser remembered anything before it.
    """

    images: Tensor
    labels: Tensor
    pixels: Tensor
    losses: Tensor
    losses_after: Tensor
    probabilities: Tensor
    probabilities_after: Tensor
    layers: tuple[LayerWatched, ...]
    scores: LayerWatched
    sizes: dict[str, float]
    moves: dict[str, float]
    moved: int
    weights: int
    untouched: int
    rule: Rule
    kernel: Kernel
    onwards: Tensor
    learning_rate: float
    has_memory: bool


def watched(
    moment: Moment,
    images: ImageSet,
    recipe: TrainSpec,
    *,
    weight: tuple[str, Place | None] | None = None,
    times: float = 1.0,
) -> StepWatched:
    """Do one step of a training on a few images, and keep what a page shows.

    images: up to MOST_IMAGES.
    weight: a layer, and the place of a weight in its kernels; without a place the one that moves farthest, and None is
            the farthest of the first layer that has kernels.
    times:  so many times the learning rate of that moment.
    Raises StudentError as `one_step` and `rule_of` do.
    """
    rate = moment.learning_rate * times
    pixels, labels = images.images.float() / 255, images.labels
    step = one_step(moment.net, pixels, labels, recipe, learning_rate=rate, memory=moment.memory)
    tensor, place = _chosen(step, weight)
    further = losses_of_steps(
        moment.net, pixels, labels, recipe, FURTHER, learning_rate=rate, memory=moment.memory
    )
    with_kernels = kernels_of(moment.net)  # what normalises has two numbers for each map, and none
    names = [name for name in mixing_layers(moment.net.spec) if not _gives_scores(step, name)]
    return StepWatched(
        images=step.images,
        labels=step.labels,
        pixels=step.pixels,
        losses=step.losses + 0.0,  # torch's 0 has a sign
        losses_after=step.losses_after + 0.0,
        probabilities=step.probabilities,
        probabilities_after=step.probabilities_after,
        layers=tuple(_layer(step, name) for name in names),
        scores=_scores(step, moment),
        sizes={name: size for name, size in step.sizes.items() if name in with_kernels},
        moves={name: far for name, far in step.moves.items() if name in with_kernels},
        moved=sum(int(change.move.count_nonzero()) for change in step.weights.values()),
        weights=sum(change.before.numel() for change in step.weights.values()),
        untouched=sum(int((change.gradient == 0).sum()) for change in step.weights.values()),
        rule=rule_of(step, tensor, place),
        kernel=_kernel(step, tensor, place),
        onwards=further.mean(1),
        learning_rate=rate,
        has_memory=bool(moment.memory),
    )


def kernels_of(net: torch.nn.Module) -> dict[str, Place]:
    """{layer: shape of its kernels} of each layer that has some: what `weight` may name."""
    return {
        name.partition(".")[0]: tuple(weight.shape)
        for name, weight in net.named_parameters()
        if weight.ndim > 1
    }


def _chosen(step: OneStep, weight: tuple[str, Place | None] | None) -> tuple[str, Place]:
    tensors = {
        name.partition(".")[0]: name for name, change in step.weights.items() if change.before.ndim > 1
    }
    if not tensors:
        raise StudentError("This network has no kernels.", hint="Add a convolution or a dense layer.")
    layer, place = weight or (next(iter(tensors)), None)
    if place is None or layer not in tensors:
        return farthest_weight(step, layer)
    return tensors[layer], place


def _gives_scores(step: OneStep, layer: str) -> bool:
    """Whether nothing changes its numbers any more: it is the last, or softmax alone follows."""
    maps, last = step.maps[layer], next(reversed(step.maps.values()))
    return maps.shape == last.shape and bool(maps.equal(last))


def _layer(step: OneStep, name: str) -> LayerWatched:
    values, gradients = step.maps[name], step.gradients[name]
    size = gradients.abs().flatten(2).sum(2) if gradients.ndim == 4 else gradients.abs()  # (B, C)
    chosen = size.topk(min(MAPS if values.ndim == 4 else UNITS, size.shape[1])).indices
    rows = torch.arange(len(chosen))[:, None]
    return LayerWatched(name, size.shape[1], chosen, values[rows, chosen], gradients[rows, chosen])


def _scores(step: OneStep, moment: Moment) -> LayerWatched:
    last = next(reversed(step.maps))
    name = next((one for one in reversed(mixing_layers(moment.net.spec)) if _gives_scores(step, one)), last)
    gradients = step.gradients[last]
    chosen = gradients.abs().topk(min(UNITS, gradients.shape[1])).indices.sort(1).values
    return LayerWatched(
        name,
        gradients.shape[1],
        chosen,
        step.probabilities.gather(1, chosen),
        gradients.gather(1, chosen),
    )


def _kernel(step: OneStep, tensor: str, place: Place) -> Kernel:
    change = step.weights[tensor]
    index: tuple[int | slice, ...] = (
        place[:2] if change.before.ndim == 4 else (*place[:1], slice(place[1], place[1] + 1))
    )
    before, gradient, move = (
        values[index].reshape(-1, change.before.shape[-1] if change.before.ndim == 4 else 1).clone()
        for values in (change.before, change.gradient, change.move)
    )
    return Kernel(before, gradient, move)
