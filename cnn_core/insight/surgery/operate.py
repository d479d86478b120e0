"""A network with an operation done to it: a twin to look into, or a network of its own to keep.

The twin changes what leaves a layer, whatever its activation. A network that is kept is made of weights alone, so
there the change is put into the weights: to mute a relu's filter is to set its kernel and its bias to 0.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from cnn_core.errors import StudentError
from cnn_core.insight.look.twin import frozen, put_layer, with_weights
from cnn_core.insight.surgery.operation import Edit, Operation, Touch, check_operation
from cnn_core.model.network import Network, activation_named

GROWS_ALIKE = ("linear", "relu", "leaky_relu")  # twice as much in, twice as much out
# Between these two the activations rise: at the lower, sigmoid and elu leave nothing; gelu turns at -0.75.
_FROM, _TO = -100.0, 20_000.0
_TURNS = {"gelu": -0.7517915}


def with_operation(net: Network, operation: Operation) -> Network:
    """A frozen twin of `net` in which the operation is done; `net` itself is not touched.

    It shares all weights that are not changed. Raises StudentError as `check_operation` does.
    """
    check_operation(operation, net.spec)
    twin = frozen(net)
    for layer in operation.layers:
        put_layer(twin, layer, changed_layer(getattr(twin, layer), operation, layer))
    return twin


def changed_layer(child: nn.Module, operation: Operation, layer: str) -> nn.Module:
    """A layer of a frozen twin, with what the operation does to it."""
    child = with_edits(child, [one for one in operation.edits if one.layer == layer])
    touches = touches_of(operation, layer)
    return Touched(child, touches) if touches else child


def touches_of(operation: Operation, layer: str) -> list[Touch]:
    """What it does to the maps of one layer."""
    return [one for one in operation.touches if one.layer == layer]


class Touched(nn.Module):
    """A layer some of whose maps are scaled or held; none of the layers that others take short cuts through."""

    def __init__(self, child: nn.Module, touches: Sequence[Touch]) -> None:
        super().__init__()
        self.child, self.touches = child, tuple(touches)

    def forward(self, values: Tensor) -> Tensor:
        """(B, C, ...) as the layer gives them, some of them changed."""
        return touched(self.child(values), self.touches)


def touched(values: Tensor, touches: Iterable[Touch]) -> Tensor:
    """A copy of what leaves a layer, (B, C, ...), with the touches done."""
    values = values.clone()
    for touch in touches:
        if touch.held is not None:
            values[:, touch.filter] = touch.held
        else:
            values[:, touch.filter] *= touch.factor
    return values


def with_edits(child: nn.Module, edits: Sequence[Edit]) -> nn.Module:
    """A layer of a frozen twin with other values of these weights, and weights of its own then."""
    if not edits:
        return child
    part: Any = next(child.children())
    weights = {
        "weight": part.weight.detach().clone(),
        "bias": None if part.bias is None else part.bias.detach().clone(),
    }
    for edit in edits:
        _set(weights, edit)
    return with_weights(child, weights["weight"], weights["bias"])


def weights_of(net: Network, layer: str, filter: int, operation: Operation) -> tuple[Tensor, float | None]:
    """The weights of one filter or unit as its operation leaves them, and its bias, None where it has none.

    The weights are (C, k, k), of a depthwise filter (k, k), of a unit (inputs,). Raises StudentError as
    `check_operation` does, and for a layer without kernels.
    """
    check_operation(operation.edit(layer, filter, (), 0.0), net.spec)
    part: Any = next(getattr(frozen(net), layer).children())
    weight, bias = part.weight[filter].clone(), None if part.bias is None else part.bias[filter].item()
    if weight.ndim == 3 and part.groups > 1:
        weight = weight[0]
    for edit in operation.edits:
        if (edit.layer, edit.filter) == (layer, filter):
            if edit.place == ():
                bias = edit.value
            else:
                weight[edit.place] = edit.value
    return weight, bias


def _set(weights: dict[str, Any], edit: Edit) -> None:
    if edit.place == ():
        if weights["bias"] is None:
            raise StudentError(f"{edit.layer} has no bias.", hint="Edit a weight of its kernels.")
        weights["bias"][edit.filter] = edit.value
    else:
        depthwise = weights["weight"].ndim == 4 and len(edit.place) == 2
        weights["weight"][edit.filter, *((0,) if depthwise else ()), *edit.place] = edit.value


# --- a network of its own ---------------------------------------------------------------------------


@torch.no_grad()
def carried_out(net: Network, operation: Operation) -> Network:
    """A network of the same design, in evaluation mode, that computes what `with_operation` does, by its weights alone.

    It shares nothing with `net`, so it can be saved and trained. Raises StudentError as `check_operation` does, and
    for a strength that its activation cannot have from its weights (tanh, sigmoid, elu, gelu).
    """
    check_operation(operation, net.spec)
    new = copy.deepcopy(net).eval()
    for layer in operation.layers:
        child: Any = getattr(new, layer)
        part: Any = next(child.children())
        for edit in operation.edits:
            if edit.layer == layer:
                _set(dict(part.named_parameters()) | {"bias": part.bias}, edit)
        activation = getattr(child, "activation_name", "linear")
        for touch in touches_of(operation, layer):
            _put_into(part, touch, activation)
    for weight in new.parameters():
        weight.grad = None
    return new


def _put_into(part: Any, touch: Touch, activation: str) -> None:
    held = 0.0 if touch.held is None and touch.factor == 0 else touch.held
    if held is not None:
        part.weight[touch.filter] = 0
        part.bias[touch.filter] = before_activation(held, activation, touch)
        return
    if activation.partition("(")[0] not in GROWS_ALIKE:
        raise StudentError(
            f"What a {activation} leaves cannot be {touch.factor:g} times as strong by other weights "
            f"(filter {touch.filter} of {touch.layer}).",
            hint="Mute that filter or put it back, and then keep the network.",
            layer=touch.layer,
        )
    part.weight[touch.filter] *= touch.factor
    part.bias[touch.filter] *= touch.factor


def before_activation(value: float, activation: str, touch: Touch) -> float:
    """The number of which an activation makes `value`. Raises StudentError where there is none."""
    kind = activation.partition("(")[0]
    function: Callable[[Tensor], Tensor] = activation_named(activation)

    def leaves(x: float) -> float:
        return function(torch.tensor(x, dtype=torch.float64)).item()

    if leaves(0.0) == value:
        return 0.0
    if kind in ("linear", "relu") and (value > 0 or kind == "linear"):
        return value
    low, high, tiny = _TURNS.get(kind, _FROM), _TO, 1e-9
    if not leaves(low) - tiny <= value <= leaves(high) + tiny:
        raise StudentError(
            f"A {activation} never gives {value:g} (filter {touch.filter} of {touch.layer}).",
            hint=f"Hold it between {leaves(low):.3g} and {leaves(high):.3g}.",
            layer=touch.layer,
        )
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (low, middle) if leaves(middle) >= value else (middle, high)
    return high
