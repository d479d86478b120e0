"""Layers in files and drafts: a dictionary becomes a layer, and each layer of a network gets its name. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnn_core.checks import refuse_unknown_keys
from cnn_core.errors import StudentError, quoted, shown
from cnn_core.model.layers import LAYER_TYPES, Layer


def kind_in(draft: object) -> type[Layer] | None:
    """The kind that a draft's layer says it is; None for anything else, which is no layer."""
    kind = draft.get("type") if isinstance(draft, Mapping) else None
    return LAYER_TYPES.get(kind) if isinstance(kind, str) else None


def kind_named(layer_name: str) -> type[Layer]:
    """The kind of the layer that is called so in a network.

    >>> kind_named("max_pooling2d_3").title
    'Max pooling'
    """
    return LAYER_TYPES[layer_name.rpartition("_")[0]]


def layer_from_dict(values: object) -> Layer:
    """`{"type": "dense", "units": 10}` as a layer; omitted settings take their defaults. Raises StudentError."""
    if not isinstance(values, Mapping):
        raise StudentError(
            f"a layer is a set of named values, not {shown(values)}.", hint='Write {"type": "flatten"}.'
        )
    kind = kind_in(values)
    if kind is None:
        named = values.get("type")
        what = "it has no type" if named is None else f"there is no layer type {quoted(named)}"
        raise StudentError(f"{what}.", hint=f"Use one of {', '.join(LAYER_TYPES)}.")
    given = {name: value for name, value in values.items() if name != "type"}
    refuse_unknown_keys(kind.type, given, kind.settings())
    for name, setting in kind.settings().items():
        if name not in given and name in kind.required():
            raise StudentError(f"it does not say {setting.asks.format(name)}.", hint=f"Add {name}.")
    return kind(**given)


def layer_to_dict(layer: Layer) -> dict[str, Any]:
    """The inverse of `layer_from_dict`, every setting present."""
    return layer.to_dict()


def layer_names(types: list[object]) -> tuple[str, ...]:
    """Keras's names, counted per type from 1; what has no known type is called by its place.

    >>> layer_names(["conv2d", "flatten", "conv2d", None])
    ('conv2d_1', 'flatten_1', 'conv2d_2', 'layer_4')
    """
    seen: dict[str, int] = {}
    names = []
    for place, kind in enumerate(types, start=1):
        if isinstance(kind, str) and kind in LAYER_TYPES:
            seen[kind] = seen.get(kind, 0) + 1
            names.append(f"{kind}_{seen[kind]}")
        else:
            names.append(f"layer_{place}")
    return tuple(names)
