"""What the benchmark found: a table, a page with plots of what grows, and JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from importlib import import_module
from pathlib import Path
from statistics import median
from textwrap import wrap
from typing import Any

from tests.benchmarks.measure import Line, Plan

HEAD = ["work", "ours", "peer", "times better", "to reach", "of the machine"]


def table(lines: Iterable[Line]) -> str:
    """A Markdown table: medians, and in brackets the least and the most of all turns."""
    rows = [HEAD, ["---"] * len(HEAD)] + [_row(line) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def as_json(lines: Iterable[Line], plan: Plan) -> dict[str, Any]:
    """Everything, also what the table leaves out: each turn's values, the machine, the versions."""
    described = [
        asdict(line) | {"ratio": line.ratio, "ratios": line.ratios, "reached": line.reached} for line in lines
    ]
    return {"machine": machine(), "quick": plan.quick, "limits": plan.limits, "lines": described}


def page(lines: Iterable[Line]) -> str:
    """One HTML file that needs no network: the machine, a plot of each thing that grows, and every line by theme."""
    lines = list(lines)
    described = ", ".join(f"{name} {value}" for name, value in machine().items() if value is not None)
    head = "".join(f"<th>{word}</th>" for word in [*HEAD, "turns"])
    plots = plot(lines).to_html(include_plotlyjs=True, full_html=False) if any(x.curve for x in lines) else ""
    grows = (
        "<h2>What grows</h2><p>The line is ours, dots in grey are its peer. Both axes are logarithmic, but where "
        f"what grows begins with none.</p>{plots}"
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'><title>Convscope, how fast</title>"
        f"<style>{STYLE}</style><h1>How fast is Convscope?</h1><p>{escape(described)}</p>"
        "<p>Ours and its peer take turns at the same work. The figures are medians of the turns, in brackets the least "
        f"and the most; how many times better ours is, is the median of the turns' ratios.</p>{grows if plots else ''}"
        f"<h2>Every line</h2><div class=wide><table><tr>{head}</tr>{_by_theme(lines)}</table></div></html>"
    )


STYLE = """
:root { color-scheme: light dark; --ink: #1D2129; --paper: #FCFBF8; --rule: #DEDAD0; --ours: #0A6464; --peer: #5C6270 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #E8E6E1; --paper: #14161A; --rule: #363B45; --ours: #4CC2B8; --peer: #A3A8B3 }
}
body { font: 16px sans-serif; max-width: 1100px; margin: 2rem auto; padding: 0 1rem }
body { color: var(--ink); background: var(--paper) }
.wide { overflow-x: auto }
table { border-collapse: collapse }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; font-size: 14px }
td, th { border-bottom: 1px solid var(--rule) }
td.how { padding-top: 1.2rem; max-width: 60rem }
.js-plotly-plot text { fill: var(--ink) !important }
.js-plotly-plot :is(path[class*=lines-above], path[class*=tick]) { stroke: var(--peer) !important }
.js-plotly-plot .scatterlayer .trace:first-child path.js-line { stroke: var(--ours) !important }
.js-plotly-plot .scatterlayer .trace:first-child .points path { fill: var(--ours) !important }
.js-plotly-plot .scatterlayer .trace:nth-child(2) path.js-line { stroke: var(--peer) !important }
.js-plotly-plot .scatterlayer .trace:nth-child(2) .points path { fill: var(--peer) !important }
"""


def _by_theme(lines: list[Line]) -> str:
    """Rows of HTML. Before those of a theme stands how they were measured, as its module says."""
    rows = []
    for theme in dict.fromkeys(line.theme for line in lines):
        how = import_module(f"tests.benchmarks.{theme}").__doc__ or ""
        rows.append(
            f"<tr><td class=how colspan={len(HEAD) + 1}><b>{theme}</b> {escape(how.strip())}</td></tr>"
        )
        for line in lines:
            if line.theme == theme:
                cells = [*_row(line), str(len(line.ours))]
                rows.append(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>")
    return "".join(rows)


def plot(lines: Iterable[Line]) -> Any:
    """A Plotly figure, a small plot for each curve and unit; the peer dotted. Logarithmic, but for what begins at 0."""
    from plotly.subplots import make_subplots

    curves: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.curve:
            curves.setdefault((line.curve, line.unit), []).append(line)
    # A curve is named by its last point, in two rows where it is long: "an epoch of 60,000 images, in s".
    titles = ["<br>".join(wrap(f"{found[-1].name}, in {unit}", 46)) for (_, unit), found in curves.items()]
    count = -(-len(curves) // 2)
    figure = make_subplots(rows=count, cols=2, subplot_titles=titles, vertical_spacing=0.4 / count)
    for place, ((curve, unit), found) in enumerate(curves.items()):
        at = [line.at for line in found]
        where = {"row": place // 2 + 1, "col": place % 2 + 1}
        figure.add_scatter(
            x=at,
            y=[median(line.ours) for line in found],
            name="ours",
            mode="lines+markers",
            line_color="#0A6464",
            **where,
        )
        if found[0].peer:
            theirs = {"name": found[0].peer_name, "line_color": "#5C6270", "line_dash": "dot"}
            figure.add_scatter(
                x=at, y=[median(line.peer) for line in found], mode="lines+markers", **theirs, **where
            )
        # Ticks where something was measured: few points, and a logarithm's own ticks are crowded.
        figure.update_xaxes(
            title_text=curve,
            type="log" if min(at) > 0 else "linear",
            tickvals=at,
            ticktext=[f"{one:,.0f}" for one in at],
            **where,
        )
        figure.update_yaxes(title_text=unit, **where)
    figure.update_yaxes(type="log", nticks=5, tickformat="~r", exponentformat="none")
    figure.update_layout(height=300 * count, showlegend=False, template="simple_white", margin_t=60)
    figure.update_layout(paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)")
    return figure


def machine() -> dict[str, Any]:
    """What this ran on, as far as it matters for speed."""
    import torch

    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "cuda": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _row(line: Line) -> list[str]:
    peer = f"{_middle(line.peer)} {line.unit}, {line.peer_name}" if line.peer else "–"
    ratio = (
        f"{line.ratio:.3g} ({min(line.ratios):.3g}–{max(line.ratios):.3g})" if line.ratio is not None else "–"
    )
    name = f"{line.name} ({line.note})" if line.note else line.name
    share = f"{line.share:.0%}" if line.share is not None else ""
    return [name, f"{_middle(line.ours)} {line.unit} ({_range(line.ours)})", peer, ratio, _aim(line), share]


def _aim(line: Line) -> str:
    aims = []
    if line.least is not None:
        aims.append(f"{line.least:g} times")
    if line.most is not None:
        aims.append(f"{line.most:g} {line.unit}")
    return ", ".join(aims) + {True: " ✓", False: " ✗", None: ""}[line.reached]


def _middle(values: tuple[float, ...]) -> str:
    return _short(median(values))


def _range(values: tuple[float, ...]) -> str:
    return f"{_short(min(values))}–{_short(max(values))}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.4g}" if value >= 90 else f"{value:.3g}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for row in cpuinfo.read_text().splitlines():
            if row.startswith("model name"):
                return row.partition(":")[2].strip()
    return platform.processor() or platform.machine()
