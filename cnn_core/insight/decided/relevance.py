"""How much each filter of a layer speaks for one answer and against another.

Always against one rival: a single score holds what all classes share. Two ways: activation × gradient of the lead
(the score of the answer - the score of the rival), and layer-wise relevance propagation (`lrp.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnn_core.checks import is_index, plain_number, whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.decided.lrp import SHARE, propagated
from cnn_core.insight.look.twin import (
    as_weights,
    at_a_time,
    checked_image,
    checked_images,
    frozen,
    known_layer,
)
from cnn_core.insight.surgery.operation import answering_layer
from cnn_core.model.network import Network
from cnn_core.model.spec import ModelSpec

WAYS = ("gradient", "lrp")
TOGETHER = 128  # images at a time, at most


@dataclass(frozen=True, eq=False)
class Relevance:
    """What each of the F filters (or units) of a layer adds to the lead of one answer over its rival, for one image.

    answer, rival: classes.
    way:    one of WAYS.
    scores: (classes,), what the network gives, before softmax.
    values: (F,), above 0 for the answer, below 0 for the rival.
    places: (F, H, W), or (F,) of a layer of plain numbers: where in the map; `values` is their sum.
    maps:   the same shape, what the layer leaves.
    """

    layer: str
    answer: int
    rival: int
    way: str
    scores: Tensor
    values: Tensor
    places: Tensor
    maps: Tensor

    @property
    def lead(self) -> float:
        """How far the answer's score is ahead of its rival's."""
        return (self.scores[self.answer] - self.scores[self.rival]).item()

    @property
    def total(self) -> float:
        """All filters' values added up: near the lead; biases above (and LRP's epsilon) make the rest."""
        return self.values.sum().item()

    @property
    def order(self) -> list[int]:
        """The filters, those that speak most for the answer first."""
        return self.values.argsort(descending=True, stable=True).tolist()


def relevance(
    net: Network,
    image: Tensor,
    layer: str,
    answer: int | None = None,
    rival: int | None = None,
    *,
    way: str = "gradient",
    epsilon: float = SHARE,
) -> Relevance:
    """How much each filter of a layer speaks for an answer and against a rival.

    image:   (C, H, W) in [0, 1] or uint8.
    layer:   any below the last.
    answer:  a class; None is the network's own answer.
    rival:   another class; None is the best of the others.
    way:     one of WAYS.
    epsilon: of LRP, a share of the size of a layer's sums.
    Raises StudentError for the last layer, for classes there are not, and where both are the same.
    """
    if way not in WAYS:
        raise StudentError(f"There is no way {quoted(way)}.", hint=f"Choose {' or '.join(WAYS)}.")
    plain_number(epsilon, "Epsilon", 0.0, 10.0)
    below, above = halves(net, layer)
    with torch.no_grad():
        maps = below(as_weights(net, checked_image(image, net.spec.input_shape)))
        scores = above(maps)[0]
    first, second = _classes(scores, answer, rival)
    direction = torch.zeros_like(scores)[None]
    direction[0, first], direction[0, second] = 1.0, -1.0
    if way == "gradient":
        places = maps * _scores_and_slope(above, maps, lambda _: direction)[1]
    else:
        places = propagated(list(above), maps, direction * scores, epsilon)
    places = places.detach().float().cpu()[0]
    values = places.flatten(1).sum(1) if places.ndim > 1 else places.clone()
    return Relevance(layer, first, second, way, scores.float().cpu(), values, places, maps[0].float().cpu())


@dataclass(frozen=True, eq=False)
class Leaning:
    """The images of a set whose answers leaned most on each filter of a layer: F filters, K images each.

    indices: (F, K) int64, the most first.
    values:  (F, K), what the filter added to the lead of the network's answer over the best other class.
    leads:   (F, K), that lead.
    count:   images in the set.
    """

    layer: str
    indices: Tensor
    values: Tensor
    leads: Tensor
    count: int

    def shared_with(self, indices: Tensor) -> Tensor:
        """How many of the images of each filter are also among others, such as those that excite it most: (F,) int64.

        indices: (F, any number) int64.
        """
        return (self.indices[:, :, None] == indices[:, None, :]).any(2).sum(1)


def leaning(net: Network, images: Tensor, layer: str, count: int = 9) -> Leaning:
    """For each filter of a layer, the images whose answers leaned most on it.

    images: (N, C, H, W) in [0, 1] or uint8.
    layer:  any below the last.
    count:  of images for each filter; with fewer images, all of them.
    Raises StudentError as `relevance` does.
    """
    whole_number(count, "The number of images", 1, 1_000)
    pixels = checked_images(images, net.spec.input_shape)
    below, above = halves(net, layer)
    values, leads = [], []
    for part in pixels.split(at_a_time(net.spec, TOGETHER)):
        with torch.no_grad():
            maps = below(as_weights(net, part))
        scores, slope = _scores_and_slope(above, maps, _first_less_second)
        given = maps * slope
        values.append((given.flatten(2).sum(2) if given.ndim > 2 else given).float().cpu())
        leads.append((scores * _first_less_second(scores)).sum(1).float().cpu())
    each, lead = torch.cat(values), torch.cat(leads)  # (N, F), (N,)
    top, indices = (part[:count].t().contiguous() for part in each.sort(dim=0, descending=True, stable=True))
    return Leaning(layer, indices, top, lead[indices], len(each))


def speaking_layers(spec: ModelSpec) -> tuple[str, ...]:
    """The layers of filters or units below the one that gives the answers, in order; () where there is none."""
    below = spec.layer_names.index(answering_layer(spec))
    return tuple(
        name
        for name, layer in zip(spec.layer_names[:below], spec.layers[:below], strict=True)
        if layer.has_filters or layer.has_units
    )


def halves(net: Network, layer: str) -> tuple[nn.Sequential, nn.Sequential]:
    """The frozen twin, up to a layer and from there on. Raises StudentError for one that nothing stands above."""
    children = list(frozen(net).children())
    index = net.spec.layer_names.index(known_layer(net, layer))
    if index == len(children) - 1:
        raise StudentError(
            f"{layer} gives the scores themselves: nothing stands between it and the answer.",
            hint="Choose a layer below it.",
            layer=layer,
        )
    return nn.Sequential(*children[: index + 1]), nn.Sequential(*children[index + 1 :])


def _scores_and_slope(
    above: nn.Module, maps: Tensor, direction_of: Callable[[Tensor], Tensor]
) -> tuple[Tensor, Tensor]:
    """The scores, and the gradient of (scores · direction) by the maps, for each image."""
    with torch.inference_mode(False), torch.enable_grad():
        values = maps.detach().clone().requires_grad_()
        scores = above(values)
        direction = direction_of(scores.detach()).clone()
        (slope,) = torch.autograd.grad((scores * direction).sum(), values)
    return scores.detach(), slope


def _first_less_second(scores: Tensor) -> Tensor:
    """1 for the best class, -1 for the next: (N, classes) as `scores`."""
    best = scores.topk(2, dim=1).indices
    return torch.zeros_like(scores).scatter_(1, best[:, :1], 1.0).scatter_(1, best[:, 1:], -1.0)


def _classes(scores: Tensor, answer: int | None, rival: int | None) -> tuple[int, int]:
    for one in (answer, rival):
        if one is not None and not is_index(one, len(scores)):
            raise StudentError(
                f"There is no class {quoted(one)}.", hint=f"Choose one from 0 to {len(scores) - 1}."
            )
    first = int(scores.argmax()) if answer is None else int(answer)
    others = scores.clone()
    others[first] = -torch.inf
    second = int(others.argmax()) if rival is None else int(rival)
    if first == second:
        raise StudentError(
            "An answer is no rival of itself.", hint="Choose two classes, or leave the rival out."
        )
    return first, second
