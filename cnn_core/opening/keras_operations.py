"""Operations between the layers of a functional network, `x / 255` or `keras.ops.relu(x)`, as layers that do the same.

Keras 3 writes each as a layer of its own, of the module keras.src.ops, with the other number among its inputs; Keras 2
as a TFOpLambda, with the name of a function. Only what one layer of Keras says exactly is read. Whatever is left keeps
its class, under a name that no layer has: some operations are called as layers are, and do something else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

OPERATION = "operation "  # before the class of one that is not read
_OF_KERAS_2 = {
    "math.truediv": "TrueDivide",
    "math.divide": "TrueDivide",
    "math.multiply": "Multiply",
    "math.add": "Add",
    "__operators__.add": "Add",
    "math.subtract": "Subtract",
    "math.negative": "Negative",
    "nn.relu": "Relu",
    "expand_dims": "ExpandDims",
    "reshape": "Reshape",
}
_LARGEST = 1e30
_BENDS = {"Relu": "relu", "Sigmoid": "sigmoid", "Tanh": "tanh"}


def is_operation(values: Mapping[str, Any]) -> bool:
    """Whether the file describes a function between layers, not a layer. values: what it says of it."""
    kind, module, config = (values.get(key) for key in ("class_name", "module", "config"))
    if kind == "TFOpLambda":
        return True
    if isinstance(module, str):
        return module.startswith("keras.src.ops.")
    # An .h5 file says no module; but of every layer it says whether it can be trained.
    return (
        isinstance(config, Mapping) and "trainable" not in config and kind in (*_BENDS, *_OF_KERAS_2.values())
    )


def as_layer(kind: str, config: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The class and the settings of a layer of Keras that does what an operation does; else a class that nobody knows.

    kind, config: the operation's own.  values: what the file says of it.
    """
    kind, inputs, config = _told(kind, config, values)
    shape = _shape_in(inputs)
    numbers = [one for one in inputs if isinstance(one, int | float) and not isinstance(one, bool)]
    if len(inputs) == 2 and len(numbers) == 1 and (scaled := _scaled(kind, inputs, numbers[0])):
        return "Rescaling", dict(zip(("scale", "offset"), scaled, strict=True))
    if len(inputs) > 1:
        return f"{OPERATION}{kind}", {}
    if kind == "Negative":
        return "Rescaling", {"scale": -1.0, "offset": 0.0}
    if kind in _BENDS:
        return "Activation", {"activation": _BENDS[kind]}
    if kind == "ExpandDims" and shape and config.get("axis") in (-1, len(shape) + 1):
        return "Reshape", {"target_shape": [*shape, 1]}
    target = config.get("newshape", config.get("shape"))
    if kind == "Reshape" and isinstance(target, list) and len(target) > 1 and target[0] in (-1, None):
        return "Reshape", {"target_shape": target[1:]}
    return f"{OPERATION}{kind}", {}


def _scaled(kind: str, inputs: Sequence[Any], number: float) -> tuple[float, float] | None:
    """(factor, summand) of a sum, a difference, a product or a quotient with a number."""
    is_last = inputs[-1] is number
    if not abs(number) < _LARGEST or (kind == "TrueDivide" and not abs(number) > 1 / _LARGEST):
        return None
    if kind == "TrueDivide" and is_last:
        return 1 / number, 0.0
    if kind == "Multiply":
        return float(number), 0.0
    if kind == "Add":
        return 1.0, float(number)
    if kind == "Subtract":
        return (1.0, -float(number)) if is_last else (-1.0, float(number))
    return None


def _told(
    kind: str, config: Mapping[str, Any], values: Mapping[str, Any]
) -> tuple[str, list[Any], Mapping[str, Any]]:
    """Its class in the words of Keras 3, its inputs and its settings."""
    nodes = values.get("inbound_nodes")
    node = nodes[0] if isinstance(nodes, list) and len(nodes) == 1 else None
    if kind != "TFOpLambda":
        arguments = node.get("args") if isinstance(node, Mapping) else None
        named = node.get("kwargs") if isinstance(node, Mapping) else None
        inputs = list(arguments) if isinstance(arguments, list) else []
        settings = {**config, **named} if isinstance(named, Mapping) else config
        return kind, inputs, settings
    function = config.get("function")
    kind = _OF_KERAS_2.get(function, function) if isinstance(function, str) else "function"
    named = node[3] if isinstance(node, list) and len(node) == 4 and isinstance(node[3], Mapping) else {}
    other = [named["y"]] if "y" in named else []
    return kind, ["its input", *other], named


def _shape_in(inputs: Sequence[Any]) -> list[int]:
    """What stands after the number of images in the shape of the one tensor that goes in; [] where it is not said."""
    config = inputs[0].get("config") if inputs and isinstance(inputs[0], Mapping) else None
    shape = config.get("shape") if isinstance(config, Mapping) else None
    sides = shape[1:] if isinstance(shape, list) else []
    return sides if all(type(side) is int for side in sides) else []
