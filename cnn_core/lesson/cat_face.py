"""How a cat's face is put together: what a photo net sees of it early, in the middle, and late.

Not a drawing: these are the maps of EfficientNet-Lite0, which learnt from a million photos, for one photo of a cat.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from cnn_core.insight.dream.photo import photo_network, photos

STAGES = {"edges": "scales", "parts": "fur", "wholes": "creatures"}  # ours -> the net's own depths
HEIGHT, WIDTH = 224, 336  # pixels: the photo's shape, at the size the net was trained for


@dataclass(frozen=True, eq=False)
class Stage:
    """The strongest maps at one depth.

    indices: their numbers in the layer.
    maps:    (count, h, w), 0 and more.
    total:   how many the layer has.
    """

    indices: list[int]
    maps: Tensor
    total: int


def cat_photo() -> Tensor:
    """The photo as the net gets it, (3, 224, 336) in [0, 1]."""
    return interpolate(photos()["cat"][None], size=(HEIGHT, WIDTH), mode="bilinear", antialias=True)[0].clamp(
        0, 1
    )


@torch.no_grad()
def cat_stages(count: int = 12) -> dict[str, Stage]:
    """{"edges", "parts", "wholes"}: at each depth the `count` maps that differ most from place to place.

    A map that is bright everywhere tells nothing; the spread (standard deviation) finds those that choose.
    Raises StudentError if the photo network is not installed.
    """
    maps_at_depth = photo_network().maps_at(cat_photo()[None], tuple(STAGES.values()))
    stages = {}
    for stage, depth in STAGES.items():
        maps = maps_at_depth[depth][0].clamp_min(0)
        indices = maps.flatten(1).std(dim=1).topk(count).indices
        stages[stage] = Stage(indices.tolist(), maps[indices].contiguous(), len(maps))
    return stages


def spotlight(photo: Tensor, one_map: Tensor) -> Tensor:
    """The photo lit where a map is bright, and dark elsewhere: (3, H, W) in [0, 1].

    photo:   (3, H, W) in [0, 1].
    one_map: (h, w), 0 and more.
    """
    # The square root lifts what is half as strong: most of a map is far below its one largest value.
    light = (one_map / one_map.max().clamp_min(1e-9)).sqrt()
    light = interpolate(light[None, None], size=photo.shape[1:], mode="bilinear", align_corners=False)[0]
    return photo * (0.25 + 0.75 * light)  # a little light everywhere, so that one sees where one is
