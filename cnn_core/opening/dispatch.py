"""Which kind of file it is, by its first bytes, and who reads it.

A file's name is what a visitor typed: it helps a sentence, and never decides what is read. Each kind has a reader in a
module of its own, imported when the first file of its kind comes: `read(content, name, onto) -> Opened`.
"""

from __future__ import annotations

import importlib
import io
import zipfile
from typing import Protocol, cast

from cnn_core.errors import StudentError, quoted
from cnn_core.model.spec import ModelSpec
from cnn_core.opening.opened import Opened
from cnn_core.opening.strangers import refuse_stranger

MAX_BYTES = (
    64_000_000  # of a file: four times the largest network that a visitor may build, with its optimiser
)
_MAX_MEMBERS = 2_000  # files in a zip; a network of PyTorch has one for each of its weights
_HDF5 = b"\x89HDF\r\n\x1a\n"
_READERS = {
    "keras": "cnn_core.opening.keras_file",
    "hdf5": "cnn_core.opening.keras_file",
    "torch": "cnn_core.opening.torch_file",
    "safetensors": "cnn_core.opening.torch_file",
    "onnx": "cnn_core.opening.onnx_file",
    "json": "cnn_core.opening.design_file",
}


class _Reader(Protocol):
    def read(self, content: bytes, name: str, onto: ModelSpec | None) -> Opened: ...


def open_network(content: bytes, name: str, onto: ModelSpec | None = None) -> Opened:
    """The network in a file that was made elsewhere. Nothing in the file is run.

    content: the whole file.
    name:    what it was called; for sentences only.
    onto:    a design for files that hold weights alone; others say their own design and ignore it.
    Raises StudentError, and nothing else, for whatever cannot be opened.
    """
    if len(content) > MAX_BYTES:
        raise StudentError(
            f"{quoted(name)} has {len(content) / 1e6:,.0f} MB, and {MAX_BYTES / 1e6:,.0f} MB can be opened.",
            hint="Save the network without its optimiser, or open a smaller one.",
        )
    kind = kind_of(content, name)
    reader = cast(_Reader, importlib.import_module(_READERS[kind]))
    return reader.read(content, name, onto)


def kind_of(content: bytes, name: str) -> str:
    """Which of our readers a file is for, by what is in it.

    Raises StudentError, which says what the file is, when there is none.
    """
    if content[:4] == b"PK\x03\x04":
        return _kind_of_zip(content, name)
    if content[:8] == _HDF5:
        return "hdf5"
    if content[8:9] == b"{" and int.from_bytes(content[:8], "little") < len(content) + 1_000_000:
        return "safetensors"
    if content[:200].removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{":
        return "json"
    if _looks_like_onnx(content):
        return "onnx"
    raise refuse_stranger(content, name)


def _kind_of_zip(content: bytes, name: str) -> str:
    members = zip_members(content, name)
    if "config.json" in members and "model.weights.h5" in members:
        return "keras"
    if any(member == "data.pkl" or member.endswith("/data.pkl") for member in members):
        return "torch"
    raise refuse_stranger(content, name, members)


def zip_members(content: bytes, name: str) -> dict[str, zipfile.ZipInfo]:
    """The files that a zip lists, by their names; nothing is unpacked. Raises StudentError for a damaged one."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, EOFError, OverflowError) as error:
        raise StudentError(
            f"{quoted(name)} is a zip whose list of files cannot be read: its end is missing or damaged.",
            hint="Download or copy it again.",
        ) from error
    if len(infos) > _MAX_MEMBERS:
        raise StudentError(
            f"{quoted(name)} is a zip of {len(infos):,} files, and a network has {_MAX_MEMBERS:,} at most.",
            hint="Choose the file that Keras or PyTorch saved.",
        )
    return {info.filename: info for info in infos}


def _looks_like_onnx(content: bytes) -> bool:
    """Whether its outermost fields are an ONNX model's: a version (field 1, a number) and a graph (field 7).

    Source: onnx.proto3, message ModelProto. TensorFlow's .pb files have other fields.
    """
    place = 0
    fields: set[int] = set()
    while place < len(content) and len(fields) < 30:
        tag, place = _varint(content, place)
        number, wire = tag >> 3, tag & 7
        if place < 0 or not 0 < number < 40 or wire not in (0, 2):
            return False
        fields.add(number)
        value, place = _varint(content, place)
        if place < 0:
            return False
        if wire == 2:
            place += value
        if number == 7:  # the graph, even one whose end is missing: its reader says so
            return 1 in fields or 8 in fields or place <= len(content)
    return False


def _varint(content: bytes, place: int) -> tuple[int, int]:
    """A number of protobuf and the place after it; a place of -1 where there is none."""
    number = 0
    for count in range(10):
        if place + count >= len(content):
            return 0, -1
        byte = content[place + count]
        number |= (byte & 0x7F) << 7 * count
        if not byte & 0x80:
            return number, place + count + 1
    return 0, -1
