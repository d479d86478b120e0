"""One page about one run, as a file that opens anywhere: settings, seed, curves, pictures, nothing to fetch.

The page is HTML with the curves as inline SVG and the pictures as inline PNG. It loads no script, font or
image from elsewhere, and every word that a student or a stranger may have typed is escaped.
"""

from __future__ import annotations

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from cnn_core.model.shapes import shape_text
from cnn_core.model.spec import ModelSpec, summarize


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


def export_report(
    spec: ModelSpec,
    recipe: Mapping[str, Any] | None = None,
    *,
    title: str | None = None,
    facts: Mapping[str, str] | None = None,
    test_accuracy: float | None = None,
    history: Curves | None = None,
    pictures: Sequence[tuple[str, bytes]] = (),
) -> str:
    """The page's HTML.

    recipe:   what `TrainSpec.to_dict()` gives.  title: the run's name; None takes the network's.
    facts:    further lines for the head, such as {"Data": "MNIST, 60,000 digits", "Finished": "2025-03-01"}.
    test_accuracy: a fraction.  history: curves over epochs.  pictures: (caption, PNG bytes).
    """
    name = _text(title if title is not None else spec.name)
    parts = [f"<h1>{name}</h1>"]
    if test_accuracy is not None:
        parts.append(
            f"<p>It reads <strong>{100 * test_accuracy:.1f} %</strong> of the test images correctly.</p>"
        )
    if facts:
        parts.append(_table([(_text(key), _text(value)) for key, value in facts.items()]))
    if history is not None and any(len(curve.epoch) for curve in (history.train, history.validation)):
        parts += ["<h2>Learning</h2>", _chart(history, "accuracy"), _chart(history, "loss")]
    parts += ["<h2>Network</h2>", _network(spec)]
    if recipe:
        parts += ["<h2>Recipe</h2>", _table([(_text(key), _setting(value)) for key, value in recipe.items()])]
    if pictures:
        parts.append("<h2>Pictures</h2>")
        parts += [_picture(caption, png) for caption, png in pictures]
    design = json.dumps(spec.to_dict(), indent=1)
    parts.append(f"<details><summary>The design as a file</summary><pre>{_text(design)}</pre></details>")
    body = "\n".join(parts)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        # Even if an escape were missing somewhere, nothing would run and nothing would be fetched.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _text(value: object) -> str:
    """Anything, as text that HTML shows and never obeys."""
    return html.escape(str(value).encode("utf-8", "replace").decode())


def _setting(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{_text(key)} {_setting(part)}" for key, part in value.items())
    return _text(f"{value:g}" if isinstance(value, float) else value)


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    lines = ("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return "<table>" + "".join(lines) + "</table>"


def _network(spec: ModelSpec) -> str:
    rows = summarize(spec)
    cells = [("layer", "output", "parameters", "sees")]
    for row in rows:
        size = shape_text(row.output_shape)
        cells.append((_text(row.name), size, f"{row.parameters:,}", f"{row.receptive_field} px"))
    total = sum(row.parameters for row in rows)
    return (
        _table(cells)
        + f"<p>{total:,} parameters. “Sees”: pixels per side of the input that one value depends on.</p>"
    )


def _picture(caption: str, png: bytes) -> str:
    if not png.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("a report's pictures are PNG files")
    data = base64.b64encode(png).decode("ascii")
    alt = _text(caption)
    return (
        f'<figure><img src="data:image/png;base64,{data}" alt="{alt}"><figcaption>{alt}</figcaption></figure>'
    )


# --- curves as SVG --------------------------------------------------------------------------------

# Pixels; on the right there is room for the lines' labels.
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 640, 220, 48, 130, 12, 36
_LINES = (("training", "train", "#6A4BC4", 1.5), ("validation", "validation", "#8F5B00", 2.5))


def _chart(history: Curves, what: str) -> str:
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


_STYLE = """
body { font: 16px/1.5 "Source Sans 3", "Source Sans Pro", system-ui, sans-serif; color: #1D2129;
  background: #FCFBF8;
  max-width: 720px; margin: 2rem auto; padding: 0 1rem; overflow-wrap: anywhere; }
h1, h2 { font-family: "Source Serif 4", Georgia, serif; font-weight: 600; }
h1 { font-size: 34px; } h2 { font-size: 22px; margin-top: 2rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td { padding: 2px 16px 2px 0; border-bottom: 1px solid #DEDAD0; vertical-align: top; }
figure { margin: 1rem 0; } figcaption, summary { color: #5C6270; font-size: 14px; }
img { max-width: 100%; image-rendering: pixelated; } svg { width: 100%; font-size: 12px; fill: #5C6270; }
@media print { details { display: none; } }
"""
