"""The numbers in an ONNX graph that do not depend on the image: weights, and the sizes that a reshape asks for.

Exporters compute some of them by nodes: a weight is turned round before it is used, a batch size is asked of the map
and put into a list. The few operations that do so are done here by NumPy, each on as many numbers as a network may
have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from cnn_core.errors import StudentError, quoted
from cnn_core.opening.onnx_wire import GRAPH, Graph, Node, TensorSaid
from cnn_core.settings import settings

_DEEPEST = 150  # nodes from an input to a size; Keras takes a hundred to write down a padding
_MOST_COMPUTED = 80_000_000  # bytes, of all together
_TYPES = {1: "<f4", 6: "<i4", 7: "<i8", 9: "?", 10: "<f2", 11: "<f8"}


class Constants:
    """All that can be known of a graph without an image.

    shapes: of values on the way of the image, as the file counts them, batch included; whoever walks adds to them.
    """

    def __init__(self, graph: Graph) -> None:
        self.said = graph.constants
        self.makers = {output: node for node in graph.nodes for output in node.outputs if output}
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._arrays: dict[str, np.ndarray] = {}
        self._unknown: set[str] = set()  # at this point of the walk
        self._left = _MOST_COMPUTED

    def get(self, name: str) -> np.ndarray | None:
        """The array called so; None where it depends on the image. Raises StudentError for a torn one."""
        self._unknown = set()
        return self._get(name, 0)

    def _get(self, name: str, depth: int) -> np.ndarray | None:
        if name in self.said:
            if name not in self._arrays:
                self._arrays[name] = self.said[name].numbers()
            return self._arrays[name]
        if name in self._arrays:
            return self._arrays[name]
        node = self.makers.get(name)
        if node is None or depth > _DEEPEST or name in self._unknown:
            return None
        self._unknown.add(name)  # so that a circle ends
        value = self._made_by(node, depth)
        if value is not None:
            self._left -= value.nbytes
            if self._left < 0:
                raise _too_many()
            self._arrays[name] = value
            self._unknown.discard(name)
        return value

    def _made_by(self, node: Node, depth: int) -> np.ndarray | None:
        if node.operator == "Constant":
            return _constant(node)
        if node.operator == "Shape":
            shape = self.shapes.get(node.inputs[0]) if node.inputs else None
            if shape is None:
                array = self._get(node.inputs[0], depth + 1) if node.inputs else None
                if array is None:
                    return None
                shape = array.shape
            start, end = node.attributes.get("start", 0), node.attributes.get("end", len(shape))
            return np.array(shape[start:end], np.int64)
        make = _MAKERS.get(node.operator)
        if make is None or not node.inputs:
            return None
        given = [self._get(name, depth + 1) if name else None for name in node.inputs]
        if any(value is None for value, name in zip(given, node.inputs, strict=True) if name):
            return None
        try:
            return make(node.attributes, given)
        except (ValueError, TypeError, IndexError, KeyError, OverflowError, AttributeError) as error:
            if isinstance(error, StudentError):
                raise
            raise StudentError(
                f"Node {node.place}, {quoted(node.name)} ({node.operator[:20]}), cannot be computed.",
                hint="Export the network again.",
            ) from None


def _constant(node: Node) -> np.ndarray | None:
    for key in ("value", "value_float", "value_int", "value_floats", "value_ints"):
        value = node.attributes.get(key)
        if isinstance(value, TensorSaid):
            return value.numbers()
        if value is not None and value is not GRAPH:
            return np.asarray(value)
    return None


def _within(shape: Sequence[int]) -> None:
    if prod(int(side) for side in shape) > settings().max_parameters:
        raise _too_many()


def _too_many() -> StudentError:
    return StudentError(
        "The numbers that this file computes are more than any network here has.",
        hint="Open a smaller network.",
    )


def _each(compute: Callable[..., np.ndarray]) -> Callable[[Mapping[str, Any], list[Any]], np.ndarray]:
    def make(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
        _within(np.broadcast_shapes(*(value.shape for value in given)))
        with np.errstate(all="ignore"):
            return compute(*given)

    return make


def _divided(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    if one.dtype.kind not in "iu":
        return one / other
    return np.trunc(one / np.where(other == 0, 1, other)).astype(one.dtype)  # towards zero


def axes_of(attributes: Mapping[str, Any], given: Sequence[Any]) -> list[int] | None:
    """The axes that an operation works on: an attribute in old files, a second input in new ones; None for all."""
    if len(given) > 1 and given[1] is not None:
        return [int(axis) for axis in given[1].reshape(-1)[:16]]
    axes = attributes.get("axes")
    return [int(axis) for axis in axes] if isinstance(axes, list) and axes else None


def _unsqueezed(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    return np.expand_dims(given[0], tuple(axes_of(attributes, given) or ()))


def _squeezed(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    axes = axes_of(attributes, given)
    return np.squeeze(given[0], None if axes is None else tuple(axes))


def _joined(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    _within([sum(value.size for value in given)])
    return np.concatenate(given, attributes.get("axis", 0))


def _gathered(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    values, places = given
    axis = attributes.get("axis", 0)
    _within([places.size, values.size // max(values.shape[axis], 1)])
    return np.take(values, places, axis)


def _sliced(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    values, starts, ends, *others = [*given]
    axes = others[0] if others and others[0] is not None else np.arange(len(starts))
    steps = others[1] if len(others) > 1 and others[1] is not None else np.ones(len(starts), int)
    cut = [slice(None)] * values.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        cut[int(axis)] = slice(int(start), int(end), int(step))
    return values[tuple(cut)]


def _reshaped(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    wanted = given[1].reshape(-1).tolist()
    sides = [given[0].shape[i] if side == 0 else side for i, side in enumerate(wanted)]
    return given[0].reshape(sides)


def _filled(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    sides = [int(side) for side in given[0].reshape(-1)[:9]]
    _within(sides)
    value = attributes.get("value")
    numbers = value.numbers().reshape(-1)[:1] if isinstance(value, TensorSaid) else np.zeros(1, np.float32)
    return np.full(sides, numbers[0], numbers.dtype)


def _cast(attributes: Mapping[str, Any], given: list[Any]) -> np.ndarray:
    with np.errstate(all="ignore"):
        return given[0].astype(_TYPES[attributes["to"]])


_MAKERS: dict[str, Callable[[Mapping[str, Any], list[Any]], np.ndarray]] = {
    "Identity": lambda attributes, given: given[0],
    "Cast": _cast,
    "Transpose": lambda attributes, given: np.transpose(given[0], attributes.get("perm")),
    "Reshape": _reshaped,
    "Unsqueeze": _unsqueezed,
    "Squeeze": _squeezed,
    "Concat": _joined,
    "Gather": _gathered,
    "Slice": _sliced,
    "ConstantOfShape": _filled,
    "Add": _each(np.add),
    "Sub": _each(np.subtract),
    "Mul": _each(np.multiply),
    "Div": _each(_divided),
    "Neg": _each(np.negative),
    "Sqrt": _each(np.sqrt),
    "Reciprocal": _each(np.reciprocal),
    "ReduceProd": lambda attributes, given: np.prod(given[0], keepdims=bool(attributes.get("keepdims", 1))),
}
