"""An answer as bars, and a sum as a waterfall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from pages.ui.drawing.figure import Figure, no_markup, note, template
from pages.ui.drawing.palette import ACTIVATION, INK, SIGNED, WRONG
from pages.ui.wording.classes import article
from pages.ui.wording.numbers import number, probability, signed

MOST_LETTERS = 10  # of ", is a 5", beside a bar
SUREST = "over 99.9 %"  # the longest number there; every image has room for it, so that the bars stay where they are
LETTER = 8  # pixels for one beside a bar, and enough on a wall, where letters grow
Term = tuple[str, float]  # a label and its number


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
    answer = max(range(len(probabilities)), key=lambda i: probabilities[i])
    correction = remark = ""
    if truth is not None and truth != answer:
        correction = f", is {no_markup(article(classes[truth]))}"
        if len(correction) > MOST_LETTERS:  # there is no room for it beside the bars
            correction, remark = ", wrong", ", right"
    colors = [muted] * len(probabilities)
    colors[answer] = WRONG[mode] if correction else text
    names = [no_markup(name) for name in classes]
    names[answer] = f"<b>{names[answer]}</b>"
    numbers = [probability(value) for value in probabilities]
    numbers[answer] = f"<b>{numbers[answer]}{correction}</b>"
    if remark and truth is not None:
        numbers[truth] += remark
    notes = [
        note(numbers[i], color=colors[i], x=1, xref="paper", xanchor="left", xshift=8, y=i)
        for i, value in enumerate(probabilities)
        if value >= 0.001 or i in (answer, truth)
    ]
    layout = dict(
        template=template(mode),
        height=height or 22 * len(probabilities) + 8,
        margin=dict(l=8, r=8 + LETTER * len(SUREST + correction), t=4, b=4),
        annotations=notes,
        bargap=0.35,
        hovermode=False,
        xaxis=dict(range=[0, 1], visible=False),
        yaxis={**_row_axis(names, text), "autorange": "reversed"},
    )
    return dict(data=[_bar_trace(probabilities, colors)], layout=layout)


def waterfall(terms: Sequence[Term], total: Term, mode: str = "light", *, unit_height: int = 21) -> Figure:
    """How a sum grows: one floating bar a term, orange adds, blue takes away, and the total at the foot.

    terms: (label, number) in the order of adding.
    total: (label, number) after the activation: it may differ from the sum, as when relu makes a negative sum 0.
    """
    text, muted, border, _ = INK[mode]
    rows, last = [*terms, total], len(terms)
    sums = list(accumulate((value for _, value in terms), initial=0.0))
    ends = sums[1:]
    low, high = min([0.0, total[1], *ends]), max([0.0, total[1], *ends])
    room = 0.02 * ((high - low) or 1)
    colors = [SIGNED[5] if value >= 0 else SIGNED[1] for _, value in terms] + [ACTIVATION[6]]
    names = [no_markup(name) for name, _ in rows]
    numbers = [*(signed(value) for _, value in terms), number(total[1])]
    beside = LETTER * max(map(len, numbers))  # for the longest: Plotly leaves notes no room
    names[last], numbers[last] = f"<b>{names[last]}</b>", f"<b>{numbers[last]}</b>"
    zero = dict(type="line", x0=0, x1=0, y0=-0.5, y1=last + 0.5, line=dict(color=border, width=1))
    layout = dict(
        template=template(mode),
        height=unit_height * len(rows) + 8,
        margin=dict(l=8, r=8 + beside, t=4, b=4),
        bargap=0.3,
        hovermode=False,
        annotations=[
            note(words, color=text, x=1, xref="paper", xanchor="right", xshift=4 + beside, y=row)
            for row, words in enumerate(numbers)
        ],
        shapes=[*_steps_down(ends[:-1], muted), zero],
        xaxis=dict(range=[low - room, high + room], visible=False),
        yaxis={**_row_axis(names, text), "range": [last + 0.5, -0.5], "ticklen": 0},
    )
    trace = _bar_trace([value for _, value in rows], colors)
    return dict(data=[{**trace, "base": [*sums[:-1], 0.0]}], layout=layout)


def _steps_down(ends: Sequence[float], color: str) -> list[Figure]:
    """The thin lines from the end of each bar to the beginning of the next."""
    line = dict(color=color, width=1)
    return [
        dict(type="line", x0=x, x1=x, y0=row + 0.3, y1=row + 0.7, xref="x", yref="y", line=line)
        for row, x in enumerate(ends)
    ]


def _bar_trace(values: Sequence[float], colors: Sequence[str]) -> Figure:
    return dict(
        type="bar",
        orientation="h",
        x=[float(value) for value in values],
        y=list(range(len(values))),
        marker=dict(color=list(colors), line=dict(width=0)),
    )


def _row_axis(names: Sequence[str], color: str) -> Figure:
    return dict(
        tickvals=list(range(len(names))),
        ticktext=list(names),
        showgrid=False,
        ticklabelstandoff=6,
        tickfont=dict(size=13, color=color),
    )
