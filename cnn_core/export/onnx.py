"""A trained network as an ONNX file, for every other runtime: the graph, written layer by layer from the spec.

ONNX is a protobuf format, and a small convnet needs little of it: writing that here takes a page, needs no further
package where `torch.onnx` needs two, and leaves a graph with the student's own layer names in it. The tests hand the
file to onnx's checker and to onnxruntime.
Source of the field numbers: onnx.proto3 of ONNX 1.17, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnn_core.export.layers import LAYERS
from cnn_core.export.program import ends_in_softmax, steps

if TYPE_CHECKING:
    import numpy as np

    from cnn_core.model.network import Network

IR_VERSION, OPSET = 9, 20  # opset 20 is the first with Gelu
FLOAT = 1  # TensorProto.DataType.FLOAT


def export_onnx(net: Network) -> bytes:
    """The file's bytes: input "images" (batch, C, H, W) in [0, 1], outputs "logits" and "probabilities".

    net: what `build` or `load_model` returned; it is only read. Dropout is left out: it does nothing in use.
    """
    weights = {name: value.detach().cpu().numpy() for name, value in net.state_dict().items()}
    weights = {name: value for name, value in weights.items() if value.dtype.kind == "f"}
    nodes: list[bytes] = []
    shapes: list[bytes] = []
    current = "images"
    for step in steps(net.spec):
        operators = LAYERS[step.layer.type].onnx(step)
        for number, (operator, inputs, attributes) in enumerate(operators):
            output = step.name if number == 0 else f"{step.name}/{operator.lower()}"
            nodes.append(_node(operator, [current, *inputs], output, attributes))
            current = output
        if operators:
            shapes.append(_value_info(current, ("batch", *step.after)))
    nodes.append(_node("Identity", [current], "logits", {}))
    nodes.append(_node("Softmax", ["logits"], "probabilities", {"axis": -1}))
    outputs = [_value_info(name, ("batch", net.spec.classes)) for name in ("logits", "probabilities")]
    graph = _message(
        *((1, node) for node in nodes),
        (2, net.spec.name),
        *((5, _tensor(name, value)) for name, value in weights.items()),
        (11, _value_info("images", ("batch", *net.spec.input_shape))),
        *((12, output) for output in outputs),
        *((13, shape) for shape in shapes),
    )
    what = {1: ", light on black", 3: ": red, green and blue"}.get(net.spec.input_shape[0], "")
    softmax = "" if ends_in_softmax(net.spec) else " The softmax after the logits is added for reading."
    return _message(
        (1, IR_VERSION),
        (2, "convscope"),
        (6, f"Designed in Convscope. Images are float32 in [0, 1]{what}.{softmax}"),
        (7, graph),
        (8, _message((1, ""), (2, OPSET))),
    )


# --- protobuf: a message is a row of fields, each its number, its kind and its value --------------


def _message(*fields: tuple[int, bytes | str | int | float]) -> bytes:
    """Encode (field number, value) in order: a varint, four bytes of a float, or length and content.

    Source: https://protobuf.dev/programming-guides/encoding/
    """
    parts: list[bytes] = []
    for number, value in fields:
        if isinstance(value, int):
            parts += [_varint(number << 3), _varint(value)]
        elif isinstance(value, float):
            parts += [_varint(number << 3 | 5), struct.pack("<f", value)]
        else:
            content = value.encode("utf-8", "replace") if isinstance(value, str) else value
            parts += [_varint(number << 3 | 2), _varint(len(content)), content]
    return b"".join(parts)


def _varint(value: int) -> bytes:
    """Seven bits a byte, the low ones first; the eighth bit says that more follows.

    >>> _varint(300).hex()
    'ac02'
    """
    value &= 2**64 - 1  # a negative number is written as its two's complement
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _node(operator: str, inputs: Sequence[str], output: str, attributes: dict[str, Any]) -> bytes:
    return _message(
        *((1, name) for name in inputs),
        (2, output),
        (3, output),
        (4, operator),
        *((5, _attribute(name, value)) for name, value in attributes.items()),
    )


def _attribute(name: str, value: int | float | list[int]) -> bytes:
    if isinstance(value, list):
        return _message((1, name), *((8, number) for number in value), (20, 7))
    if isinstance(value, float):
        return _message((1, name), (2, value), (20, 1))
    return _message((1, name), (3, value), (20, 2))


def _tensor(name: str, values: np.ndarray) -> bytes:
    little_endian = values.astype("<f4").tobytes()
    return _message(*((1, size) for size in values.shape), (2, FLOAT), (8, name), (9, little_endian))


def _value_info(name: str, shape: Sequence[int | str]) -> bytes:
    """A name with its shape; a text in the shape is a size that may vary."""
    sizes = [_message((2 if isinstance(size, str) else 1, size)) for size in shape]
    tensor_type = _message((1, FLOAT), (2, _message(*((1, size) for size in sizes))))
    return _message((1, name), (2, _message((1, tensor_type))))
