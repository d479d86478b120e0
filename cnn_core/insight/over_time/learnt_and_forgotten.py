"""When each image was first read rightly, and how often that was forgotten again; accuracy and confusions on the way.

A forgetting is a change from right to wrong between two looks. Its authors look at every presentation of an image; at
snapshots fewer are seen, so a count here is a least one. Toneva et al. 2019, "An Empirical Study of Example Forgetting
during Deep Neural Network Learning".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.insight.look.embedding import last_hidden_layer
from cnn_core.insight.look.features import feature_maps_batch
from cnn_core.insight.look.twin import checked_images
from cnn_core.insight.over_time.snapshots import Snapshots, in_turn
from cnn_core.model.network import Network

Tell = Callable[[int], None]
NEVER = -1


@dataclass(frozen=True, eq=False)
class AnswersOverTime:
    """What N labelled images were read as at T moments of a training.

    steps:   T of them.
    answers: (T, N) int64.
    labels:  (N,) int64.
    classes: how many there are.
    """

    steps: tuple[int, ...]
    answers: Tensor
    labels: Tensor
    classes: int

    @property
    def right(self) -> Tensor:
        """(T, N) bool."""
        return self.answers.eq(self.labels)

    @property
    def accuracy(self) -> list[float]:
        """T fractions."""
        return self.right.double().mean(1).tolist()

    @property
    def accuracy_of_classes(self) -> Tensor:
        """(T, classes): the fraction of each class that is read rightly; nan of a class without an image."""
        confusion = self.confusion.double()
        return confusion.diagonal(dim1=1, dim2=2) / confusion.sum(2)

    @property
    def confusion(self) -> Tensor:
        """(T, classes, classes) int64: images of class t read as p, at [.., t, p]."""
        cells = self.labels * self.classes + self.answers
        size = self.classes * self.classes
        counts = [torch.bincount(row, minlength=size).view(self.classes, self.classes) for row in cells]
        return torch.stack(counts)

    @property
    def first_right(self) -> Tensor:
        """(N,) int64: the moment (its place in `steps`) at which it was first read rightly; NEVER for none."""
        return torch.where(self.right.any(0), self.right.int().argmax(0), NEVER)

    @property
    def right_since(self) -> Tensor:
        """(N,) int64: the moment from which it was right until the end; NEVER where it is wrong at the end."""
        return _since_the_last_no(self.right)

    @property
    def forgettings(self) -> Tensor:
        """(N,) int64: how often it was right at one look and wrong at the next."""
        return (self.right[:-1] & ~self.right[1:]).sum(0)

    @property
    def unforgettable(self) -> Tensor:
        """(N,) bool: read rightly at some moment, and never wrongly after it."""
        return self.right.any(0) & self.forgettings.eq(0)

    def first_right_at(self, place: int) -> list[int]:
        """Numbers of the images first read rightly at that place in `steps`, or of those at NEVER."""
        return self.first_right.eq(place).nonzero()[:, 0].tolist()

    def stays_above(self, share: float) -> list[int]:
        """Of each class the place in `steps` from which this fraction of it stayed right to the end; or NEVER."""
        return _since_the_last_no(self.accuracy_of_classes >= share).tolist()

    @property
    def gained(self) -> list[int]:
        """T numbers of images: read rightly, and not at the look before; at the first look, all that are."""
        return [int(self.right[0].sum()), *(self.right[1:] & ~self.right[:-1]).sum(1).tolist()]

    @property
    def lost(self) -> list[int]:
        """T numbers of images: read wrongly, and rightly at the look before."""
        return [0, *(self.right[:-1] & ~self.right[1:]).sum(1).tolist()]

    def joined(self, later: AnswersOverTime) -> AnswersOverTime:
        """These moments, and later ones of the same training and images."""
        return AnswersOverTime(
            (*self.steps, *later.steps), torch.cat([self.answers, later.answers]), self.labels, self.classes
        )

    def most_forgotten(self, count: int = 12) -> list[int]:
        """Numbers of the images forgotten most often, at least once each."""
        order = self.forgettings.argsort(descending=True, stable=True)[:count]
        return order[self.forgettings[order] > 0].tolist()


def _since_the_last_no(is_so: Tensor) -> Tensor:
    """(T, N) bool -> (N,) int64: the place from which it was so until the end; NEVER where it is not so at the end."""
    how_long = (~is_so).int().flip(0).argmax(0)
    since = torch.where((~is_so).any(0), len(is_so) - how_long, 0)
    return torch.where(is_so[-1], since, NEVER)


def answers_over(
    snapshots: Snapshots, images: Tensor, labels: Tensor, tell: Tell | None = None
) -> AnswersOverTime:
    """Read the images at each snapshot.

    images: (N, C, H, W) in [0, 1] or uint8.
    labels: (N,) int64.
    tell:   called after each snapshot with how many are done.
    Raises StudentError where there is no snapshot, and for images of another shape.
    """
    steps, answers, classes = [], [], 0
    for step, net in in_turn(snapshots):
        pixels = checked_images(images, net.spec.input_shape)
        steps.append(step)
        answers.append(net.predict(pixels).argmax(1).cpu())
        classes = net.spec.classes
        if tell is not None:
            tell(len(steps))
    if not steps:
        raise _nothing_kept()
    return AnswersOverTime(tuple(steps), torch.stack(answers), labels.cpu(), classes)


@dataclass(frozen=True, eq=False)
class PlacesOverTime:
    """Where N images lie on one plane at T moments: the last hidden layer's two main directions at the last moment.

    steps:  T of them.
    places: (T, N, 2) float32, the same axes and scale throughout; about [-1, 1] at the last moment.
    """

    steps: tuple[int, ...]
    places: np.ndarray

    def alike_beside(self, labels: Tensor) -> list[float]:
        """T fractions: of the images, how many have one of their own class as the nearest on the plane.

        labels: (N,) int64.
        """
        shares = []
        for places in torch.from_numpy(self.places):
            apart = torch.cdist(places, places).fill_diagonal_(torch.inf)
            shares.append(labels[apart.argmin(1)].eq(labels).double().mean().item())
        return shares


def places_over(
    snapshots: Snapshots, images: Tensor, layer: str | None = None, tell: Tell | None = None
) -> PlacesOverTime:
    """The images as the last hidden layer sees them at each snapshot, on axes that stay.

    images: (N, C, H, W) in [0, 1] or uint8, two or more.
    layer:  None takes the last hidden one.
    tell:   called after each snapshot with how many are done.
    Raises StudentError as `answers_over` does, and for fewer than two images.
    """
    if len(images) < 2:
        raise StudentError("One image makes no plane.", hint="Use two or more.")
    moments = list(snapshots)
    if not moments:
        raise _nothing_kept()
    # Only places are kept of each moment: the values of a wide layer at all of them would be gigabytes.
    last = _values(next(in_turn(moments[-1:]))[1], images, layer)
    centre = last.mean(0)
    axes = _main_directions(last - centre)
    steps, plane = [], []
    for step, net in in_turn(moments):
        steps.append(step)
        plane.append((_values(net, images, layer) - centre) @ axes.T)  # (N, 1 or 2)
        if tell is not None:
            tell(len(steps))
    span = plane[-1].abs().amax(0).clamp_min(1e-30)
    places = torch.stack(plane) / span
    if places.shape[2] == 1:
        places = places.expand(-1, -1, 2)
    return PlacesOverTime(tuple(steps), places.float().numpy())


def _values(net: Network, images: Tensor, layer: str | None) -> Tensor:
    """(N, numbers of the layer), float64."""
    name = layer or last_hidden_layer(net)
    return feature_maps_batch(net, images, [name])[name].flatten(1).double()


def _main_directions(centred: Tensor) -> Tensor:
    """(2 or 1, D): the two main directions of rows (N, D) about 0."""
    _, _, directions = torch.linalg.svd(centred, full_matrices=False)
    axes = directions[:2]
    # A direction has no sign of its own: its largest number is made positive, so that it is the same every time.
    return axes * axes.gather(1, axes.abs().argmax(1, keepdim=True)).sign()


def _nothing_kept() -> StudentError:
    return StudentError(
        "No moment of this training was kept, so there is nothing to look back at.",
        hint="Train a network here, and come back.",
    )
