"""The graph of the view “Made of”: from an image at the left to a class at the right, one filter in the middle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnn_core.insight.between.sources import IMAGE
from pages.filters import made_of_words, words
from pages.ui.drawing.paths import PathEdge, PathNode

if TYPE_CHECKING:
    from cnn_core.model import ModelSpec
    from pages.filters.upstream import Upstream

_Place = tuple[str, int]  # a layer, and one of its own


@dataclass
class Graph:
    """goes: for each node of each column where a click on it leads."""

    columns: list[tuple[str, Sequence[PathNode]]] = field(default_factory=list)
    edges: list[PathEdge] = field(default_factory=list)
    goes: list[list[_Place]] = field(default_factory=list)

    def add(self, head: str, nodes: Sequence[PathNode], goes: list[_Place]) -> int:
        """A column more. Returns its number."""
        self.columns.append((head, nodes))
        self.goes.append(goes)
        return len(self.columns) - 1


def graph_of(found: Upstream, spec: ModelSpec, class_name: str, singular: str) -> Graph:
    """What is drawn of a filter's ways.

    class_name: of the class that they lead to.  singular: what one image of the data set is, "digit".
    """
    graph, way = Graph(), found.way
    label = made_of_words.node_image(singular, found.image_is)
    graph.add("input", [PathNode("", label, found.image.numpy())], [("", 0)])
    _below(graph, found, spec)
    label = made_of_words.node_middle(way.layer, way.filter)
    middle = [_node(found, way.layer, way.filter, label, is_middle=True)]
    graph.add(way.layer, middle, [(way.layer, way.filter)])
    if not found.is_class:
        _above(graph, found, spec.layer_names[-1], class_name)
    return graph


def digits_below(found: Upstream) -> int:
    """With how many decimals one says what flows into the filter."""
    return made_of_words.decimals([found.read.total, *(one.flow for one in found.way.below)])


def _below(graph: Graph, found: Upstream, spec: ModelSpec) -> None:
    """Whom the filter reads, and the bands to the middle, which is the next column."""
    read, digits = found.read, digits_below(found)
    if read.source == IMAGE:
        graph.edges.append(PathEdge(0, 0, 0, float(read.given.sum())))
        return
    nodes = [
        _node(
            found,
            one.layer,
            one.filter,
            made_of_words.node_below(one.layer, one.filter, one.flow, spec.input_shape[0], digits),
        )
        for one in found.way.below
    ]
    column = graph.add(read.source, nodes, [(one.layer, one.filter) for one in found.way.below])
    graph.edges += [PathEdge(column - 1, 0, place, None) for place in range(len(nodes))]
    graph.edges += [PathEdge(column, place, 0, one.flow) for place, one in enumerate(found.way.below)]


def _above(graph: Graph, found: Upstream, last: str, class_name: str) -> None:
    """Whom the filter feeds, and the class.  last: the layer whose units are the classes."""
    way, column = found.way, len(graph.columns) - 1
    digits = made_of_words.decimals([way.onward, *(one.onward or 0.0 for one in way.above)])
    if way.above:
        nodes = [
            _node(
                found,
                one.layer,
                one.filter,
                made_of_words.node_above(
                    one.layer, one.filter, one.flow, one.onward or 0.0, class_name, digits
                ),
            )
            for one in way.above
        ]
        graph.edges += [PathEdge(column, 0, place, one.flow) for place, one in enumerate(way.above)]
        column = graph.add(way.above[0].layer, nodes, [(one.layer, one.filter) for one in way.above])
        graph.edges += [PathEdge(column, place, 0, one.onward) for place, one in enumerate(way.above)]
    else:
        graph.edges.append(PathEdge(column, 0, 0, way.onward))
    label = made_of_words.node_class(class_name, way.onward, digits)
    graph.add(
        last, [PathNode("class", label, over=class_name, goes=True, is_word=True)], [(last, way.target)]
    )


def _node(found: Upstream, layer: str, index: int, label: str, *, is_middle: bool = False) -> PathNode:
    picture, why = found.picture(layer, index)
    return PathNode(
        made_of_words.named(layer, index) if is_middle else str(index),
        label,
        None if picture is None else picture.numpy(),
        over=words.reason(why, False) if why else "",
        goes=not is_middle,
        is_middle=is_middle,
    )
