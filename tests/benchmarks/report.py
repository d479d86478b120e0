"""What the benchmark found: a table, a page with plots of what grows, and JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from html import escape
from pathlib import Path
from statistics import median
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
    """One HTML file that needs no network: the machine, every line, and a plot of each thing that grows."""
    lines = list(lines)
    described = ", ".join(f"{name} {value}" for name, value in machine().items() if value is not None)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _row(line))}</tr>" for line in lines)
    head = "".join(f"<th>{word}</th>" for word in HEAD)
    plots = plot(lines).to_html(include_plotlyjs=True, full_html=False) if any(x.curve for x in lines) else ""
    return (
        "<!doctype html><html lang=en><meta charset=utf-8><title>Convscope, how fast</title>"
        "<style>body{font:16px sans-serif;max-width:1100px;margin:2rem auto;color:#1D2129;background:#FCFBF8}"
        "td,th{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #DEDAD0;font-size:14px}</style>"
        f"<h1>How fast is Convscope?</h1><p>{escape(described)}</p>"
        "<p>What grows: each plot ends at what is written above it; ours, and dotted its peer. The axes are "
        f"logarithmic, but where something begins with none.</p>{plots}"
        f"<table><tr>{head}</tr>{rows}</table></html>"
    )


def plot(lines: Iterable[Line]) -> Any:
    """A Plotly figure, a small plot for each curve and unit; the peer dotted. Logarithmic, but for what begins at 0."""
    from plotly.subplots import make_subplots

    curves: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        if line.curve:
            curves.setdefault((line.curve, line.unit), []).append(line)
    # A curve is named by its last point: "an epoch of 60,000 images".
    titles = [f"… {found[-1].name}, in {unit}" for (_, unit), found in curves.items()]
    figure = make_subplots(rows=-(-len(curves) // 2), cols=2, subplot_titles=titles)
    for place, found in enumerate(curves.values()):
        at = [line.at for line in found]
        where = {"row": place // 2 + 1, "col": place % 2 + 1}
        figure.add_scatter(
            x=at, y=[median(line.ours) for line in found], name="ours", line_color="#0A6464", **where
        )
        if found[0].peer:
            theirs = {"name": found[0].peer_name, "line_color": "#5C6270", "line_dash": "dot"}
            figure.add_scatter(x=at, y=[median(line.peer) for line in found], **theirs, **where)
        figure.update_xaxes(type="log" if min(at) > 0 else "linear", **where)
    figure.update_yaxes(type="log")
    figure.update_layout(height=260 * -(-len(curves) // 2), showlegend=False, template="simple_white")
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
