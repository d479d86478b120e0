"""The drawn diagram of a network: what becomes of one picture on its way from the pixels to the ten answers.

Each layer is a block, to scale: height and depth are the sides of its maps, width is the logarithm of their number.
Dark blocks have weights and learn, pale ones only reshape or thin out; a list of numbers is a column. The figure is
a plain dictionary in Plotly's words, as in figure.py, and reads well between 350 and 600 pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Any

from pages.ui.drawing.figure import Figure, note, template
from pages.ui.drawing.palette import ACCENT, INK
from pages.ui.wording.numbers import count, plural, shape_text

if TYPE_CHECKING:
    from cnn_core.model import LayerSummary, ModelSpec

# All lengths below are pixels of a figure 576 wide; Plotly scales the horizontal ones to the width it gets.
WIDTH, TALLEST, HEIGHT = 576.0, 128.0, 196
SLANT_X, SLANT_Y = 0.26, 0.16  # how far the back of a block is shifted, in sides of its map
LABEL_HALF = {True: 31.0, False: 19.0}  # half of a label of maps and of a list, when the figure is 350 wide


@dataclass(frozen=True)
class Block:
    """One drawn layer, in pixels; `x` is the left edge of its front."""

    x: float
    width: float
    height: float
    depth: float  # 0 for a list of numbers
    label: str
    hover: str
    learns: bool
    chosen: bool

    @property
    def right(self) -> float:
        return self.x + self.width + SLANT_X * self.depth


def network_diagram(
    network: ModelSpec | Sequence[LayerSummary], mode: str = "light", chosen: str | None = None
) -> Figure:
    """The figure. Hover tells a layer's name, shape, parameters and receptive field.

    network: a spec, or what `summarize` says of one.
    mode:    "light" or "dark".
    chosen:  name of the layer to draw in the accent.
    """
    blocks = _blocks(network, chosen)
    text, muted, _, _ = INK[mode]
    none = dict(visible=False, fixedrange=True, automargin=False)
    layout = dict(
        template=template(mode),
        height=HEIGHT,
        margin=dict(l=2, r=2, t=2, b=2),
        hovermode="closest",
        # A hover label does not inherit the layout's font.
        hoverlabel=dict(align="left", font=dict(family="Source Sans, sans-serif")),
        bargap=0,
        xaxis={**none, "range": [-20, blocks[-1].right + 14]},
        yaxis={**none, "range": [-44, TALLEST * (1 + SLANT_Y) + 2]},
        shapes=[face for block in blocks for face in _faces(block, ACCENT[mode] if block.chosen else text)],
        annotations=[
            note(label, color=muted, size=12, x=x, y=-10, yanchor="top", align="center")
            for x, label in _labels(blocks)
        ],
    )
    return dict(data=[_hover_areas(blocks)], layout=layout)


def diagram_alt(network: ModelSpec | Sequence[LayerSummary]) -> str:
    """The same in words, for those who cannot see it."""
    steps = [f"{row.name} {shape_text(row.output_shape)}" for row in _rows(network)]
    pixels = shape_text(_input_shape(network))
    return f"Diagram of the network: {pixels} pixels go in, then {', '.join(steps)}."


def _hover_areas(blocks: Sequence[Block]) -> Figure:
    """A trace that draws nothing: it is what the pointer meets, also beside a thin block and above a low one."""
    borders = [0.0, *((a.right + b.x) / 2 for a, b in itertools.pairwise(blocks)), blocks[-1].right]
    return dict(
        type="bar",
        x=[(a + b) / 2 for a, b in itertools.pairwise(borders)],
        width=[b - a for a, b in itertools.pairwise(borders)],
        y=[TALLEST] * len(blocks),
        marker=dict(color="rgba(0,0,0,0)", line=dict(width=0)),
        hovertext=[block.hover for block in blocks],
        hoverinfo="text",
        showlegend=False,
    )


def _rows(network: ModelSpec | Sequence[LayerSummary]) -> list[LayerSummary]:
    if isinstance(network, Sequence):
        return [row for row in network if row is not None]
    from cnn_core.model import summarize

    return summarize(network)


def _input_shape(network: Any) -> tuple[int, ...]:
    return tuple(getattr(network, "input_shape", (1, 28, 28)))


def _blocks(network: ModelSpec | Sequence[LayerSummary], chosen: str | None) -> list[Block]:
    rows, start = _rows(network), _input_shape(network)
    shapes = [start, *(tuple(row.output_shape) for row in rows)]
    hovers = [f"<b>input</b><br>{shape_text(start)}<br>one image, values 0 to 1", *map(_hover, rows)]
    learns = [False, *(row.parameters > 0 for row in rows)]
    names = ["input", *(row.name for row in rows)]
    largest = max(shapes[0][1:])
    sizes = [_size(shape, largest) for shape in shapes]
    used = sum(width + SLANT_X * depth for width, _, depth in sizes)
    gap = max(7.0, (WIDTH - used) / max(1, len(sizes) - 1))
    blocks, x = [], 0.0
    for shape, (width, height, depth), hover, learn, name in zip(
        shapes, sizes, hovers, learns, names, strict=True
    ):
        block = Block(x, width, height, depth, _label(shape), hover, learn, name == chosen)
        blocks.append(block)
        x = block.right + gap
    return blocks


def _size(shape: tuple[int, ...], largest: int) -> tuple[float, float, float]:
    """(width, height, depth) in pixels."""
    if len(shape) == 3:
        channels, rows, columns = shape
        return 3 + 3.4 * log2(max(1, channels)), TALLEST * rows / largest, TALLEST * columns / largest
    return 7.0, min(TALLEST, 12 * log2(max(2, shape[0]))), 0.0


def _label(shape: tuple[int, ...]) -> str:
    if len(shape) == 3:
        channels, height, width = shape
        return f"{height}×{width}<br>×{channels}"
    return count(shape[0])


def _hover(row: LayerSummary) -> str:
    field = row.receptive_field
    sees = (
        f"each value sees {field}×{field} pixels" if len(row.output_shape) == 3 else "sees the whole picture"
    )
    parameters = plural(row.parameters, "parameter") if row.parameters else "no parameters"
    return f"<b>{row.name}</b><br>{shape_text(tuple(row.output_shape))}<br>{parameters}<br>{sees}"


def _faces(block: Block, color: str) -> list[dict[str, Any]]:
    """Front, top and side; the strength of the ink says whether it learns."""
    front, top, side = (0.78, 0.34, 0.56) if block.learns or block.chosen else (0.30, 0.13, 0.21)
    x, right, y = block.x, block.x + block.width, block.height
    back_x, back_y = SLANT_X * block.depth, SLANT_Y * block.depth

    def face(opacity: float, *corners: tuple[float, float]) -> dict[str, Any]:
        path = "M" + " L".join(f"{a:.1f},{b:.1f}" for a, b in corners) + " Z"
        return dict(
            type="path", path=path, fillcolor=color, opacity=opacity, line=dict(width=0), layer="below"
        )

    faces = [face(front, (x, 0), (right, 0), (right, y), (x, y))]
    if block.depth:
        faces.append(face(top, (x, y), (right, y), (right + back_x, y + back_y), (x + back_x, y + back_y)))
        faces.append(
            face(side, (right, 0), (right + back_x, back_y), (right + back_x, y + back_y), (right, y))
        )
    return faces


def _labels(blocks: Sequence[Block]) -> list[tuple[float, str]]:
    """(x, label) where they do not touch: first and last always, then those that learn, then the others."""
    taken: list[tuple[float, float, str]] = []
    ends = [blocks[0], blocks[-1]]
    for block in [*ends, *(b for b in blocks if b.learns), *(b for b in blocks if not b.learns)]:
        x, half = block.x + block.width / 2, LABEL_HALF[block.depth > 0]
        if all(abs(x - other) >= half + its_half for other, its_half, _ in taken):
            taken.append((x, half, block.label))
    return sorted((x, label) for x, _, label in taken)
