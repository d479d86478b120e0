"""The doctor's chart: one bar per layer, how large its gradient is beside the last layer's, on a log scale."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pages.train.doctor_words import bar_text
from pages.ui.drawing.figure import Figure, note, template
from pages.ui.drawing.palette import INK

if TYPE_CHECKING:
    from cnn_core.doctor import Bar

ROW_PX, BAR = 28, 0.42  # a row's height, and the part of it that the bar takes
SHORTEST = 0.15  # decades: the smallest gradient still has a bar
MOST_DECADES = 12.0  # below them a gradient is drawn as if it were 0


def gradient_chart(bars: tuple[Bar, ...], mode: str = "light") -> Figure:
    """A figure; the layers from top to bottom as the images go through them.

    bars: with a thin stroke where they know how the same net with relu stands.
    """
    text, muted, _, _ = INK[mode]
    shares = [value for bar in bars for value in (bar.share, bar.with_relu) if value]
    low = max(min((math.log10(value) for value in shares), default=0.0), -MOST_DECADES) - SHORTEST
    high = max(max((math.log10(value) for value in shares), default=0.0), low + 1)
    names = [bar.name for bar in bars]

    def length(value: float) -> float:
        return max(math.log10(value) - low, SHORTEST / 2) if value else 0.0

    numbers = [
        note(bar_text(bar.share), color=text, x=1, xref="paper", xanchor="right", y=bar.name, xshift=72)
        for bar in bars
    ]
    return dict(
        data=[
            dict(
                type="bar",
                orientation="h",
                x=[length(bar.share) for bar in bars],
                y=names,
                width=BAR,
                marker=dict(color=text),
                hoverinfo="skip",
            )
        ],
        layout=dict(
            template=template(mode),
            height=ROW_PX * len(bars) + 8,
            margin=dict(l=4, r=76, t=4, b=4),
            xaxis=dict(visible=False, range=[0, 1.02 * (high - low)], fixedrange=True),
            yaxis=dict(
                autorange="reversed",
                showgrid=False,
                ticks="outside",
                ticklen=8,
                tickcolor="rgba(0,0,0,0)",  # room between a name and its bar
                tickfont=dict(size=13, color=text),
                fixedrange=True,
            ),
            annotations=numbers,
            shapes=[
                _stroke(place, length(bar.with_relu), muted)
                for place, bar in enumerate(bars)
                if bar.with_relu
            ],
        ),
    )


def _stroke(place: int, at: float, color: str) -> Figure:
    """A thin upright stroke in the row of that place."""
    return dict(type="line", x0=at, x1=at, y0=place - 0.32, y1=place + 0.32, line=dict(color=color, width=2))
