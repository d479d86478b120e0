"""Charts in one hand: the template, the scales by meaning, and the figures that several pages draw.

A figure here is a plain dictionary in Plotly's own words, made by a pure function; `show` puts it on the
page. So this module does not import Plotly, and a tick of the live page costs the server some 8 ms.
"""

# ruff: noqa: C408 - dict(x=1, y=2) keeps a figure close to Plotly's reference, where these are arguments

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import streamlit as st

from cnn_core.errors import StudentError
from pages.ui import shell
from pages.ui.messages import loss_text, number, percent, probability, signed

if TYPE_CHECKING:
    from cnn_core.runs import History

ACTIVATION = [  # Plotly's Inferno, its ten anchors: 0 is black, 1 the map's or the layer's maximum
    "#000004",
    "#1b0c41",
    "#4a0c6b",
    "#781c6d",
    "#a52c60",
    "#cf4446",
    "#ed6925",
    "#fb9b06",
    "#f7d13d",
    "#fcffa4",
]
SIGNED = ["#1F4E8C", "#4F86C0", "#A9C8E4", "#F6F4EF", "#F2BE93", "#D97B33", "#9A4208"]  # the middle is 0
RUNS = {
    "light": ["#3B43C6", "#869300", "#DA648D", "#6D2A4E", "#5986F8", "#404608"],
    "dark": ["#AEB4FF", "#8E9B20", "#DA648D", "#F9C6DD", "#5986F8", "#E3F07A"],
}
INK = {  # text, muted, border, surface
    "light": ("#1D2129", "#5C6270", "#DEDAD0", "#F4F2EC"),
    "dark": ("#E8E6E1", "#A3A8B3", "#363B45", "#1D2026"),
}
BACKGROUND = {"light": "#FCFBF8", "dark": "#14161A"}
ACCENT = {"light": "#0B6E6E", "dark": "#4CC2B8"}
DANGER = {"light": "#B3261E", "dark": "#F28B82"}
TRAINING = {"light": "#6A4BC4", "dark": "#B29CF5"}
VALIDATION = {"light": "#B87400", "dark": "#F0B347"}
VALIDATION_TEXT = {"light": "#8F5B00", "dark": "#F0B347"}  # 3.7:1 suffices for a line, not for letters
LABEL_ROOM = 116  # pixels right of the axis for the label of a line that has reached the end

Figure = dict[str, Any]

mode = shell.mode  # a page asks for it where it needs it: mode() is the last argument of every figure


def scale(colors: list[str]) -> list[list]:
    """Colours as a Plotly colour scale, evenly spaced."""
    return [[i / (len(colors) - 1), color] for i, color in enumerate(colors)]


def template(mode: str = "light") -> Figure:
    """What all charts share; mode: "light" or "dark"."""
    text, muted, border, surface = INK[mode]
    small = dict(size=13, color=muted)
    bar = dict(thickness=10, outlinewidth=0, tickfont=small)
    axis = dict(
        showgrid=False,
        zeroline=False,
        showline=True,
        linecolor=border,
        ticks="outside",
        ticklen=4,
        tickcolor=border,
        automargin=True,
        tickfont=small,
        title=dict(standoff=8, font=small),
    )
    return dict(
        layout=dict(
            font=dict(family="Source Sans, sans-serif", size=14, color=text),
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            margin=dict(l=48, r=16, t=24, b=40),
            colorway=RUNS[mode],
            colorscale=dict(sequential=scale(ACTIVATION), diverging=scale(SIGNED)),
            coloraxis=dict(colorbar=bar),
            showlegend=False,
            hovermode="x unified",
            dragmode=False,  # so that a finger on a chart still scrolls the page
            hoverlabel=dict(bgcolor=surface, bordercolor=border, font=dict(size=13, color=text)),
            xaxis=axis,
            yaxis={**axis, "showgrid": True, "gridcolor": border, "showline": False, "ticks": ""},
        ),
        data=dict(scatter=[dict(line=dict(width=2))], heatmap=[dict(xgap=1, ygap=1, colorbar=bar)]),
    )


@cache
def _checked() -> type:
    """A kind of figure that Plotly believes; made when it is wanted first, for Plotly is slow to import.

    Handed a dictionary, Plotly checks each value against its reference, 9 of the 17 ms of a tick of the live chart. Our
    figures come from pure functions, and the tests have Plotly check every one that a page draws.
    """
    from plotly.basedatatypes import BaseFigure

    class Checked(BaseFigure):
        def __init__(self, figure: Figure) -> None:
            self._figure = figure

        def to_dict(self) -> Figure:
            return self._figure

    return Checked


def show(
    figure: Figure,
    key: str,
    alt: str,
    height: int | None = None,
    on_select: str | Callable[[], None] | None = None,
    selection_mode: str = "points",
) -> Any:
    """Put a figure on the page, without Plotly's tool bar.

    key:    stable over reruns, so that the browser updates the picture in place.
    alt:    what a reader who cannot see it is told.
    height: pixels; None takes the figure's own.
    on_select: "rerun" or a callback makes the marks clickable; returns what `st.plotly_chart` returns.
    """
    if height is not None:
        figure = {**figure, "layout": {**figure["layout"], "height": height}}
    selection = {} if on_select is None else {"on_select": on_select, "selection_mode": selection_mode}
    return st.plotly_chart(
        _checked()(figure),
        theme=None,
        key=key,
        alt=alt,
        config={"displayModeBar": False, "scrollZoom": False},
        **selection,
    )


# ---------------------------------------------------------------- loss and accuracy while a network learns

_TITLE, _GAP, _FOOT = 26, 40, 44  # pixels: above the first panel, between the panels, below the second
_FLOORS = {"mnist": 88, "kmnist": 76, "fashion_mnist": 76}  # per cent; above it lies what is worth watching
_LOSS_TICKS = (1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 100, 1e3)
_ACCURACY_TICKS = {0: [0, 25, 50, 75, 100], 76: [76, 84, 92, 100], 88: [88, 92, 96, 100]}


def loss_and_accuracy(
    history: History,
    epochs: float,
    mode: str = "light",
    *,
    dataset: str = "mnist",
    images: int | None = None,
    height: int = 500,
) -> Figure:
    """Accuracy over loss (log), against epochs to the end of the run, training thin and validation thick.

    history: what the store has; its curves may be empty.  epochs: of the whole run, so that the axis never grows.
    images: training images in one epoch, for the axis title.  height: pixels of the whole figure.
    """
    panel = (height - _TITLE - _GAP - _FOOT) / 2
    low = _accuracy_floor(history, epochs, _FLOORS.get(dataset, 0))
    bottom, top = _loss_range([*history.train.loss, *history.validation.loss])
    text, muted = INK[mode][0], INK[mode][1]
    whole = (
        height - _TITLE - _FOOT
    )  # what Plotly calls paper: from the top of one panel to the bottom of the other
    share = panel / whole
    kinds = (
        ("training", history.train, TRAINING[mode], TRAINING[mode], 1.5),
        ("validation", history.validation, VALIDATION[mode], VALIDATION_TEXT[mode], 2.5),
    )
    traces: list[Figure] = []
    ends: dict[str, list[tuple]] = {"y": [], "y2": []}
    for name, curve, color, ink, width in kinds:
        accuracy = [None if value is None else 100 * value for value in curve.accuracy]
        common = dict(
            type="scatter",
            x=list(curve.epoch),
            mode="lines+markers" if name == "validation" else "lines",
            line=dict(color=color, width=width),
            marker=dict(size=6, color=color),
            xaxis="x",
        )
        accuracy_hover = f"{name} %{{y:.1f}} %<extra></extra>"
        loss_hover = f"{name} loss %{{y:.3g}}<extra></extra>"
        traces.append({**common, "y": accuracy, "yaxis": "y", "name": name, "hovertemplate": accuracy_hover})
        traces.append(
            {**common, "y": list(curve.loss), "yaxis": "y2", "name": name, "hovertemplate": loss_hover}
        )
        strong = name == "validation"
        if curve.epoch:
            where = (accuracy[-1] - low) / (100 - low)
            ends["y"].append((where, f"{name} {percent(curve.accuracy[-1])}", ink, strong, curve.epoch[-1]))
        if curve.epoch and math.isfinite(curve.loss[-1]) and curve.loss[-1] > 0:
            where = (math.log10(curve.loss[-1]) - bottom) / (top - bottom)
            ends["y2"].append((where, f"{name} {loss_text(curve.loss[-1])}", ink, strong, curve.epoch[-1]))
    annotations = [
        _panel_title("Accuracy, % of images read correctly", 1, text),
        _panel_title("Loss, cross-entropy, log scale", share, text),
        *_end_labels(ends["y"], "y", panel),
        *_end_labels(ends["y2"], "y2", panel),
    ]
    ticks = [value for value in _LOSS_TICKS if bottom <= math.log10(value) <= top]
    once = f"epochs (one epoch = all {images:,} training images once)" if images else "epochs"
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=LABEL_ROOM, t=_TITLE, b=_FOOT),
        annotations=annotations,
        xaxis=dict(
            range=[0, epochs],
            anchor="y2",
            title=dict(text=once, font=dict(size=13, color=muted)),
            hoverformat=".2f",
            dtick=_tick_step(epochs),
            unifiedhovertitle=dict(text="epoch %{x:.2f}"),
            automargin=False,
        ),
        yaxis=dict(
            range=[low, 100.2 if low else 101],
            domain=[1 - share, 1],
            automargin=False,
            tickvals=_ACCURACY_TICKS[low],
        ),
        yaxis2=dict(
            type="log",
            range=[bottom, top],
            domain=[0, share],
            tickvals=ticks,
            ticktext=[f"{value:g}" for value in ticks],
            showgrid=True,
            gridcolor=INK[mode][2],
            zeroline=False,
            tickfont=dict(size=13, color=muted),
            automargin=False,
        ),
    )
    return dict(data=traces, layout=layout)


def _accuracy_floor(history: History, epochs: float, floor: int) -> int:
    """Where the accuracy axis begins, in per cent: `floor`, or 0 for a network that is still below it.

    Asked at two moments only, after half an epoch and after half of the run, so that the axis stays put.
    """
    low = floor
    for moment in sorted((0.5, epochs / 2)):
        for curve in (history.validation, history.train):
            reached = next((i for i, epoch in enumerate(curve.epoch) if epoch >= moment), None)
            if reached is not None:
                low = floor if 100 * curve.accuracy[reached] > floor else 0
                break
    return low


def _loss_range(losses: list[float]) -> tuple[float, float]:
    """(bottom, top) of the loss axis as powers of ten: 0.01 to 3, and whole decades more when a loss lies outside."""
    usual = -2.0, math.log10(3)
    powers = [math.log10(loss) for loss in losses if loss and loss > 0 and math.isfinite(loss)]
    if not powers:
        return usual
    bottom = usual[0] if min(powers) >= usual[0] else max(-5.0, math.floor(min(powers)))
    top = usual[1] if max(powers) <= usual[1] else min(4.0, math.ceil(max(powers)))
    return bottom, top


def _tick_step(epochs: float) -> float:
    return next(step for step in (0.25, 0.5, 1, 2, 5, 10, 100) if epochs / step <= 6)


def _panel_title(words: str, y: float, color: str) -> Figure:
    return dict(
        text=words,
        x=0,
        xref="paper",
        xanchor="left",
        y=y,
        yref="paper",
        yanchor="bottom",
        yshift=6,
        showarrow=False,
        font=dict(size=14, color=color),
    )


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places as near as possible to the wanted ones, in the same order, at least `gap` apart, from `low` to `high`.

    (Where they cannot all fit they overlap evenly.)

        >>> spread([50, 52, 90], gap=20, low=0, high=100)
        [41.0, 61.0, 90.0]
    """
    if not wanted:
        return []
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    # Groups of labels that touch each other; a group sits around the mean of what its members want.
    groups: list[list[float]] = []  # [sum of wanted first places, count]
    for rank, i in enumerate(order):
        first = min(max(wanted[i], low), high) - rank * gap
        groups.append([first, 1])
        while len(groups) > 1 and groups[-2][0] / groups[-2][1] > groups[-1][0] / groups[-1][1]:
            total, size = groups.pop()
            groups[-1][0] += total
            groups[-1][1] += size
    places = [0.0] * len(wanted)
    rank = 0
    for total, size in groups:
        for _ in range(int(size)):
            # Held inside both ends; the shift by rank keeps the order and the gap.
            first = min(max(total / size, low), high - (len(wanted) - 1) * gap)
            places[order[rank]] = first + rank * gap
            rank += 1
    return places


def _end_labels(ends: list[tuple], axis: str, panel: float) -> list[Figure]:
    """Labels right of the last points. ends: (place from 0 bottom to 1 top, words, colour, bold, x); panel: pixels."""
    places = spread([panel * end[0] for end in ends], gap=20, low=8, high=panel - 8)
    x = max((end[4] for end in ends), default=0)
    return [
        dict(
            text=f"<b>{words}</b>" if strong else words,
            x=x,
            xref="x",
            xanchor="left",
            xshift=8,
            y=place / panel,
            yref=f"{axis} domain",
            yanchor="middle",
            showarrow=False,
            font=dict(size=13.5, color=color),
            align="left",
        )
        for place, (_, words, color, strong, _) in zip(places, ends, strict=True)
    ]


# ---------------------------------------------------------------- several runs


def curves(
    runs: Sequence[tuple[str, History]],
    mode: str = "light",
    *,
    measure: str = "accuracy",
    epochs: float | None = None,
    low: float | None = None,
    height: int = 380,
    training: bool = True,
) -> Figure:
    """Runs over each other: hue = run, solid = validation, dotted = training, the last value at each end.

    Their names stand above it (`compare.names_in_colour`): beside the lines they would take half of a phone.
    measure: "accuracy" or "loss".  epochs: width of the axis; None takes the longest run's.
    low: lowest accuracy shown, per cent; None chooses among 0, 50, 80, 88, 96 so that the ends are visible.
    Raises StudentError for a seventh run: there are six colours that everybody can tell apart.
    """
    if len(runs) > len(RUNS[mode]):
        raise StudentError(
            f"{len(runs)} runs would not stay apart: there are six colours.",
            hint="Let one go to add another.",
        )
    is_loss = measure == "loss"
    panel = height - _TITLE - _FOOT
    width = epochs or max((x for _, h in runs for x in (*h.train.epoch, *h.validation.epoch)), default=1) or 1
    if is_loss:
        bottom, top = _loss_range([y for _, h in runs for y in (*h.train.loss, *h.validation.loss)])
    else:
        worst = min((100 * h.validation.accuracy[-1] for _, h in runs if h.validation.accuracy), default=88)
        bottom = (
            low
            if low is not None
            else max(floor for floor in (0, 50, 80, 88, 96) if floor <= max(worst - 1, 0))
        )
        top = 100.2
    traces, ends = [], []
    for (name, history), color in zip(runs, RUNS[mode], strict=False):
        for curve, dash, wide in ((history.train, "dot", 1.5), (history.validation, "solid", 2.5)):
            kind = "validation" if dash == "solid" else "training"
            if kind == "training" and not training:
                continue
            ys = list(curve.loss) if is_loss else [100 * value for value in curve.accuracy]
            shown = "%{y:.3g}" if is_loss else "%{y:.1f} %"
            traces.append(
                dict(
                    type="scatter",
                    mode="lines",
                    x=list(curve.epoch),
                    y=ys,
                    name=name,
                    line=dict(color=color, width=wide, dash=dash),
                    hovertemplate=f"{_no_markup(name)}, {kind} {shown}<extra></extra>",
                )
            )
        if history.validation.epoch:
            last = ys[-1]
            place = (math.log10(max(last, 1e-9)) if is_loss else last) - bottom
            value = loss_text(last) if is_loss else percent(last / 100)
            end = max([*history.validation.epoch[-1:], *history.train.epoch[-1:]])
            ends.append((place / (top - bottom), value, color, True, end))
    labels = []
    for places, end in zip(spread([panel * end[0] for end in ends], 20, 8, panel - 8), ends, strict=True):
        labels.extend(_end_labels([(places / panel, *end[1:])], "y", panel))
    title = "Loss on digits kept aside, log scale" if is_loss else "Accuracy, % of images read correctly"
    y_axis = dict(range=[bottom, top], automargin=False)
    if is_loss:
        y_axis.update(type="log", dtick=1)
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=64, t=_TITLE, b=_FOOT),
        annotations=[_panel_title(title, 1, INK[mode][0]), *labels],
        xaxis=dict(
            range=[0, width],
            title=dict(text="epochs"),
            dtick=_tick_step(width),
            hoverformat=".2f",
            unifiedhovertitle=dict(text="epoch %{x:.2f}"),
        ),
        yaxis=y_axis,
    )
    return dict(data=traces or [dict(type="scatter", x=[], y=[])], layout=layout)


def _no_markup(text: str) -> str:
    # Plotly reads a few HTML tags and %{...} in its texts; a run's name comes from a visitor.
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")


# ---------------------------------------------------------------- one answer, one sum


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
        f"<b>{_no_markup(name)}</b>" if i == chosen else _no_markup(name) for i, name in enumerate(classes)
    ]
    right = f", is a {_no_markup(classes[truth])}" if wrong and truth is not None else ""
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
        _no_markup(name) if row != last else f"<b>{_no_markup(name)}</b>"
        for row, (name, _) in enumerate(rows)
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
