"""One step of a training, done beside the server: the training up to there is done once, and kept for the next look."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from cnn_core.data import ImageSet, load_images
from cnn_core.data.splits import split_sizes
from cnn_core.insight import Moment, moment_after, watched
from cnn_core.kept import Kept
from cnn_core.model.network import Network

if TYPE_CHECKING:
    from cnn_core.insight import StepWatched
    from cnn_core.training import TrainSpec

BATCH = 4  # images in the step that is watched

_moments: Kept[Moment] = Kept(24_000_000)  # bytes; the lesson's takes 0.7 MB


def step_watched(
    net: Network,
    test: ImageSet | None,
    count: int,
    tell: Callable[[float], None],
    data: str,
    here: Hashable,
    recipe: TrainSpec,
    steps: int | None,
    batch: int,
    weight: tuple[str, tuple[int, ...] | None] | None,
    times: float,
) -> StepWatched:
    """One step on four of the training images.

    net:    as it was before its first step; where `steps` is None, as it is at the moment of the step.
    data:   what it learns from; `here` tells these images from others that have the name at another time.
    recipe: of the training, and of the step.
    steps:  how many are done before. None: none, and the optimiser's memory is empty.
    batch:  which four images.
    weight, times: as `watched` has them.
    """
    images = learning_images(data, recipe)
    if steps is None:
        moment = Moment(0, net, {}, recipe.learning_rate)
    else:
        key = (_hash(net), data, here, recipe, steps)
        moment = _moments.of(key, lambda: moment_after(net, images, recipe, steps))
    return watched(moment, images.take(BATCH, seed=batch), recipe, weight=weight, times=times)


def learning_images(data: str, recipe: TrainSpec) -> ImageSet:
    """The images of this machine that a run by this recipe learns from, without those that it keeps aside."""
    images = load_images(data, "train", fetch=False)
    images = images.split_off(split_sizes(len(images))[1])[0]
    return images if recipe.train_size is None else images.take(recipe.train_size, seed=recipe.seed)


def _hash(net: Network) -> str:
    whole = hashlib.blake2b(repr(net.spec).encode(), digest_size=16)
    for name, tensor in net.state_dict().items():
        whole.update(name.encode())
        whole.update(tensor.contiguous().numpy().tobytes())
    return whole.hexdigest()
