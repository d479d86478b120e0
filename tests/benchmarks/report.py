"""What the benchmark found, as a table for people and as JSON for machines."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.measure import Line, Plan


def table(lines: Iterable[Line]) -> str:
    """A Markdown table: medians, and in brackets the least and the most of all turns."""
    head = ["work", "ours", "peer", "times better", "to reach", "of the machine"]
    rows = [head, ["---"] * len(head)] + [_row(line) for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
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
