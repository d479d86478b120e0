"""The operating table: a network and its images, kept as far as an operation leaves them alone.

What the layers up to the operated one make of each image does not change with it, so it is computed once and kept
(after the pooling that follows, where that is smaller). And the next layer only adds up: where few of its incoming
maps change, the difference of those few is added to the sum that is kept. So a cut costs a fraction of reading all
images anew, and each filter of a layer can be taken out in turn.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cnn_core.errors import StudentError
from cnn_core.insight.filters.stages import channels_last
from cnn_core.insight.look.twin import as_weights, at_a_time, checked_images, frozen, with_weights
from cnn_core.insight.surgery.operate import changed_layer, touched, touches_of, with_edits
from cnn_core.insight.surgery.operation import NOTHING, Operation, check_operation
from cnn_core.model.layers import Conv2D, Dense, DepthwiseConv2D, Dropout, Layer, Pooling
from cnn_core.model.network import Network
from cnn_core.model.spec import summarize

TOGETHER = 250  # images at a time, at most: what a few layers make of them stays near the processor
MOST_BYTES = 400_000_000  # that are kept; beyond it, maps are computed anew
IMAGES = -1  # the station before the first layer


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a network makes of N labelled images.

    logits: (N, classes), before softmax.
    labels: (N,) int64.
    """

    logits: Tensor
    labels: Tensor

    @cached_property
    def answers(self) -> Tensor:
        """(N,) int64, the likeliest class of each."""
        return self.logits.argmax(1)

    @cached_property
    def right(self) -> Tensor:
        """(N,) bool."""
        return self.answers.eq(self.labels)

    @property
    def accuracy(self) -> float:
        """The fraction that is read rightly."""
        return self.right.double().mean().item()

    @cached_property
    def loss(self) -> float:
        """Mean cross-entropy in nats."""
        return F.cross_entropy(self.logits.double(), self.labels).item()


@dataclass(frozen=True, eq=False)
class Damage:
    """Which images an operation broke: read rightly before and wrongly after it.

    broken, mended: (n,) int64, numbers of images, ascending; mended ones were read wrongly before.
    broken_of:      (classes,) int64, how many of each class are broken.
    """

    broken: Tensor
    mended: Tensor
    broken_of: Tensor

    @classmethod
    def between(cls, before: Outcome, after: Outcome) -> Damage:
        """before, after: of the same images."""
        broken, mended = before.right & ~after.right, ~before.right & after.right
        classes = before.logits.shape[1]
        return cls(
            broken.nonzero()[:, 0],
            mended.nonzero()[:, 0],
            torch.bincount(before.labels[broken], minlength=classes),
        )

    def some_broken(self, labels: Tensor, classes: int = 4, each: int = 2) -> Tensor:
        """A few broken images, of the classes that lost most, the most first: their numbers, (n,) int64.

        labels: (N,), of all images.  classes: so many of them at most.  each: so many of each at most.
        """
        worst = self.broken_of.argsort(descending=True, stable=True)[:classes]
        return torch.cat([self.broken[labels[self.broken] == one][:each] for one in worst])


class OperatingTable:
    """A network and N labelled images, to ask for the outcome of one operation after the other.

    net:    it is not touched. Its weights must stay as they are while the table is used.
    images: (N, C, H, W) in [0, 1] or uint8.
    labels: (N,) int64.
    most_bytes: what may be kept. Two visitors may use one table at once.
    Raises StudentError for images of another shape, and where there is not a label for each.
    """

    def __init__(self, net: Network, images: Tensor, labels: Tensor, *, most_bytes: int = MOST_BYTES) -> None:
        checked_images(images[:1], net.spec.input_shape)
        if len(labels) != len(images):
            raise StudentError(f"There are {len(images)} images and {len(labels)} labels.")
        self.net, self.spec = net, net.spec
        self.images, self.labels = images, labels.cpu()
        self.together = at_a_time(net.spec, TOGETHER)
        self.children: list[nn.Module] = [in_channels_last(frozen(child)) for child in net.children()]
        self.most_bytes = most_bytes
        self._kept: OrderedDict[tuple[str, int], list[Tensor]] = OrderedDict()
        self._lock = threading.RLock()  # sums are made of maps

    @cached_property
    def whole(self) -> Outcome:
        """What the network makes of the images as it is."""
        return self._outcome(self._run(batch, self.children) for batch in self._batches())

    @torch.no_grad()
    def outcome(self, operation: Operation = NOTHING) -> Outcome:
        """What it makes of the images with this operation. Raises StudentError as `check_operation` does."""
        check_operation(operation, self.spec)
        if not operation.layers:
            return self.whole
        lowest = min(self.spec.layer_names.index(layer) for layer in operation.layers)
        cut = _Cut(self, operation, lowest)
        if cut.is_short:
            return self._outcome(cut.by_difference())
        return self._outcome(cut.by_maps())

    def whole_by(self, layer: str) -> Outcome:
        """The same as `whole`; and what it makes of the images up to this layer is kept, so that a cut there is quick.

        Raises StudentError for a layer that the network has not.
        """
        if "whole" not in self.__dict__:
            check_operation(NOTHING.mute(layer, [0]), self.spec)
            end = _Cut(self, NOTHING.mute(layer, [0]), self.spec.layer_names.index(layer)).end
            above = self.children[end + 1 :]
            self.__dict__["whole"] = self._outcome(self._run(values, above) for values in self._after(end))
        return self.whole

    def mean_of(self, layer: str) -> Tensor:
        """The mean of each filter's map (or unit) over all places and images: (C,). A number to hold a filter at."""
        index = self.spec.layer_names.index(layer)
        means = [
            batch.transpose(0, 1).flatten(1).double().mean(1) * len(batch)
            for batch in self._after(index, is_kept=False)
        ]
        return (torch.stack(means).sum(0) / len(self.images)).float()

    def _after(self, station: int, is_kept: bool = True) -> Iterable[Tensor]:
        """What the layers up to number `station` make of the images, batch by batch."""
        if station == IMAGES:
            return self._batches()
        if not is_kept or self._bytes_after(station) > self.most_bytes // 2:
            return (self._run(batch, self.children[: station + 1]) for batch in self._batches())
        return self._keep(
            ("maps", station), lambda: (self._run(b, self.children[: station + 1]) for b in self._batches())
        )

    def _sums(self, end: int, mixing: int) -> list[Tensor]:
        """What layer `mixing` adds up, before its activation; it reads the maps that leave layer `end`."""
        child: Any = self.children[mixing]
        between = self.children[end + 1 : mixing]
        return self._keep(
            ("sums", mixing),
            lambda: (child.before(self._run(values, between)) for values in self._after(end)),
        )

    def _keep(self, key: tuple[str, int], compute: Any) -> list[Tensor]:
        with self._lock, torch.no_grad():
            if key not in self._kept:
                self._kept[key] = list(compute())
                while len(self._kept) > 1 and self.nbytes > self.most_bytes:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]

    @property
    def nbytes(self) -> int:
        """How much it keeps now, by which `cnn_core.kept` counts it; its network and images are others'."""
        return sum(batch.nbytes for batches in list(self._kept.values()) for batch in batches)

    def _bytes_after(self, station: int) -> int:
        return 4 * len(self.images) * prod(summarize(self.spec)[station].output_shape)

    def _batches(self) -> Iterator[Tensor]:
        for part in self.images.split(self.together):
            yield channels_last(as_weights(self.net, checked_images(part, self.spec.input_shape)))

    @staticmethod
    @torch.no_grad()
    def _run(values: Tensor, children: Iterable[nn.Module]) -> Tensor:
        for child in children:
            values = child(values)
        return values

    def _outcome(self, logits: Iterable[Tensor]) -> Outcome:
        with torch.no_grad():
            return Outcome(torch.cat([part.float().cpu() for part in logits]), self.labels)


class _Cut:
    """An operation whose lowest layer is number `lowest`, and how its outcome is found.

    end:      the last of the poolings that follow that layer: a scaled map's largest numbers are where they were.
    mixing:   the next layer that adds up what comes; None where something else stands before it.
    channels: the filters of the lowest layer that are changed.
    """

    def __init__(self, table: OperatingTable, operation: Operation, lowest: int) -> None:
        self.table, self.operation, self.lowest = table, operation, lowest
        self.layer = table.spec.layer_names[lowest]
        self.touches = touches_of(operation, self.layer)
        self.edits = [one for one in operation.edits if one.layer == self.layer]
        self.channels = sorted({one.filter for one in self.touches} | {one.filter for one in self.edits})
        layers = table.spec.layers
        self.end = lowest
        while self.end + 1 < len(layers) and _is_of_each_map(layers[self.end + 1]):
            self.end += 1
        self.mixing = _next_mixing(layers, self.end)

    @property
    def is_short(self) -> bool:
        """Whether it pays to add differences: few maps change, and the sums can be kept."""
        table, mixing = self.table, self.mixing
        if mixing is None or any(
            edit.layer == table.spec.layer_names[mixing] for edit in self.operation.edits
        ):
            return False
        maps = summarize(table.spec)[self.lowest].output_shape[0]
        needed = table._bytes_after(mixing) + table._bytes_after(self.end)
        return 2 * len(self.channels) <= maps and needed <= table.most_bytes // 2

    def by_maps(self) -> Iterator[Tensor]:
        """Logits, batch by batch: the changed maps go through all that follows."""
        above = self._above(self.end + 1)
        for values, below in zip(self.table._after(self.end), self._below(), strict=True):
            yield self.table._run(self._changed(values, below), above)

    def by_difference(self) -> Iterator[Tensor]:
        """Logits, batch by batch: the next layer's sums, and what the few changed maps change of them."""
        table, mixing = self.table, self.mixing
        assert mixing is not None
        child: Any = table.children[mixing]
        between, above = table.children[self.end + 1 : mixing], self._above(mixing + 1)
        part = self._part_that_reads(child)
        touches = touches_of(self.operation, table.spec.layer_names[mixing])
        for values, sums, below in zip(
            table._after(self.end), table._sums(self.end, mixing), self._below(), strict=True
        ):
            old = values[:, self.channels]
            difference = table._run(self._new(old, below), between) - table._run(old, between)
            new = child.activation(sums + part.before(difference))
            yield table._run(touched(new, touches) if touches else new, above)

    def _above(self, first: int) -> list[nn.Module]:
        names = self.table.spec.layer_names
        return [
            changed_layer(child, self.operation, name) if name in self.operation.layers else child
            for name, child in list(zip(names, self.table.children, strict=True))[first:]
        ]

    def _below(self) -> Iterable[Tensor | None]:
        """What comes into the lowest layer; only needed where its weights are edited."""
        if not self.edits:
            return [None] * len(self.table.images.split(self.table.together))
        return self.table._after(self.lowest - 1)

    def _changed(self, values: Tensor, below: Tensor | None) -> Tensor:
        values = values.clone()
        values[:, self.channels] = self._new(values[:, self.channels], below)
        return values

    def _new(self, old: Tensor, below: Tensor | None) -> Tensor:
        """The maps of the changed channels after the operation, (B, channels, ...), from those before it."""
        place = {channel: index for index, channel in enumerate(self.channels)}
        if below is not None:
            edited = [place[filter] for filter in sorted({one.filter for one in self.edits})]
            old = old.clone()
            old[:, edited] = self._with_edited_weights(below)
        new = old.clone()
        for touch in self.touches:
            row = new[:, place[touch.filter]]
            row.fill_(touch.held) if touch.held is not None else row.mul_(touch.factor)
        return new

    def _with_edited_weights(self, below: Tensor) -> Tensor:
        """What the filters with edited weights leave, after the poolings: (B, edited, ...)."""
        filters = sorted({one.filter for one in self.edits})
        child: Any = with_edits(self.table.children[self.lowest], self.edits)
        if not isinstance(self.table.spec.layers[self.lowest], DepthwiseConv2D):
            child, filters = _some_outputs(child, filters), list(range(len(filters)))
        maps = child(below)[:, filters]
        return self.table._run(maps, self.table.children[self.lowest + 1 : self.end + 1])

    def _part_that_reads(self, child: Any) -> Any:
        """The layer with those of its weights alone that read the changed channels, and without its biases."""
        weight = next(child.children()).weight
        if hasattr(child, "conv"):
            return with_weights(child, weight[:, self.channels], None)
        maps = summarize(self.table.spec)[self.lowest].output_shape[0]
        numbers = weight.shape[1] // maps  # of each map, side by side
        return with_weights(child, weight.unflatten(1, (maps, numbers))[:, self.channels].flatten(1), None)


def in_channels_last(child: nn.Module) -> nn.Module:
    """A layer of a frozen twin, its kernels laid out so that its maps are pooled 15 times as fast."""
    conv: Any = getattr(child, "conv", None)
    return child if conv is None else with_weights(child, channels_last(conv.weight), conv.bias)


def _some_outputs(child: nn.Module, filters: list[int]) -> nn.Module:
    part: Any = next(child.children())
    return with_weights(child, part.weight[filters], None if part.bias is None else part.bias[filters])


def _is_of_each_map(layer: Layer) -> bool:
    """Whether it does the same to each map by itself, and leaves a scaled one scaled and a held one held."""
    return isinstance(layer, Pooling | Dropout)


def _next_mixing(layers: tuple[Layer, ...], end: int) -> int | None:
    """The layer that adds up the maps that leave layer number `end`, or None where another kind comes first."""
    for index in range(end + 1, len(layers)):
        layer = layers[index]
        if isinstance(layer, Conv2D | Dense):
            return index
        if not (layer.makes_list or isinstance(layer, Pooling | Dropout)):
            return None
    return None
