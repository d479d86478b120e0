"""How a cat's face is put together: what a photo net sees of it, or of any photo, early, in the middle, and late.

Not a drawing: these are the maps of EfficientNet-Lite0, which learnt from a million photos, for one photo of a cat.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import interpolate

from cnn_core.insight.dream.photo import photo_network, photos
from cnn_core.insight.dream.seen import DepthMaps, maps_at_depth

STAGES = {"edges": "scales", "parts": "fur", "wholes": "creatures"}  # ours -> the net's own depths
HEIGHT, WIDTH = 224, 336  # pixels: the photo's shape, at the size the net was trained for


Stage = DepthMaps  # the strongest maps at one depth


def cat_photo() -> Tensor:
    """The photo as the net gets it, (3, 224, 336) in [0, 1]."""
    return interpolate(photos()["cat"][None], size=(HEIGHT, WIDTH), mode="bilinear", antialias=True)[0].clamp(
        0, 1
    )


def cat_stages(count: int = 12) -> dict[str, Stage]:
    """{"edges", "parts", "wholes"}: at each depth the `count` maps of the cat that differ most from place to place.

    Raises StudentError if the photo network is not installed.
    """
    return photo_stages(cat_photo(), count)


def photo_stages(photo: Tensor, count: int = 12) -> dict[str, Stage]:
    """The same for any photo.

    photo: (3, H, W) in [0, 1], from `fitted_photo`.
    Raises StudentError if the photo network is not installed.
    """
    net = photo_network()
    return {stage: maps_at_depth(net, photo, depth, count) for stage, depth in STAGES.items()}


def spotlight(photo: Tensor, one_map: Tensor) -> Tensor:
    """The photo lit where a map is bright, and dark elsewhere: (3, H, W) in [0, 1].

    photo:   (3, H, W) in [0, 1].
    one_map: (h, w), 0 and more.
    """
    # The square root lifts what is half as strong: most of a map is far below its one largest value.
    light = (one_map / one_map.max().clamp_min(1e-9)).sqrt()
    light = interpolate(light[None, None], size=photo.shape[1:], mode="bilinear", align_corners=False)[0]
    return photo * (0.25 + 0.75 * light)  # a little light everywhere, so that one sees where one is
