"""Networks in ONNX files: a chain of usual operators becomes layers of ours. Nothing in the file is run."""

from __future__ import annotations

from typing import Any

from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.opening import onnx_bends
from cnn_core.opening.onnx_constants import Constants
from cnn_core.opening.onnx_nodes import HANDLERS, WEIGHING
from cnn_core.opening.onnx_walk import Walk, image_input
from cnn_core.opening.onnx_wire import GRAPH, Graph, Node, read_model
from cnn_core.opening.onto import put_onto, weighted_of
from cnn_core.opening.opened import Opened

_SIDES = {1: (28, 32, 64), 3: (32, 28, 64, 96, 128, 224)}  # tried in this order where the file leaves it open
_PASS = ("Identity", "Dropout", "Cast")


def read(content: bytes, name: str, onto: ModelSpec | None) -> Opened:
    """The network in an ONNX file, or its weights on the design `onto`. Raises StudentError for what is no chain.

    onto: its layers replace those of the file, whose activations may then be others than ours; None for the file's.
    """
    graph = read_model(content)
    spec, net, remarks = _best_size(graph, name, is_forgiving=onto is not None)
    if onto is None:
        return Opened(spec, net, remarks=tuple(remarks))
    spec, net, more = put_onto(weighted_of(net), onto)
    return Opened(spec, net, remarks=(*remarks, *more))


def _best_size(graph: Graph, name: str, is_forgiving: bool) -> tuple[ModelSpec, Any, list[str]]:
    """Walk with the image's size that the file says; where it leaves it open, with the first usual one that fits."""
    refusal: StudentError | None = None
    for side in _open_sides(graph):
        walk = Walk(graph, side, is_forgiving)
        try:
            _go(walk)
            spec, net = walk.chain.finished(_title(graph, name))
            return spec, net, walk.chain.remarks
        except StudentError as error:
            refusal = refusal or error
    assert refusal is not None
    raise refusal


def _title(graph: Graph, name: str) -> str:
    is_ours = graph.producer == "convscope" and graph.name.strip()
    title = graph.name if is_ours else name.rsplit(".", 1)[0]
    return "".join(c for c in title if c.isprintable())[:80].strip() or "From ONNX"


def _open_sides(graph: Graph) -> tuple[int | None, ...]:
    """Sizes to try: None where the file says its own."""
    _, sizes = image_input(graph, Constants(graph))
    if (len(sizes) >= 3 and sizes[2 if len(sizes) == 4 else 1] is None) or sizes[-1:] == [None]:
        return _SIDES[3 if 3 in (sizes[1], sizes[-1]) else 1]
    return (None,)


def _go(walk: Walk) -> None:
    """Add a layer for each node. Raises StudentError at the first that cannot be one."""
    while True:
        walk.constants.shapes[walk.value] = walk.their_shape()
        nodes = list(walk.consumers[walk.value])
        if not nodes:
            break
        if len(nodes) > 1:
            _together(walk, nodes)
            continue
        _step(walk, nodes[0])
    if walk.pad is not None:
        raise StudentError("The network ends with a padding.", hint="Export it again.")
    walk.flush("The beginning")
    missed = next((n for n in walk.graph.nodes if n.place not in walk.seen and n.operator in WEIGHING), None)
    if missed is not None:
        raise StudentError(
            f"{walk.where(missed)} does not lie on the way from the image to the answer.",
            hint="Only a chain can be opened: each layer reads what the one before it made.",
        )


def _step(walk: Walk, node: Node) -> None:
    if node.place in walk.seen:
        raise StudentError(f"{walk.where(node)} reads what it made itself.", hint="Export the network again.")
    walk.seen.add(node.place)
    if node.domain not in ("", "ai.onnx") or GRAPH in node.attributes.values():
        raise walk.unknown(node)
    handler = HANDLERS.get(node.operator)
    if handler is not None:
        handler(walk, node)
    elif node.operator not in _PASS:
        _bend(walk, node)
    if not node.outputs:
        raise StudentError(f"{walk.where(node)} makes nothing.", hint="Export the network again.")
    walk.value = node.outputs[0]


def _bend(walk: Walk, node: Node) -> None:
    activation, remark = onnx_bends.named(node, walk.constants)
    if activation is None:
        if walk.is_forgiving and onnx_bends.instead_of(node):
            return
        raise walk.unknown(node)
    walk.flush(walk.where(node))
    walk.list_first(node)
    walk.chain.activation(walk.where(node), activation)
    if remark:
        walk.remark(remark)


def _together(walk: Walk, nodes: list[Node]) -> None:
    """Several nodes read the present value: an activation made of parts, or a branch."""
    later = [node for node in walk.graph.nodes if node.place not in walk.seen]
    bend = onnx_bends.together(walk.value, walk.consumers, later, walk.constants)
    if bend is None:
        one, other = (walk.where(node) for node in nodes[:2])
        raise StudentError(
            f"The way parts: {one} and {other} read the same numbers.",
            hint="Only a chain can be opened: a network without shortcuts, such as LeNet or VGG.",
        )
    activation, walk.value, remark = bend
    walk.flush("An activation")
    walk.chain.activation("An activation", activation)
    if remark:
        walk.remark(remark)
