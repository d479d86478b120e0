"""Settings of a layer of Keras, read one by one: what the file may say, in all the forms that Keras has written it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnn_core.errors import StudentError, quoted, shown
from cnn_core.model.activations import ACTIVATIONS, with_number
from cnn_core.opening.keras_config import KerasLayer

MAX_SIDE = 256
_IN_PLACE = {  # an activation that we lack -> the nearest that we have
    "relu6": "relu",
    "swish": "gelu",
    "silu": "gelu",
    "celu": "elu",
    "softplus": "elu",
    "mish": "gelu",
    "hard_sigmoid": "sigmoid",
    "hard_silu": "gelu",
    "hard_swish": "gelu",
    "softsign": "tanh",
}
_MISSING = object()


def whole(layer: KerasLayer, key: str, default: Any = _MISSING, most: int = 65_536) -> int:
    """A whole number of at least 1."""
    value = layer.config.get(key, default)
    if value is _MISSING:
        raise layer.refusal(f"does not say its {key}", "Save the network again with Keras.")
    if type(value) is not int or not 1 <= value <= most:
        raise layer.refusal(
            f"has {key} = {shown(value)}, and must have a whole number from 1 to {most:,}",
            "Save the network again with Keras.",
        )
    return value


def pair(layer: KerasLayer, key: str, default: Any = _MISSING) -> tuple[int, int]:
    """Two whole numbers, for rows and columns; one stands for both."""
    value = layer.config.get(key, default)
    values = value if isinstance(value, list | tuple) else [value, value]
    if len(values) != 2 or any(type(one) is not int or not 1 <= one <= MAX_SIDE for one in values):
        said = "nothing" if value is _MISSING else shown(value)
        raise layer.refusal(
            f"has {said} for its {key}, and must have one or two whole numbers from 1 to {MAX_SIDE}",
            "Save the network again with Keras.",
        )
    return values[0], values[1]


def square(layer: KerasLayer, key: str, default: Any = _MISSING) -> int:
    """The same where rows and columns must be equal."""
    rows, columns = pair(layer, key, default)
    if rows != columns:
        raise layer.refusal(
            f"has the {key} {rows}×{columns}, and here windows are squares that move equally far in both directions",
            f"Use {max(rows, columns)} for both.",
        )
    return rows


def number(layer: KerasLayer, key: str, default: float) -> float:
    """A number, also in the forms that NumPy's numbers take in JSON."""
    value = layer.config.get(key, default)
    if isinstance(
        value, Mapping
    ):  # {"value": 0.3, "type": "ndarray"}, or Keras 3's {"config": {"value": 0.3}}
        inner = value.get("config", value)
        value = inner.get("value") if isinstance(inner, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e30 < value < 1e30:
        raise layer.refusal(
            f"has {key} = {shown(value)}, and must have a number", "Save it again with Keras."
        )
    return float(value)


def numbers(layer: KerasLayer, key: str, default: float) -> list[float]:
    """A number, or one for each channel."""
    value = layer.config.get(key, default)
    while isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]
    values = value if isinstance(value, list) else [value]
    if not 1 <= len(values) <= 16:
        raise layer.refusal(f"has {len(values):,} numbers for its {key}", "Use one number for all of them.")
    return [
        number(KerasLayer(layer.kind, layer.name, {key: one}, layer.place, layer.count), key, 0)
        for one in values
    ]


def yes(layer: KerasLayer, key: str, default: bool) -> bool:
    """True or false."""
    value = layer.config.get(key, default)
    if not isinstance(value, bool):
        raise layer.refusal(
            f"has {key} = {shown(value)}, and must have true or false", "Save it again with Keras."
        )
    return value


def padding(layer: KerasLayer) -> str:
    """ "valid" or "same"."""
    value = layer.config.get("padding", "valid")
    if value not in ("valid", "same"):
        raise layer.refusal(f"has the padding {quoted(value)}", "Use “valid” or “same”.")
    return value


def channels_first(layer: KerasLayer) -> bool | None:
    """Whether maps come as (channels, rows, columns); None where the file does not say it."""
    value = layer.config.get("data_format")
    if value not in (None, "channels_first", "channels_last"):
        raise layer.refusal(f"has the data_format {quoted(value)}", "Use “channels_last”.")
    return None if value is None else value == "channels_first"


def activation(layer: KerasLayer) -> str:
    """The activation of a layer, in our words. None, a name, a function object and a layer object are all known."""
    value = layer.config.get("activation")
    if isinstance(value, Mapping):
        inner = value.get("config")
        kind = value.get("class_name")
        if kind == "function" or isinstance(inner, str):
            value = inner
        else:
            settings = inner if isinstance(inner, Mapping) else {}
            return activation_of_layer(
                KerasLayer(str(kind)[:60], layer.name, settings, layer.place, layer.count)
            )
    if value is None:
        return "linear"
    if not isinstance(value, str):
        raise layer.refusal(f"has {shown(value)} for an activation", "Use relu.")
    if value not in ACTIVATIONS:
        near = _IN_PLACE.get(value, "relu")
        raise layer.refusal(
            f"has the activation {quoted(value)}, which is not among those here ({', '.join(ACTIVATIONS)})",
            f"Train it with {near} instead.",
        )
    return value


def activation_of_layer(layer: KerasLayer) -> str:
    """The activation that a layer of Keras's is by itself: Activation, ReLU, LeakyReLU, ELU, Softmax."""
    if layer.kind == "Activation":
        return activation(layer)
    if layer.kind == "ReLU":
        if layer.config.get("max_value") is not None:
            raise layer.refusal(
                f"is a ReLU that ends at {number(layer, 'max_value', 0):g}, and relu has no upper end here",
                "Train it with a plain ReLU instead.",
            )
        if number(layer, "threshold", 0) != 0:
            raise layer.refusal("is a ReLU with a threshold", "Train it with a plain ReLU instead.")
        return _sloped(layer, number(layer, "negative_slope", 0))
    if layer.kind == "LeakyReLU":
        return _sloped(
            layer, number(layer, "negative_slope" if "negative_slope" in layer.config else "alpha", 0.3)
        )
    if layer.kind == "ELU":
        return _bent(layer, "elu", number(layer, "alpha", 1))
    if layer.kind == "Softmax":
        if layer.config.get("axis", -1) not in (-1, [-1], 1):
            raise layer.refusal("is a Softmax along another axis than the classes", "Leave its axis at -1.")
        return "softmax"
    near = _IN_PLACE.get(layer.kind.lower(), "relu")
    raise layer.refusal(
        f"has the activation {quoted(layer.kind)}, which is not here", f"Train it with {near}."
    )


def _sloped(layer: KerasLayer, slope: float) -> str:
    return "relu" if slope == 0 else _bent(layer, "leaky_relu", slope)


def _bent(layer: KerasLayer, bend: str, its_number: float) -> str:
    try:
        return with_number(bend, its_number)
    except StudentError as error:
        raise layer.refusal(f"cannot be read: {error.message.rstrip('.')}", error.hint) from error


def precision(layer: KerasLayer) -> str:
    """The numbers it computes with: "float32", "mixed_float16", ... Raises StudentError for whole numbers."""
    value = layer.config.get("dtype")
    if isinstance(value, Mapping):
        inner = value.get("config")
        settings = inner if isinstance(inner, Mapping) else {}
        value = settings.get("name", settings.get("mode"))
    policy = value if isinstance(value, str) else "float32"
    if layer.config.get("quantization_config") is not None or "int" in policy or "8" in policy:
        raise layer.refusal(
            "keeps its weights as whole numbers of a few bits",
            "Save the network as it was before `quantize`.",
        )
    return policy
