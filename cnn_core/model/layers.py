"""The eight kinds of layer, in plain numbers: hashable for a cache, JSON for a file. No torch here.

Names and defaults are Keras's (https://keras.io/api/layers), except that a kernel is 3×3 unless said otherwise.
A layer that exists has sensible values; whether it fits where it stands is the business of `shapes`.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from numbers import Integral, Real
from typing import Any, ClassVar

from cnn_core.errors import StudentError, quoted, shown

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "softmax")
PADDINGS = ("valid", "same")
MAX_FILTERS = 4_096  # of one convolution
MAX_UNITS = 65_536  # of one dense layer
MAX_PIXELS = 256  # a side of a kernel, a pool, a step or an image


@dataclass(frozen=True)
class Conv2D:
    """Slides `filters` small kernels over the map, each as deep as the map."""

    type: ClassVar[str] = "conv2d"
    filters: int
    kernel_size: int = 3  # pixels per side
    strides: int = 1  # pixels per move
    padding: str = "valid"  # "same": a border of zeros
    activation: str = "linear"

    def __post_init__(self) -> None:
        _count(self, "filters", MAX_FILTERS)
        _count(self, "kernel_size", MAX_PIXELS)
        _count(self, "strides", MAX_PIXELS)
        _choice(self, "padding", PADDINGS)
        _choice(self, "activation", ACTIVATIONS)


@dataclass(frozen=True)
class MaxPooling2D:
    """Keeps the largest value of each window, per channel."""

    type: ClassVar[str] = "max_pooling2d"
    pool_size: int = 2  # pixels per side
    strides: int | None = None  # pixels per move; None becomes pool_size, so windows touch
    padding: str = "valid"  # "same": a border that never is the largest

    def __post_init__(self) -> None:
        _check_pool(self)


@dataclass(frozen=True)
class AveragePooling2D:
    """Keeps the mean of each window, per channel."""

    type: ClassVar[str] = "average_pooling2d"
    pool_size: int = 2  # pixels per side
    strides: int | None = None  # pixels per move; None becomes pool_size, so windows touch
    padding: str = "valid"  # "same": windows may reach over the edge, only real cells are averaged

    def __post_init__(self) -> None:
        _check_pool(self)


@dataclass(frozen=True)
class GlobalAveragePooling2D:
    """One number per channel: the mean of its whole map."""

    type: ClassVar[str] = "global_average_pooling2d"


@dataclass(frozen=True)
class BatchNormalization:
    """Mean 0 and spread 1 per channel, then a learnt scale and shift. Epsilon 0.001, momentum 0.99."""

    type: ClassVar[str] = "batch_normalization"


@dataclass(frozen=True)
class Dropout:
    """While training, sets a share of the values to zero, chosen anew for each image."""

    type: ClassVar[str] = "dropout"
    rate: float = 0.5  # share of the values, 0 <= rate < 1

    def __post_init__(self) -> None:
        # A comparison with NaN is false, one with 10^400 is exact: nothing slips through, nothing overflows.
        if isinstance(self.rate, bool) or not isinstance(self.rate, Real):
            raise StudentError(f"rate is {shown(self.rate)}, not a number.", hint="Try 0.25.")
        if not 0 <= self.rate < 1:
            raise StudentError(
                f"a rate of {shown(self.rate)} cannot be used; it is the share of values that are dropped.",
                hint="Use a number from 0 to below 1, such as 0.25.",
            )
        object.__setattr__(self, "rate", float(self.rate))


@dataclass(frozen=True)
class Flatten:
    """A map (C, H, W) becomes a list of C·H·W numbers, channel by channel."""

    type: ClassVar[str] = "flatten"


@dataclass(frozen=True)
class Dense:
    """Each unit weighs every number of the list before it."""

    type: ClassVar[str] = "dense"
    units: int
    activation: str = "linear"

    def __post_init__(self) -> None:
        _count(self, "units", MAX_UNITS)
        _choice(self, "activation", ACTIVATIONS)


Pooling = MaxPooling2D | AveragePooling2D
Layer = (
    Conv2D
    | MaxPooling2D
    | AveragePooling2D
    | GlobalAveragePooling2D
    | BatchNormalization
    | Dropout
    | Flatten
    | Dense
)
LAYER_TYPES: dict[str, type] = {
    layer.type: layer
    for layer in (
        Conv2D,
        MaxPooling2D,
        AveragePooling2D,
        GlobalAveragePooling2D,
        BatchNormalization,
        Dropout,
        Flatten,
        Dense,
    )
}


def layer_from_dict(values: object) -> Layer:
    """`{"type": "dense", "units": 10}` as a layer; omitted settings take their defaults. Raises StudentError."""
    if not isinstance(values, Mapping):
        raise StudentError(
            f"a layer is a set of named values, not {shown(values)}.", hint='Write {"type": "flatten"}.'
        )
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in LAYER_TYPES:
        what = "it has no type" if kind is None else f"there is no layer type {quoted(kind)}"
        raise StudentError(f"{what}.", hint=f"Use one of {', '.join(LAYER_TYPES)}.")
    settings = {name: value for name, value in values.items() if name != "type"}
    known = {field.name: field for field in fields(LAYER_TYPES[kind])}
    refuse_unknown_keys(kind, settings, known)
    for name, field in known.items():
        if name not in settings and field.default is MISSING:
            raise StudentError(f"it does not say how many {name} it has.", hint=f"Add {name}.")
    return LAYER_TYPES[kind](**settings)


def layer_to_dict(layer: Layer) -> dict[str, Any]:
    """The inverse of `layer_from_dict`, every setting present."""
    return {"type": layer.type} | {field.name: getattr(layer, field.name) for field in fields(layer)}


def layer_names(types: list[object]) -> tuple[str, ...]:
    """Keras's names, counted per type from 1; what has no known type is called by its place.

    >>> layer_names(["conv2d", "flatten", "conv2d", None])
    ('conv2d_1', 'flatten_1', 'conv2d_2', 'layer_4')
    """
    seen: dict[str, int] = {}
    names = []
    for place, kind in enumerate(types, start=1):
        if isinstance(kind, str) and kind in LAYER_TYPES:
            seen[kind] = seen.get(kind, 0) + 1
            names.append(f"{kind}_{seen[kind]}")
        else:
            names.append(f"layer_{place}")
    return tuple(names)


# --- checks that specs share -----------------------------------------------------------------------


def whole(name: str, value: object, most: int, least: int = 1) -> int:
    """`value` as an int from `least` to `most`. Raises StudentError that names it."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise StudentError(
            f"{name} is {shown(value)}, not a whole number.",
            hint=f"Use a whole number from {least} to {most:,}.",
        )
    number = int(value)
    if not least <= number <= most:
        raise StudentError(f"{name} is {shown(value)}.", hint=f"Use a whole number from {least} to {most:,}.")
    return number


def refuse_unknown_keys(owner: str, given: Mapping[Any, Any], known: Any) -> None:
    """Raise StudentError that names the first key of `given` which is not in `known`."""
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key)[:40], list(known), n=1) if isinstance(key, str) else []
            has = f"It has {', '.join(known)}." if known else "It has no settings."
            raise StudentError(
                f"{owner} has no setting {quoted(key)}.", hint=f"Did you mean {close[0]}?" if close else has
            )


def is_control(character: str) -> bool:
    """Line breaks, half characters, and marks that turn the direction of what follows them."""
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    )


def _check_pool(layer: Pooling) -> None:
    _count(layer, "pool_size", MAX_PIXELS)
    if layer.strides is None:
        object.__setattr__(layer, "strides", layer.pool_size)
    _count(layer, "strides", MAX_PIXELS)
    _choice(layer, "padding", PADDINGS)


def _count(layer: Layer, name: str, most: int) -> None:
    object.__setattr__(layer, name, whole(name, getattr(layer, name), most))


def _choice(layer: Layer, name: str, choices: tuple[str, ...]) -> None:
    value = getattr(layer, name)
    if not isinstance(value, str) or value not in choices:
        raise StudentError(f"{name} is {quoted(value)}.", hint=f"Use one of {', '.join(choices)}.")
