"""The charts of the view "Attack a digit": how sure a network is, and how many digits hold out, against the size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pages.ui.drawing.figure import Figure, no_markup, note, template
from pages.ui.drawing.palette import ACCENT, INK, RUNS, WRONG

APART = 0.12  # of the axis, between two names at the right end


@dataclass(frozen=True)
class Line:
    """One line of a chart.  values: from 0 to 1, one a size."""

    name: str
    values: Sequence[float]
    color: str
    is_control: bool = False
    is_bold: bool = False


def sure_chart(
    sizes: Sequence[float],
    label: tuple[str, Sequence[float]],
    rival: tuple[str, Sequence[float]],
    control: tuple[str, Sequence[float]] | None,
    place: int,
    axis: str,
    mode: str,
) -> Figure:
    """How sure a network is of two classes at each size of an attack, and of the first under the control.

    label, rival, control: (name, probabilities).  place: where the slider stands.  axis: what the sizes are.
    """
    text, muted, _, _ = INK[mode]
    lines = [
        Line(label[0], label[1], text, is_bold=True),
        Line(rival[0], rival[1], WRONG[mode], is_bold=True),
    ]
    if control is not None:
        lines.insert(0, Line(control[0], control[1], muted, is_control=True))
    figure = _chart(sizes, lines, axis, mode)
    at = dict(type="line", x0=sizes[place], x1=sizes[place], y0=0, y1=1, yref="paper")
    figure["layout"]["shapes"] = [at | dict(line=dict(color=ACCENT[mode], width=2))]
    return figure


def many_chart(
    sizes: Sequence[float],
    networks: Sequence[tuple[str, Sequence[float], Sequence[float] | None]],
    axis: str,
    mode: str,
) -> Figure:
    """The accuracy of networks at each size of an attack.

    networks: (name, accuracies, accuracies under the control), at most six.
    """
    lines = []
    for (name, values, control), color in zip(networks, RUNS[mode], strict=False):
        if control is not None:
            lines.append(Line("", control, color, is_control=True))
        lines.append(Line(name, values, color))
    return _chart(sizes, lines, axis, mode)


def _chart(sizes: Sequence[float], lines: Sequence[Line], axis: str, mode: str) -> Figure:
    named = [line for line in lines if line.name]
    longest = max((len(line.name) for line in named), default=0)
    names = [
        note(
            f"<b>{no_markup(line.name)}</b>" if line.is_bold else no_markup(line.name),
            color=line.color,
            x=1,
            xref="paper",
            xanchor="left",
            xshift=8,
            y=y,
        )
        for line, y in zip(named, apart([line.values[-1] for line in named]), strict=True)
    ]
    layout = dict(
        template=template(mode),
        height=230,
        margin=dict(l=52, r=20 + 7 * longest, t=12, b=44),
        annotations=names,
        hovermode="x unified",
        xaxis=dict(range=[0, sizes[-1]], title=dict(text=axis)),
        yaxis=dict(range=[-0.03, 1.03], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"]),
    )
    return dict(data=[_trace(sizes, line) for line in lines], layout=layout)


def _trace(sizes: Sequence[float], line: Line) -> Figure:
    return dict(
        type="scatter",
        mode="lines",
        x=[float(size) for size in sizes],
        y=[round(float(value), 4) for value in line.values],
        name=no_markup(line.name) or "random signs",
        line=dict(color=line.color, width=2, dash="dot" if line.is_control else "solid"),
        hovertemplate="%{y:.0%}",
    )


def apart(values: Sequence[float], least: float = APART) -> list[float]:
    """Heights for names beside the ends of lines, so that no two lie on each other; in the order of the lines.

    >>> apart([0.99, 0.98, 0.0]), apart([0.2, 0.8])
    ([0.99, 0.87, 0.0], [0.2, 0.8])
    >>> apart([0.01, 0.0])
    [0.12, 0.0]
    """
    order = sorted(range(len(values)), key=lambda i: -values[i])
    heights: list[float] = [float(value) for value in values]
    for above, below in pairwise(order):
        heights[below] = min(heights[below], heights[above] - least)
    lowest = min(heights, default=0.0)
    if lowest < 0:  # pushed out at the foot: lift from there
        floor = 0.0
        for place in reversed(order):
            heights[place] = max(heights[place], floor)
            floor = heights[place] + least
    return [round(height, 4) for height in heights]
