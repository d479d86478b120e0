"""Weights in files: safetensors, with the network's description inside. Never pickle, which can run anything.

A file has an 8-byte length, a JSON header that lists each tensor's name, type, shape and place, then the
numbers. So we can read the header alone, decide from the description inside what a fitting file must look
like, and refuse anything else before a large thing is read or built.
Format: https://github.com/huggingface/safetensors
"""

from __future__ import annotations

import io
import json
import math
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from cnn_core.data.learnt_from import NOT_KNOWN, ImagesLearntFrom
from cnn_core.errors import StudentError, quoted
from cnn_core.files import write_whole
from cnn_core.model import ModelSpec, Network, build
from cnn_core.training.events import BestSoFar, TrainState
from cnn_core.training.spec import checked_learning_rate

FORMAT = "1"  # raised when a file of before can no longer be read
MAX_HEADER = 1_000_000  # bytes; ours have a few thousand
_DATASET = re.compile(r"[a-z0-9_]{1,40}(:[A-Za-z0-9_-]{1,40}){0,2}", re.ASCII)
_SIZES = {"F32": 4, "F16": 2, "I64": 8}  # bytes of a number


def save_model(
    path: str | Path,
    net: nn.Module,
    spec: ModelSpec,
    *,
    dtype: torch.dtype | None = None,
    learnt_from: ImagesLearntFrom = NOT_KNOWN,
    dataset: str | None = None,
    durable: bool = False,
    own_set: Mapping[str, Any] | None = None,
) -> None:
    """Write the weights of `net` and its `spec` to `path`, whole or not at all.

    dtype:       for floating-point weights; torch.float16 halves the file (for pictures, not for further training).
    learnt_from: the images it learnt from, as `images_learnt_from` reads them again.
    dataset:     key of the data set whose images it reads, as `dataset_of_file` reads it again; None where unknown.
    durable:     it outlives a power cut.
    own_set:     what is said of one that is a visitor's own, as `own_set_of_file` reads it again.
    Raises StudentError when a weight is not a finite number.
    """
    tensors = {name: _plain(value, dtype) for name, value in net.state_dict().items()}
    _refuse_unless_finite(tensors)
    said = {"own_set": json.dumps(dict(own_set))} if own_set else {}
    _write(path, tensors, _metadata(spec, learnt_from, dataset) | said, durable)


def images_learnt_from(source: str | Path | bytes) -> ImagesLearntFrom:
    """Which images the network in a file of ours learnt from; NOT_KNOWN where the file does not say.

    Raises StudentError for a file that is none of ours; FileNotFoundError when there is none.
    """
    with _opened(source) as file:
        header, _ = _read_header(file)
    try:
        return ImagesLearntFrom.from_dict(_json_in(header, "learnt_from"))
    except StudentError:  # what is beside the weights spoils no network
        return NOT_KNOWN


def dataset_of_file(source: str | Path | bytes) -> str | None:
    """Key of the data set whose images the network in a file of ours reads; None where the file does not say.

    A file of before the key was written down says it by the images that its network learnt from last. Whether this
    server has the data set is another question. Raises as `images_learnt_from` does.
    """
    with _opened(source) as file:
        header, _ = _read_header(file)
    key = header["__metadata__"].get("dataset")
    if isinstance(key, str) and _DATASET.fullmatch(key):
        return key
    portions = images_learnt_from(source).portions
    return portions[-1].dataset if portions else None


def own_set_of_file(source: str | Path | bytes) -> dict[str, Any]:
    """What a file of ours says of the visitor's own data set that it learnt from; {} where it says nothing.

    Raises as `images_learnt_from` does.
    """
    with _opened(source) as file:
        header, _ = _read_header(file)
    try:
        said = _json_in(header, "own_set")
    except StudentError:
        said = None
    return said if isinstance(said, dict) else {}


def load_model(source: str | Path | bytes, *, check_limits: bool = True) -> tuple[Network, ModelSpec]:
    """The network, in evaluation mode, and its description.

    source:       a file, or the bytes of one.
    check_limits: False for a file of our own, which may be larger than what this server lets visitors build.
    Float16 weights come back as float32. Raises StudentError for anything that is not one of our files, whole
    and fitting; FileNotFoundError when there is none.
    """
    with _opened(source) as file:
        header, size = _read_header(file)
        spec = _spec_in(header, check_limits)
        net = build(spec)
        tensors = _read_fitting(file, header, size, net.state_dict())
    _put_weights(net, tensors)
    return net.eval(), spec


def save_training(
    path: str | Path,
    net: nn.Module,
    spec: ModelSpec,
    state: TrainState,
    *,
    learnt_from: ImagesLearntFrom = NOT_KNOWN,
    dataset: str | None = None,
) -> None:
    """Write all that a training needs to go on bit for bit, power cuts included. It is a `load_model` file as well.

    Optimizer tensors stand beside the weights, as "optimizer/<weight>/<key>", and where the recipe has patience, those
    of the best epoch as "best/<weight>".
    """
    weights = {name: _plain(value) for name, value in net.state_dict().items()}
    _refuse_unless_finite(weights)
    beside = {f"optimizer/{name}": _plain(value) for name, value in state.optimizer.items()}
    numbers: dict[str, Any] = {
        "step": state.step,
        "seconds": float(state.seconds),
        "learning_rate": state.learning_rate,
    }
    if state.best is not None:
        numbers["best"] = [float(state.best.value), state.best.waited]
        beside |= {f"best/{name}": _plain(value) for name, value in state.best.weights.items()}
    metadata = _metadata(spec, learnt_from, dataset) | {"training": json.dumps(numbers)}
    _write(path, weights | beside, metadata, durable=True)


def load_training(source: str | Path | bytes, net: nn.Module) -> TrainState:
    """Put the saved weights into `net`, which must be of the saved design, and return the state for `train`.

    Raises StudentError as `load_model` does, and when the file holds weights alone.
    """
    with _opened(source) as file:
        header, size = _read_header(file)
        _spec_in(header, check_limits=False)  # `net` is there already
        numbers = _json_in(header, "training")
        tensors = _read_fitting(file, header, size, net.state_dict())
    if not isinstance(numbers, dict) or numbers.keys() - {"best"} != {"step", "seconds", "learning_rate"}:
        raise StudentError("This file holds weights, but no training to go on with.", hint="Start a new run.")
    step, seconds, rate = numbers["step"], numbers["seconds"], numbers["learning_rate"]
    if type(step) is not int or type(seconds) is not float or step < 0 or not 0 <= seconds < math.inf:
        raise _foreign("it does not say how far its training has come")
    rate = None if rate is None else checked_learning_rate(rate)
    _put_weights(net, tensors)
    best = _best_so_far(numbers.get("best"), _named(tensors, "best/"), net)
    return TrainState(step, seconds, rate, _named(tensors, "optimizer/"), best)


def _named(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): t for name, t in tensors.items() if name.startswith(prefix)}


def _best_so_far(numbers: object, weights: dict[str, Tensor], net: nn.Module) -> BestSoFar | None:
    """numbers: [accuracy or loss, epochs waited], or None where the recipe has no patience."""
    if numbers is None:
        return None
    makes_sense = (
        isinstance(numbers, list)
        and len(numbers) == 2
        and type(numbers[0]) is float
        and 0 <= numbers[0] < math.inf
        and type(numbers[1]) is int
        and numbers[1] >= 0
    )
    if not makes_sense or weights.keys() != net.state_dict().keys():
        raise _foreign("its best epoch makes no sense")
    return BestSoFar(numbers[0], numbers[1], weights)  # type: ignore[index]


def _metadata(spec: ModelSpec, learnt_from: ImagesLearntFrom, dataset: str | None) -> dict[str, str]:
    metadata = {"format": FORMAT, "spec": json.dumps(spec.to_dict())}
    if learnt_from != NOT_KNOWN:
        metadata["learnt_from"] = json.dumps(learnt_from.to_dict())
    if dataset:
        metadata["dataset"] = dataset
    return metadata


def _plain(value: Tensor, dtype: torch.dtype | None = None) -> Tensor:
    value = value.detach().to("cpu")
    return (value.to(dtype) if dtype and value.is_floating_point() else value).contiguous()


def _refuse_unless_finite(tensors: Mapping[str, Tensor]) -> None:
    for name, value in tensors.items():
        if not value.isfinite().all():
            raise StudentError(
                f"The weights “{name}” hold infinite numbers or none at all.",
                hint="Train again with a smaller learning rate.",
            )


def _write(path: str | Path, tensors: dict[str, Tensor], metadata: dict[str, str], durable: bool) -> None:
    write_whole(Path(path), save_tensors(tensors, metadata), durable=durable)


def _opened(source: str | Path | bytes) -> BinaryIO:
    return io.BytesIO(source) if isinstance(source, bytes) else open(source, "rb")


def _foreign(why: str) -> StudentError:
    return StudentError(
        f"This is not a network saved by Convscope: {why}.", hint="Choose a .safetensors file exported here."
    )


_ZIP_BEGINNING = 120  # bytes in which a .keras archive names its first file


def _refuse_keras(beginning: bytes) -> None:
    """Send a file of Keras to `cnn_core.opening`, which reads it: .h5 is HDF5, .keras is a ZIP of JSON and HDF5."""
    is_zip = beginning[:4] == b"PK\x03\x04"
    is_keras = is_zip and any(
        name in beginning for name in (b"metadata.json", b"config.json", b"model.weights.h5")
    )
    if beginning[:8] == b"\x89HDF\r\n\x1a\n" or is_keras:
        raise StudentError(
            "This file was saved by Keras (.h5 or .keras), and not by Convscope.",
            hint="Bring it to “Open your own network”.",
        )


def _read_header(file: BinaryIO) -> tuple[dict[str, Any], int]:
    """The parsed JSON header, and the file's size in bytes. Reads the header alone."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    start = file.read(8)
    length = int.from_bytes(start, "little")
    if not start:
        raise _foreign("it is empty")
    _refuse_keras(start + file.read(_ZIP_BEGINNING))
    file.seek(8)
    # One header in 32 is so long that its file begins as a pickle does; but after its length comes a bracket.
    if (start[:2] == b"PK" or start[:1] == b"\x80") and file.read(1) != b"{":
        raise _foreign("it is a pickle, which may run any program when it is opened")
    if len(start) < 8 or length > MAX_HEADER:
        raise _foreign("its header makes no sense")
    if 8 + length > size:
        raise _foreign("its end is missing")
    file.seek(8)
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as error:
        raise _foreign("its header makes no sense") from error
    if not isinstance(header, dict) or not isinstance(header.get("__metadata__"), dict):
        raise _foreign("it does not say which network it is")
    return header, size


def _json_in(header: dict[str, Any], key: str) -> Any:
    text = header["__metadata__"].get(key)
    if text is None:
        return None
    try:
        return json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise _foreign(f"its “{key}” makes no sense") from error


def _spec_in(header: dict[str, Any], check_limits: bool) -> ModelSpec:
    version = header["__metadata__"].get("format")
    if version != FORMAT:
        raise _foreign(f"its format is {quoted(version)}, and we read {quoted(FORMAT)}")
    return ModelSpec.from_dict(_json_in(header, "spec"), check_limits=check_limits)


def _read_fitting(
    file: BinaryIO, header: dict[str, Any], size: int, template: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """All tensors of the file, once its header promises those of `template`, in their shapes, and nothing foreign.

    template: the weights of the network it is for.
    """
    listed = {name: entry for name, entry in header.items() if name != "__metadata__"}
    for name in sorted(template.keys() - listed.keys()):
        raise _foreign(f"the weights “{name}” are missing")
    promised = sum(_bytes_promised(name, entry, template) for name, entry in listed.items())
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if 8 + length + promised != size:
        raise _foreign("it is longer or shorter than its header says")
    file.seek(0)
    try:
        tensors = load_tensors(file.read(size))
    except SafetensorError as error:
        raise _foreign("its numbers are not where its header says") from error
    _refuse_unless_finite(tensors)
    for name in template:
        if name.endswith("running_var") and tensors[name].lt(0).any():
            raise _foreign(f"{quoted(name)} holds a variance below 0")
    return tensors


def _bytes_promised(name: str, entry: object, template: Mapping[str, Tensor]) -> int:
    """How long one tensor of the header is, if it belongs to the network or to its optimizer."""
    weight_name = name if name in template else name.removeprefix("optimizer/").rpartition("/")[0]
    if name.startswith("best/"):
        weight_name = name.removeprefix("best/")
    weight = template.get(weight_name)
    if weight is None:
        raise _foreign(f"its network has no {quoted(name)}")
    entry = entry if isinstance(entry, dict) else {}
    kind, shape = str(entry.get("dtype")), entry.get("shape")
    kinds = ("F32", "F16") if weight.is_floating_point() else ("I64",)
    if kind not in kinds or not isinstance(shape, list) or not all(type(side) is int for side in shape):
        raise _foreign(f"{quoted(name)} is not of the type {' or '.join(kinds)}")
    is_weight = name in template or name.startswith("best/")
    if tuple(shape) != weight.shape and (is_weight or shape):  # an optimizer also counts its steps
        raise _foreign(
            f"{quoted(name)} has the shape {_by(shape)}, and its network needs {_by(weight.shape)}"
        )
    return _SIZES[kind] * math.prod(shape)


def _by(shape: Iterable[int]) -> str:
    return "×".join(str(side)[:12] for side in islice(shape, 6)) or "()"


def _put_weights(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    with torch.no_grad():
        for name, weight in net.state_dict().items():
            weight.copy_(tensors[name])
