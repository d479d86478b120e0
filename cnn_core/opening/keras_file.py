"""Networks saved by Keras: .keras, .h5 and .weights.h5, of Keras 2 and 3, opened without Keras.

In this order: find the description, translate it, check the design by arithmetic, and only then read as many numbers as
that design has. A file of weights alone takes its description from the design it is opened onto.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import replace

import numpy as np
import torch

from cnn_core.checks import is_control
from cnn_core.data.sources import KNOWN
from cnn_core.errors import StudentError, quoted
from cnn_core.model.layer_files import layer_names
from cnn_core.model.network import Network, build
from cnn_core.model.spec import MAX_NAME, UNNAMED, ModelSpec
from cnn_core.opening.dispatch import MAX_BYTES
from cnn_core.opening.hdf5 import Hdf5, opened_hdf5
from cnn_core.opening.input_scale import taken_up
from cnn_core.opening.keras_config import MAX_JSON, KerasLayer, chain_in, parsed
from cnn_core.opening.keras_layers import Way, translated
from cnn_core.opening.keras_weights import has_weights, listed, weights_of
from cnn_core.opening.opened import Opened

LARGE_FACTOR = 0.05  # a network whose first layer multiplies by less was made for numbers up to 255


def read(content: bytes, name: str, onto: ModelSpec | None) -> Opened:
    """The network in a .keras or .h5 file.

    name: of the file.  onto: the design for a file of weights alone.
    Raises StudentError for one that cannot be opened.
    """
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            config = _member(archive, "config.json", MAX_JSON, name)
            weights = _member(archive, "model.weights.h5", MAX_BYTES, name)
            has_metadata = "metadata.json" in archive.namelist()
            metadata = _member(archive, "metadata.json", MAX_JSON, name) if has_metadata else b""
        way = translated(chain_in(parsed(config, name)))
        spec = _spec_of(way, name)
        with opened_hdf5(weights, name) as file:
            opened = _opened(way, spec, file, is_own=True)
        return replace(opened, dataset=_noted(_loaded(metadata).get("convscope"), spec))
    with opened_hdf5(content, name) as file:
        described = file.attributes.get("", {}).get("model_config")
        if isinstance(described, str):
            way = translated(chain_in(parsed(described, name)))
            opened = _opened(way, _spec_of(way, name), file, is_own=True)
            note = file.attributes.get("", {}).get("convscope")
            return replace(opened, dataset=_noted(_loaded(note), opened.spec))
        return _onto(file, name, onto)


def _loaded(text: object) -> dict[str, object]:
    """A JSON object; {} for anything else. What our own files note of themselves is welcome and never needed."""
    try:
        values = json.loads(text) if isinstance(text, str | bytes) else {}
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _noted(note: object, spec: ModelSpec) -> str | None:
    """The data set that a file of ours names, where that has such images and so many classes."""
    key = note.get("dataset") if isinstance(note, dict) else None
    record = KNOWN.get(key) if isinstance(key, str) else None
    fits = record is not None and (record.shape, len(record.classes)) == (spec.input_shape, spec.classes)
    return key if fits else None


def _onto(file: Hdf5, name: str, onto: ModelSpec | None) -> Opened:
    if not has_weights(file):
        raise StudentError(
            f"{quoted(name)} is an HDF5 file, and holds no network of Keras.",
            hint='Save the network with `model.save("model.keras")`, and open that file.',
        )
    if onto is None:
        raise StudentError(
            f"{quoted(name)} holds weights alone, and does not say which layers they are for.",
            hint=f"Build the same layers in the sidebar, then open it onto that design. It has {listed(file)}.",
        )
    way = translated(chain_of(onto))
    return _opened(way, onto, file, is_own=False)


def chain_of(spec: ModelSpec) -> tuple[KerasLayer, ...]:
    """A design of ours as Keras would describe it, for weights that were saved from it there.

    Our kinds have the names and the settings of Keras's classes.
    """
    channels, height, width = spec.input_shape
    sides = [None, height, width, channels]
    seen: dict[str, int] = {}
    chain = [KerasLayer("InputLayer", "input", {"batch_shape": sides}, 0, len(spec.layers))]
    for place, (layer, name) in enumerate(zip(spec.layers, spec.layer_names, strict=True), start=1):
        number = seen.get(layer.type, 0)
        seen[layer.type] = number + 1
        config = {key: value for key, value in layer.to_dict().items() if key != "type"}
        within = ((layer.type, number, name),)
        chain.append(KerasLayer(type(layer).__name__, name, config, place, len(spec.layers), within))
    return tuple(chain)


def _member(archive: zipfile.ZipFile, member: str, most: int, name: str) -> bytes:
    """One file of a zip, if it is not larger than it may be; what the zip says of its size is not believed."""
    damaged = StudentError(
        f"{quoted(name)} is damaged: {member} in it cannot be read.", hint="Copy it again."
    )
    infos = [info for info in archive.infolist() if info.filename == member]
    if len(infos) != 1 or infos[0].flag_bits & 1:
        raise damaged
    try:
        with archive.open(infos[0]) as file:
            content = file.read(most + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
    ) as error:
        raise damaged from error
    if len(content) > most:
        raise StudentError(
            f"{quoted(name)} is larger than it looks: {member} in it has more than {most / 1e6:,.0f} MB.",
            hint="Save the network without its optimiser, or open a smaller one.",
        )
    return content


def _spec_of(way: Way, name: str) -> ModelSpec:
    """The design, held to this server's limits. Errors name the layer as the file does."""
    if not way.layers:
        raise StudentError(
            "This network has no layers that do anything.", hint="Open one with a dense layer at its end."
        )
    if len(way.shape) != 1:
        raise way.origins[-1].refusal(
            "is the last one, and leaves maps: here a network ends with one number per class",
            "End with Flatten and Dense.",
        )
    if way.shape[0] < 2:
        raise way.origins[-1].refusal(
            "is the last one, and gives a single number: here a network tells classes apart",
            "Open a network with one unit for each class.",
        )
    try:
        return ModelSpec(_title(name), way.input_shape, way.shape[0], tuple(way.layers))
    except StudentError as error:
        origin = _origin(way, error.layer)
        if origin is None:
            raise
        raise origin.refusal_like(error) from error


def _origin(way: Way, our_name: str | None) -> KerasLayer | None:
    names = layer_names([layer.type for layer in way.layers])
    return way.origins[names.index(our_name)] if our_name in names else None


def _title(name: str) -> str:
    """A name for the design, from the name of its file."""
    stem = name.replace("\\", "/").rpartition("/")[2]
    for ending in (".h5", ".hdf5", ".keras", ".weights"):
        stem = stem[: -len(ending)] if stem.lower().endswith(ending) else stem
    return "".join(c for c in stem if not is_control(c) and c.isprintable())[:MAX_NAME].strip() or UNNAMED


def _opened(way: Way, spec: ModelSpec, file: Hdf5, is_own: bool) -> Opened:
    arrays = weights_of(way.needs, file, is_own)
    net = build(spec)
    children = list(net.children())
    with torch.no_grad():
        filled = [need.fill(its_arrays) for need, its_arrays in zip(way.needs, arrays, strict=True)]
        for place, weights in (item for one in (way.fixed, *filled) for item in one.items()):
            state = children[place].state_dict()
            for key, value in weights.items():
                state[key].copy_(torch.from_numpy(np.array(value)))
    return _with_its_first_step(net.eval(), way)


def _with_its_first_step(net: Network, way: Way) -> Opened:
    """The factor and the offset that the file applies to an image become part of the weights."""
    factor, offset = np.ones(1), np.zeros(1)
    for its_factor, its_offset in way.steps:
        factor, offset = factor * its_factor, offset * its_factor + its_offset
    scale = 255 if np.abs(factor).max() < LARGE_FACTOR else 1
    taken = taken_up(net, factor, offset)
    remarks = list(way.remarks)
    if taken.net is not net:
        where = (
            "a depthwise convolution of 1×1 in front" if taken.in_front else "the weights of the first layers"
        )
        remarks.insert(
            0, f"The step that changes the range of its input is part of {where} here, with the same answers."
        )
    return Opened(taken.net.spec, taken.net, None, scale, tuple(remarks))
