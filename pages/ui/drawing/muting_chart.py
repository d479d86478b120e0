"""What is left of an answer while filters are taken out: from the top of a list, and at random."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.drawing.figure import Figure, note, template
from pages.ui.drawing.palette import INK, SIGNED

TOP_INK = {"light": SIGNED[6], "dark": SIGNED[4]}  # the orange of the bars is too pale for letters on paper


def muting_lines(
    top: Sequence[float],
    chance: Sequence[Sequence[float]],
    names: tuple[str, str],
    axis: str,
    mode: str = "light",
    *,
    is_share: bool,
    height: int = 236,
) -> Figure:
    """A line from the top, a pale one for each order at random, and their mean.

    top:      what is left with 0, 1, 2, ... filters out.
    chance:   the same for each order at random.
    names:    of the line from the top, and of those at random.
    is_share: they are fractions, drawn from 0 to 100 %.
    """
    text, muted, border, _ = INK[mode]
    places = list(range(len(top)))
    mean = [sum(column) / len(chance) for column in zip(*chance, strict=True)]
    lines = [_line(places, one, border, 1) for one in chance]
    lines += [_line(places, mean, text, 2), _line(places, top, SIGNED[5], 2.5, mode="lines+markers")]
    low = min(0.0, *top, *(min(one) for one in chance))
    high = max(0.0, *top, *(max(one) for one in chance))
    room = 0.04 * ((high - low) or 1.0)
    legend = f'<b style="color:{TOP_INK[mode]}">{names[0]}</b>   <span style="color:{text}">{names[1]}</span>'
    yaxis: Figure = dict(range=[low - room, high + room])
    if is_share:
        yaxis = dict(range=[-0.04, 1.04], tickvals=[0, 0.5, 1], ticktext=["0", "50 %", "100 %"])
    return dict(
        data=lines,
        layout=dict(
            template=template(mode),
            height=height,
            margin=dict(l=44, r=10, t=34, b=42),
            hovermode=False,
            annotations=[
                note(legend, color=muted, x=0, xref="paper", xanchor="left", y=1, yref="paper", yshift=22)
            ],
            xaxis=dict(title=dict(text=axis), dtick=5 if len(top) > 6 else 1, range=[-0.2, len(top) - 0.8]),
            yaxis=yaxis,
        ),
    )


def _line(
    places: Sequence[int], values: Sequence[float], color: str, width: float, mode: str = "lines"
) -> Figure:
    return dict(
        type="scatter",
        mode=mode,
        x=list(places),
        y=[float(value) for value in values],
        line=dict(color=color, width=width),
        marker=dict(color=color, size=6),
    )
