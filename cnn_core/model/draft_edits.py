"""Edits of a design while it is being drawn: pure, each returns a new draft and leaves the old one as it was.

A draft is the dictionary of a ModelSpec that need not be possible; `inspect_draft` says how far it works. Here only
what could not even be shown is refused (`readable`).
"""

from __future__ import annotations

import copy
from typing import Any

from cnn_core.errors import StudentError, quoted
from cnn_core.model.layer_files import kind_in
from cnn_core.model.layers import LAYER_TYPES, Dense, GlobalAveragePooling2D
from cnn_core.model.presets import PRESETS, preset_of
from cnn_core.model.spec import MAX_LAYERS, MAX_NAME, UNNAMED, ModelSpec

DraftDict = dict[str, Any]  # a ModelSpec's to_dict(), possible or not
LONGEST_NAME = 60  # characters that are typed; a name of before may have up to MAX_NAME
_CHANGED = ", changed"
_PRESET_NAMES = {preset.name for preset in PRESETS.values()}


def readable(draft: Any) -> DraftDict:
    """`draft`, if it is a draft that the layer list can show and its widgets can correct.

    The core refuses whatever cannot be built; here only what could not even be shown is refused: a layer that
    does not exist, a text where a number belongs, hundreds of layers. Raises StudentError.
    """
    layers = draft.get("layers") if isinstance(draft, dict) else None
    if not isinstance(layers, list) or not 0 < len(layers) <= MAX_LAYERS:
        raise StudentError("it holds no list of layers.")
    try:
        made_for = {key: draft[key] for key in ("input_shape", "classes")}
        plain = [GlobalAveragePooling2D().to_dict(), Dense(draft["classes"]).to_dict()]
        ModelSpec.from_dict({**made_for, "layers": plain}, check_limits=False)
    except (StudentError, KeyError):
        raise StudentError("it does not say for what images it is made, or for impossible ones.") from None
    if not isinstance(draft.get("name", ""), str) or len(draft.get("name", "")) > MAX_NAME:
        raise StudentError("its name is no text, or too long.")
    for layer in layers:
        _check_layer(layer)
    return draft


def _check_layer(layer: Any) -> None:
    kind = kind_in(layer)
    if kind is None:
        raise StudentError("one of its layers is of no known kind.")
    if not kind.required() <= layer.keys():
        raise StudentError("one of its layers does not say how large it is.")
    for name, value in layer.items():
        setting = kind.settings().get(name)
        if name != "type" and (setting is None or not setting.can_be_shown(value)):
            raise StudentError(f"one of its layers has {quoted(name)} {quoted(value)}, which means nothing.")


def changed(before: DraftDict, index: int, **settings: Any) -> DraftDict:
    """The draft with other settings of one layer. Where a pool's steps were as long as the pool, they stay so."""
    after = copy.deepcopy(before)
    layer = after["layers"][index]
    kind = kind_in(layer)
    side = kind.window_setting if kind and kind.pooling_rule else ""
    if side in settings and layer.get("strides") == layer.get(side):
        layer["strides"] = settings[side]
    layer.update(settings)
    return well_named(after)


def inserted(before: DraftDict, kind: str, selected: int | None) -> tuple[DraftDict, int]:
    """The draft with a new layer of that kind, and its place: after the selected one, or the nearest that makes sense.

    A convolution needs maps, so it goes no further than before the first flatten; a dense layer needs a list of
    numbers, and the last layer stays the last.
    """
    after, new = copy.deepcopy(before), LAYER_TYPES[kind]
    there = [LAYER_TYPES[layer["type"]] for layer in after["layers"]]
    last = max(0, len(there) - 1)
    maps_end = next((i for i, other in enumerate(there) if other.makes_list or other.needs == "list"), last)
    first, furthest = 0, last
    if new.makes_list:
        first = furthest = maps_end
    elif new.needs == "maps":
        furthest = maps_end
    elif new.needs == "list":
        first = min(last, maps_end + (there[maps_end].makes_list if there else 0))
    wanted = furthest if selected is None else selected + 1
    place = min(max(wanted, first), furthest)
    after["layers"].insert(place, new.added())
    return well_named(after), place


def removed(before: DraftDict, index: int) -> DraftDict:
    """The draft without one layer."""
    after = copy.deepcopy(before)
    del after["layers"][index]
    return well_named(after)


def moved(before: DraftDict, index: int, by: int) -> tuple[DraftDict, int]:
    """The draft with one layer further up (by −1) or down (+1), and its new place; the ends hold it."""
    after = copy.deepcopy(before)
    place = min(max(index + by, 0), len(after["layers"]) - 1)
    after["layers"].insert(place, after["layers"].pop(index))
    return well_named(after), place


def renamed(before: DraftDict, name: str) -> DraftDict:
    """The draft under another name; without one it is called by what it is."""
    return well_named({**copy.deepcopy(before), "name": " ".join(name.split())[:LONGEST_NAME] or UNNAMED})


def well_named(draft: DraftDict) -> DraftDict:
    """The draft under a name that is true of it. What the student called it stays.

    A preset's name belongs to that preset's numbers alone: a preset that was built by hand gets it, and one that was
    edited is called "Lesson convnet, changed".
    """
    name = draft.get("name", UNNAMED)
    base = name.removesuffix(_CHANGED)
    if base not in _PRESET_NAMES and name != UNNAMED:
        return draft
    if (key := preset_of(draft)) is not None:
        true = PRESETS[key].name
    else:
        true = base + _CHANGED if base in _PRESET_NAMES else name
    return draft if true == name else {**draft, "name": true}
