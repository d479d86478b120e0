"""Loss and accuracy over epochs, of one run or of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnn_core.errors import StudentError
from pages.ui.drawing.figure import Figure, no_markup, spread, template
from pages.ui.drawing.palette import INK, RUNS, TRAINING, VALIDATION, VALIDATION_TEXT
from pages.ui.wording.numbers import loss_text, percent

if TYPE_CHECKING:
    from cnn_core.runs import History


LABEL_ROOM = 116  # pixels right of the axis for the label of a line that has reached the end


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
                    hovertemplate=f"{no_markup(name)}, {kind} {shown}<extra></extra>",
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
