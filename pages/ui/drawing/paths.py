"""A graph in columns: pictures, and between neighbouring columns bands as broad as what flows. A click goes to one.

Bands compare within one gap between columns alone. What runs in the browser is components/paths.js; `st.html` would
drop the drawing without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.drawing.contact_sheet import as_picture, png
from pages.ui.drawing.palette import SIGNED
from pages.ui.drawing.sheets import component_key, component_source, data_uri

ADDS, TAKES = SIGNED[5], SIGNED[1]  # orange and blue, as in every signed picture

_paths = st.components.v2.component(
    "paths",
    html='<div class="root"></div>',
    css=component_source("css", "paths"),
    js=component_source("js", "paths"),
)


@dataclass(frozen=True, eq=False)
class PathNode:
    """One picture of the graph.

    name:    below it, "41".
    label:   read out, and shown on hover.
    picture: (C, H, W) float, stretched to its own range; None where there is none, and `over` stands in its place.
    over:    "no slope", in a dashed tile; of a node that is words alone, in large letters.
    goes:    a click goes there.
    is_middle: the teal mark.
    is_word: a node that never has a picture.
    """

    name: str
    label: str
    picture: np.ndarray | None = None
    over: str = ""
    goes: bool = False
    is_middle: bool = False
    is_word: bool = False

    def data(self) -> dict[str, Any]:
        """In the words that the component knows."""
        src = None if self.picture is None else data_uri(png(as_picture(self.picture, "own")))
        return {
            "name": self.name,
            "label": self.label,
            "src": src,
            "over": self.over,
            "goes": self.goes,
            "dashed": not self.is_word,
            "middle": self.is_middle,
        }


@dataclass(frozen=True)
class PathEdge:
    """A band between node `start` of a column and node `end` of the next.

    flow: above 0 it adds, below 0 it takes away; None is a thin line that says only where the way leads.
    """

    column: int
    start: int
    end: int
    flow: float | None


def path_graph(
    columns: Sequence[tuple[str, Sequence[PathNode]]],
    edges: Sequence[PathEdge],
    key: str,
    *,
    alt: str,
    pixels: int,
    on_click: Callable[[int, int], None],
) -> None:
    """Put the graph on the page.

    columns:  (its head, its nodes), from left to right.
    alt:      what the graph is, for those who cannot see it.
    pixels:   of a picture's width.
    on_click: called with (column, node) before the page runs again, of a node that goes somewhere.
    """
    key = component_key(key)
    data = {
        "alt": alt,
        "pixels": pixels,
        "adds": ADDS,
        "takes": TAKES,
        "columns": [{"head": head, "nodes": [node.data() for node in nodes]} for head, nodes in columns],
        "edges": [[edge.column, edge.start, edge.end, edge.flow] for edge in edges],
    }

    goes = [[node.goes for node in nodes] for _, nodes in columns]

    def changed() -> None:
        # What comes from a browser is a wish.
        place = st.session_state[key].get("clicked")
        if not (isinstance(place, list) and len(place) == 2 and all(type(one) is int for one in place)):
            return
        column, node = place
        if 0 <= column < len(goes) and 0 <= node < len(goes[column]) and goes[column][node]:
            on_click(column, node)

    _paths(key=key, data=[data], on_clicked_change=changed)
