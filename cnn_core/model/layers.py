"""The layers a design is made of, as plain numbers: no torch, equal when their numbers are, ready for JSON.

Names, fields and defaults are Keras's. A layer that exists has sensible numbers; whether it fits under the layers
above it is decided in `shapes.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from cnn_core.errors import StudentError

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "softmax")
PADDINGS = ("valid", "same")
MAX_SIDE = 64  # of a kernel, a pool or a stride: pictures here are 28 pixels wide
MAX_COUNT = (
    10**12
)  # of filters or units; what a server can hold is decided later, with the numbers in the sentence


@dataclass(frozen=True)
class Conv2D:
    """`filters` kernels sweep over the maps; each gives one map. Dumoulin & Visin 2016."""

    type: ClassVar[str] = "conv2d"
    filters: int
    kernel_size: int = 3  # pixels per side
    strides: int = 1  # pixels per move
    padding: str = (
        "valid"  # "same": the output has ceil(n / strides) places, an odd pixel of padding goes last
    )
    activation: str = "linear"

    def __post_init__(self) -> None:
        _check_whole("filters", self.filters, MAX_COUNT)
        _check_whole("kernel_size", self.kernel_size, MAX_SIDE)
        _check_whole("strides", self.strides, MAX_SIDE)
        _check_choice("padding", self.padding, PADDINGS)
        _check_choice("activation", self.activation, ACTIVATIONS)


@dataclass(frozen=True)
class _Pooling:
    pool_size: int = 2  # pixels per side
    strides: int | None = None  # pixels per move; None means pool_size
    padding: str = "valid"

    def __post_init__(self) -> None:
        _check_whole("pool_size", self.pool_size, MAX_SIDE)
        if self.strides is None:
            object.__setattr__(self, "strides", self.pool_size)
        _check_whole("strides", self.strides, MAX_SIDE)
        _check_choice("padding", self.padding, PADDINGS)


@dataclass(frozen=True)
class MaxPooling2D(_Pooling):
    """The largest of each window."""

    type: ClassVar[str] = "max_pooling2d"


@dataclass(frozen=True)
class AveragePooling2D(_Pooling):
    """The mean of each window; cells that "same" padding adds do not count."""

    type: ClassVar[str] = "average_pooling2d"


@dataclass(frozen=True)
class GlobalAveragePooling2D:
    """The mean of each whole map: one number a channel. Lin, Chen & Yan 2013, section 3.2."""

    type: ClassVar[str] = "global_average_pooling2d"


@dataclass(frozen=True)
class BatchNormalization:
    """Each channel shifted and scaled to mean 0 and variance 1, then to what it learns. Ioffe & Szegedy 2015."""

    type: ClassVar[str] = "batch_normalization"


@dataclass(frozen=True)
class Dropout:
    """While training, each value is put to zero with probability `rate`. Srivastava et al. 2014."""

    type: ClassVar[str] = "dropout"
    rate: float = 0.5

    def __post_init__(self) -> None:
        rate = self.rate
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not math.isfinite(rate):
            raise StudentError(f"rate is {shown(rate)}, and must be a number.", hint="Try 0.25.")
        if not 0 <= rate < 1:
            raise StudentError(
                f"A dropout rate of {shown(rate)} is not possible.", hint="Choose 0 or more, and less than 1."
            )
        object.__setattr__(self, "rate", float(rate))


@dataclass(frozen=True)
class Flatten:
    """Maps (C, H, W) become one list of C x H x W numbers, in that order."""

    type: ClassVar[str] = "flatten"


@dataclass(frozen=True)
class Dense:
    """Every output is a weighted sum of all inputs."""

    type: ClassVar[str] = "dense"
    units: int
    activation: str = "linear"

    def __post_init__(self) -> None:
        _check_whole("units", self.units, MAX_COUNT)
        _check_choice("activation", self.activation, ACTIVATIONS)


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
LAYER_TYPES: dict[str, type[Layer]] = {
    kind.type: kind
    for kind in (
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
    """One layer from what a JSON file, a link or a form says. Raises StudentError for anything that is none."""
    if not isinstance(values, Mapping):
        raise StudentError(
            f"A layer is a set of named values, not {shown(values)}.", hint='Try {"type": "flatten"}.'
        )
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in LAYER_TYPES:
        raise StudentError(
            f"There is no layer type {shown(kind)}.", hint=f"Use one of {', '.join(LAYER_TYPES)}."
        )
    layer_type = LAYER_TYPES[kind]
    known = [field.name for field in fields(layer_type)]
    given = {key: value for key, value in values.items() if key != "type"}
    for key in given:
        if key not in known:
            has = f"It has {', '.join(known)}." if known else "It has no settings."
            raise StudentError(f"A {kind} layer has no setting {shown(key)}.", hint=has)
    needed = {"conv2d": "filters", "dense": "units"}.get(kind)
    if needed and needed not in given:
        raise StudentError(f"A {kind} layer needs its {needed}.", hint=f"Add {needed}, for instance 32.")
    return layer_type(**given)


def layer_to_dict(layer: Layer) -> dict[str, Any]:
    """The inverse of `layer_from_dict`, every setting present."""
    return {"type": layer.type} | {field.name: getattr(layer, field.name) for field in fields(layer)}


def layer_names(types: list[str]) -> tuple[str, ...]:
    """Names as Keras gives them: counted per type, from 1.

    >>> layer_names(["conv2d", "flatten", "conv2d"])
    ('conv2d_1', 'flatten_1', 'conv2d_2')
    """
    counted: dict[str, int] = {}
    names = []
    for kind in types:
        counted[kind] = counted.get(kind, 0) + 1
        names.append(f"{kind}_{counted[kind]}")
    return tuple(names)


def shown(value: object) -> str:
    """A stranger's value for a sentence: never long, whatever it is."""
    if isinstance(value, int) and not isinstance(value, bool):
        # writing out an enormous integer takes longer than refusing it
        return f"{value:,}" if abs(value) < 10**15 else "a number of more than 15 digits"
    if isinstance(value, bool | float) or value is None:
        return str(value)
    if isinstance(value, str):
        return f"“{value[:40]}{'…' * (len(value) > 40)}”"
    return f"a {type(value).__name__}"


def _check_whole(name: str, value: object, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise StudentError(f"{name} is {shown(value)}, and must be a whole number.", hint="Choose 1 or more.")
    if value < 1:
        raise StudentError(f"{name} is {shown(value)}.", hint="Choose 1 or more.")
    if value > most:
        raise StudentError(f"{name} is {shown(value)}.", hint=f"Choose {most:,} or less.")


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        raise StudentError(f"{name} is {shown(value)}.", hint=f"Use one of {', '.join(choices)}.")
