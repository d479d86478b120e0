"""Charts of a training over its moments: a size for each layer, and what was learnt and lost.

Pure functions, as in `evaluation_charts`.  mode: "light" or "dark".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from pages.ui.drawing.figure import Figure, template
from pages.ui.drawing.legend import styles
from pages.ui.drawing.palette import INK, RUNS, WRONG
from pages.ui.wording.numbers import count

MOST_DECADES = 12  # below them a size is left out, as 0 is: a log axis has no place for it
LABELS = 7  # at an axis of moments
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def power_of_ten(exponent: int) -> str:
    """As an axis writes it.

    >>> power_of_ten(-5), power_of_ten(-2), power_of_ten(0), power_of_ten(4)
    ('10⁻⁵', '0.01', '1', '10⁴')
    """
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(_SUPERSCRIPT)


def sizes_chart(
    places: Sequence[float],
    lines: Mapping[str, Sequence[float | None]],
    axis: Figure,
    mode: str = "light",
    height: int = 300,
) -> Figure:
    """A line for each layer, on a log axis; which is which stands above it (`legend.named_styles`).

    places: of the moments, on the axis.
    lines:  {layer: a size at each moment, or None}.
    axis:   of the moments: `epoch_axis` or `moment_axis`.
    """
    values = [value for line in lines.values() for value in line if value]
    top = math.ceil(math.log10(max(values, default=1.0)) + 1e-9)
    low = math.floor(math.log10(min(values, default=0.1)))
    low = min(top - 1, max(low, top - MOST_DECADES))
    ticks = list(range(low, top + 1, 1 + (top - low) // 7))
    drawn = styles(list(lines), mode)
    data = [
        dict(
            type="scatter",
            mode="lines+markers",
            x=list(places),
            y=[value if value and value >= 10.0**low else None for value in line],
            line=dict(color=drawn[layer][0], dash=drawn[layer][1], width=2),
            marker=dict(size=5, color=drawn[layer][0]),
            name=layer,
            hovertemplate=f"{layer} %{{y:.2g}}<extra></extra>",
        )
        for layer, line in lines.items()
    ]
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=52, r=16, t=8, b=44),
        xaxis=axis,
        yaxis=dict(
            type="log",
            range=[low - 0.02, top + 0.02],  # so that the numbers at both ends are drawn
            tickvals=[10.0**tick for tick in ticks],
            ticktext=[power_of_ten(tick) for tick in ticks],
            automargin=False,
        ),
    )
    return dict(data=data, layout=layout)


def epoch_axis(epochs: float) -> Figure:
    """From the beginning to the end of a run, as under its curves."""
    return dict(
        range=[0, epochs],
        title=dict(text="epochs"),
        hoverformat=".2f",
        unifiedhovertitle=dict(text="epoch %{x:.2f}"),
    )


def moment_axis(steps: Sequence[int]) -> Figure:
    """The moments side by side, as a replay shows them; their place is their number, from 0."""
    last = len(steps) - 1
    all_fit = last < LABELS + 2
    labelled = range(last + 1) if all_fit else [round(last * i / (LABELS - 1)) for i in range(LABELS)]
    return dict(
        range=[-0.6, last + 0.6],
        title=dict(text="steps of training, at the moments that were kept"),
        tickvals=list(labelled),
        ticktext=[count(steps[place]) for place in labelled],
        tickangle=0,
    )


def gains_and_losses(
    steps: Sequence[int], gained: Sequence[int], lost: Sequence[int], mode: str = "light", height: int = 260
) -> Figure:
    """At each moment upwards how many images had become right since the one before, downwards how many wrong."""
    _, _, border, _ = INK[mode]
    at = [f"step {count(step)}" for step in steps]
    bars = [
        dict(
            type="bar",
            x=list(range(len(steps))),
            y=list(values),
            customdata=[[place, abs(value)] for place, value in zip(at, values, strict=True)],
            marker=dict(color=color, line=dict(width=0)),
            name=name,
            hovertemplate=f"%{{customdata[0]}}: %{{customdata[1]}} {name}<extra></extra>",
        )
        for name, values, color in (
            ("became right", gained, RUNS[mode][0]),
            ("became wrong", [-value for value in lost], WRONG[mode]),
        )
    ]
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=52, r=16, t=8, b=44),
        barmode="relative",
        bargap=0.2,
        hovermode="closest",
        xaxis=moment_axis(steps),
        yaxis=dict(zeroline=True, zerolinecolor=border, tickformat=",d", automargin=False),
    )
    return dict(data=bars, layout=layout)
