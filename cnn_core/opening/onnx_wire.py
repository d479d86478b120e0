"""What an ONNX file says: nodes, constants, inputs and outputs. Read here, byte by byte, and nothing else is done.

ONNX is a protobuf format, and of its messages a network needs six. Reading them takes this page. The package `onnx`
would bring 18 MB and protobuf, unpacks all of a file into copies before one can look at it, and knows how to follow
references to other files on the disk. Here a tensor stays a slice of the file until its shape and its length agree, a
graph inside a graph is never entered, and a reference to another file is a sentence.
Source of the field numbers: onnx.proto3 of ONNX 1.17, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
Source of the encoding: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from cnn_core.errors import StudentError, quoted, shown

MAX_NODES = 2_000
MAX_WHOLE_NUMBERS = 10_000  # of a list that is written one varint after another
_MAX_FIELDS = 400_000  # of all messages together: a second of reading
_KINDS: dict[int, tuple[str, str]] = {  # TensorProto.DataType -> NumPy's name, field of the typed numbers
    1: ("<f4", "floats"),
    2: ("u1", "whole"),
    3: ("i1", "whole"),
    5: ("<i2", "whole"),
    6: ("<i4", "whole"),
    7: ("<i8", "whole"),
    9: ("?", "whole"),
    10: ("<f2", ""),
    11: ("<f8", "doubles"),
    16: ("<u2", ""),  # bfloat16: the upper half of a float32
}
_BFLOAT16 = 16
Field = tuple[int, int, Any]  # number, wire type, value


@dataclass
class TensorSaid:
    """A tensor as the file writes it: nothing is unpacked before its length and its shape agree."""

    name: str = ""
    shape: tuple[int, ...] = ()
    kind: int = 0
    raw: memoryview | None = None
    typed: dict[str, Any] = field(default_factory=dict)
    file: str = ""  # where its numbers are, when they are not in this file

    def numbers(self) -> np.ndarray:
        """The array. Raises StudentError where the file does not hold what the shape promises."""
        if self.file:
            raise StudentError(
                f"The weights {quoted(self.name)} are not in this file, but in a second one, {quoted(self.file)}.",
                hint="Save the network in one file: torch.onnx.export(..., external_data=False).",
            )
        if self.kind not in _KINDS:
            raise StudentError(
                f"The weights {quoted(self.name)} are numbers of a kind that is not read here.",
                hint="Save the network with float32 weights.",
            )
        form, typed = _KINDS[self.kind]
        count, size = prod(self.shape), np.dtype(form).itemsize
        if self.raw is not None and len(self.raw):
            content: Any = self.raw
        elif typed == "whole":
            content = np.asarray(self.typed.get("whole", []), np.int64).astype(form).tobytes()
        else:
            content = self.typed.get(typed, b"")
        if any(side < 0 for side in self.shape):
            raise StudentError(
                f"The weights {quoted(self.name)} have a side below 0.", hint="Export the network again."
            )
        if count * size != len(content):
            raise StudentError(
                f"The weights {quoted(self.name)} are to have {shown(count * size)} bytes, "
                f"and the file holds {len(content):,}.",
                hint="Download or export the file again.",
            )
        values = np.frombuffer(content, form).reshape(self.shape)
        if self.kind == _BFLOAT16:
            values = (values.astype("<u4") << 16).view("<f4")
        return values


@dataclass
class Node:
    """One operation.

    attributes: numbers, texts and lists of numbers by name; a TensorSaid where one is given; GRAPH for a graph.
    """

    operator: str = ""
    name: str = ""
    domain: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    attributes: dict[str, Any] = field(default_factory=dict)
    place: int = 0  # counted from 1, as the file has them


GRAPH = object()  # an attribute that holds a graph of its own


@dataclass
class Graph:
    """The network as the file says it.

    inputs: {name: its sizes}; None for a size that may vary.
    """

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, TensorSaid] = field(default_factory=dict)
    inputs: dict[str, list[int | None]] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    name: str = ""
    producer: str = ""
    facts: dict[str, str] = field(default_factory=dict)  # what its maker wrote beside it


def read_model(content: bytes) -> Graph:
    """The graph in a file. Raises StudentError for one that is torn, foreign or beyond all measure."""
    try:
        return _Parser().model(memoryview(content))
    except (ValueError, IndexError, struct.error, UnicodeDecodeError) as error:
        if isinstance(error, StudentError):
            raise
        raise StudentError(
            "This is no whole ONNX file: its parts do not end where they should.",
            hint="Download or export it again.",
        ) from error


class _Parser:
    def __init__(self) -> None:
        self.fields_left = _MAX_FIELDS

    def model(self, content: memoryview) -> Graph:
        graph: Graph | None = None
        producer, facts = "", {}
        for number, wire, value in self.fields(content):
            if number == 2:
                producer = _text(value)
            elif number == 7 and wire == 2:
                graph = self.graph(value)
            elif number == 14:
                pair = {n: _text(v) for n, _, v in self.fields(value)}
                facts[pair.get(1, "")] = pair.get(2, "")
            elif number == 25:
                raise StudentError(
                    "This ONNX file defines operators of its own.",
                    hint="Export it with inlined functions, or as a chain of usual layers.",
                )
        if graph is None or not graph.nodes:
            raise StudentError("This ONNX file holds no network.", hint="Export it again.")
        graph.producer, graph.facts = producer, facts
        return graph

    def graph(self, content: memoryview) -> Graph:
        graph = Graph()
        for number, _, value in self.fields(content):
            if number == 1:
                if len(graph.nodes) == MAX_NODES:
                    raise StudentError(
                        f"This network has more than {MAX_NODES:,} nodes.", hint="Open a smaller one."
                    )
                node = self.node(value)
                node.place = len(graph.nodes) + 1
                graph.nodes.append(node)
            elif number == 2:
                graph.name = _text(value)
            elif number == 5:
                tensor = self.tensor(value)
                graph.constants[tensor.name] = tensor
            elif number == 11:
                name, sizes = self.value_info(value)
                graph.inputs[name] = sizes
            elif number == 12:
                graph.outputs.append(self.value_info(value)[0])
            elif number == 15:
                raise StudentError(
                    "This network keeps its weights in sparse lists.", hint="Export it with plain weights."
                )
        return graph

    def node(self, content: memoryview) -> Node:
        node = Node()
        for number, _, value in self.fields(content):
            if number == 1:
                node.inputs.append(_text(value))
            elif number == 2:
                node.outputs.append(_text(value))
            elif number == 3:
                node.name = _text(value)
            elif number == 4:
                node.operator = _text(value)
            elif number == 5:
                name, setting = self.attribute(value)
                node.attributes[name] = setting
            elif number == 7:
                node.domain = _text(value)
        return node

    def attribute(self, content: memoryview) -> tuple[str, Any]:
        name: str = ""
        single: Any = None
        lists: dict[int, list[Any]] = {7: [], 8: []}
        for number, wire, value in self.fields(content):
            if number == 1:
                name = _text(value)
            elif number == 2:
                single = struct.unpack("<f", value)[0]
            elif number == 3:
                single = _signed(value)
            elif number == 4:
                single = _text(value)
            elif number == 5:
                single = self.tensor(value)
            elif number in (6, 11):
                single = GRAPH
            elif number == 7:
                lists[7] += np.frombuffer(value, "<f4")[:MAX_WHOLE_NUMBERS].tolist()
            elif number == 8:
                lists[8] += self.whole_numbers(wire, value)
        return name, single if single is not None else (lists[7] or lists[8])

    def tensor(self, content: memoryview) -> TensorSaid:
        said = TensorSaid()
        shape: list[int] = []
        whole: list[int] = []
        parts: dict[str, list[bytes]] = {"floats": [], "doubles": []}
        for number, wire, value in self.fields(content):
            if number == 1:
                shape += self.whole_numbers(wire, value)
            elif number == 2:
                said.kind = int(value)
            elif number in (4, 10):
                parts["floats" if number == 4 else "doubles"].append(bytes(value))
            elif number in (5, 7):
                whole += self.whole_numbers(wire, value)
            elif number == 8:
                said.name = _text(value)
            elif number == 9:
                said.raw = value
            elif number == 13:
                pair = {n: _text(v) for n, _, v in self.fields(value)}
                if pair.get(1) == "location":
                    said.file = pair.get(2, "") or "?"
            elif number == 14 and value == 1:
                said.file = said.file or "?"
        if len(shape) > 8:
            raise StudentError(
                f"The weights {quoted(said.name)} have {len(shape)} dimensions.", hint="Export it again."
            )
        said.shape = tuple(shape)
        said.typed = {"whole": whole} | {name: b"".join(pieces) for name, pieces in parts.items()}
        return said

    def value_info(self, content: memoryview) -> tuple[str, list[int | None]]:
        name, sizes = "", []
        for number, _, value in self.fields(content):
            if number == 1:
                name = _text(value)
            elif number == 2:
                for kind in self.inside(value, 1):  # a tensor, not a sequence or a map
                    for shape in self.inside(kind, 2):
                        sizes += [self.size(side) for side in self.inside(shape, 1)]
        return name, sizes

    def size(self, content: memoryview) -> int | None:
        """None for a size that has a name instead of a number, or none at all."""
        value = next((_signed(v) for n, w, v in self.fields(content) if n == 1 and w == 0), None)
        return value if value is not None and value > 0 else None

    def inside(self, content: memoryview, wanted: int) -> list[memoryview]:
        return [value for number, wire, value in self.fields(content) if number == wanted and wire == 2]

    def fields(self, content: memoryview) -> Iterator[Field]:
        """Number, wire type and value of each field. Raises ValueError where one ends beyond the message."""
        place, end = 0, len(content)
        while place < end:
            self.fields_left -= 1
            if self.fields_left < 0:
                raise StudentError("This ONNX file has too many parts.", hint="Open a smaller network.")
            tag, place = _varint(content, place)
            number, wire = tag >> 3, tag & 7
            if wire == 0:
                value: Any
                value, place = _varint(content, place)
            else:
                if wire == 2:
                    length, place = _varint(content, place)
                elif wire in (1, 5):
                    length = 8 if wire == 1 else 4
                else:
                    raise ValueError("a wire type that no field has")
                if length > end - place:
                    raise ValueError("a field that ends beyond its message")
                value = content[place : place + length]
                place += length
            yield number, wire, value

    def whole_numbers(self, wire: int, value: Any) -> list[int]:
        """One number, or a packed row of them."""
        if wire == 0:
            return [_signed(value)]
        numbers, place = [], 0
        while place < len(value):
            number, place = _varint(value, place)
            numbers.append(_signed(number))
            if len(numbers) > MAX_WHOLE_NUMBERS:
                raise StudentError("A list in this file is too long.", hint="Export it again.")
        return numbers


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    """Seven bits a byte, the low ones first. Returns the number and the place after it."""
    number = 0
    for count in range(10):
        byte = content[place + count]
        number |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return number & (2**64 - 1), place + count + 1
    raise ValueError("a number of more than ten bytes")


def _signed(value: Any) -> int:
    if not isinstance(value, int):
        raise ValueError("a number is expected here")
    return value - 2**64 if value >= 2**63 else value


def _text(value: Any) -> str:
    if isinstance(value, int):
        raise ValueError("a text is expected here")
    return bytes(value[:2_000]).decode("utf-8", "replace")
