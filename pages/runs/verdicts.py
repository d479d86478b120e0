"""What can be said of several runs side by side: which was better, whether that is more than chance, what differed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cnn_core import significance
from pages.ui.drawing.figure import template
from pages.ui.drawing.palette import INK, RUNS
from pages.ui.trained.trained import Contender
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import percent, plural, points


def verdict(runs: Sequence[Contender]) -> str:
    """Which of them is best on the test set, and whether the next one might be as good, in one line of Markdown."""
    done = sorted((run for run in runs if run.accuracy is not None), key=lambda run: -(run.accuracy or 0))
    if not done:
        return "None has finished yet."
    best = done[0]
    assert best.accuracy is not None
    first = f"**{plain(best.name)}**: {percent(best.accuracy)} of the test images"
    if len(done) == 1:
        return f"{first}. Choose a second one below to compare."
    second = done[1]
    assert second.accuracy is not None
    lead = best.accuracy - second.accuracy
    if lead == 0:
        return f"{first}, and {plain(second.name)} exactly as many."
    words = f"{first}, {points(lead)} over {plain(second.name)}"
    if best.dataset != second.dataset or best.count != second.count:
        return f"{words}; but they were tested on different images, so that says little."
    sure = (
        "more than chance"
        if beyond_chance(best, second)
        else "within chance: another seed could turn it round"
    )
    return f"{words}. On {best.count:,} test images that is {sure}."


def beyond_chance(one: Contender, other: Contender) -> bool:
    """Whether the accuracies of two networks differ by more than chance would, in 19 of 20 cases."""
    assert one.accuracy is not None
    assert other.accuracy is not None
    return significance.beyond_chance(one.accuracy, other.accuracy, one.count, other.count)


def differences(runs: Sequence[Contender]) -> dict[str, list[str]]:
    """{setting: one text a run}, for the settings in which they differ: of the design, the recipe and the data."""
    columns: list[dict[str, str]] = [_settings(run) for run in runs]
    names = list(dict.fromkeys(name for column in columns for name in column))
    table = {name: [column.get(name, "–") for column in columns] for name in names}
    return {name: texts for name, texts in table.items() if len(set(texts)) > 1}


def _settings(run: Contender) -> dict[str, str]:
    found = {"data": run.dataset, "parameters": f"{run.parameters:,}"}
    for name, layer in zip(run.spec.layer_names, run.spec.layers, strict=True):
        values = {key: value for key, value in vars(layer).items() if value not in (None, "linear", "valid")}
        found[name] = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in values.items()) or "yes"
    if run.opened:
        return found | {"recipe": "unknown, opened from a file"}
    for key, value in run.recipe.to_dict().items():
        found[key.replace("_", " ")] = _text(value)
    return found


def _text(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        return (
            ", ".join(f"{key} {item}" for key, item in value.items() if item not in (0, 0.0, False)) or "none"
        )
    return f"{value:g}" if isinstance(value, float) else str(value)


def seed_groups(runs: Sequence[Contender]) -> list[list[Contender]]:
    """Runs that differ by their seed alone, where there are two or more of them."""
    groups: dict[tuple, list[Contender]] = {}
    for run in runs:
        if run.opened:
            continue
        groups.setdefault(run.design, []).append(run)
    return [group for group in groups.values() if len({run.recipe.seed for run in group}) > 1]


def seeds_in_words(group: Sequence[Contender]) -> str:
    """How far seeds alone make the accuracy vary, so that a difference can be held against it."""
    done = [run.accuracy for run in group if run.accuracy is not None]
    if len(done) < 2:
        return f"{plural(len(group), 'seed')} of {plain(group[0].name)}: wait until two have finished."
    low, high, mean = min(done), max(done), sum(done) / len(done)
    spread = (high - low) * 100
    return (
        f"{plural(len(done), 'seed')} of **{plain(group[0].name)}** end between {percent(low)} and {percent(high)}, on "
        f"average {percent(mean)}. "
        f"A difference below about {max(spread, 0.1):.1f} points between two runs means nothing."
    )


def band(group: Sequence[Contender], mode: str, height: int = 300) -> dict[str, Any]:
    """A figure: validation accuracy of several seeds as a band from the worst to the best, with the mean as a line."""
    curves = [run.history.validation for run in group if len(run.history.validation.epoch) > 1]
    if not curves:
        return dict(data=[], layout=dict(template=template(mode), height=height))
    end = min(curve.epoch[-1] for curve in curves)
    start = max(curve.epoch[0] for curve in curves)
    x = np.linspace(start, end, 80)
    y = 100 * np.stack([np.interp(x, curve.epoch, curve.accuracy) for curve in curves])
    color = RUNS[mode][0]
    fill = f"rgba({int(color[1:3], 16)},{int(color[3:5], 16)},{int(color[5:7], 16)},0.25)"
    hidden = dict(type="scatter", mode="lines", line=dict(width=0, color=color), hoverinfo="skip")
    low = float(np.floor(max(0.0, y[:, len(x) // 4 :].min() - 0.5)))
    traces = [
        {**hidden, "x": x.tolist(), "y": y.max(0).tolist()},
        {**hidden, "x": x.tolist(), "y": y.min(0).tolist(), "fill": "tonexty", "fillcolor": fill},
        dict(
            type="scatter",
            mode="lines",
            x=x.tolist(),
            y=y.mean(0).tolist(),
            line=dict(width=2.5, color=color),
            hovertemplate="mean %{y:.1f} %<extra></extra>",
        ),
    ]
    layout = dict(
        template=template(mode),
        height=height,
        margin=dict(l=44, r=16, t=28, b=40),
        xaxis=dict(range=[0, end], title=dict(text="epochs")),
        yaxis=dict(range=[low, 100.2]),
        annotations=[
            dict(
                text="Accuracy on digits kept aside, %",
                x=0, y=1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", showarrow=False,
                font=dict(size=14, color=INK[mode][0]),
            )
        ],
    )  # fmt: skip
    return dict(data=traces, layout=layout)
