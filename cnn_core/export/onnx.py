"""A trained network as an ONNX file, for every other runtime: the graph, written layer by layer from the spec.

ONNX is a protobuf format, and a small convnet needs little of it: writing that here takes a page, needs no further
package where `torch.onnx` needs two, and leaves a graph with the student's own layer names in it. The tests hand the
file to onnx's checker and to onnxruntime.
Source of the field numbers: onnx.proto3 of ONNX 1.17, https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
"""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnn_core.data.sources import dataset_of
from cnn_core.export.layers import LAYERS
from cnn_core.export.program import ends_in_softmax, steps

if TYPE_CHECKING:
    import numpy as np

    from cnn_core.data.catalog.record import Dataset
    from cnn_core.model.network import Network

# The oldest that has all operators but Gelu, which came in 20. Each opset goes with a version of the file's form, so
# that a program that knows the one can read the other.
# Source: the table "Released versions" of https://github.com/onnx/onnx/blob/main/docs/Versioning.md
OPSET, GELU_OPSET = 13, 20
IR_VERSIONS = {OPSET: 7, GELU_OPSET: 9}
FLOAT = 1  # TensorProto.DataType.FLOAT


def export_onnx(net: Network, *, dataset: str | None = None) -> bytes:
    """The file's bytes: input "images" (batch, C, H, W) in [0, 1], outputs "logits" and "probabilities".

    net:     what `build` or `load_model` returned; it is only read. Dropout is left out: it does nothing in use.
    dataset: what it learnt from, a key that `dataset_of` knows: the file then names the classes, and says how the
             images were made.
    """
    weights = {name: value.detach().cpu().numpy() for name, value in net.state_dict().items()}
    weights = {name: value for name, value in weights.items() if value.dtype.kind == "f"}
    nodes: list[bytes] = []
    shapes: list[bytes] = []
    current, opset = "images", OPSET
    for step in steps(net.spec):
        operators = LAYERS[step.layer.type].onnx(step)
        for number, (operator, inputs, attributes) in enumerate(operators):
            output = step.name if number == 0 else f"{step.name}/{operator.lower()}"
            nodes.append(_node(operator, [current, *inputs], output, attributes))
            current = output
            if operator == "Gelu":
                opset = GELU_OPSET
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
    facts = _facts(net, dataset)
    return _message(
        (1, IR_VERSIONS[opset]),
        (2, "convscope"),
        (6, " ".join(facts[name] for name in ("network", "images", "picture of your own") if name in facts)),
        (7, graph),
        (8, _message((1, ""), (2, opset))),
        *((14, _message((1, name), (2, value))) for name, value in facts.items()),
    )


def _facts(net: Network, dataset: str | None) -> dict[str, str]:
    """What a file says of itself, by name: about the outputs, the images and the classes."""
    softmax = "" if ends_in_softmax(net.spec) else " The softmax after the logits is added for reading."
    channels, height, width = net.spec.input_shape
    what = {1: ", light on black", 3: ": red, green and blue"}.get(channels, "")
    images = f"Images are float32 in [0, 1], (batch, {channels}, {height}, {width}){what}."
    facts = {"network": f"Designed in Convscope.{softmax}"}
    if dataset is None or dataset_of(dataset).shape != net.spec.input_shape:
        return facts | {"images": images}
    record = dataset_of(dataset)
    facts |= {
        "images": f"{images} It learnt from {record.name}.",
        "picture of your own": _own_picture(record),
    }
    if len(record.classes) == net.spec.classes:
        facts["classes"] = json.dumps(record.classes, ensure_ascii=False)
    return facts


def _own_picture(record: Dataset) -> str:
    """What has to be done to a picture of one's own before this network reads it."""
    if record.is_colour:
        what = ""
    elif record.is_centred_by_mass:
        what = f": the {record.singular} fitted into 20×20 pixels, and its centre of mass in the middle"
    else:
        free = f" less {record.margin} at each side" if record.margin else ""
        what = f": the {record.singular} in the middle, its longer side as long as the image's{free}"
    return (
        f"A picture of your own has to be made like these images{what}. The function read_picture does so, in the "
        "PyTorch and Keras programs that Convscope exports."
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
