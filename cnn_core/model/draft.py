"""A design while it is being edited: often impossible for a moment, and never a reason to crash.

`inspect_draft` says how far it works, what is wrong with the first layer that does not, and which single changes
would mend it. Every remedy was tried before it is offered.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model.layers import Conv2D, Layer, layer_from_dict, layer_names
from cnn_core.model.shapes import LayerSummary, rows
from cnn_core.model.spec import (
    MAX_LAYERS,
    ModelSpec,
    check_end,
    check_keys,
    check_size,
    checked_classes,
    checked_input,
    checked_list,
    checked_name,
    kind_of,
)

MOST_REMEDIES = 2


@dataclass(frozen=True)
class Remedy:
    """One change that mends a draft: the label of its button, and the draft after it."""

    label: str
    draft: dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """What can be said of a draft. `rows` has None from the layer with the problem on."""

    names: tuple[str, ...]
    rows: tuple[LayerSummary | None, ...]
    problem: StudentError | None  # its .layer names the layer, where it is one layer's
    remedies: tuple[Remedy, ...]
    spec: ModelSpec | None  # the design, where there is no problem


def inspect_draft(draft: object) -> Draft:
    """Never raises, whatever the draft is."""
    names, table, problem, at = _inspect(draft)
    if problem is None:
        return Draft(names, table, None, (), ModelSpec.from_dict(draft))  # type: ignore[arg-type]
    remedies: list[Remedy] = []
    if isinstance(draft, Mapping):
        for label, mended in _candidates(draft, names, table, at):
            known = any(remedy.label == label for remedy in remedies)
            if len(remedies) < MOST_REMEDIES and not known and _mends(mended, at, len(names)):
                remedies.append(Remedy(label, mended))
    return Draft(names, table, problem, tuple(remedies), None)


def _inspect(
    draft: object,
) -> tuple[tuple[str, ...], tuple[LayerSummary | None, ...], StudentError | None, int]:
    """(names, rows, problem, index of the layer with the problem or -1)."""
    names: tuple[str, ...] = ()
    table: list[LayerSummary | None] = []
    try:
        check_keys(draft)
        assert isinstance(draft, Mapping)
        given = checked_list(draft.get("layers"))
        names = layer_names([kind_of(layer) for layer in given])
        checked_name(draft.get("name", "My design"))
        input_shape = checked_input(draft.get("input_shape", (1, 28, 28)))
        classes = checked_classes(draft.get("classes", 10))
        layers, problem = _layers(given, names)
        try:
            for row in _padded_rows(input_shape, layers, len(given)):
                table.append(row)
        except StudentError as error:
            problem = error
        if problem is None:
            assert table[-1] is not None
            done = [row for row in table if row is not None]
            check_end(done[-1].output_shape, done[-1].name, classes)
            check_size(sum(row.parameters for row in done), sum(row.macs for row in done))
    except StudentError as error:
        problem = error
    at = names.index(problem.layer) if problem and problem.layer in names else -1
    return names, tuple(table + [None] * (len(names) - len(table))), problem, at


def _layers(given: list[Any], names: tuple[str, ...]) -> tuple[list[Layer], StudentError | None]:
    layers = []
    for name, values in zip(names, given, strict=True):
        try:
            layers.append(layer_from_dict(values))
        except StudentError as error:
            return layers, StudentError(error.message, error.hint, layer=name)
    return layers, None


def _padded_rows(input_shape: tuple[int, ...], layers: list[Layer], count: int) -> Iterator[LayerSummary]:
    # A layer further down that cannot be read must not make an earlier softmax look like the last one.
    if len(layers) < count:
        layers = [*layers, Conv2D(1)]
        found = rows(input_shape, layers)
        for _ in range(len(layers) - 1):
            yield next(found)
    else:
        yield from rows(input_shape, layers)


def _mends(draft: dict[str, Any], at: int, count: int) -> bool:
    names, _, problem, now = _inspect(draft)
    if problem is None:
        return True
    # A draft can have two problems; a remedy for the first is one if the next lies further down.
    gone = count - len(names)
    return at >= 0 and now > at - gone and now + gone > at


def _candidates(
    draft: Mapping[str, Any], names: tuple[str, ...], table: tuple[LayerSummary | None, ...], at: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Single changes a student would think of, the most natural first."""
    layers = draft.get("layers")
    layers = list(layers) if isinstance(layers, list | tuple) else []
    kinds = [kind_of(layer) for layer in layers]
    known_classes = draft.get("classes", 10)
    classes = known_classes if type(known_classes) is int else 10
    answer = {"type": "dense", "units": classes, "activation": "softmax"}

    def with_layers(changed: list[Any]) -> dict[str, Any]:
        return copy.deepcopy(dict(draft) | {"layers": changed})

    def with_setting(index: int, **settings: Any) -> dict[str, Any]:
        return with_layers([*layers[:index], dict(layers[index]) | settings, *layers[index + 1 :]])

    if not layers:
        yield "Add flatten and a dense layer", with_layers([{"type": "flatten"}, answer])
        return
    here = layers[at] if at >= 0 and isinstance(layers[at], Mapping) else {}
    kind = kinds[at] if at >= 0 else ""

    if kind in ("conv2d", "max_pooling2d", "average_pooling2d"):
        for index in range(at - 1, -1, -1):
            if "pooling" in kinds[index]:
                yield f"Remove {names[index]}", with_layers(layers[:index] + layers[index + 1 :])
                break
        yield "Set padding to same", with_setting(at, padding="same")
    if kind == "dense":
        yield "Add flatten above", with_layers([*layers[:at], {"type": "flatten"}, *layers[at:]])
    if kind in ("conv2d", "max_pooling2d", "average_pooling2d", "global_average_pooling2d"):
        for index in range(at - 1, -1, -1):
            if kinds[index] in ("flatten", "global_average_pooling2d"):
                moved = [*layers[:index], layers[at], *layers[index:at], *layers[at + 1 :]]
                yield f"Move {names[at]} above {names[index]}", with_layers(moved)
                yield f"Remove {names[index]}", with_layers(layers[:index] + layers[index + 1 :])
                break
    if here.get("activation") == "softmax" and at < len(layers) - 1:
        yield "Use relu here", with_setting(at, activation="relu")
    if at == len(layers) - 1:
        if kind == "dense":
            yield f"Give it {classes} units", with_setting(at, units=classes, activation="softmax")
        if len(layers) < MAX_LAYERS:
            # a softmax that was last has to become an ordinary activation first
            body = [
                dict(layer) | {"activation": "relu"}
                if isinstance(layer, Mapping) and layer.get("activation") == "softmax"
                else layer
                for layer in layers
            ]
            yield f"Add a dense layer of {classes}", with_layers([*body, answer])
            yield f"Add flatten and dense {classes}", with_layers([*body, {"type": "flatten"}, answer])
    if at >= 0:
        yield f"Remove {names[at]}", with_layers(layers[:at] + layers[at + 1 :])
    elif len(names) == len(layers) and len(layers) <= MAX_LAYERS:
        yield from _smaller(draft, layers, names, kinds, table)


def _smaller(
    draft: Mapping[str, Any],
    layers: list[Any],
    names: tuple[str, ...],
    kinds: list[str],
    table: tuple[LayerSummary | None, ...],
) -> Iterator[tuple[str, dict[str, Any]]]:
    """For a network that is too large: halve its heaviest layer until it fits."""
    done = [row for row in table if row is not None]
    if len(done) != len(layers):
        return
    for key in ("parameters", "macs"):
        heaviest = max(range(len(done)), key=lambda index: getattr(done[index], key))
        setting = {"conv2d": "filters", "dense": "units"}.get(kinds[heaviest])
        if setting is None or heaviest == len(layers) - 1:
            continue
        size = layers[heaviest].get(setting)
        while isinstance(size, int) and size > 1:
            size //= 2
            changed = [*layers[:heaviest], dict(layers[heaviest]) | {setting: size}, *layers[heaviest + 1 :]]
            mended = copy.deepcopy(dict(draft) | {"layers": changed})
            if _inspect(mended)[2] is None:
                yield f"Give {names[heaviest]} {size:,} {setting}", mended
                break
