"""Tensors by name, as PyTorch's files hold them: `.pt` and `.pth` in the zip of `torch.save`, and `.safetensors`.

Each tensor is a promise first: its shape and its type, checked against the bytes that are there. Numbers are read when
a layer wants them, as float32, and only as many as a network may have on this server. We read the zip ourselves:
`torch.load` follows the pickle inside, even with `weights_only=True` (see `torch_pickle`), and reserves what the pickle
promises before it looks at what the file holds.
"""

from __future__ import annotations

import io
import itertools
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any, TypeGuard

import torch
from torch import Tensor

from cnn_core.errors import StudentError, quoted, shown
from cnn_core.opening.torch_pickle import MAX_PICKLE, Call, Elsewhere, Name, parse

MAX_HEADER = 1_000_000  # bytes of a .safetensors file's header
MAX_TENSORS = 2_000
_SAVE = "Save `net.state_dict()` instead: torch.save(net.state_dict(), ...), or as .safetensors."


@dataclass(frozen=True)
class Promise:
    """A tensor that has not been read yet. shape: its sides.  is_floating: whether it holds floating-point numbers."""

    shape: tuple[int, ...]
    is_floating: bool
    read: Callable[[], Tensor]  # as it is in the file

    def numbers(self) -> Tensor:
        """The tensor, as contiguous float32."""
        return self.read().to(torch.float32).contiguous()


# --- .safetensors -----------------------------------------------------------------------------------

_SAFE_TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def safetensors_header(content: bytes) -> tuple[dict[str, Any], int]:
    """(the header, where the numbers begin). Raises StudentError for a torn or foreign one."""
    length = int.from_bytes(content[:8], "little")
    if MAX_HEADER < length <= len(content) - 8:
        raise StudentError(
            f"The header of this .safetensors file has {length:,} bytes, and ours have {MAX_HEADER:,} at most.",
            hint="Open a smaller network.",
        )
    if len(content) < 8 or length > len(content) - 8:
        raise StudentError(
            f"The header of this .safetensors file is to have {shown(length)} bytes, "
            f"and the file has {len(content):,} in all.",
            hint="Download or save it again.",
        )
    try:
        header = json.loads(content[8 : 8 + length])
    except (ValueError, RecursionError) as error:
        raise StudentError(
            "The header of this .safetensors file cannot be read.", hint="Save it again."
        ) from error
    if not isinstance(header, dict):
        raise StudentError("The header of this .safetensors file lists no tensors.", hint="Save it again.")
    return header, 8 + length


def in_safetensors(content: bytes) -> dict[str, Promise]:
    """The tensors of a .safetensors file. Raises StudentError where they are not where the header says."""
    header, start = safetensors_header(content)
    listed = {name: entry for name, entry in header.items() if name != "__metadata__"}
    if len(listed) > MAX_TENSORS:
        raise StudentError(f"This file holds {len(listed):,} tensors.", hint="Open a smaller network.")
    promises, ends = {}, []
    for name, entry in listed.items():
        kind, shape, begin, end = _entry(name, entry)
        if end > len(content) - start or end - begin != prod(shape) * kind.itemsize:
            raise StudentError(
                f"The tensor {quoted(name)} is not where the header says.", hint="Download or save it again."
            )
        ends.append((begin, end))
        promises[name] = _slice_of(content, start + begin, start + end, kind, shape)
    ends.sort()
    if any(later[0] < earlier[1] for earlier, later in itertools.pairwise(ends)):
        raise StudentError("Two tensors of this file lie on each other.", hint="Save it again.")
    return promises


def _entry(name: str, entry: object) -> tuple[torch.dtype, tuple[int, ...], int, int]:
    entry = entry if isinstance(entry, dict) else {}
    shape, places = entry.get("shape"), entry.get("data_offsets")
    kind = _SAFE_TYPES.get(str(entry.get("dtype")))
    if kind is None:
        raise StudentError(
            f"The tensor {quoted(name)} has the type {quoted(entry.get('dtype'))}, which is not read here.",
            hint="Save the network with float32 weights.",
        )
    if not _are_sizes(shape) or not _are_sizes(places) or len(places) != 2 or len(shape) > 8:
        raise StudentError(f"The header does not say where {quoted(name)} is.", hint="Save it again.")
    return kind, tuple(shape), places[0], places[1]


def _are_sizes(values: object) -> TypeGuard[list[int]]:
    return isinstance(values, list) and all(type(value) is int and value >= 0 for value in values)


def _slice_of(content: bytes, begin: int, end: int, kind: torch.dtype, shape: tuple[int, ...]) -> Promise:
    def read() -> Tensor:
        return _tensor(content[begin:end], kind).reshape(shape)

    return Promise(shape, kind.is_floating_point, read)


def _tensor(content: bytes, kind: torch.dtype) -> Tensor:
    return torch.frombuffer(bytearray(content), dtype=kind) if content else torch.empty(0, dtype=kind)


# --- the zip of torch.save --------------------------------------------------------------------------

_STORAGES = {
    "DoubleStorage": torch.float64,
    "FloatStorage": torch.float32,
    "HalfStorage": torch.float16,
    "BFloat16Storage": torch.bfloat16,
    "LongStorage": torch.int64,
    "IntStorage": torch.int32,
    "ShortStorage": torch.int16,
    "CharStorage": torch.int8,
    "ByteStorage": torch.uint8,
    "BoolStorage": torch.bool,
}
_REBUILD = "torch._utils._rebuild_"
_BESIDE = {  # what is often saved beside the weights, and is left alone
    *("collections.OrderedDict", "collections.defaultdict", "collections.Counter", "argparse.Namespace"),
    *("torch.Size", "torch.device", "torch.storage.UntypedStorage", "torch.serialization._get_layout"),
    *("numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "numpy.dtype", "numpy.ndarray"),
    *("numpy.core.multiarray._reconstruct", "numpy._core.multiarray._reconstruct", "_codecs.encode"),
    *("builtins.set", "builtins.dict", "builtins.list", "builtins.complex", "__builtin__.set"),
    *("datetime.datetime", "datetime.timedelta", "pathlib.PosixPath", "pathlib.WindowsPath"),
}
_MOST_INSIDE = 30  # things in a checkpoint that are looked into
_OPTIMISER = ("optim", "scheduler", "sched", "lr_", "scaler", "amp", "rng")
_USUAL = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "module", "weights")


def in_torch_zip(content: bytes) -> dict[str, Promise]:
    """The tensors of a state dict, whatever was saved around it. Raises StudentError for anything else."""
    archive = _Archive(content)
    value, names = parse(archive.pickle())
    _refuse_a_module(value)
    for other in value.values() if isinstance(value, dict) else ():
        _refuse_a_module(other)
    for name in sorted(names):
        if name.startswith("torch.") and name.endswith("Storage") and not (_storage(name) or name in _BESIDE):
            raise StudentError(
                f"This file holds numbers of a kind that is not read here: {quoted(name.rpartition('.')[2])}.",
                hint="Save the network with float32 weights.",
            )
        if not (name in _BESIDE or name.startswith((_REBUILD, "torch.float", "torch.int")) or _storage(name)):
            raise StudentError(
                f"This file wants {quoted(name)} to be called when it is opened. Convscope calls nothing in a file.",
                hint=_SAVE,
            )
    state = _state_dict(value, 0)
    if not state:
        raise StudentError("This file holds no list of named weights.", hint=_SAVE)
    if len(state) > MAX_TENSORS:
        raise StudentError(f"This file holds {len(state):,} tensors.", hint="Open a smaller network.")
    return {str(name): archive.promise(str(name), call) for name, call in state.items() if _is_tensor(call)}


def _storage(name: str) -> torch.dtype | None:
    module, _, kind = name.rpartition(".")
    return _STORAGES.get(kind) if module in ("torch", "torch.storage", "torch.cuda") else None


def _refuse_a_module(value: object) -> None:
    state = value.state if isinstance(value, Call) else None
    if (
        isinstance(value, Call)
        and isinstance(state, dict)
        and ("_modules" in state or "_parameters" in state)
    ):
        name = value.name
        if name.path in ("copyreg._reconstructor", "copy_reg._reconstructor") and value.arguments:
            name = value.arguments[0] if isinstance(value.arguments[0], Name) else name
        raise StudentError(
            f"This file holds a whole network as a Python object of the class {quoted(name.path.rpartition('.')[2])}: "
            "to open it, its program would have to run.",
            hint=_SAVE,
        )


def _items(value: object) -> Mapping[Any, Any]:
    if isinstance(value, Call) and value.name.path == "collections.OrderedDict":
        return value.items
    return value if isinstance(value, dict) else {}


def _is_tensor(value: object) -> bool:
    return isinstance(value, Call) and value.name.path.startswith(_REBUILD)


def _state_dict(value: object, depth: int) -> Mapping[Any, Any]:
    """The dictionary of tensors in `value`: itself, or what lies in it under a usual name. Optimisers are left out."""
    items = _items(value)
    if any(_is_tensor(one) for one in items.values()):
        return items
    inside = {str(key): one for key, one in items.items() if _items(one) or isinstance(one, Call)}
    inside = dict(itertools.islice(inside.items(), _MOST_INSIDE))
    for usual in (*_USUAL, *inside):
        if usual in inside and depth < 3 and not usual.lower().startswith(_OPTIMISER):
            _refuse_a_module(inside[usual])
            state = _state_dict(inside[usual], depth + 1)
            if state:
                return state
    return {}


class _Archive:
    """The zip that torch.save writes: data.pkl, and one file of plain numbers for each storage."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        try:
            self.zip = zipfile.ZipFile(io.BytesIO(content))
            self.members = {info.filename: info for info in self.zip.infolist()}
        except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError) as error:
            raise _damaged() from error
        self.prefix = next(
            (n[: -len("data.pkl")] for n in self.members if ("/" + n).endswith("/data.pkl")), ""
        )
        if any(name.startswith(f"{self.prefix}code/") for name in self.members):
            raise StudentError(
                "This is a TorchScript file: it holds a program, and Convscope runs no program in a file.",
                hint="Save `net.state_dict()` instead, or export the network to ONNX.",
            )
        self.storages: dict[str, bytes] = {}

    def pickle(self) -> bytes:
        info = self.members.get(f"{self.prefix}data.pkl")
        if info is not None and info.file_size > MAX_PICKLE:
            raise StudentError(
                f"The list of weights in this file has {info.file_size:,} bytes, and ours have {MAX_PICKLE:,} at most.",
                hint=_SAVE,
            )
        if f"{self.prefix}byteorder" in self.members and self.member("byteorder") == b"big":
            raise StudentError(
                "This file was saved on a machine that writes numbers the other way round (big-endian).",
                hint="Save the network as .safetensors, or export it to ONNX.",
            )
        return self.member("data.pkl")

    def member(self, name: str) -> bytes:
        """The bytes of one file in the zip; it may not be packed, so it is no longer than the zip."""
        info = self.members.get(self.prefix + name)
        if info is None:
            raise StudentError(
                f"The numbers {quoted(name)} are missing in this file.", hint="Save or copy it again."
            )
        if info.compress_type != zipfile.ZIP_STORED or info.file_size > len(self.content):
            raise StudentError(
                "The numbers in this file are packed, as torch.save never does.",
                hint="Open the file that torch.save wrote, not one that was zipped again.",
            )
        try:
            return self.zip.read(info)
        except (
            zipfile.BadZipFile,
            ValueError,
            NotImplementedError,
            OSError,
            EOFError,
            RuntimeError,
        ) as error:
            raise _damaged() from error

    def promise(self, name: str, call: Call) -> Promise:
        """The tensor that a call would rebuild. Raises StudentError where its numbers cannot be there."""
        if call.name.path in (f"{_REBUILD}parameter", f"{_REBUILD}parameter_with_state"):
            inner = call.arguments[0] if call.arguments else None
            if not isinstance(inner, Call):
                raise _unreadable(name)
            call = inner
        if call.name.path not in (f"{_REBUILD}tensor_v2", f"{_REBUILD}tensor_v3", f"{_REBUILD}tensor"):
            raise _unreadable(name)
        if len(call.arguments) < 4 or not isinstance(call.arguments[0], Elsewhere):
            raise _unreadable(name)
        place, offset, shape, stride = call.arguments[:4]
        reference = place.reference
        if not isinstance(reference, tuple) or len(reference) != 5 or reference[0] != "storage":
            raise _unreadable(name)
        kind = _storage(reference[1].path) if isinstance(reference[1], Name) else None
        if kind is None:
            raise _unreadable(name)
        if not _are_whole((offset,)) or not _are_whole(shape) or not _are_whole(stride) or len(shape) > 8:
            raise StudentError(
                f"{quoted(name)} has a shape or a place that makes no sense.", hint="Save the network again."
            )
        last = offset + sum((side - 1) * step for side, step in zip(shape, stride, strict=False))
        info = self.members.get(f"{self.prefix}data/{reference[2]}")
        if info is None:
            raise StudentError(
                f"The numbers of {quoted(name)} are missing in this file.", hint="Save or copy it again."
            )
        room = info.file_size // kind.itemsize
        if len(stride) != len(shape) or (prod(shape) and last >= room):
            raise StudentError(
                f"{quoted(name)} is to have {shown(prod(shape))} numbers, and not all of them are among the {room:,} "
                "that the file holds there.",
                hint="Save or copy the file again.",
            )

        def read() -> Tensor:
            key = f"data/{reference[2]}"
            if key not in self.storages:
                self.storages[key] = self.member(key)
            raw = self.storages[key]
            whole = _tensor(raw[: len(raw) // kind.itemsize * kind.itemsize], kind)
            return whole.as_strided(shape, stride, offset) if prod(shape) else torch.empty(shape)

        return Promise(tuple(shape), kind.is_floating_point, read)


def _are_whole(values: object) -> bool:
    return isinstance(values, tuple) and all(type(value) is int and 0 <= value < 2**40 for value in values)


def _unreadable(name: str) -> StudentError:
    return StudentError(
        f"{quoted(name)} is no plain tensor of numbers: sparse, quantised and other tensors are not read here.",
        hint="Save the network with plain float32 weights.",
    )


def _damaged() -> StudentError:
    return StudentError(
        "This file of PyTorch is damaged, or its end is missing.", hint="Save or copy it again."
    )
