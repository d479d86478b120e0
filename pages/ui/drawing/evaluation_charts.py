"""The figures of the Evaluate page, as plain dictionaries in Plotly's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pages.ui.drawing.figure import Figure, spread, template
from pages.ui.drawing.palette import INK, PAPER, RUNS, WRONG
from pages.ui.wording.numbers import percent

ACCENT = {"light": "#0B6E6E", "dark": "#4CC2B8"}
CLASS_COLORS = 10


def confusion_chart(
    matrix: np.ndarray, classes: Sequence[str], mode: str, height: int = 500
) -> dict[str, Any]:
    """Counts of class t (rows) taken for p (columns); mistakes coloured, the diagonal not.  matrix: (K, K)."""
    text, muted, _, surface = INK[mode]
    wrong = matrix.astype(float).copy()
    np.fill_diagonal(wrong, 0)
    most = max(1.0, wrong.max())
    size = len(classes)
    cells = []
    for t in range(size):
        for p in range(size):
            if not matrix[t, p]:
                continue
            strong = t != p and wrong[t, p] > 0.55 * most
            cells.append(
                dict(
                    x=p, y=t, text=f"{matrix[t, p]:,}", showarrow=False,
                    font=dict(size=12, color=PAPER[mode] if strong else muted if t == p else text),
                )
            )  # fmt: skip
    names = [str(name) for name in classes]
    trace = dict(
        type="heatmap",
        z=wrong.tolist(),
        x=list(range(size)),
        y=list(range(size)),
        colorscale=[[0, surface], [1, ACCENT[mode]]],
        zmin=0,
        zmax=most,
        showscale=False,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )
    # A heatmap cell cannot be selected, an invisible marker on it can; one that skips hover could not be clicked.
    places = [(t, p) for t in range(size) for p in range(size)]
    buttons = dict(
        type="scatter",
        mode="markers",
        x=[p for _, p in places],
        y=[t for t, _ in places],
        marker=dict(size=34, symbol="square", opacity=0, color=text),
        customdata=[f"{names[t]}, taken for {names[p]}" for t, p in places],
        hovertemplate="%{customdata}<extra></extra>",
        unselected=dict(marker=dict(opacity=0)),
        selected=dict(marker=dict(opacity=0)),
    )
    axis = dict(tickvals=list(range(size)), ticktext=names, showgrid=False, ticks="", showline=False)
    long = max(len(name) for name in names) > 3
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=90 if long else 48, r=8, t=8, b=90 if long else 48),
        hovermode="closest",
        clickmode="event+select",
        annotations=cells,
        xaxis={**axis, "title": dict(text="taken for"), "range": [-0.5, size - 0.5], "constrain": "domain"},
        yaxis={**axis, "title": dict(text="really is", standoff=12), "range": [size - 0.5, -0.5]},
    )
    return dict(data=[trace, buttons], layout=layout)


def calibration_chart(
    table: Sequence[tuple[float, float, int]], mode: str, height: int = 240
) -> dict[str, Any]:
    """Fraction right against mean certainty; the dashed line is what certainty ought to mean."""
    text, muted, _, _ = INK[mode]
    return dict(
        data=[
            dict(type="scatter", mode="lines", x=[0, 100], y=[0, 100], line=dict(dash="dash", width=1, color=muted),
                 hoverinfo="skip"),
            dict(
                type="scatter", mode="lines+markers", x=[100 * row[0] for row in table],
                y=[100 * row[1] for row in table], line=dict(color=text, width=2), marker=dict(size=7, color=text),
                customdata=[row[2] for row in table],
                hovertemplate="%{x:.0f} % sure, %{y:.0f} % right, %{customdata:,} images<extra></extra>",
            ),
        ],
        layout=dict(
            template=template(mode), height=height, hovermode="closest",
            xaxis=dict(range=[0, 102], title=dict(text="how sure it is, %"), dtick=50),
            yaxis=dict(range=[0, 102], title=dict(text="right, %"), dtick=50),
        ),
    )  # fmt: skip


def robustness_chart(
    strengths: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    unit: str,
    chance: float,
    mode: str,
    height: int = 380,
) -> dict[str, Any]:
    """Accuracy against the strength of a change, a line a network, with its last value at the end.

    Which is which stands above it (`compare.in_colour`), so that the lines keep their width on a phone.
    """
    _, muted, _, _ = INK[mode]
    traces, labels = [], []
    for (name, values), color in zip(lines, RUNS[mode], strict=False):
        traces.append(
            dict(
                type="scatter", mode="lines+markers", x=list(strengths), y=[100 * value for value in values],
                line=dict(color=color, width=2.5), marker=dict(size=6, color=color), name=name,
                hovertemplate=f"{name} %{{y:.1f}} %<extra></extra>",
            )
        )  # fmt: skip
        labels.append((100 * values[-1], f"<b>{percent(values[-1])}</b>", color))
    labels.sort()
    places: list[float] = []
    for value, _, _ in labels:  # 6 points apart, so that no two names touch
        places.append(max(value, places[-1] + 6.5) if places else value)
    notes = [
        dict(
            text=words,
            x=strengths[-1],
            y=place,
            xanchor="left",
            xshift=8,
            showarrow=False,
            font=dict(size=13, color=color),
        )
        for place, (_, words, color) in zip(places, labels, strict=True)
    ]
    notes.append(
        dict(text="guessing", x=strengths[0], y=100 * chance, xanchor="left", yanchor="bottom", showarrow=False,
             font=dict(size=12, color=muted))
    )  # fmt: skip
    guess = dict(
        type="line", x0=strengths[0], x1=strengths[-1], y0=100 * chance, y1=100 * chance,
        line=dict(dash="dash", width=1, color=muted),
    )  # fmt: skip
    return dict(
        data=traces,
        layout=dict(
            template=template(mode), height=height, margin=dict(l=48, r=64, t=16, b=44), annotations=notes,
            shapes=[guess], xaxis=dict(title=dict(text=unit), tickvals=list(strengths)),
            yaxis=dict(range=[0, 101], title=dict(text="accuracy, %")),
        ),
    )  # fmt: skip


def scatter_of_images(
    places: np.ndarray,
    labels: Sequence[int],
    said: Sequence[int],
    classes: Sequence[str],
    mode: str,
    height: int = 520,
) -> dict[str, Any]:
    """Each image written as its class at its place (N, 2); red where it is read wrongly, grey tones by class else."""
    text, _, _, _ = INK[mode]
    short = [name.split()[-1] if len(name) > 3 else name for name in classes]
    letters = short if max(len(name) for name in short) <= 3 else [str(i) for i in range(len(classes))]
    palette = [*RUNS[mode], text, "#8A8F98", "#B87400", "#2B8A3E"]
    groups = []
    for label in range(len(classes)):
        for right in (True, False):
            inside = [i for i, t in enumerate(labels) if t == label and (said[i] == t) == right]
            if not inside:
                continue
            groups.append(
                dict(
                    type="scatter",
                    mode="text",
                    x=places[inside, 0].tolist(),
                    y=places[inside, 1].tolist(),
                    text=[letters[label]] * len(inside),
                    textfont=dict(
                        size=11 if right else 15, color=palette[label % 10] if right else WRONG[mode]
                    ),
                    customdata=inside,
                    # One that was clicked is shown beside; the others must not fade away for it.
                    unselected=dict(textfont=dict(color=palette[label % 10] if right else WRONG[mode])),
                    hovertemplate=[
                        f"no. {i}: {classes[label]}"
                        + ("" if right else f", read as {classes[said[i]]}")
                        + "<extra></extra>"
                        for i in inside
                    ],
                )
            )
    axis = dict(visible=False, range=[-1.08, 1.08])
    layout = dict(
        template=template(mode), height=height, margin=dict(l=0, r=0, t=0, b=0), hovermode="closest",
        clickmode="event+select", xaxis=axis, yaxis=axis,
    )  # fmt: skip
    return dict(data=groups, layout=layout)


NAMES = ("with changes", "without")


def two_curves(
    strengths: Sequence[float],
    curves: Sequence[Sequence[float]],
    unit: str,
    chance: float,
    mode: str,
    height: int = 280,
) -> Figure:
    """Accuracy against the strength of a change, with and without; names and last values at the ends of the lines."""
    _, muted, border, _ = INK[mode]
    top, foot = 12, 44
    panel = height - top - foot
    ends = spread([panel * line[-1] for line in curves], gap=36, low=16, high=panel - 16)
    traces, notes = [], []
    for name, line, color, end in zip(NAMES, curves, RUNS[mode], ends, strict=False):
        traces.append(
            dict(
                type="scatter", mode="lines+markers", x=list(strengths), y=[100 * value for value in line],
                line=dict(color=color, width=2.5), marker=dict(size=6, color=color), name=name,
                hovertemplate=f"{name} %{{y:.1f}} %<extra></extra>",
            )
        )  # fmt: skip
        notes.append(
            dict(
                text=f"<b>{name}</b><br>{percent(line[-1])}", x=strengths[-1], xanchor="left", xshift=8,
                y=end / panel, yref="y domain", yanchor="middle", align="left", showarrow=False,
                font=dict(size=13.5, color=color),
            )
        )  # fmt: skip
    notes.append(
        dict(text="guessing", x=strengths[0], y=100 * chance, xanchor="left", yanchor="bottom", showarrow=False,
             font=dict(size=12, color=muted))
    )  # fmt: skip
    guess = dict(
        type="line", x0=0, x1=1, xref="paper", y0=100 * chance, y1=100 * chance,
        line=dict(dash="dash", width=1, color=border),
    )  # fmt: skip
    return dict(
        data=traces,
        layout=dict(
            template=template(mode), height=height, margin=dict(l=44, r=104, t=top, b=foot), annotations=notes,
            shapes=[guess], xaxis=dict(
                title=dict(text=unit), tickvals=_far_apart(strengths), tickangle=0,
                range=[-0.03 * strengths[-1], 1.02 * strengths[-1]],
            ),
            yaxis=dict(range=[0, 100.5], tickvals=[0, 25, 50, 75, 100], automargin=False),
        ),
    )  # fmt: skip


def _far_apart(values: Sequence[float]) -> list[float]:
    # As many of them as can be read below an axis of 180 pixels.
    kept = [values[0]]
    for value in values[1:]:
        if value - kept[-1] >= 0.14 * (values[-1] - values[0]):
            kept.append(value)
    return kept
