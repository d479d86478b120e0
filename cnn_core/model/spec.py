"""A network's design in plain numbers: what a link, a file, a form and a cache key can hold. No torch.

A `ModelSpec` that exists can be built: everything is checked when it is made, before anything is allocated.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model import links
from cnn_core.model.layers import Layer, layer_from_dict, layer_names, layer_to_dict, shown
from cnn_core.model.shapes import rows
from cnn_core.settings import settings

MAX_LAYERS = 64
MAX_NAME = 80  # characters
MAX_INPUT = 200_000  # values of one image: a colour picture of 256 x 256
MAX_CLASSES = 1_000
KEYS = ("name", "input_shape", "classes", "layers")


@dataclass(frozen=True)
class ModelSpec:
    """A design: its name, the shape (C, H, W) of one image, the number of classes, and its layers in order.

    Raises StudentError, with the layer's name, the student's numbers and one thing to try, for a design that
    cannot work or that is larger than this server allows.
    """

    name: str
    input_shape: tuple[int, int, int]
    classes: int
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", checked_name(self.name))
        object.__setattr__(self, "input_shape", checked_input(self.input_shape))
        checked_classes(self.classes)
        object.__setattr__(self, "layers", checked_layers(self.layers))
        table = list(rows(self.input_shape, self.layers))
        check_end(table[-1].output_shape, table[-1].name, self.classes)
        check_size(sum(row.parameters for row in table), sum(row.macs for row in table))

    @cached_property
    def layer_names(self) -> tuple[str, ...]:
        """("conv2d_1", "max_pooling2d_1", ...), as Keras counts."""
        return layer_names([layer.type for layer in self.layers])

    @cached_property
    def fingerprint(self) -> str:
        """16 letters that are the same for the same design, whatever it is called."""
        nameless = {key: value for key, value in self.to_dict().items() if key != "name"}
        return hashlib.sha256(json.dumps(nameless, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, every setting present."""
        return {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "layers": [layer_to_dict(layer) for layer in self.layers],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelSpec:
        """The inverse of `to_dict`; omitted settings take Keras's defaults. Raises only StudentError."""
        check_keys(values)
        names = layer_names([kind_of(layer) for layer in checked_list(values.get("layers"))])
        layers = []
        for name, given in zip(names, values["layers"], strict=True):
            try:
                layers.append(layer_from_dict(given))
            except StudentError as error:
                raise StudentError(error.message, error.hint, layer=name) from error
        return cls(
            values.get("name", "My design"),
            values.get("input_shape", (1, 28, 28)),
            values.get("classes", 10),
            tuple(layers),
        )

    def to_link(self) -> str:
        """The design as a short text of letters, digits, - and _."""
        return links.encode(self.to_dict())

    @classmethod
    def from_link(cls, text: str) -> ModelSpec:
        """The inverse of `to_link`. Raises StudentError for a broken link."""
        return cls.from_dict(links.decode(text))

    def replace(self, **changes: Any) -> ModelSpec:
        """A copy with some fields changed, checked like any other."""
        return replace(self, **changes)


def check_keys(values: object) -> None:
    """A design is a mapping with the keys of a ModelSpec. Raises StudentError."""
    if not isinstance(values, Mapping):
        raise StudentError(
            f"A design is a set of named values, not {shown(values)}.", hint="Start from a preset."
        )
    for key in values:
        if key not in KEYS:
            raise StudentError(f"A design has no {shown(key)}.", hint=f"It has {', '.join(KEYS)}.")


def checked_list(layers: object) -> list[Any]:
    """The layers as a list of a sensible length. Raises StudentError."""
    if not isinstance(layers, list | tuple):
        raise StudentError(
            f"The layers are {shown(layers)}, and must be a list.", hint="Start from a preset."
        )
    if not layers:
        raise StudentError(
            "A network without layers computes nothing.", hint="Add a layer, or start from a preset."
        )
    if len(layers) > MAX_LAYERS:
        raise StudentError(
            f"This design has {len(layers):,} layers, and {MAX_LAYERS} are allowed.",
            hint="Remove some of them.",
        )
    return list(layers)


def checked_layers(layers: object) -> tuple[Layer, ...]:
    """Layer objects, as a tuple. Raises StudentError."""
    found = checked_list(layers)
    for layer in found:
        if not isinstance(layer, Layer):
            raise StudentError(
                f"A layer is {shown(layer)}.", hint="Use Conv2D, Dense and the like, or from_dict."
            )
    return tuple(found)


def kind_of(layer: object) -> str:
    """A layer's type for its name, "layer" where it has none that makes sense."""
    kind = layer.get("type") if isinstance(layer, Mapping) else None
    return kind if isinstance(kind, str) and 0 < len(kind) <= 40 and kind.isidentifier() else "layer"


def checked_name(name: object) -> str:
    """One printable line. Raises StudentError."""
    if not isinstance(name, str):
        raise StudentError(f"The name is {shown(name)}, and must be a text.", hint="Call it “My design”.")
    if len(name) > MAX_NAME:
        raise StudentError(f"The name has {len(name):,} letters.", hint=f"Use {MAX_NAME} or fewer.")
    if not all(letter.isprintable() for letter in name):
        raise StudentError("The name contains signs that cannot be printed.", hint="Use letters and spaces.")
    return name.strip() or "My design"


def checked_input(shape: object) -> tuple[int, int, int]:
    """(C, H, W) in whole numbers, not too large. Raises StudentError."""
    sides = list(shape) if isinstance(shape, list | tuple) and len(shape) == 3 else []
    if not sides or any(type(side) is not int for side in sides):
        raise StudentError(
            "The input shape must be three whole numbers: channels, height, width.", hint="Use [1, 28, 28]."
        )
    channels, height, width = sides
    what = f"An input of {shown(height)}×{shown(width)}×{shown(channels)}"
    if min(sides) < 1:
        raise StudentError(f"{what} holds nothing.", hint="Use [1, 28, 28].")
    if prod(sides) > MAX_INPUT:
        raise StudentError(f"{what} is too large: {MAX_INPUT:,} values are allowed.", hint="Use [1, 28, 28].")
    return channels, height, width


def checked_classes(classes: object) -> int:
    """How many answers there are. Raises StudentError."""
    if isinstance(classes, bool) or not isinstance(classes, int) or not 2 <= classes <= MAX_CLASSES:
        raise StudentError(
            f"classes is {shown(classes)}.", hint=f"Choose a whole number from 2 to {MAX_CLASSES:,}."
        )
    return classes


def check_end(shape: tuple[int, ...], name: str, classes: int) -> None:
    """The last layer must have one output a class. Raises StudentError."""
    if shape == (classes,):
        return
    if len(shape) == 1:
        raise StudentError(
            f"the last layer gives {shape[0]:,} numbers, and there are {classes} classes.",
            hint=f"End with a dense layer of {classes} units.",
            layer=name,
        )
    channels, height, width = shape
    raise StudentError(
        f"the last layer gives {channels:,} maps of {height}×{width}, and {classes} numbers are needed, one a class.",
        hint=f"Add flatten and a dense layer of {classes} units at the end.",
        layer=name,
    )


def check_size(parameters: int, macs: int) -> None:
    """Not more than this server allows. Raises StudentError."""
    limits = settings()
    if parameters > limits.max_parameters:
        raise StudentError(
            f"This network has {shown(parameters)} parameters, and this server allows {limits.max_parameters:,}.",
            hint="Use fewer filters or units, or a pooling layer before the first dense layer.",
        )
    if macs > limits.max_macs:
        raise StudentError(
            f"One image takes {shown(macs)} multiply-adds here, and this server allows {limits.max_macs:,}.",
            hint="Use fewer filters, or a pooling layer near the start.",
        )
