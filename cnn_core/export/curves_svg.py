"""Curves as SVG, for pages of HTML that fetch nothing: what a network learnt, and what was guessed beside what was so.

No script and no font of ours is in them; colours are chosen for white paper, and each line has its name at its end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Protocol

from cnn_core.export.html_page import escaped


class Points(Protocol):
    """A curve: equally long lists."""

    @property
    def epoch(self) -> Sequence[float]: ...
    @property
    def loss(self) -> Sequence[float]: ...
    @property
    def accuracy(self) -> Sequence[float]: ...


class Curves(Protocol):
    """What `cnn_core.runs` calls a history."""

    @property
    def train(self) -> Points: ...
    @property
    def validation(self) -> Points: ...


def has_points(history: Curves) -> bool:
    """Whether there is anything to draw."""
    return any(len(curve.epoch) for curve in (history.train, history.validation))


# Pixels; on the right there is room for the lines' labels.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 220, 48, 130, 12, 36
_LINES = (("training", "train", "#6A4BC4", 1.5), ("validation", "validation", "#8F5B00", 2.5))


def learning_chart(history: Curves, what: str) -> str:
    """Both curves of `what`, "accuracy" in per cent or "loss" on a logarithmic scale."""
    curves = []
    for label, attribute, color, width in _LINES:
        curve = getattr(history, attribute)
        pairs = [(x, _height(y, what)) for x, y in zip(curve.epoch, getattr(curve, what), strict=True)]
        curves.append((label, color, width, [pair for pair in pairs if all(map(math.isfinite, pair))]))
    points = [point for *_, line in curves for point in line]
    if not points:
        return ""
    most = max(x for x, _ in points) or 1.0
    low, high = min(y for _, y in points), max(y for _, y in points)
    if what == "accuracy":
        # The first batches would squeeze everything else into a line at the top.
        low, high = (
            max(min(y for *_, line in curves for _, y in line[-max(1, len(line) * 9 // 10) :]), 0.0),
            100.0,
        )
    high = high if high > low else low + 1.0

    def place(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + x / most * (_WIDTH - _LEFT - _RIGHT)
        return round(across, 1), round(
            _TOP + (high - max(y, low)) / (high - low) * (_HEIGHT - _TOP - _BOTTOM), 1
        )

    drawn = [_ticks(what, low, high, most, place)]
    ends: list[float] = []
    for label, color, width, line in curves:
        if line:
            path = " ".join(f"{x},{y}" for x, y in (place(*point) for point in line))
            drawn.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"/>')
            x, y = place(*line[-1])
            y = y + 16 if any(abs(y - other) < 14 for other in ends) else y
            ends.append(y)
            drawn.append(
                f'<text x="{x + 6}" y="{y + 4}" fill="{color}">{label} {_value(line[-1][1], what)}</text>'
            )
    title = "Accuracy, % of images read correctly" if what == "accuracy" else "Loss, cross-entropy, log scale"
    return (
        f'<figure><figcaption>{title}</figcaption><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{title}, over {most:g} epochs">{"".join(drawn)}</svg></figure>'
    )


def _height(value: float, what: str) -> float:
    return 100 * value if what == "accuracy" else math.log10(max(value, 1e-6))


def _value(height: float, what: str) -> str:
    return f"{height:.1f} %" if what == "accuracy" else f"{10**height:.3g}"


def _ticks(what: str, low: float, high: float, most: float, place: Any) -> str:
    marks = []
    for part in range(5):
        y = low + part * (high - low) / 4
        _, at = place(0, y)
        marks.append(f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{at}" y2="{at}" stroke="#DEDAD0"/>')
        text = f"{y:.0f}" if what == "accuracy" and high - low > 8 else _value(y, what).removesuffix(" %")
        marks.append(f'<text x="{_LEFT - 6}" y="{at + 4}" text-anchor="end">{text}</text>')
    for epoch in range(0, math.floor(most) + 1, max(1, math.floor(most) // 10)):
        at, _ = place(epoch, low)
        marks.append(f'<text x="{at}" y="{_HEIGHT - _BOTTOM + 16}" text-anchor="middle">{epoch}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    return "".join(marks) + f'<text x="{middle}" y="{_HEIGHT - 4}" text-anchor="middle">epochs</text>'


# --- a guess as a curve ---------------------------------------------------------------------------

_GUESS_WIDTH, _GUESS_HEIGHT = 360, 150
_INK, _GUESSED, _RULE = "#1D2129", "#6A4BC4", "#DEDAD0"


def guess_chart(
    ticks: Sequence[str],
    unit: str,
    least: float,
    most: float,
    said: Sequence[float] = (),
    measured: Sequence[float] = (),
    size: tuple[int, int] = (_GUESS_WIDTH, _GUESS_HEIGHT),
) -> str:
    """What was drawn (dotted), what was measured (solid), and shaded where they differ; or empty axes to draw into.

    ticks:       what stands under each point, two or more.
    unit:        of the numbers.  least, most: where the axis begins and ends.
    said, measured: a number for each tick; empty ones are not drawn.
    size:        (width, height) in pixels of the drawing.
    """
    width, height = size
    left, right, top, bottom = 44, 14, 10, 24
    span = (most - least) or 1.0

    def place(index: int, value: float) -> str:
        x = left + index / max(len(ticks) - 1, 1) * (width - left - right)
        y = top + (most - min(max(value, least), most)) / span * (height - top - bottom)
        return f"{x:.1f},{y:.1f}"

    drawn = _axes(ticks, unit, (least, most), place)
    lines = [[place(i, value) for i, value in enumerate(curve)] for curve in (said, measured)]
    if said and measured:
        drawn.append(
            f'<polygon points="{" ".join(lines[0] + lines[1][::-1])}" fill="{_GUESSED}" opacity="0.15"/>'
        )
    if said:
        dotted = f'stroke="{_GUESSED}" stroke-width="2.5" stroke-dasharray="2 5" stroke-linecap="round"'
        drawn.append(f'<polyline points="{" ".join(lines[0])}" fill="none" {dotted}/>')
    if measured:
        drawn.append(
            f'<polyline points="{" ".join(lines[1])}" fill="none" stroke="{_INK}" stroke-width="2"/>'
        )
    label = escaped(_guess_in_words(ticks, unit, said, measured))
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{label}">{"".join(drawn)}</svg>'


def _axes(ticks: Sequence[str], unit: str, ends: tuple[float, float], place: Any) -> list[str]:
    least, most = ends
    marks = []
    for part in range(5):
        value = least + part * (most - least) / 4
        (x, y), (end, _) = (place(i, value).split(",") for i in (0, len(ticks) - 1))
        marks.append(f'<line x1="{x}" x2="{end}" y1="{y}" y2="{y}" stroke="{_RULE}"/>')
        words = f"{value:.3g} {unit}" if part == 4 else f"{value:.3g}"
        marks.append(
            f'<text x="{float(x) - 6:.1f}" y="{float(y) + 4:.1f}" text-anchor="end">{escaped(words)}</text>'
        )
    every = -(-len(ticks) // 9)  # more words than nine would touch
    for index, tick in enumerate(ticks):
        x, y = place(index, least).split(",")
        marks.append(f'<line x1="{x}" x2="{x}" y1="{y}" y2="{float(y) + 4:.1f}" stroke="{_INK}"/>')
        if index % every == 0:
            marks.append(f'<text x="{x}" y="{float(y) + 16:.1f}" text-anchor="middle">{escaped(tick)}</text>')
    return marks


def _guess_in_words(ticks: Sequence[str], unit: str, said: Sequence[float], measured: Sequence[float]) -> str:
    if not said and not measured:
        return f"Empty axes, from {ticks[0]} to {ticks[-1]}"
    words = []
    for what, curve in (("Dotted, what was said", said), ("Solid, measured", measured)):
        if curve:
            values = ", ".join(f"{tick}: {value:.3g}" for tick, value in zip(ticks, curve, strict=True))
            words.append(f"{what}: {values} {unit}".rstrip())
    return ". ".join(words)
