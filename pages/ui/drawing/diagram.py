"""The drawn diagram of a network: what becomes of one picture on its way from the pixels to the ten answers.

Each layer is a block, to scale: height and depth are the sides of its maps, width is the logarithm of their number.
Strongly drawn blocks have weights and learn, faint ones only reshape or thin out; a list of numbers is a column. Name
and shape hang at the foot, aslant, so that fifteen of them find room on a phone. The figure is a plain dictionary in
Plotly's words, as in figure.py, and reads well between 350 and 600 pixels.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, log2, radians, sin
from typing import TYPE_CHECKING, Any

from pages.ui.drawing.figure import Figure, template
from pages.ui.drawing.palette import ACCENT, INK
from pages.ui.frame.streamlit_screens import WALL_ZOOM
from pages.ui.wording.numbers import plural, shape_text

if TYPE_CHECKING:
    from cnn_core.model import LayerSummary, ModelSpec

# All lengths below are pixels of a figure 576 wide; Plotly scales the horizontal ones to the width it gets.
WIDTH, TALLEST = 576.0, 128.0
SLANT_X, SLANT_Y = 0.26, 0.16  # how far the back of a block is shifted, in sides of its map
NARROWEST = 346.0  # of a figure on a phone

# Labels: how they hang, how long a letter of theirs is, and how far apart their beginnings are at least. Two lines of
# 12 pixels that hang at this angle do not touch from 15 pixels on.
ANGLE, LETTER, FONT_SIZE = 50, 6.0, 12
APART_ON_A_PHONE, APART = 15.0, 34.0  # the second in a figure WIDTH wide
_NO_LIMIT = 1e9


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
    back: float  # how far its back is shifted to the right

    @property
    def right(self) -> float:
        return self.x + self.width + self.back

    @property
    def middle(self) -> float:
        """Of its front, where its label begins."""
        return self.x + self.width / 2


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
    start, end = -4.0, blocks[-1].right + 4
    labels = _labels(blocks, NARROWEST / (end - start))
    below, beside = _room_for(labels, end, NARROWEST / (end - start))
    above = TALLEST * SLANT_Y + 2
    fixed = dict(fixedrange=True, automargin=False, showgrid=False, zeroline=False, showline=False, ticks="")
    layout = dict(
        template=template(mode),
        height=round(TALLEST + above + below),
        margin=dict(l=8, r=beside, t=2, b=below),
        hovermode="closest",
        # A hover label does not inherit the layout's font.
        hoverlabel=dict(align="left", font=dict(family="Source Sans, sans-serif")),
        bargap=0,
        xaxis={
            **fixed,
            "range": [start, end],
            "tickmode": "array",
            "tickvals": [x for x, _ in labels],
            "ticktext": [label for _, label in labels],
            "tickangle": ANGLE,
            "ticklabeloverflow": "allow",  # else Plotly leaves the first one out
            "tickfont": dict(size=FONT_SIZE, color=muted),
        },
        yaxis={**fixed, "visible": False, "range": [0, TALLEST + above]},
        shapes=[face for block in blocks for face in _faces(block, ACCENT[mode] if block.chosen else text)],
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
    labels = [f"{name} {shape_text(shape)}" for name, shape in zip(names, shapes, strict=True)]
    for squeeze in _SQUEEZES:
        places = _places(sizes, squeeze)
        if places[-1] + squeeze * sizes[-1][0] <= WIDTH:
            break
    return [
        Block(
            x, squeeze * width, height, depth, label, hover, learn, name == chosen, squeeze * SLANT_X * depth
        )
        for x, (width, height, depth), label, hover, learn, name in zip(
            places, sizes, labels, hovers, learns, names, strict=True
        )
    ]


# The blocks of a long network are drawn thinner, and less deep, until all find room.
_SQUEEZES = (1.0, 0.85, 0.7, 0.55, 0.4, 0.3)


def _places(sizes: Sequence[tuple[float, float, float]], squeeze: float) -> list[float]:
    """Left edges of the blocks. sizes: (width, height, depth) of each."""
    widths = [squeeze * width for width, _, _ in sizes]
    spans = [width + squeeze * SLANT_X * depth for width, (_, _, depth) in zip(widths, sizes, strict=True)]
    gap = max(5.0, (WIDTH - sum(spans)) / max(1, len(sizes) - 1))
    places = [0.0]
    for before, after in itertools.pairwise(range(len(sizes))):
        # Columns are thin: their labels need more room than they do.
        apart = places[-1] + widths[before] / 2 + APART - widths[after] / 2
        places.append(max(places[-1] + spans[before] + gap, apart))
    return places


def _size(shape: tuple[int, ...], largest: int) -> tuple[float, float, float]:
    """(width, height, depth) in pixels."""
    if len(shape) == 3:
        channels, rows, columns = shape
        return 3 + 3.4 * log2(max(1, channels)), TALLEST * rows / largest, TALLEST * columns / largest
    return 7.0, min(TALLEST, 12 * log2(max(2, shape[0]))), 0.0


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
    back_x, back_y = block.back, SLANT_Y * block.depth

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


def _labels(blocks: Sequence[Block], narrowest: float) -> list[tuple[float, str]]:
    """(x, label) of all blocks; in a very long network of those that find room: the ends, then those that learn.

    narrowest: pixels of a unit of x where the figure is narrowest.
    """
    taken: list[tuple[float, str]] = []
    ends = [blocks[0], blocks[-1]]
    for block in [*ends, *(b for b in blocks if b.learns), *(b for b in blocks if not b.learns)]:
        nearest = min((abs(block.middle - x) for x, _ in taken), default=_NO_LIMIT)
        if nearest * narrowest >= APART_ON_A_PHONE * 0.8:
            taken.append((block.middle, block.label))
    return sorted(taken)


def _room_for(labels: Sequence[tuple[float, str]], end: float, narrowest: float) -> tuple[int, int]:
    """(below, beside): pixels that the labels need under the blocks, and to the right of the last one.

    end: the largest x.  narrowest: as in `_labels`.
    """
    angle = radians(ANGLE)
    # On a wall the letters are larger, by the zoom of the page, and the figure is told nothing of it.
    below = WALL_ZOOM * (max(len(label) for _, label in labels) * LETTER * sin(angle) + FONT_SIZE) + 4
    beside = max(len(label) * LETTER * cos(angle) - (end - x) * narrowest for x, label in labels)
    return round(below), round(max(4.0, beside + 6))
