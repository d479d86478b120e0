"""What goes into a network of Keras: maps, rows of pixels without channels, or one long list of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt, prod
from typing import Any

from cnn_core.errors import shown
from cnn_core.opening import keras_settings as settings
from cnn_core.opening.keras_config import KerasLayer
from cnn_core.opening.keras_way import Way, flatten

NOTHING_IN_USE = (
    *(
        "SpatialDropout2D",
        "GaussianDropout",
        "AlphaDropout",
        "GaussianNoise",
        "ActivityRegularization",
        "Identity",
    ),
    *(
        "RandomFlip",
        "RandomRotation",
        "RandomZoom",
        "RandomTranslation",
        "RandomContrast",
        "RandomBrightness",
    ),
    *(
        "RandomShear",
        "RandomErasing",
        "RandomGaussianBlur",
        "RandomHue",
        "RandomSaturation",
        "RandomColorJitter",
    ),
    *("RandomGrayscale", "RandomInvert", "RandomSharpness", "RandomPosterization", "RandomPerspective"),
    *("RandomElasticTransform", "RandomColorDegeneration", "Solarization"),
    *("RandAugment", "AugMix", "MixUp", "CutMix"),
)
KEEP_NUMBERS = (
    "Dropout",
    "Rescaling",
    "Normalization",
    "Resizing",
    "CenterCrop",
    "RandomCrop",
    *NOTHING_IN_USE,
)
ON_MAPS = (
    *("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D"),
    *("GlobalAveragePooling2D", "GlobalMaxPooling2D"),
)


def begun(chain: Sequence[KerasLayer]) -> Way:
    """The input: maps, rows of pixels without channels, or one long list of them."""
    first = chain[0]
    formats = {settings.channels_first(layer) for layer in chain if layer.kind in ON_MAPS} - {None}
    if len(formats) > 1:
        raise first.refusal("mixes channels_first and channels_last", "Use channels_last everywhere.")
    is_first = formats == {True}
    sides, remarks = _input_sides(chain)
    flat_order = False
    rest = [layer for layer in chain if layer.kind not in (*KEEP_NUMBERS, "InputLayer")]
    target = rest[0].config.get("target_shape") if rest and rest[0].kind == "Reshape" else None
    if len(sides) < 3 and isinstance(target, list | tuple) and len(target) in (2, 3):
        sides = reshaped(rest[0], list(target), prod(sides))
    elif len(sides) == 1:
        sides, flat_order = _square(first, sides[0]), True
        _, height, width = sides[-1], sides[0], sides[1]
        remarks.append(
            f"It takes {prod(sides):,} numbers in a row. Here these are the rows of a picture of {height}×{width}, "
            "one after the other; a flatten was put in front."
        )
    is_rows = len(sides) == 2
    if is_rows:
        sides = [*sides, 1]
    height, width, channels = (sides[1], sides[2], sides[0]) if is_first else sides
    if channels not in (1, 3):
        raise first.refusal(
            f"has {channels:,} channels ({'×'.join(map(str, sides))}), and pictures here have 1 (grey) or 3 (colour)",
            "Open a network for pictures; channels come last, as in (28, 28, 1).",
        )
    shape = channels, height, width
    way = Way(shape, is_first, shape, remarks=remarks, is_rows=is_rows)
    if flat_order:
        flatten(way, first)
    return way


def _input_sides(chain: Sequence[KerasLayer]) -> tuple[list[int], list[str]]:
    """What stands after the number of images, and what is to be said about it."""
    for layer in chain:
        for key in ("batch_shape", "batch_input_shape", "build_input_shape"):
            value = layer.config.get(key)
            if isinstance(value, list | tuple) and len(value) > 1:
                return _known_sides(layer, list(value[1:]))
        shape = layer.config.get("shape")
        if layer.kind == "InputLayer" and isinstance(shape, list | tuple) and shape:
            return _known_sides(layer, list(shape))
        if layer.kind not in (*KEEP_NUMBERS, "InputLayer"):
            break
    raise chain[0].refusal(
        "does not say which pictures it takes" if chain[0].kind != "InputLayer" else "has no shape",
        "Give it an Input((28, 28, 1)) as its first layer, and save it again.",
    )


def _known_sides(layer: KerasLayer, sides: list[Any]) -> tuple[list[int], list[str]]:
    remarks: list[str] = []
    if len(sides) == 3 and sides[0] is None and sides[1] is None and sides[2] in (1, 3):
        side = 28 if sides[2] == 1 else 32
        remarks.append(f"It takes pictures of any size. Here it is opened for {side}×{side}.")
        sides = [side, side, sides[2]]
    if not all(type(side) is int and 0 < side <= 1_000_000 for side in sides):
        said = "×".join("any" if side is None else shown(side) for side in sides[:6])
        raise layer.refusal(f"has the shape {said}", "Give its input whole numbers, such as (28, 28, 1).")
    if len(sides) > 3:
        raise layer.refusal(
            f"has {len(sides)} dimensions ({'×'.join(map(str, sides[:6]))}): that is no single picture",
            "Open a network that reads one picture at a time.",
        )
    if len(sides) > 1 and max(sides[:2]) > settings.MAX_SIDE:
        raise layer.refusal(
            f"has the shape {'×'.join(f'{side:,}' for side in sides)}, and pictures here have at most "
            f"{settings.MAX_SIDE} pixels per side",
            "Open a network for smaller pictures.",
        )
    return sides, remarks


def _square(layer: KerasLayer, count: int) -> list[int]:
    """Height, width and channels of a picture of so many numbers: a grey square, or CIFAR's 32×32 in colour."""
    if count == 3 * 32 * 32:
        return [32, 32, 3]
    side = isqrt(count)
    if side * side != count or not 4 <= side <= settings.MAX_SIDE:
        raise layer.refusal(
            f"takes {count:,} numbers in a row, which is no square picture",
            "Open a network for pictures, such as one with an input of (28, 28, 1) or of 784 numbers.",
        )
    return [side, side, 1]


def reshaped(layer: KerasLayer, target: list[Any], count: int) -> list[int]:
    """The target of a Reshape with its -1 worked out."""
    known = [side for side in target if side != -1]
    if not all(type(side) is int and 0 < side <= 1_000_000 for side in known) or len(target) - len(known) > 1:
        raise layer.refusal("has a target_shape that makes no sense", "Use (28, 28, 1).")
    size = max(prod(known), 1)
    if count % size or (len(known) == len(target) and size != count):
        raise layer.refusal(f"cannot put {count:,} numbers into {target}", "Use (28, 28, 1).")
    return [count // size if side == -1 else side for side in target]
