"""A network of Keras as its file describes it: JSON becomes a chain of layers, each with its name and its place.

Only words and numbers are taken out of it. Keras would look up a class for each name in it, and for some of them run
code that lies in the file; here a name is compared with those we know, and that is all.
Source: the forms that Keras 2 and 3 write, https://keras.io/guides/serialization_and_saving.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cnn_core.errors import StudentError, quoted
from cnn_core.opening.keras_operations import as_layer, is_operation

MAX_JSON = 4_000_000  # characters
_MAX_LAYERS = 300
_MAX_INSIDE = 4  # networks in networks
_MODELS = ("Sequential", "Functional", "Model")
_KERAS_MODULES = ("keras", "tf_keras", "tensorflow", "builtins")
_OTHER_NAMES = {  # of a class, in other versions of Keras
    "Convolution2D": "Conv2D",
    "DepthwiseConvolution2D": "DepthwiseConv2D",
    "SeparableConvolution2D": "SeparableConv2D",
    "MaxPool2D": "MaxPooling2D",
    "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D",
    "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
}


class RefusedLayer(StudentError):
    """A refusal that says which layer it is about."""


@dataclass(frozen=True)
class KerasLayer:
    """One layer of the chain.

    kind:   its class in Keras: "Conv2D".  name: its own: "conv2d_3".  config: its settings, whatever they may be.
    place:  from 1, of `count` layers; an input is none.
    within: for each network around it, outermost first, and at last for itself: the class, the how manyth of that
            class it is there, from 0, and the name.
    """

    kind: str
    name: str
    config: Mapping[str, Any]
    place: int = 0
    count: int = 0
    within: tuple[tuple[str, int, str], ...] = ()

    @property
    def called(self) -> str:
        """Its name in a sentence."""
        return quoted(self.name)

    def refusal(self, what: str, hint: str) -> StudentError:
        """what: completes "Layer 4 of 7, “conv2d_3”, ..."."""
        if self.kind == "InputLayer":
            return RefusedLayer(f"The input of this network {what}.", hint=hint)
        return RefusedLayer(f"Layer {self.place} of {self.count}, {self.called}, {what}.", hint=hint)

    def refusal_like(self, error: StudentError) -> StudentError:
        """The refusal of one of our own layers, with the place and the name that the file has for it."""
        return RefusedLayer(f"Layer {self.place} of {self.count}, {self.called}: {error.message}", error.hint)


def parsed(text: str | bytes, name: str) -> Any:
    """JSON as Python's plain values. Raises StudentError for what is none.

    name: of the file, for the sentence.
    """
    problem = StudentError(
        f"{quoted(name)} is damaged: the description of its network cannot be read.",
        hint="Download or copy it again, or save it again with Keras.",
    )
    if len(text) > MAX_JSON:
        raise problem
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise problem from error


def chain_in(model: object) -> tuple[KerasLayer, ...]:
    """The layers of a network in the order of computation, its inputs first; networks inside it are taken apart.

    model: what config.json or the attribute model_config says.
    Raises StudentError for a network that branches, and for layers that are somebody's own code.
    """
    if not isinstance(model, Mapping):
        raise _senseless("it is no network")
    _refuse_own_code(model, "This network")
    kind = model.get("class_name")
    if kind not in _MODELS:
        raise StudentError(
            f"This network is of the class {quoted(kind)}, which is its author's own Python code: a file says what its "
            "weights are, and not what it does with them.",
            hint="Build it with `keras.Sequential([...])`, load the weights into that, and save it.",
        )
    layers = list(_layers_of(model, (), 0))
    count = sum(layer.kind != "InputLayer" for layer in layers)
    places = _places(layers)
    return tuple(
        replace(layer, place=place, count=count) for layer, place in zip(layers, places, strict=True)
    )


def snake_case(kind: str) -> str:
    """As Keras turns the name of a class into the name of a group.

    >>> snake_case("MaxPooling2D"), snake_case("Conv2D"), snake_case("BatchNormalization")
    ('max_pooling2d', 'conv2d', 'batch_normalization')
    """
    name = re.sub(r"\W+", "", kind)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _places(layers: Sequence[KerasLayer]) -> list[int]:
    place, places = 0, []
    for layer in layers:
        place += layer.kind != "InputLayer"
        places.append(place)
    return places


def _layers_of(
    model: Mapping[str, Any], around: tuple[tuple[str, int, str], ...], depth: int
) -> Iterator[KerasLayer]:
    if depth > _MAX_INSIDE:
        raise _senseless("its networks lie too deep inside one another")
    config = model.get("config")
    raw = config.get("layers") if isinstance(config, Mapping) else config  # Keras before 2.2: the list itself
    if not isinstance(raw, list) or not raw:
        raise _senseless("it lists no layers")
    if len(raw) > _MAX_LAYERS:
        raise StudentError(f"This network has {len(raw):,} layers.", hint="Open one with at most 64.")
    layers = _numbered(raw, around)
    if model.get("class_name") != "Sequential":
        assert isinstance(config, Mapping)
        layers = _in_order(layers, raw, config)
    for layer, values in layers:
        if layer.kind in _MODELS:
            yield from _layers_of(values, layer.within, depth + 1)
        else:
            yield layer


def _numbered(
    raw: list[Any], around: tuple[tuple[str, int, str], ...]
) -> list[tuple[KerasLayer, Mapping[str, Any]]]:
    """Each layer of a list, and what the file says of it."""
    seen: dict[str, int] = {}
    layers = []
    place, count = 0, sum(not _is_input(values) for values in raw)
    for values in raw:
        place += not _is_input(values)
        where = f"Layer {place} of {count}"
        if not isinstance(values, Mapping) or not isinstance(values.get("class_name"), str):
            raise _senseless(f"{where.lower()} has no class")
        config = values.get("config")
        config = config if isinstance(config, Mapping) else {}
        given: str = values["class_name"]
        kind = _OTHER_NAMES.get(given, given)
        named = config.get("name", values.get("name"))
        name = named if isinstance(named, str) and named else f"{snake_case(given)[:40]}_{place}"
        _refuse_own_code(values, f"{where}, {quoted(name)},")
        group = snake_case(given)
        number = seen.get(group, 0)
        seen[group] = number + 1
        layer = KerasLayer(kind, name, config, place, count, (*around, (group, number, name)))
        layers.append((layer, values))
    return layers


def _is_input(values: object) -> bool:
    return isinstance(values, Mapping) and values.get("class_name") == "InputLayer"


def _refuse_own_code(values: Mapping[str, Any], who: str) -> None:
    """Raise StudentError where a class is not Keras's own."""
    kind, module, registered = (values.get(key) for key in ("class_name", "module", "registered_name"))
    if kind == "Lambda":
        raise StudentError(
            f"{who} is a Lambda: Python code inside a file is never run here.",
            hint="Put a layer of Keras in its place (Rescaling, Activation, Flatten), and save again.",
        )
    foreign = isinstance(module, str) and module.split(".")[0] not in _KERAS_MODULES
    own = isinstance(registered, str) and ">" in registered and not registered.lower().startswith("keras")
    if foreign or own or (isinstance(kind, str) and ">" in kind):
        raise StudentError(
            f"{who} is of the class {quoted(kind)}, which is its author's own Python code: it is never run here.",
            hint="Build the network from Keras's own layers, and save it again.",
        )


def _in_order(
    layers: list[tuple[KerasLayer, Mapping[str, Any]]], raw: list[Any], config: Mapping[str, Any]
) -> list[tuple[KerasLayer, Mapping[str, Any]]]:
    """The layers from the input to the output: a chain, or a refusal that says where it branches."""
    by_name: dict[str, tuple[KerasLayer, Mapping[str, Any]]] = {}
    for layer, values in layers:
        key = values.get("name", layer.name)
        if not isinstance(key, str) or key in by_name:
            raise _senseless(f"two layers are called {quoted(key)}")
        by_name[key] = (layer, values)
    ends = list(dict.fromkeys(_sources(config.get("output_layers"))))
    if len(ends) != 1:
        raise StudentError(
            f"This network has {len(ends)} outputs, and one is read here.",
            hint="Save a `keras.Model` with one output.",
        )
    chain: list[tuple[KerasLayer, Mapping[str, Any]]] = []
    name = ends[0]
    while True:
        if name not in by_name or len(chain) > len(layers):
            raise _senseless(f"the layer {quoted(name)} is missing, or its layers lead round in a circle")
        layer, values = by_name[name]
        before = _before(layer, values)
        if is_operation(values):
            kind, its_config = as_layer(layer.kind, layer.config, values)
            layer = replace(layer, kind=kind, config=its_config)
        chain.append((layer, values))
        if before is None:
            return chain[::-1]
        name = before


def _before(layer: KerasLayer, values: Mapping[str, Any]) -> str | None:
    """The name of the layer whose output it takes; None for an input."""
    nodes = values.get("inbound_nodes") or []
    if not isinstance(nodes, list):
        raise _senseless(f"the layer {quoted(layer.name)} has no inputs")
    if len(nodes) > 1:
        raise layer.refusal(
            f"is used {len(nodes)} times, and here a network is a chain in which each layer stands once",
            "Use a layer of its own at each place, or leave that branch out.",
        )
    sources = list(_sources(nodes))
    if not sources:
        if layer.kind != "InputLayer" and layer.kind not in _MODELS:
            raise _senseless(f"the layer {quoted(layer.name)} has no input")
        return None
    if len(sources) > 1:
        names = ", ".join(quoted(source) for source in sources[:4])
        raise layer.refusal(
            f"is a layer ({layer.kind}) that joins {len(sources)} ways: {names}. Here a network is one chain of layers",
            "Leave one way out, train it as a chain, and save that.",
        )
    return sources[0]


def _sources(value: object, depth: int = 0) -> Iterator[str]:
    """Names of the layers whose outputs are meant, in each of the forms in which Keras writes them.

    ["conv2d", 0, 0] and ["conv2d", 0, 0, {...}] of Keras 2; "__keras_tensor__" with its history of Keras 3.
    """
    if depth > 12:
        raise _senseless("its layers are described too deep")
    if isinstance(value, Mapping):
        if value.get("class_name") == "__keras_tensor__":
            config = value.get("config")
            value = config.get("keras_history") if isinstance(config, Mapping) else None
            if not _is_history(value):
                raise _senseless("a layer's input is not said")
        else:
            for inner in value.values():
                yield from _sources(inner, depth + 1)
            return
    if not isinstance(value, list):
        return
    if _is_history(value):
        yield value[0]
        value = value[3:]
    for inner in value:
        yield from _sources(inner, depth + 1)


def _is_history(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(type(number) is int for number in value[1:3])
    )


def _senseless(why: str) -> StudentError:
    return StudentError(
        f"The description of this network makes no sense: {why}.", hint="Save it again with Keras."
    )
