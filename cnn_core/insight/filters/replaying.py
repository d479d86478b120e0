"""How a net came to see: one filter, at every saved moment of a training.

A training saves snapshots of its weights. `replay` goes through them in order and looks into each in the same way, so
that a slider can move through a training. Each filter picture climbs on from the one before, a few steps only: it
moves with the filter, and costs a quarter.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_core.insight.filters.ascent import FilterPictures, maximize_filters
from cnn_core.insight.filters.examples import weights_of
from cnn_core.insight.filters.recipes import RECIPES
from cnn_core.insight.look.features import feature_maps
from cnn_core.model.network import Network

FIRST_STEPS = 40  # from noise
NEXT_STEPS = 10  # from the picture before
RECIPE = RECIPES["clean"].replace(rescue=False)  # that a filter is silent, early in a training, shall be seen


@dataclass(frozen=True, eq=False)
class Frame:
    """One moment of a training, seen through one filter.

    step:          optimizer steps done.
    kernel:        (Cin, k, k), of a convolution, or (inputs,) of a dense layer; else None.
    bias:          of the filter; None where the layer has none.
    map:           (H, W), the filter's feature map for the image; of a layer of plain numbers (1, 1).
    maps:          (C, H, W) or (units,), all of the layer.
    probabilities: (classes,), the net's answer for the image.
    predicted:     the likeliest class.
    picture:       (C, H, W) in [0, 1], what the filter looks for; of a `dead` one only noise.
    score:         the mean of the filter's map for that picture.
    dead:          no picture excites the filter.
    """

    step: int
    kernel: Tensor | None
    bias: float | None
    map: Tensor
    maps: Tensor
    probabilities: Tensor
    predicted: int
    picture: Tensor
    score: float
    dead: bool


def replay(
    snapshots: Iterable[tuple[int, Network | Callable[[], Network]]],
    image: Tensor,
    layer: str,
    filter: int,
    *,
    seed: int = 0,
    before: Tensor | None = None,
) -> Iterator[Frame]:
    """One Frame for each snapshot, made when it is wanted.

    snapshots: (step, a net or a function that loads it), in the order of training; the weights may be float16.
    image:     (C, H, W) in [0, 1].
    layer:     of the filter; any of the net's.
    filter:    its number.
    seed:      of the first picture's noise.
    before:    (C, H, W), the picture of the moment before, unless that was dead: so the frames of a training that still
               runs are the same as if all had been made at once.
    Raises StudentError as `feature_maps` and `maximize_filters` do, at the first frame.
    """
    for step, source in snapshots:
        net = _in_float32(source if isinstance(source, Network) else source())
        maps = feature_maps(net, image)
        logits = next(reversed(maps.values()))
        result = _picture(net, layer, filter, seed, before)
        kernel, bias = weights_of(net, layer, filter)
        frame = Frame(
            step=step,
            kernel=kernel,
            bias=bias,
            map=maps[layer][filter].reshape(1, 1) if maps[layer].ndim == 1 else maps[layer][filter],
            maps=maps[layer],
            probabilities=torch.softmax(logits, 0),
            predicted=int(logits.argmax()),
            picture=result.images[0],
            score=result.scores[0, -1].item(),
            dead=bool(result.dead.item()),
        )
        before = next_from(frame)
        yield frame


def next_from(frame: Frame) -> Tensor | None:
    """What the climb of the next moment begins from: the picture of this one, (C, H, W); None for noise."""
    return None if frame.dead else frame.picture


def _picture(net: Network, layer: str, filter: int, seed: int, before: Tensor | None) -> FilterPictures:
    if before is not None:
        result = maximize_filters(net, layer, [filter], NEXT_STEPS, seed, RECIPE, before.unsqueeze(0))
        if not result.dead.item():
            return result
    return maximize_filters(net, layer, [filter], FIRST_STEPS, seed, RECIPE)


def _in_float32(net: Network) -> Network:
    """The net itself, or a copy of one whose weights are in half precision."""
    if all(p.dtype == torch.float32 for p in (*net.parameters(), *net.buffers()) if p.is_floating_point()):
        return net
    return copy.deepcopy(net).float()
