"""An answer as bars, and a sum as a waterfall."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.drawing.figure import Figure, no_markup, template
from pages.ui.drawing.palette import ACTIVATION, DANGER, INK, SIGNED
from pages.ui.wording.numbers import number, probability, signed


def bars(
    probabilities: Sequence[float],
    classes: Sequence[str],
    mode: str = "light",
    *,
    truth: int | None = None,
    height: int | None = None,
) -> Figure:
    """How sure a network is of each class: one bar a class, the answer in ink, the others muted.

    probabilities: one a class, sum 1.  truth: the right class; another answer is red and says so in words.
    """
    text, muted, _, _ = INK[mode]
    chosen = max(range(len(probabilities)), key=lambda i: probabilities[i])
    wrong = truth is not None and truth != chosen
    colors = [muted if i != chosen else DANGER[mode] if wrong else text for i in range(len(probabilities))]
    names = [
        f"<b>{no_markup(name)}</b>" if i == chosen else no_markup(name) for i, name in enumerate(classes)
    ]
    right = f", is a {no_markup(classes[truth])}" if wrong and truth is not None else ""
    values = [
        dict(
            text=f"<b>{probability(value)}{right}</b>" if i == chosen else probability(value),
            x=1,
            xref="paper",
            xanchor="left",
            xshift=8,
            y=i,
            showarrow=False,
            font=dict(size=13, color=colors[i] if i == chosen else muted),
        )
        for i, value in enumerate(probabilities)
        if value >= 0.001 or i in (chosen, truth)
    ]
    layout = dict(
        template=template(mode),
        height=height or 22 * len(probabilities) + 8,
        margin=dict(l=8, r=84 + 7 * len(right), t=4, b=4),
        annotations=values,
        bargap=0.35,
        hovermode=False,
        xaxis=dict(range=[0, 1], visible=False),
        yaxis=dict(
            tickvals=list(range(len(names))),
            ticktext=names,
            autorange="reversed",
            showgrid=False,
            ticklabelstandoff=6,
            tickfont=dict(size=13, color=text),
        ),
    )
    trace = dict(
        type="bar",
        orientation="h",
        x=[float(value) for value in probabilities],
        y=list(range(len(names))),
        marker=dict(color=colors, line=dict(width=0)),
    )
    return dict(data=[trace], layout=layout)


def waterfall(
    terms: Sequence[tuple[str, float]],
    total: tuple[str, float],
    mode: str = "light",
    *,
    unit_height: int = 21,
) -> Figure:
    """How a sum grows: one floating bar a term, orange adds, blue takes away, and the total at the foot.

    terms: (label, number) in the order of adding.  total: (label, number) after the activation: it may differ from
    the sum, as when relu makes a negative sum 0.
    """
    text, muted, border, _ = INK[mode]
    starts, before = [], 0.0
    for _, value in terms:
        starts.append(before)
        before += value
    rows = [*terms, total]
    colors = [SIGNED[5] if value >= 0 else SIGNED[1] for _, value in terms] + [ACTIVATION[6]]
    ends = [start + value for start, (_, value) in zip(starts, terms, strict=True)]
    low, high = min([0.0, total[1], *ends]), max([0.0, total[1], *ends])
    room = 0.02 * ((high - low) or 1)
    last = len(terms)
    links = [
        dict(
            type="line",
            x0=end,
            x1=end,
            y0=row + 0.3,
            y1=row + 0.7,
            xref="x",
            yref="y",
            line=dict(color=muted, width=1),
        )
        for row, end in enumerate(ends[:-1])
    ]
    values = [
        dict(
            text=f"<b>{number(value)}</b>" if row == last else signed(value),
            x=1,
            xref="paper",
            xanchor="right",
            xshift=56,
            y=row,
            showarrow=False,
            font=dict(size=13, color=text),
        )
        for row, (_, value) in enumerate(rows)
    ]
    names = [
        no_markup(name) if row != last else f"<b>{no_markup(name)}</b>" for row, (name, _) in enumerate(rows)
    ]
    trace = dict(
        type="bar",
        orientation="h",
        base=[*starts, 0.0],
        x=[value for _, value in rows],
        y=list(range(len(rows))),
        marker=dict(color=colors, line=dict(width=0)),
    )
    layout = dict(
        template=template(mode),
        height=unit_height * len(rows) + 8,
        margin=dict(l=8, r=60, t=4, b=4),
        bargap=0.3,
        hovermode=False,
        annotations=values,
        shapes=[
            *links,
            dict(type="line", x0=0, x1=0, y0=-0.5, y1=last + 0.5, line=dict(color=border, width=1)),
        ],
        xaxis=dict(range=[low - room, high + room], visible=False),
        yaxis=dict(
            tickvals=list(range(len(rows))),
            ticktext=names,
            range=[last + 0.5, -0.5],
            showgrid=False,
            ticklen=0,
            ticklabelstandoff=6,
            tickfont=dict(size=13, color=text),
        ),
    )
    return dict(data=[trace], layout=layout)
