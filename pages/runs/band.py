"""Several seeds of one design and recipe as one figure: how far apart luck alone puts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn_core.training.history import Curve
from pages.ui.drawing.figure import Figure, template
from pages.ui.drawing.palette import INK, RUNS
from pages.ui.trained.trained import Trained

POINTS = 80  # along the band


def has_band(group: Sequence[Trained]) -> bool:
    """Whether two of the runs at least have a curve."""
    return len(_curves(group)) > 1


def band(group: Sequence[Trained], mode: str, height: int = 300) -> Figure:
    """Validation accuracy of several seeds as a band from the worst to the best, with the mean as a line.

    mode:   "light" or "dark".
    height: pixels.
    Without any curve it is an empty figure.
    """
    return bands([group], mode, height)


def bands(groups: Sequence[Sequence[Trained]], mode: str, height: int = 300, epochs: float = 0.0) -> Figure:
    """The same of several designs or recipes, each in its own colour; a single seed is a line.

    epochs: of the whole axis, at least.
    """
    drawn = [(_values(curves), color) for group, color in zip(groups, RUNS[mode], strict=False)
             if (curves := _curves(group))]  # fmt: skip
    if not drawn:
        return dict(data=[], layout=dict(template=template(mode), height=height))
    lowest = min(per_cent[:, POINTS // 4 :].min() for (_, per_cent), _ in drawn)
    low = float(np.floor(max(0.0, lowest - 0.5)))
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=16, t=28, b=40),
        xaxis=dict(
            range=[0, max(epochs, *(float(at[-1]) for (at, _), _ in drawn))], title=dict(text="epochs")
        ),
        yaxis=dict(range=[low, 100.2]),
        annotations=[_title(mode)],
    )
    return dict(data=[trace for values, color in drawn for trace in _traces(*values, color)], layout=layout)


def _values(curves: Sequence[Curve]) -> tuple[np.ndarray, np.ndarray]:
    """(epochs, accuracies in per cent, a row a seed), as far as all of them have come."""
    end = min(curve.epoch[-1] for curve in curves)
    epochs = np.linspace(max(curve.epoch[0] for curve in curves), end, POINTS)
    return epochs, 100 * np.stack([np.interp(epochs, curve.epoch, curve.accuracy) for curve in curves])


def _curves(group: Sequence[Trained]) -> list[Curve]:
    return [run.history.validation for run in group if len(run.history.validation) > 1]


def _traces(epochs: np.ndarray, per_cent: np.ndarray, color: str) -> list[Figure]:
    """The band's edges and the mean.

    epochs:   (points,).
    per_cent: (seeds, points), of accuracy.
    """
    red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
    fill = f"rgba({red},{green},{blue},0.25)"
    line = dict(type="scatter", mode="lines", x=epochs.tolist())
    edge = line | dict(line=dict(width=0, color=color), hoverinfo="skip")
    return [
        edge | dict(y=per_cent.max(0).tolist()),
        edge | dict(y=per_cent.min(0).tolist(), fill="tonexty", fillcolor=fill),
        line
        | dict(
            y=per_cent.mean(0).tolist(),
            line=dict(width=2.5, color=color),
            hovertemplate="mean %{y:.1f} %<extra></extra>",
        ),
    ]


def _title(mode: str) -> Figure:
    return dict(
        text="Accuracy on images kept aside, %",
        x=0,
        y=1,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font=dict(size=14, color=INK[mode][0]),
    )
