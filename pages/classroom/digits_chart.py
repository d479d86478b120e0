"""One row a network: the share of the class's digits that it reads, with its interval, and of MNIST's beside it."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.classroom.handwriting import Score
from pages.ui.drawing.figure import Figure, no_markup, note, template
from pages.ui.drawing.palette import INK

ROW, LATEST = 42, 80  # pixels of a row; per cent where the axis begins at the latest
LONGEST = 34  # letters of a network's name


def chart(rows: Sequence[Score], mode: str) -> Figure:
    """The figure, the best at the top.  rows: at least one.  mode: "light" or "dark"."""
    text, muted, border, _ = INK[mode]
    places = list(range(len(rows)))
    left = _left_end(rows)
    layout = dict(
        template=template(mode),
        height=ROW * len(rows) + 70,
        margin=dict(l=8, r=24, t=8, b=40),
        hovermode="closest",
        xaxis=dict(range=[left, 101], title=dict(text="read rightly, %")),
        yaxis=dict(range=[len(rows) - 0.4, -0.75], visible=False),
        annotations=[
            note(
                _name(one),
                color=text if one.reader.who else muted,
                x=0,
                xref="paper",
                xanchor="left",
                y=row - 0.36,
            )
            for row, one in enumerate(rows)
        ],
    )
    gaps = [_gap_line(row, one, border) for row, one in enumerate(rows) if one.gap is not None]
    return dict(data=[*gaps, _rings(rows, places, muted), _discs(rows, places, text)], layout=layout)


def _left_end(rows: Sequence[Score]) -> float:
    """Per cent where the axis begins: a multiple of ten, below all that is drawn."""
    return max(0.0, min(float(LATEST), 10 * (min(100 * one.interval[0] for one in rows) // 10)))


def _name(one: Score) -> str:
    name = f"{one.reader.who}: {one.reader.title}" if one.reader.who else one.reader.title
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    return no_markup(short) if one.reader.who else f"<i>{no_markup(short)}</i>"


def _gap_line(row: int, one: Score, color: str) -> Figure:
    assert one.reader.on_mnist is not None
    return dict(
        type="scatter",
        mode="lines",
        x=[100 * one.accuracy, 100 * one.reader.on_mnist],
        y=[row + 0.12, row + 0.12],
        line=dict(width=2, color=color, dash="dot"),
        hoverinfo="skip",
    )


def _rings(rows: Sequence[Score], places: Sequence[int], color: str) -> Figure:
    known = [(row, one) for row, one in zip(places, rows, strict=True) if one.reader.on_mnist is not None]
    return dict(
        type="scatter",
        mode="markers",
        x=[100 * (one.reader.on_mnist or 0) for _, one in known],
        y=[row + 0.12 for row, _ in known],
        marker=dict(size=11, symbol="circle-open", color=color, line=dict(width=2, color=color)),
        hovertemplate="test digits of MNIST: %{x:.1f} %<extra></extra>",
    )


def _discs(rows: Sequence[Score], places: Sequence[int], color: str) -> Figure:
    ends = [tuple(100 * end for end in one.interval) for one in rows]
    shares = [100 * one.accuracy for one in rows]
    return dict(
        type="scatter",
        mode="markers",
        x=shares,
        y=[row + 0.12 for row in places],
        error_x=dict(
            type="data",
            symmetric=False,
            array=[high - share for share, (_, high) in zip(shares, ends, strict=True)],
            arrayminus=[share - low for share, (low, _) in zip(shares, ends, strict=True)],
            thickness=2,
            width=0,
            color=color,
        ),
        marker=dict(size=11, color=color),
        hovertemplate="your class’s digits: %{x:.1f} %<extra></extra>",
    )
