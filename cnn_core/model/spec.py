"""A network as plain numbers: its layers, what goes in, how many classes come out. No torch.

A `ModelSpec` that exists can be built: constructing one checks every value, every shape and the limits of this
server, by arithmetic alone, before anything is allocated. So it may come from a link, an upload or a stranger.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, replace
from functools import cached_property
from typing import Any

from cnn_core.checks import is_control, refuse_unknown_keys, whole
from cnn_core.errors import StudentError, shown
from cnn_core.model import links
from cnn_core.model.common_settings import MAX_PIXELS
from cnn_core.model.layer_files import layer_from_dict, layer_names, layer_to_dict
from cnn_core.model.layers import LAYER_TYPES, Layer
from cnn_core.model.summary import LayerSummary, check_end, check_size, walk

MAX_LAYERS = 64  # more rows than anyone reads
MAX_INPUT_CHANNELS = 16
MAX_CLASSES = 1_000
MAX_NAME = 80  # characters
UNNAMED = "My design"


@dataclass(frozen=True)
class ModelSpec:
    """A network that can be built. Equal specs are equal networks; hashable, so a cache can hold one.

    input_shape: (channels, height, width) of an image.  classes: numbers the last layer gives.
    check_limits: our own presets exist however small an operator's limits are; everything else is held to them.
    Raises StudentError, with the layer's name, for whatever cannot work.
    """

    name: str
    input_shape: tuple[int, int, int]
    classes: int
    layers: tuple[Layer, ...]
    check_limits: InitVar[bool] = True

    def __post_init__(self, check_limits: bool) -> None:
        _check_name(self.name)
        object.__setattr__(self, "input_shape", _checked_input_shape(self.input_shape))
        object.__setattr__(self, "classes", _checked_classes(self.classes))
        object.__setattr__(self, "layers", _checked_layers(self.layers))
        rows = summarize(self)
        _refuse_early_softmax(self.layers, self.layer_names)
        check_end(rows, self.classes)
        if check_limits:
            check_size(self.input_shape, self.layers, rows)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Keras's names, counted per type from 1: ("conv2d_1", "max_pooling2d_1", "conv2d_2", ...)."""
        return layer_names([layer.type for layer in self.layers])

    @cached_property  # a page asks some twenty times
    def fingerprint(self) -> str:
        """16 hexadecimal digits that depend on all that makes the network, and not on its name."""
        numbers = {key: value for key, value in self.to_dict().items() if key != "name"}
        return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready, every setting present."""
        return {
            "name": self.name,
            "input_shape": list(self.input_shape),
            "classes": self.classes,
            "layers": [layer_to_dict(layer) for layer in self.layers],
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, check_limits: bool = True) -> ModelSpec:
        """The inverse of `to_dict`. Raises StudentError, and nothing else.

        Omitted settings take Keras's defaults; an omitted input is a digit of 28×28 pixels, one of ten.
        """
        if not isinstance(values, Mapping):
            raise StudentError(
                f"A network is a set of named values, not {shown(values)}.", hint="Use a preset."
            )
        keys = ("name", "input_shape", "classes", "layers")
        refuse_unknown_keys("A network", values, keys)
        name = values.get("name", UNNAMED)
        _check_name(name)
        input_shape = _checked_input_shape(values.get("input_shape", (1, 28, 28)))
        classes = _checked_classes(values.get("classes", 10))
        return cls(
            name, input_shape, classes, _layers_from(values.get("layers", ()), input_shape), check_limits
        )

    def replace(self, **changes: Any) -> ModelSpec:
        """A copy with some fields changed, checked like any other."""
        return replace(self, **changes)

    def to_link(self) -> str:
        """Text for an address: letters, digits, hyphen, underscore and one full stop."""
        return links.encode(self.to_dict())

    @classmethod
    def from_link(cls, text: str) -> ModelSpec:
        """The inverse of `to_link`. Raises StudentError, and nothing else."""
        return cls.from_dict(links.decode(text))


def summarize(spec: ModelSpec) -> list[LayerSummary]:
    """One row a layer, in order. Takes microseconds: it is arithmetic, not a run of the network."""
    return list(walk(spec.input_shape, spec.layers, spec.layer_names))


def _check_name(name: object) -> None:
    if not isinstance(name, str):
        raise StudentError(
            f"The name of the network is {shown(name)}, not a text.", hint="Give it a short name."
        )
    if not name.strip():
        raise StudentError("The network has an empty name.", hint="Give it a short name.")
    if len(name) > MAX_NAME:
        raise StudentError(
            f"The name of the network has {len(name):,} characters.", hint=f"Use {MAX_NAME} at most."
        )
    if any(is_control(character) for character in name):
        raise StudentError(
            "The name of the network holds characters that cannot be shown.", hint="Type it again."
        )


def _checked_input_shape(value: object) -> tuple[int, int, int]:
    if not isinstance(value, list | tuple) or len(value) != 3:
        raise StudentError(
            f"input_shape is {shown(value)}, not three numbers.",
            hint="Use [1, 28, 28]: channels, height, width.",
        )
    return (
        whole("The number of channels of the input", value[0], MAX_INPUT_CHANNELS),
        whole("The height of the input", value[1], MAX_PIXELS),
        whole("The width of the input", value[2], MAX_PIXELS),
    )


def _checked_classes(value: object) -> int:
    return whole("The number of classes", value, MAX_CLASSES, least=2)


def _checked_layers(value: object) -> tuple[Layer, ...]:
    layers = _counted(value)
    for place, layer in enumerate(layers, start=1):
        if type(layer) not in LAYER_TYPES.values():
            raise StudentError(
                f"Layer {place} is {shown(layer)}, not a layer.",
                hint="Use Conv2D(32), Flatten() and their like.",
            )
    return tuple(layers)


def _counted(value: object) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise StudentError(f"layers is {shown(value)}, not a list of layers.", hint="Put them into a list.")
    if not value:
        raise StudentError(
            "The network has no layers.", hint="Add flatten and a dense layer, or use a preset."
        )
    if len(value) > MAX_LAYERS:
        raise StudentError(f"The network has {len(value):,} layers.", hint=f"Use {MAX_LAYERS} at most.")
    return value


def _layers_from(values: object, input_shape: tuple[int, int, int]) -> tuple[Layer, ...]:
    raw = _counted(values)
    names = names_of(raw)
    layers: list[Layer] = []
    for name, one in zip(names, raw, strict=True):
        try:
            layers.append(layer_from_dict(one))
        except StudentError as error:
            # A reader goes from the top: what is wrong above is said first.
            list(walk(input_shape, layers, names[: len(layers)]))
            raise StudentError(error.message, error.hint, name) from None
    return tuple(layers)


def names_of(raw_layers: Iterable[object]) -> tuple[str, ...]:
    """Layer names of a draft, in which a layer may be anything."""
    return layer_names([one.get("type") if isinstance(one, Mapping) else None for one in raw_layers])


def _refuse_early_softmax(layers: Sequence[Layer], names: Sequence[str]) -> None:
    for layer, name in list(zip(layers, names, strict=True))[:-1]:
        if getattr(layer, "activation", None) == "softmax":
            raise StudentError(
                "softmax turns numbers into probabilities, so only the last layer may have it.",
                hint="Use relu here.",
                layer=name,
            )
