"""The figures that say how well a network does: its mistakes, its certainty, and how long it holds out.

Each is a plain dictionary in Plotly's words, made by a pure function.  mode: "light" or "dark", in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pages.ui.drawing.figure import Figure, template
from pages.ui.drawing.palette import ACCENT, INK, LETTERS, MARK, RUNS, WRONG, ink_on, mixed

# ---------------------------------------------------------------- who is taken for whom


MANY = 20  # classes above which the figures in the cells are small


def confusion_chart(matrix: np.ndarray, classes: Sequence[str], mode: str, height: int = 500) -> Figure:
    """Counts of class t (rows) taken for p (columns); mistakes coloured, the diagonal not.

    matrix: (K, K) counts.
    """
    wrong = matrix.astype(float).copy()
    np.fill_diagonal(wrong, 0)
    return dict(
        data=[_heatmap(wrong, mode), _cells_to_click(classes, mode)],
        layout=_confusion_layout(classes, mode, height) | dict(annotations=_counts(matrix, wrong, mode)),
    )


def _heatmap(wrong: np.ndarray, mode: str) -> Figure:
    _, _, _, surface = INK[mode]
    places = list(range(len(wrong)))
    return dict(
        type="heatmap",
        z=wrong.tolist(),
        x=places,
        y=places,
        colorscale=[[0, surface], [1, ACCENT[mode]]],
        zmin=0,
        zmax=max(1.0, wrong.max()),
        showscale=False,
        xgap=1,
        ygap=1,
        hoverinfo="skip",
    )


def _cells_to_click(classes: Sequence[str], mode: str) -> Figure:
    # A heatmap cell cannot be selected, an invisible marker on it can; one that skips hover could not be clicked.
    text, _, _, _ = INK[mode]
    places = [(t, p) for t in range(len(classes)) for p in range(len(classes))]
    side = max(8, round(340 / len(classes)))  # pixels: within a cell, on a narrow page too
    invisible = dict(marker=dict(opacity=0))
    return dict(
        type="scatter",
        mode="markers",
        x=[p for _, p in places],
        y=[t for t, _ in places],
        marker=dict(size=side, symbol="square", opacity=0, color=text),
        customdata=[f"{classes[t]}, taken for {classes[p]}" for t, p in places],
        hovertemplate="%{customdata}<extra></extra>",
        unselected=invisible,
        selected=invisible,
    )


def _counts(matrix: np.ndarray, wrong: np.ndarray, mode: str) -> list[Figure]:
    """The number in each cell that has one, light where the cell is dark."""
    _, muted, _, surface = INK[mode]
    most = max(1.0, wrong.max())
    size = 12 if len(matrix) <= MANY else 9
    notes = []
    for t, p in np.argwhere(matrix).tolist():
        color = muted if t == p else ink_on(mixed(surface, ACCENT[mode], wrong[t, p] / most))
        note = dict(x=p, y=t, text=f"{matrix[t, p]:,}", showarrow=False, font=dict(size=size, color=color))
        notes.append(note)
    return notes


def _confusion_layout(classes: Sequence[str], mode: str, height: int) -> Figure:
    size = len(classes)
    axis = dict(
        tickvals=list(range(size)),
        ticktext=list(classes),
        showgrid=False,
        ticks="",
        showline=False,
    )
    room = 90 if max(len(name) for name in classes) > 3 else 48
    across = dict(title=dict(text="taken for"), range=[-0.5, size - 0.5], constrain="domain")
    down = dict(title=dict(text="really is", standoff=12), range=[size - 0.5, -0.5])
    return dict(
        template=template(mode),
        height=height,
        margin=dict(l=room, r=8, t=8, b=room),
        hovermode="closest",
        clickmode="event+select",
        xaxis=axis | across,
        yaxis=axis | down,
    )


# ---------------------------------------------------------------- does it know when it does not know


def calibration_chart(table: Sequence[tuple[float, float, int]], mode: str, height: int = 240) -> Figure:
    """Fraction right against mean certainty; the dashed line is what certainty ought to mean.

    table: (mean certainty, fraction right, count) of each bin, as `calibration` returns it.
    """
    _, muted, _, _ = INK[mode]
    ideal = dict(
        type="scatter",
        mode="lines",
        x=[0, 100],
        y=[0, 100],
        line=dict(dash="dash", width=1, color=muted),
        hoverinfo="skip",
    )
    layout = dict(
        template=template(mode),
        height=height,
        hovermode="closest",
        xaxis=dict(range=[0, 102], title=dict(text="how sure it is, %"), dtick=50),
        yaxis=dict(range=[0, 102], title=dict(text="right, %"), dtick=50),
    )
    return dict(data=[ideal, _calibration_line(table, mode)], layout=layout)


def _calibration_line(table: Sequence[tuple[float, float, int]], mode: str) -> Figure:
    text, _, _, _ = INK[mode]
    return dict(
        type="scatter",
        mode="lines+markers",
        x=[100 * sure for sure, _, _ in table],
        y=[100 * right for _, right, _ in table],
        line=dict(color=text, width=2),
        marker=dict(size=7, color=text),
        cliponaxis=False,  # a point at 0 or at 100 would lose its half
        customdata=[count for _, _, count in table],
        hovertemplate="%{x:.0f} % sure, %{y:.0f} % right, %{customdata:,} images<extra></extra>",
    )


# ---------------------------------------------------------------- none of these


def energy_chart(
    energies: Sequence[float], own: float, threshold: float, mode: str, height: int = 190
) -> Figure:
    """A histogram of the test images' energies, with the visitor's picture and the limit.

    energies: of the test images.
    own: of the visitor's picture.
    threshold: above it the network would say that it does not know.
    """
    text, muted, _, _ = INK[mode]
    low, high = min([*energies, own, threshold]), max([*energies, own, threshold])
    edges = np.linspace(low, high + 1e-9, 41)
    counts, _ = np.histogram(np.asarray(energies), edges)
    middles = (edges[:-1] + edges[1:]) / 2
    colors = [text if middle <= threshold else muted for middle in middles]
    bars = dict(
        type="bar",
        x=middles.tolist(),
        y=counts.tolist(),
        width=float(edges[1] - edges[0]) * 0.9,
        marker=dict(color=colors, line=dict(width=0)),
        hovertemplate="%{y:,} test images<extra></extra>",
    )
    lines = [
        dict(type="line", x0=own, x1=own, y0=0, y1=1, yref="paper", line=dict(color=MARK, width=3)),
        dict(
            type="line",
            x0=threshold,
            x1=threshold,
            y0=0,
            y1=1,
            yref="paper",
            line=dict(color=text, width=1, dash="dash"),
        ),
    ]
    room = 0.02 * ((high - low) or 1)
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=12, t=8, b=44),
        bargap=0,
        hovermode="closest",
        shapes=lines,
        xaxis=dict(
            title=dict(text="energy: familiar to the left, strange to the right"),
            range=[low - room, high + room],
        ),
        yaxis=dict(title=dict(text="test images"), rangemode="tozero"),
    )
    return dict(data=[bars], layout=layout)


# ---------------------------------------------------------------- accuracy against the strength of a change


def robustness_chart(
    strengths: Sequence[float],
    lines: Sequence[tuple[str, Sequence[float]]],
    unit: str,
    chance: float,
    mode: str,
    height: int = 380,
    drawn: Sequence[float] = (),
) -> Figure:
    """Accuracy against the strength of a change, a line a network.

    Which is which stands above it with its last value (`legend.in_colour`), so that the lines have all of a phone.

    lines:  (a network's name, its accuracy at each strength, fractions).
    unit:   the title of the axis.
    chance: the accuracy of guessing, a fraction.
    drawn:  what a student drew beforehand, at each strength, per cent.
    """
    ink, muted, _, _ = INK[mode]
    pairs = list(zip(lines, RUNS[mode], strict=False))
    guess = _guess_line(chance, muted) | dict(x0=strengths[0], x1=strengths[-1])
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=48, r=16, t=16, b=44),
        annotations=[_guessing(strengths[0], chance, muted)],
        shapes=[guess],
        xaxis=dict(title=dict(text=unit), tickvals=list(strengths)),
        yaxis=dict(range=[0, 101], title=dict(text="accuracy, %")),
    )
    traces = [_accuracy_line(name, strengths, values, color) for (name, values), color in pairs]
    if drawn:
        traces.append(_drawn_line(strengths, drawn, ink))
    return dict(data=traces, layout=layout)


WITH_AND_WITHOUT = ("with changes", "without")  # what the two networks of a pair are called


def two_curves(
    strengths: Sequence[float],
    curves: Sequence[Sequence[float]],
    unit: str,
    chance: float,
    mode: str,
    height: int = 280,
) -> Figure:
    """Accuracy against the strength of a change, with and without; which is which stands above it (`legend`).

    curves: the accuracy of both at each strength, fractions, in the order of WITH_AND_WITHOUT.
    unit:   the title of the axis.
    chance: the accuracy of guessing, a fraction.
    """
    _, muted, border, _ = INK[mode]
    guess = _guess_line(chance, border) | dict(x0=0, x1=1, xref="paper")
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=16, t=12, b=44),
        annotations=[_guessing(strengths[0], chance, muted)],
        shapes=[guess],
        xaxis=_strength_axis(strengths, unit),
        yaxis=dict(range=[0, 100.5], tickvals=[0, 25, 50, 75, 100], automargin=False),
    )
    named = zip(WITH_AND_WITHOUT, curves, RUNS[mode], strict=False)
    return dict(
        data=[_accuracy_line(name, strengths, line, color) for name, line, color in named], layout=layout
    )


def _strength_axis(strengths: Sequence[float], unit: str) -> Figure:
    end = strengths[-1]
    return dict(
        title=dict(text=unit),
        tickvals=_far_apart(strengths),
        tickangle=0,
        range=[-0.03 * end, 1.02 * end],
    )


def _far_apart(values: Sequence[float]) -> list[float]:
    # As many of them as can be read below an axis of 180 pixels.
    ticks = [values[0]]
    for value in values[1:]:
        if value - ticks[-1] >= 0.14 * (values[-1] - values[0]):
            ticks.append(value)
    return ticks


def _drawn_line(strengths: Sequence[float], drawn: Sequence[float], color: str) -> Figure:
    return dict(
        type="scatter",
        mode="lines",
        x=list(strengths),
        y=list(drawn),
        line=dict(color=color, width=1.5, dash="dot"),
        name="as you drew it",
        hovertemplate="you drew %{y:.0f} %<extra></extra>",
    )


def _accuracy_line(name: str, strengths: Sequence[float], values: Sequence[float], color: str) -> Figure:
    return dict(
        type="scatter",
        mode="lines+markers",
        x=list(strengths),
        y=[100 * value for value in values],
        line=dict(color=color, width=2.5),
        marker=dict(size=6, color=color),
        name=name,
        hovertemplate=f"{name} %{{y:.1f}} %<extra></extra>",
    )


def _guessing(x: float, chance: float, color: str) -> Figure:
    return dict(
        text="guessing",
        x=x,
        y=100 * chance,
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font=dict(size=12, color=color),
    )


def _guess_line(chance: float, color: str) -> Figure:
    return dict(type="line", y0=100 * chance, y1=100 * chance, line=dict(dash="dash", width=1, color=color))


# ---------------------------------------------------------------- the test set as a map


def scatter_of_images(
    places: np.ndarray,
    labels: Sequence[int],
    answers: Sequence[int],
    classes: Sequence[str],
    mode: str,
    height: int = 520,
) -> Figure:
    """Each image written as its class at its place; red where it is read wrongly, grey tones by class else.

    places:  (N, 2), each from -1 to 1.
    labels:  the N true classes.
    answers: the N classes that a network reads.
    """
    groups = []
    for label in range(len(classes)):
        for right in (True, False):
            inside = [i for i, t in enumerate(labels) if t == label and (answers[i] == t) == right]
            if inside:
                read_as = None if right else [classes[answers[i]] for i in inside]
                groups.append(_letters(inside, places, label, classes, read_as, mode))
    axis = dict(visible=False, range=[-1.08, 1.08])
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=0, r=0, t=0, b=0),
        hovermode="closest",
        clickmode="event+select",
        xaxis=axis,
        yaxis=axis,
    )
    return dict(data=groups, layout=layout)


def _letters(
    inside: list[int],
    places: np.ndarray,
    label: int,
    classes: Sequence[str],
    read_as: list[str] | None,
    mode: str,
) -> Figure:
    """The images of one class.  inside: their indices.  read_as: what they are taken for; None where that is right."""
    color = _class_color(label, mode) if read_as is None else WRONG[mode]
    words = [f", read as {name}" for name in read_as] if read_as else [""] * len(inside)
    return dict(
        type="scatter",
        mode="text",
        x=places[inside, 0].tolist(),
        y=places[inside, 1].tolist(),
        text=[short_names(classes)[label]] * len(inside),
        textfont=dict(size=12 if read_as is None else 15, color=color),
        customdata=inside,
        # One that was clicked is shown beside; the others must not fade away for it.
        unselected=dict(textfont=dict(color=color)),
        hovertemplate=[
            f"no. {i}: {classes[label]}{more}<extra></extra>" for i, more in zip(inside, words, strict=True)
        ],
    )


def _class_color(label: int, mode: str) -> str:
    return LETTERS[mode][label % len(LETTERS[mode])]


def short_names(classes: Sequence[str]) -> list[str]:
    """Up to three letters for each class; its number where those are not all different."""
    short = [name.split()[-1] if len(name) > 3 else name for name in classes]
    if max(len(name) for name in short) > 3:
        short = [name[:3] for name in classes]
        if len(set(short)) < len(classes):
            return [str(i) for i in range(len(classes))]
    return short if max(len(name) for name in short) <= 3 else [str(i) for i in range(len(classes))]
