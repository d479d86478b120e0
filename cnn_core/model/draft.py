"""A design while it is being edited: often impossible for a moment, and never a reason to crash.

`inspect_draft` says how far it works, what is wrong with the first layer that does not, and which single changes
would mend it. Every remedy was tried before it is offered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model.layer_files import kind_in, layer_from_dict
from cnn_core.model.layers import Layer
from cnn_core.model.presets import PRESETS, fitted
from cnn_core.model.spec import MAX_LAYERS, UNNAMED, ModelSpec, names_of, summarize
from cnn_core.model.summary import LayerSummary, walk

MOST_REMEDIES = 2
DEFAULT_INPUT = (1, 28, 28)


@dataclass(frozen=True)
class Remedy:
    """One change that mends a draft: the label of its button, and the draft after it."""

    label: str  # "Remove max_pooling2d_3"
    draft: dict[str, Any]


@dataclass(frozen=True)
class Draft:
    """What can be said of a draft. `rows` and `names` have one entry per layer."""

    names: tuple[str, ...]
    rows: tuple[LayerSummary | None, ...]  # None from the first layer on that cannot stand where it stands
    problem: StudentError | None  # its .layer names the layer, where it is one layer's
    remedies: tuple[Remedy, ...] = ()  # the best first; each takes the problem away
    spec: ModelSpec | None = None  # where there is no problem
    early_softmaxes: int = 0  # layers with a softmax that are not the last


def inspect_draft(draft: object) -> Draft:
    """Look at any JSON-like value as a design. Never raises; leaves `draft` as it is."""
    inspection = _look(draft)
    if inspection.problem is None:
        return inspection
    tried: list[tuple[bool, Remedy]] = []
    for label, mended in _candidates(draft, inspection):
        after = _look(mended)
        if _helps(inspection, after):
            tried.append((after.problem is not None, Remedy(label, mended)))
    tried.sort(key=lambda one: one[0])  # what mends everything comes before what mends only this
    lesson = _lesson_for(draft)
    is_fresh_start_fair = not tried or inspection.problem.layer is None  # one bad layer is no reason for it
    # An operator's limits may be smaller still than the lesson's convnet.
    if is_fresh_start_fair and _look(lesson).problem is None:
        tried.append((False, Remedy("Start from the lesson’s convnet", lesson)))
    remedies = tuple(remedy for _, remedy in tried[:MOST_REMEDIES])
    return replace(inspection, remedies=remedies)


def _lesson_for(draft: object) -> dict[str, Any]:
    """The lesson's convnet for the images and classes of a draft; for MNIST's digits where those make no sense."""
    try:
        made_for = {key: draft[key] for key in ("input_shape", "classes")}  # type: ignore[index]
        answer = {"type": "dense", "units": made_for["classes"]}
        spec = ModelSpec.from_dict({**made_for, "layers": [_ANY_NETWORK[0], answer]}, check_limits=False)
        return fitted(PRESETS["lesson"], spec.input_shape, spec.classes, check_limits=False).to_dict()
    except (StudentError, KeyError, TypeError):
        return PRESETS["lesson"].to_dict()


def _look(draft: object) -> Draft:
    try:
        spec = ModelSpec.from_dict(draft)  # type: ignore[arg-type]
    except StudentError as error:
        raw = _raw_layers(draft)
        names = names_of(raw)
        rows: list[LayerSummary | None] = list(_rows_until_problem(draft, raw, names))
        early = [one for one in raw[:-1] if isinstance(one, Mapping) and one.get("activation") == "softmax"]
        rows += [None] * (len(names) - len(rows))
        return Draft(names, tuple(rows), error, early_softmaxes=len(early))
    return Draft(spec.layer_names, tuple(summarize(spec)), None, spec=spec)


def _raw_layers(draft: object) -> list[Any]:
    raw = draft.get("layers") if isinstance(draft, Mapping) else None
    return list(raw[:10_000]) if isinstance(raw, list | tuple) else []


def _rows_until_problem(draft: object, raw: list[Any], names: tuple[str, ...]) -> Iterator[LayerSummary]:
    layers: list[Layer] = []
    try:
        for one in raw[:MAX_LAYERS]:
            layers.append(layer_from_dict(one))
    except StudentError:
        pass  # `_look` has it already
    try:
        # Rows are worth showing even when the name is wrong, hence a layer that can always be the last.
        given = draft.get("input_shape", DEFAULT_INPUT) if isinstance(draft, Mapping) else DEFAULT_INPUT
        shape = ModelSpec.from_dict({"input_shape": given, "layers": _ANY_NETWORK}).input_shape
        yield from walk(shape, layers, names[: len(layers)])
    except StudentError:
        return


_ANY_NETWORK = [{"type": "global_average_pooling2d"}, {"type": "dense", "units": 10}]


def _helps(before: Draft, after: Draft) -> bool:
    """Is the problem of `before` gone? Another one may remain, if it would have been said later."""
    if after.problem is None:
        return True
    if before.problem is None or _progress(after) < _progress(before):
        return False
    if before.problem.layer is None:
        return after.problem.message != before.problem.message
    return _progress(after) > _progress(before)


def _progress(inspection: Draft) -> tuple[int, int]:
    """How far the checks of a draft came: the whole, then layer by layer, then softmax, then its end and size.

    Layers are counted from below, since a remedy may add or remove one above.
    """
    if inspection.problem is None or inspection.problem.layer is None:
        return (0, 0)
    if unreached := inspection.rows.count(None):
        return (1, -unreached)
    return (2, -inspection.early_softmaxes)


# --- what a student might do next: single changes, the most natural first --------------------------


def _candidates(draft: object, inspection: Draft) -> Iterator[tuple[str, dict[str, Any]]]:
    assert inspection.problem is not None
    layers = _raw_layers(draft)
    if not isinstance(draft, Mapping) or len(layers) > MAX_LAYERS:
        return
    given = dict(draft)
    if not layers:
        yield "Add flatten and a dense layer", _with(given, [{"type": "flatten"}, _answer(given)])
        yield "Use the lesson’s layers", _with(given, _lesson_for(given)["layers"])
    if inspection.problem.layer not in inspection.names:
        yield from _for_the_whole(given)
        return
    at = inspection.names.index(inspection.problem.layer)
    yield from _mended_settings(given, layers, at)
    if kind_in(layers[at]):
        yield from _for_a_layer(given, layers, at, inspection)
    yield f"Remove {inspection.names[at]}", _with(given, layers[:at] + layers[at + 1 :])


def _for_a_layer(
    given: dict[str, Any], layers: list[Any], at: int, inspection: Draft
) -> Iterator[tuple[str, dict[str, Any]]]:
    layer, is_last = layers[at], at == len(layers) - 1
    kind = kind_in(layer)
    assert kind is not None
    if kind.needs == "list" and inspection.rows[at] is None:
        yield "Add flatten", _with(given, [*layers[:at], {"type": "flatten"}, *layers[at:]])
        pooled = {"type": "global_average_pooling2d"}
        yield "Add global average pooling", _with(given, [*layers[:at], pooled, *layers[at:]])
    if kind.needs == "maps" or kind.makes_list:
        yield from _for_lists(given, layers, at, inspection.names)
    if kind.window_setting and inspection.rows[at] is None:
        yield from _for_small_maps(given, layers, at, inspection)
    if layer.get("activation") == "softmax" and not is_last:
        yield "Use relu", _with_settings(given, layers, at, activation="relu")
        if at == len(layers) - 2:
            yield f"Remove {inspection.names[-1]}", _with(given, layers[:-1])
    if inspection.rows[-1] is not None and is_last:
        yield from _for_the_end(given, layers, inspection)
    if inspection.rows[-1] is not None:
        yield from _smaller(given, layers, at, inspection)


def _for_the_whole(given: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    layers = _raw_layers(given)
    known: dict[str, Any] = {
        key: given[key] for key in ("name", "input_shape", "classes", "layers") if key in given
    }
    if len(known) < len(given):
        yield "Remove the unknown setting", _with(known, layers)
    if layers:
        yield f"Call it “{UNNAMED}”", {**_with(given, layers), "name": UNNAMED}
        yield "Use images of 28×28 pixels", {**_with(given, layers), "input_shape": list(DEFAULT_INPUT)}
        yield "Use 10 classes", {**_with(given, layers), "classes": 10}


def _for_lists(
    given: dict[str, Any], layers: list[Any], at: int, names: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A layer that needs maps stands below one that made a list of them."""
    above = [i for i in range(at) if (kind := kind_in(layers[i])) and kind.makes_list]
    if not above:
        return
    first = above[0]
    moved = [*layers[:first], layers[at], *layers[first:at], *layers[at + 1 :]]
    yield f"Move {names[at]} above {names[first]}", _with(given, moved)
    yield f"Remove {names[at]}", _with(given, layers[:at] + layers[at + 1 :])
    yield f"Remove {names[first]}", _with(given, layers[:first] + layers[first + 1 :])


def _for_small_maps(
    given: dict[str, Any], layers: list[Any], at: int, inspection: Draft
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A window is larger than the map it should slide over."""
    for i in reversed(range(at)):
        if (kind := kind_in(layers[i])) and kind.pooling_rule:
            yield f"Remove {inspection.names[i]}", _with(given, layers[:i] + layers[i + 1 :])
    if layers[at].get("dilation_rate", 1) != 1:
        yield "Set dilation_rate to 1", _with_settings(given, layers, at, dilation_rate=1)
    yield "Use padding “same”", _with_settings(given, layers, at, padding="same")
    above = inspection.rows[at - 1] if at else None
    side = min(above.output_shape[1:], default=0) if above else 0
    kind = kind_in(layers[at])
    if side and kind:
        name, apart = kind.window_setting, layers[at].get("dilation_rate", 1)
        if isinstance(apart, int) and apart > 1:
            side = (side - 1) // apart + 1
        yield f"Use {kind.settings()[name].amount(side)}", _with_settings(given, layers, at, **{name: side})


def _for_the_end(
    given: dict[str, Any], layers: list[Any], inspection: Draft
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The last layer does not give one number per class."""
    answer, last = _answer(given), layers[-1]
    row = inspection.rows[-1]
    has_units = (kind := kind_in(last)) is not None and kind.has_units
    assert row is not None
    if has_units and last.get("activation", "linear") in ("softmax", "linear"):
        yield f"Use {answer['units']} units", _with_settings(given, layers, -1, units=answer["units"])
    body = list(layers)
    if last.get("activation") == "softmax":
        body[-1] = {**last, "activation": "relu"}
    if len(row.output_shape) == 3:
        yield "Add flatten and a dense layer", _with(given, [*body, {"type": "flatten"}, answer])
        pooled = {"type": "global_average_pooling2d"}
        yield "Add global average pooling and a dense layer", _with(given, [*body, pooled, answer])
    else:
        yield f"Add a dense layer with {answer['units']} units", _with(given, [*body, answer])
        if has_units:
            yield f"Use {answer['units']} units", _with_settings(given, layers, -1, **_settings_of(answer))


def _smaller(
    given: dict[str, Any], layers: list[Any], at: int, inspection: Draft
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The network is more than this server allows: halve the largest layer, or the maps before it."""
    kind = kind_in(layers[at])
    assert kind is not None
    for name, setting in kind.settings().items():
        size, is_answer = layers[at].get(name), at == len(layers) - 1 and name == kind.counted == "units"
        if not setting.least_remedy or is_answer:
            continue
        while isinstance(size, int) and size // 2 >= setting.least_remedy:
            size //= 2
            mended = _with_settings(given, layers, at, **{name: size})
            if _look(mended).problem is None:
                yield f"Use {setting.amount(size)}", mended
                break
    pool = {"type": "max_pooling2d", "pool_size": 2, "strides": 2, "padding": "valid"}
    for i in reversed(range(at + 1)):
        before = inspection.rows[i - 1] if i else None
        if before is not None and len(before.output_shape) == 3:
            yield f"Pool above {inspection.names[i]}", _with(given, [*layers[:i], pool, *layers[i:]])
            break


def _mended_settings(
    given: dict[str, Any], layers: list[Any], at: int
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same layer with the usual value wherever its own cannot be used."""
    layer, kind = layers[at], kind_in(layers[at])
    if kind is None or _is_layer(layer):
        return
    usual = kind.usual()
    if kind.has_units and at == len(layers) - 1:
        usual |= _settings_of(_answer(given))
    good = {
        name: layer[name]
        for name in usual
        if name in layer and _is_layer({"type": kind.type, **usual, name: layer[name]})
    }
    wrong = [name for name in usual if name not in good and (name in layer or name in kind.required())]
    mended = {"type": kind.type, **{name: usual[name] for name in wrong}, **good}
    if not wrong:  # each value is possible, and two of them are not together
        for name, value in usual.items():
            if layer.get(name, value) != value and _is_layer({**layer, name: value}):
                yield f"Set {name} to {value}", _with_settings(given, layers, at, **{name: value})
    label = " and ".join(f"{name} to {usual[name]}" for name in wrong)
    label = f"Set {label}" if wrong else "Remove the unknown setting"
    yield label, _with(given, [*layers[:at], mended, *layers[at + 1 :]])


def _is_layer(values: object) -> bool:
    try:
        layer_from_dict(values)
    except StudentError:
        return False
    return True


def _answer(given: Mapping[str, Any]) -> dict[str, Any]:
    """The layer a classifier ends with."""
    classes = given.get("classes", 10)
    return {"type": "dense", "units": classes if type(classes) is int else 10, "activation": "softmax"}


def _settings_of(layer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in layer.items() if name != "type"}


def _with_settings(given: dict[str, Any], layers: list[Any], at: int, **settings: Any) -> dict[str, Any]:
    changed = list(layers)
    changed[at] = {**layers[at], **settings}
    return _with(given, changed)


def _with(given: dict[str, Any], layers: list[Any]) -> dict[str, Any]:
    # One level deep and no further: a hostile draft may be nested a hundred thousand times.
    copies = [dict(layer) if isinstance(layer, Mapping) else layer for layer in layers]
    shape = given.get("input_shape")
    return {**given, **({"input_shape": list(shape)} if isinstance(shape, list) else {}), "layers": copies}
