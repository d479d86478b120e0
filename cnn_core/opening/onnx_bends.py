"""Which activation a node of ONNX is, or a handful of nodes that compute one together.

A handful is recognised by what it computes: exporters write gelu, for one, as five nodes, and not all of them the same
five. So its values between −6 and 6 are compared with those of our activations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from cnn_core.errors import StudentError
from cnn_core.model.activations import with_number
from cnn_core.model.network import activation_named
from cnn_core.opening.onnx_constants import Constants
from cnn_core.opening.onnx_wire import Node

TANH_GELU = "gelu by tanh became the exact gelu: a number changes by 0.0005 at most where it is applied."
_CLOSE = 1e-5
_GRID = torch.linspace(-6, 6, 481, dtype=torch.float64)
_ELEMENTWISE: dict[str, Callable[..., Tensor]] = {
    "Add": torch.add,
    "Sub": torch.sub,
    "Mul": torch.mul,
    "Div": torch.div,
    "Pow": torch.pow,
    "Max": torch.maximum,
    "Min": torch.minimum,
    "Erf": torch.erf,
    "Exp": torch.exp,
    "Neg": torch.neg,
    "Abs": torch.abs,
    "Sqrt": torch.sqrt,
    "Tanh": torch.tanh,
    "Sigmoid": torch.sigmoid,
    "Relu": torch.relu,
    "Softplus": F.softplus,
    "Identity": lambda values: values,
    "Greater": torch.gt,
    "Less": torch.lt,
    "Where": torch.where,
}
_NAMES = ("relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "linear")


def named(node: Node, constants: Constants) -> tuple[str | None, str]:
    """(our activation that a node is, a remark); None where it is none of ours."""
    setting = node.attributes.get
    operator = node.operator
    if operator in ("Relu", "Tanh", "Sigmoid"):
        return operator.lower(), ""
    if operator in ("Softmax", "LogSoftmax"):
        return "softmax", ""
    if operator == "LeakyRelu":
        return _bent("leaky_relu", setting("alpha", 0.01)), ""
    if operator == "Elu":
        return _bent("elu", setting("alpha", 1.0)), ""
    if operator == "Gelu":
        return "gelu", TANH_GELU if setting("approximate", "none") == "tanh" else ""
    if operator == "Clip":
        least, most = _limits(node, constants)
        return ("relu" if least == 0 and most > 1e30 else None), ""
    if operator == "Max" and len(node.inputs) == 2:
        values = [constants.get(name) for name in node.inputs]
        return ("relu" if any(one is not None and not one.any() for one in values) else None), ""
    return None, ""


def instead_of(node: Node) -> str:
    """What could stand in the place of an activation that is none of ours; "" for a node that is no activation."""
    alpha = node.attributes.get("alpha")
    if node.operator == "LeakyRelu":
        slope = f"{alpha:g}" if isinstance(alpha, float) else "0.01"
        return f"Its slope is {slope}; a leaky_relu with one between 0 and 1 could stand there."
    if node.operator in ("Clip", "PRelu", "ThresholdedRelu", "Selu", "Celu", "Elu"):
        return "relu, leaky_relu or elu could stand there."
    if node.operator in ("HardSwish", "Swish", "Mish", "Softplus", "Softsign", "HardSigmoid", "Erf"):
        return "gelu, tanh or sigmoid could stand there."
    return ""


def together(
    value: str, consumers: Mapping[str, Sequence[Node]], nodes: Sequence[Node], constants: Constants
) -> tuple[str, str, str] | None:
    """(our activation, where its nodes end, a remark) of nodes that begin at `value` and part; None for others."""
    curves: dict[str, Tensor] = {value: _GRID}
    computed: set[int] = set()
    for node in nodes:
        if not any(name in curves for name in node.inputs):
            continue
        given = [_curve(name, curves, constants) for name in node.inputs]
        compute = _ELEMENTWISE.get(node.operator)
        if compute is None or any(one is None for one in given):
            return None
        try:
            curves[node.outputs[0]] = compute(*given)
        except (RuntimeError, TypeError, IndexError):
            return None
        computed.add(node.place)
        ends = [name for name in curves if any(one.place not in computed for one in consumers.get(name, ()))]
        is_together = all(one.place in computed for one in consumers.get(value, ()))
        if is_together and set(ends) <= {node.outputs[0]}:
            name, remark = _alike(curves[node.outputs[0]])
            if name is not None:
                return name, node.outputs[0], remark
    return None


def _curve(name: str, curves: Mapping[str, Tensor], constants: Constants) -> Tensor | None:
    if name in curves:
        return curves[name]
    array = constants.get(name)
    if array is None or array.size != 1:
        return None
    return torch.tensor(float(array.reshape(-1)[0]), dtype=torch.float64)


def _alike(curve: Tensor) -> tuple[str | None, str]:
    for name in _NAMES:
        if torch.allclose(curve.double(), activation_named(name)(_GRID), atol=_CLOSE, rtol=0):
            return name, ""
    if torch.allclose(curve.double(), F.gelu(_GRID, approximate="tanh"), atol=_CLOSE, rtol=0):
        return "gelu", TANH_GELU
    return None, ""


def _bent(bend: str, number: Any) -> str | None:
    """Our name for it; None where its number makes it another thing than its name says."""
    try:
        return with_number(bend, float(number))
    except (StudentError, TypeError, ValueError):
        return None


def _limits(node: Node, constants: Constants) -> tuple[float, float]:
    limits = [float(node.attributes.get("min", -3.4e38)), float(node.attributes.get("max", 3.4e38))]
    for place, name in enumerate(node.inputs[1:3]):
        array = constants.get(name) if name else None
        if array is not None and array.size == 1:
            limits[place] = float(array.reshape(-1)[0])
    return limits[0], limits[1]
