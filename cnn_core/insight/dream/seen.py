"""What a photo network sees in a photo: what it would call it, where it found that, and its maps at each depth.

EfficientNet-Lite0 knows the 1,000 classes of ImageNet (Russakovsky et al. 2015), and nothing else: whatever it is
shown, it answers with one of them. Where it found a class is asked by Grad-CAM (Selvaraju et al. 2016). Behind its
last convolution there is only a mean over all places and one dense layer, so that is exact there: what each place
adds to the class's score, as far as it is more than nothing (Zhou et al. 2016, "Learning Deep Features for
Discriminative Localization").
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from cnn_core.checks import whole_number
from cnn_core.errors import StudentError, quoted
from cnn_core.insight.dream.photo import LEAST_SIDE, PhotoNetwork
from cnn_core.insight.look.twin import checked_image

SIDE = 224  # pixels of the shorter side: the size for which the network was trained
LONGEST = 448  # pixels of the longer one: what a panorama is made smaller for


@dataclass(frozen=True, eq=False)
class PhotoAnswer:
    """One class of ImageNet, and where the network found it.

    label:       its number, from 0 to 999.
    name:        in English.
    probability: after softmax, a fraction.
    places:      (h, w), 0 and more: Grad-CAM at the last maps, what each place adds to the score; all zero where
                 no place adds anything.
    """

    label: int
    name: str
    probability: float
    places: Tensor


@dataclass(frozen=True, eq=False)
class DepthMaps:
    """The maps at one depth that tell most.

    indices: their numbers in the layer.
    maps:    (count, h, w), 0 and more.
    total:   how many the layer has.
    """

    indices: list[int]
    maps: Tensor
    total: int


@cache
def class_names() -> tuple[str, ...]:
    """The 1,000 classes of ImageNet in the order of their labels, as torchvision calls them."""
    return tuple((Path(__file__).parent / "imagenet_classes.txt").read_text(encoding="utf-8").splitlines())


def fitted_photo(photo: Tensor) -> Tensor:
    """The photo at the size for which the network was trained: its shorter side 224 pixels, nothing cut off.

    photo: (3, H, W) in [0, 1].
    Returns (3, h, w) in [0, 1]; of a longer photo the longer side has 448 pixels, and the shorter one fewer than 224.
    Raises StudentError for a photo too long and thin to be seen then, or with another number of channels.
    """
    batch = checked_image(photo, None)
    channels, height, width = batch.shape[1:]
    if channels != 3:
        raise StudentError(
            f"The photo has {channels} channels, and this network sees 3.", hint="Use a colour photo."
        )
    scale = min(SIDE / min(height, width), LONGEST / max(height, width))
    size = round(height * scale), round(width * scale)
    if min(size) < LEAST_SIDE:
        raise StudentError(
            f"The photo has {width}×{height} pixels, which is too long and thin for this network.",
            hint="Cut out a part whose sides differ less.",
        )
    if size == (height, width):
        return batch[0]
    return interpolate(batch, size=size, mode="bilinear", antialias=True)[0].clamp(0, 1)


@torch.no_grad()
def photo_answers(net: PhotoNetwork, photo: Tensor, count: int = 5) -> list[PhotoAnswer]:
    """What the network would call the photo: its `count` most probable classes, the most probable first.

    photo: (3, H, W) in [0, 1], of any size; `fitted_photo` gives the best one.
    Raises StudentError for a count that is not from 1 to 1,000.
    """
    whole_number(count, "The number of answers", 1, len(class_names()))
    maps = net.last_maps(checked_image(photo, None))
    probabilities = net.scores_of(maps)[0].softmax(0)
    best = probabilities.topk(count)
    # The gradient of a score by a map is the class's weight over the number of places, at each place.
    weights = net.class_weights()[best.indices] / maps[0, 0].numel()
    places = torch.einsum("kc,chw->khw", weights, maps[0]).clamp_min(0)
    return [
        PhotoAnswer(label, class_names()[label], probability, place)
        for label, probability, place in zip(best.indices.tolist(), best.values.tolist(), places, strict=True)
    ]


@torch.no_grad()
def maps_at_depth(net: PhotoNetwork, photo: Tensor, depth: str, count: int = 12) -> DepthMaps:
    """The `count` maps at one of the network's depths that differ most from place to place, for one photo.

    A map that is bright everywhere tells nothing; the spread (standard deviation) finds those that choose. What is
    below zero counts as nothing.
    photo: (3, H, W) in [0, 1].
    depth: one of `net.depths`.  Raises StudentError for another.
    """
    if depth not in net.depths:
        raise StudentError(f"There is no depth {quoted(depth)}.", hint=f"Choose {', '.join(net.depths)}.")
    maps = net.maps_at(checked_image(photo, None), (depth,))[depth][0].clamp_min(0)
    indices = maps.flatten(1).std(dim=1).topk(min(count, len(maps))).indices
    return DepthMaps(indices.tolist(), maps[indices].contiguous(), len(maps))
