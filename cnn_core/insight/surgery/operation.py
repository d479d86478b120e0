"""What is done to a network, in plain numbers: hashable, so that each state can be kept, and undo is the one before.

A filter's map (or a unit's number) is changed as it leaves its layer, after the activation: muted, made fainter or
stronger, or held at one number whatever the picture. A weight is given another value. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from cnn_core.checks import is_index, plain_number
from cnn_core.errors import StudentError, quoted
from cnn_core.model.layers import Conv2D, Dense, DepthwiseConv2D
from cnn_core.model.spec import ModelSpec, summarize

STRONGEST = (
    10.0  # times as strong as it was, at most; never turned round: the largest of a pooling would be another
)
LARGEST = 1e4  # a weight or a held number


@dataclass(frozen=True, order=True)
class Touch:
    """One filter or unit of a layer: what leaves it is `factor` times what it was, or always `held`.

    factor: from 0, muted, to STRONGEST; without meaning where it is held.
    held:   the number it gives everywhere and for every picture; None for one that is not held.
    """

    layer: str
    filter: int
    factor: float = 0.0
    held: float | None = None


@dataclass(frozen=True, order=True)
class Edit:
    """One weight of a filter or unit, and its new value.

    place: (incoming map, row, column) in a filter, (row, column) of a depthwise one, (incoming number,) in a unit; ()
           is the bias.
    """

    layer: str
    filter: int
    place: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class Operation:
    """All that is done at once. Each method gives a new one; a later change of the same filter replaces the earlier.

    touches, edits: at most one for each filter and each weight, in order.
    """

    touches: tuple[Touch, ...] = ()
    edits: tuple[Edit, ...] = ()

    @property
    def layers(self) -> frozenset[str]:
        """The layers in which anything is changed."""
        return frozenset({one.layer for one in self.touches} | {one.layer for one in self.edits})

    def muted(self, layer: str) -> frozenset[int]:
        """The filters of a layer that are silenced."""
        return frozenset(
            one.filter
            for one in self.touches
            if one.layer == layer and (one.held == 0 or (one.held is None and one.factor == 0))
        )

    @property
    def only_mutes(self) -> bool:
        """Whether filters are silenced, and nothing else is done."""
        muted = sum(len(self.muted(layer)) for layer in self.layers)
        return not self.edits and 0 < muted == len(self.touches)

    def mute(self, layer: str, filters: Iterable[int]) -> Operation:
        """These filters leave nothing but zeros."""
        return self._touch(Touch(layer, filter) for filter in filters)

    def scale(self, layer: str, filters: Iterable[int], factor: float) -> Operation:
        """What these filters leave is so many times as strong. Raises StudentError for a factor below 0 or above 10."""
        plain_number(factor, "The strength", 0.0, STRONGEST)
        if factor == 1:
            return self.put_back(layer, filters)
        return self._touch(Touch(layer, filter, float(factor)) for filter in filters)

    def hold(self, layer: str, values: Mapping[int, float]) -> Operation:
        """Each of these filters always gives its number: {filter: number}. Its usual mean takes its message away only.

        Raises StudentError for what is no number.
        """
        for value in values.values():
            plain_number(value, "The number to hold a filter at", -LARGEST, LARGEST)
        return self._touch(Touch(layer, filter, 0.0, float(value)) for filter, value in values.items())

    def edit(self, layer: str, filter: int, place: tuple[int, ...], value: float) -> Operation:
        """One weight gets another value; `place` as in `Edit`. Raises StudentError for what is no number."""
        plain_number(value, "The weight", -LARGEST, LARGEST)
        new = Edit(layer, filter, tuple(place), float(value))
        others = (
            one for one in self.edits if (one.layer, one.filter, one.place) != (layer, filter, new.place)
        )
        return replace(self, edits=tuple(sorted([*others, new])))

    def put_back(self, layer: str, filters: Iterable[int]) -> Operation:
        """These filters are as they were, their weights too."""
        them = {(layer, filter) for filter in filters}
        return Operation(
            tuple(one for one in self.touches if (one.layer, one.filter) not in them),
            tuple(one for one in self.edits if (one.layer, one.filter) not in them),
        )

    def _touch(self, touches: Iterable[Touch]) -> Operation:
        new = {(one.layer, one.filter): one for one in touches}
        old = {(one.layer, one.filter): one for one in self.touches}
        return replace(self, touches=tuple(one for _, one in sorted((old | new).items())))


NOTHING = Operation()


def operable_layers(spec: ModelSpec) -> tuple[str, ...]:
    """The layers whose filters or units can be muted, scaled or held: those with weights, but for the answer's own."""
    names = [
        name
        for name, layer in zip(spec.layer_names, spec.layers, strict=True)
        if layer.has_filters or layer.has_units or layer.keeps_averages
    ]
    last = answering_layer(spec)
    return tuple(name for name in names if spec.layer_names.index(name) < spec.layer_names.index(last))


def answering_layer(spec: ModelSpec) -> str:
    """The last layer with weights of its own that mix: its units are the answers."""
    mixing = [
        name
        for name, layer in zip(spec.layer_names, spec.layers, strict=True)
        if layer.has_filters or layer.has_units
    ]
    return mixing[-1] if mixing else spec.layer_names[-1]


def check_operation(operation: Operation, spec: ModelSpec) -> None:
    """Raise StudentError, naming it, for what this design has no such layer, filter or weight for."""
    possible = operable_layers(spec)
    for touch in operation.touches:
        _check_known(spec, touch.layer)
        if touch.layer not in possible:
            raise StudentError(_why_not(spec, touch.layer), hint=_offer(possible), layer=touch.layer)
        _check_filter(spec, touch.layer, touch.filter)
    for edit in operation.edits:
        _check_known(spec, edit.layer)
        _check_filter(spec, edit.layer, edit.filter)
        _check_place(spec, edit)


def filters_of(spec: ModelSpec, layer: str) -> int:
    """How many filters, maps or units leave a layer."""
    return next(row.output_shape[0] for row in summarize(spec) if row.name == layer)


def _check_known(spec: ModelSpec, layer: str) -> None:
    if layer not in spec.layer_names:
        raise StudentError(
            f"This network has no layer {quoted(layer)}.",
            hint=f"Its layers are {', '.join(spec.layer_names)}.",
        )


def _why_not(spec: ModelSpec, layer: str) -> str:
    if layer == answering_layer(spec):
        return f"The units of {layer} are the answers themselves: without one, there is no such answer."
    return f"{layer} has no filters or units of its own."


def _offer(possible: tuple[str, ...]) -> str:
    if not possible:
        return "Change a weight instead: this network has no other layer with weights."
    return f"Choose {' or '.join(possible)}."


def _check_filter(spec: ModelSpec, layer: str, filter: object) -> None:
    count = filters_of(spec, layer)
    if not is_index(filter, count):
        raise StudentError(
            f"{layer} has no filter {quoted(filter)}: it has {count}, from 0 to {count - 1}.",
            hint="Choose one of them.",
            layer=layer,
        )


def _check_place(spec: ModelSpec, edit: Edit) -> None:
    index = spec.layer_names.index(edit.layer)
    layer = spec.layers[index]
    below = spec.input_shape if index == 0 else summarize(spec)[index - 1].output_shape
    if isinstance(layer, DepthwiseConv2D):
        shape: tuple[int, ...] = (layer.kernel_size, layer.kernel_size)
    elif isinstance(layer, Conv2D):
        shape = (below[0], layer.kernel_size, layer.kernel_size)
    elif isinstance(layer, Dense):
        shape = (below[0],)
    else:
        raise StudentError(
            f"{edit.layer} has no kernels to edit.", hint="Choose a convolution or a dense layer."
        )
    if edit.place == ():
        return
    if len(edit.place) != len(shape) or not all(map(is_index, edit.place, shape)):
        raise StudentError(
            f"A filter of {edit.layer} has {'×'.join(map(str, shape))} weights, and none at {edit.place}.",
            hint="Count from 0.",
            layer=edit.layer,
        )
