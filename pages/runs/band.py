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
    curves = _curves(group)
    if not curves:
        return dict(data=[], layout=dict(template=template(mode), height=height))
    end = min(curve.epoch[-1] for curve in curves)
    epochs = np.linspace(max(curve.epoch[0] for curve in curves), end, POINTS)
    per_cent = 100 * np.stack([np.interp(epochs, curve.epoch, curve.accuracy) for curve in curves])
    low = float(np.floor(max(0.0, per_cent[:, POINTS // 4 :].min() - 0.5)))
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=16, t=28, b=40),
        xaxis=dict(range=[0, end], title=dict(text="epochs")),
        yaxis=dict(range=[low, 100.2]),
        annotations=[_title(mode)],
    )
    return dict(data=_traces(epochs, per_cent, RUNS[mode][0]), layout=layout)


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
