"""Jobs that look back at a training: through all its snapshots, which they load themselves, one at a time.

snapshots: ((step, path), ...) in order; a path is a file of ours, or one that holds many moments as "<step>/<weight>".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open

from cnn_core.data import ImageSet, load_images
from cnn_core.insight import answers_over, places_over, replay, sizes_over
from cnn_core.looking.question import Pixels
from cnn_core.model.network import Network, build
from cnn_core.training import evaluate, load_model

if TYPE_CHECKING:
    from cnn_core.insight import AnswersOverTime, Frame, PlacesOverTime, Sizes

Tell = Callable[[float], None]
Paths = Sequence[tuple[int, str]]
MEASURED = 256  # training images on which gradients are measured, at most


def answers(net: Network, test: ImageSet, count: int, tell: Tell, snapshots: Paths) -> AnswersOverTime:
    """What the first so many test images were read as at each snapshot."""
    images, labels = test.images[:count], test.labels[:count]
    return answers_over(
        _networks(net, snapshots), images, labels, lambda done: tell(done / max(1, len(snapshots)))
    )


def accuracies(net: Network, test: ImageSet, count: int, tell: Tell, snapshots: Paths) -> list[float]:
    """At each snapshot the fraction that it reads rightly, of a choice of so many test images."""
    chosen, found = test.take(count), []
    for _, load in _networks(net, snapshots):
        found.append(evaluate(load(), chosen).accuracy)
        tell(len(found) / len(snapshots))
    return found


def frames(
    net: Network,
    test: ImageSet | None,
    count: int,
    tell: Tell,
    snapshots: Paths,
    image: Pixels,
    layer: str,
    filter: int,
    before: Pixels | None,
) -> list[Frame]:
    """One filter at each snapshot, and what it makes of an image; before: as `replay` has it."""
    start, found = None if before is None else before.tensor(), []
    for frame in replay(_networks(net, snapshots), image.tensor(), layer, filter, before=start):
        found.append(frame)
        tell(len(found) / len(snapshots))
    return found


def sizes(net: Network, test: ImageSet, count: int, tell: Tell, snapshots: Paths) -> list[Sizes]:
    """How large gradients and movements were at each snapshot, on so many training images."""
    few = load_images(test.name, "train", fetch=False).take(min(count, MEASURED))
    found = []
    for one in sizes_over(_networks(net, snapshots), few.images, few.labels):
        found.append(one)
        tell(len(found) / len(snapshots))
    return found


def places(net: Network, test: ImageSet, count: int, tell: Tell, snapshots: Paths) -> PlacesOverTime:
    """Where the first so many test images lay at each snapshot."""
    moments = list(_networks(net, snapshots))
    return places_over(moments, test.images[:count], tell=lambda done: tell(done / len(moments)))


def _networks(net: Network, snapshots: Paths) -> Iterator[tuple[int, Callable[[], Network]]]:
    for step, path in snapshots:
        yield step, partial(_network, net, step, path)


def _network(net: Network, step: int, path: str) -> Network:
    with safe_open(path, framework="pt") as file:
        names = list(file.keys())
        if any(name.startswith(f"{step}/") for name in names):
            new = build(net.spec).eval()
            with torch.no_grad():
                for key, weight in new.state_dict().items():
                    weight.copy_(file.get_tensor(f"{step}/{key}"))
            return new
    return load_model(path, check_limits=False)[0]
