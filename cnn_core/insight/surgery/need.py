"""Which filters does a network need, and which does it not? Taken out one by one, and the least needed together.

Ranked by how much the loss rises without a filter, never by the accuracy: of a well-trained net no single filter costs
more than a handful of images, and that order is chance (measured on conv2d_2 of the shipped lesson's net, between one
2,000 test digits and another: rank correlation 0.13 by the digits lost, 0.84 by the loss). And ranked on other images
than it is judged on, or the ranking has seen the answers. Beside each cut stands the same number of filters at random.
Source: ablation; pruning by the change of the loss: LeCun, Denker & Solla 1990, "Optimal Brain Damage".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.checks import whole_number
from cnn_core.data import fingerprints
from cnn_core.errors import StudentError
from cnn_core.insight.look.twin import known_layer
from cnn_core.insight.surgery.operation import NOTHING, Operation, check_operation, filters_of
from cnn_core.insight.surgery.table import OperatingTable
from cnn_core.model.spec import ModelSpec

TRIES = 10  # choices at random for each number of filters
POINTS = 12  # of the curve

Tell = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Need:
    """How much a network needs each of the F filters (or units) of a layer.

    whole:  mean cross-entropy of the whole network, in nats.
    losses: (F,), the same with this filter alone muted.
    lost:   (F,) int64, how many images fewer are read rightly then; negative where it reads more.
    images: how many it was ranked on.
    known:  fingerprints of those images, in their order.
    """

    layer: str
    whole: float
    losses: Tensor
    lost: Tensor
    images: int
    known: tuple[bytes, ...]

    @property
    def rises(self) -> Tensor:
        """(F,): how much the loss rises without it. Below 0: the net is better off without."""
        return self.losses - self.whole

    @property
    def most_needed(self) -> list[int]:
        """The filters, the most needed first; equal ones in their order."""
        return self.losses.argsort(descending=True, stable=True).tolist()

    @property
    def least_needed(self) -> list[int]:
        """The filters, the least needed first."""
        return self.losses.argsort(stable=True).tolist()


def need_of_layer(table: OperatingTable, layer: str, tell: Tell | None = None) -> Need:
    """Mute each filter of a layer in turn.

    table: with images that nothing is judged on afterwards: training images.
    tell:  called now and then with the fraction of the filters that are done.
    Raises StudentError for a layer without filters or units of its own.
    """
    known_layer(table.net, layer)
    count = filters_of(table.spec, layer)
    losses, right = [], []
    for filter in range(count):
        outcome = table.outcome(NOTHING.mute(layer, [filter]))
        losses.append(outcome.loss)
        right.append(int(outcome.right.sum()))
        if tell is not None:
            tell((filter + 1) / count)
    whole = int(table.whole.right.sum())
    return Need(
        layer=layer,
        whole=table.whole.loss,
        losses=torch.tensor(losses, dtype=torch.float64),
        lost=whole - torch.tensor(right),
        images=len(table.labels),
        known=tuple(_fingerprints(table.images)),
    )


@dataclass(frozen=True, eq=False)
class Pruning:
    """The accuracy against how many filters of a layer are taken out; fractions, one for each of `counts`.

    counts:      how many are out, from 0 to all.
    least, most: without the least needed, and without the most needed ones.
    chance:      (counts, tries), without as many taken at random.
    images:      how many it is judged on.
    in_both:     how many of those were also among the images that the filters were ranked on.
    """

    layer: str
    counts: tuple[int, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]
    chance: Tensor
    images: int
    in_both: int

    @property
    def mean_of_chance(self) -> tuple[float, ...]:
        """The mean of the choices at random."""
        return tuple(self.chance.mean(1).tolist())

    @property
    def range_of_chance(self) -> tuple[tuple[float, float], ...]:
        """The worst and the best of the choices at random."""
        return tuple(zip(self.chance.amin(1).tolist(), self.chance.amax(1).tolist(), strict=True))


def pruning(
    table: OperatingTable,
    need: Need,
    counts: Sequence[int] | None = None,
    *,
    tries: int = TRIES,
    seed: int = 0,
    tell: Tell | None = None,
) -> Pruning:
    """Mute 0, 1, 2, ... filters of a ranked layer together.

    table:  of the same network, with other images than `need` was ranked on.
    counts: how many to take out; None is about POINTS numbers from 0 to all.
    tries:  choices at random for each.
    seed:   of those choices.
    tell:   as in `need_of_layer`.
    Raises StudentError for a number of filters that the layer has not.
    """
    filters = len(need.losses)
    numbers = _points(filters) if counts is None else tuple(counts)
    for number in numbers:
        whole_number(number, "The number of filters to take out", 0, filters)
    if filters != filters_of(table.spec, known_layer(table.net, need.layer)):
        raise StudentError(
            "These filters were ranked in another network.", hint="Rank those of this network first."
        )
    least, most, chance = [], [], []
    seen = set(need.known)
    for done, number in enumerate(numbers, start=1):
        least.append(_accuracy(table, need.layer, need.least_needed[:number]))
        most.append(_accuracy(table, need.layer, need.most_needed[:number]))
        choices = (at_random(filters, number, seed, one) for one in range(tries))
        chance.append([_accuracy(table, need.layer, choice) for choice in choices])
        if tell is not None:
            tell(done / len(numbers))
    return Pruning(
        layer=need.layer,
        counts=numbers,
        least=tuple(least),
        most=tuple(most),
        chance=torch.tensor(chance, dtype=torch.float64),
        images=len(table.labels),
        in_both=sum(one in seen for one in _fingerprints(table.images)),
    )


def at_random(filters: int, count: int, seed: int = 0, attempt: int = 0) -> list[int]:
    """So many of the filters, drawn by lot; with a larger count the same ones and more."""
    chance = torch.Generator().manual_seed(seed * 10_007 + attempt)
    return torch.randperm(filters, generator=chance)[:count].tolist()


def as_many_at_random(operation: Operation, spec: ModelSpec, seed: int = 0, attempt: int = 0) -> Operation:
    """As many filters muted as the operation mutes, in the same layers, drawn by lot."""
    drawn = NOTHING
    for layer in sorted(operation.layers):
        out = len(operation.muted(layer))
        drawn = drawn.mute(layer, at_random(filters_of(spec, layer), out, seed, attempt))
    return drawn


def accuracies_at_random(
    table: OperatingTable, operation: Operation, tries: int = TRIES, tell: Tell | None = None
) -> tuple[float, ...]:
    """The accuracy without as many filters at random as the operation mutes, for each of so many choices.

    Raises StudentError as `check_operation` does.
    """
    check_operation(operation, table.spec)
    accuracies = []
    for attempt in range(tries):
        accuracies.append(table.outcome(as_many_at_random(operation, table.spec, attempt=attempt)).accuracy)
        if tell is not None:
            tell((attempt + 1) / tries)
    return tuple(accuracies)


def _accuracy(table: OperatingTable, layer: str, filters: list[int]) -> float:
    operation = NOTHING.mute(layer, filters)
    check_operation(operation, table.spec)
    return table.outcome(operation).accuracy


def _points(filters: int) -> tuple[int, ...]:
    return tuple(sorted({round(filters * point / POINTS) for point in range(POINTS + 1)}))


def _fingerprints(images: Tensor) -> list[bytes]:
    in_bytes = images if images.dtype == torch.uint8 else (images * 255).round().clamp(0, 255).byte()
    return fingerprints(in_bytes.cpu())
