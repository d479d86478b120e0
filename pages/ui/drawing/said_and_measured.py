"""What was said and what was measured, as two marks on one small scale."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from pages.ui.drawing.contact_sheet import colour, png
from pages.ui.drawing.palette import MARK, MARK_EDGE
from pages.ui.drawing.sheets import data_uri

_SCALE = """<div role="img" aria-label="{alt}" style="position:relative;height:64px;margin:0 10px;font-size:14px;
line-height:20px;font-variant-numeric:tabular-nums">
<div style="position:absolute;top:31px;left:0;right:0;height:2px;background:currentColor;opacity:.18"></div>
{marks}</div>"""
_BETWEEN = (
    '<div style="position:absolute;top:30px;left:{left:.2f}%;width:{width:.2f}%;height:4px;background:currentColor;'
    'opacity:.45"></div>'
)
_MARK = (
    '<div style="position:absolute;top:25px;left:{at:.2f}%;width:14px;height:14px;margin-left:-7px;'
    'box-sizing:border-box;border-radius:50%;border:2px solid currentColor;background:{fill}"></div>'
    '<div style="position:absolute;top:{top}px;left:{at:.2f}%;transform:translateX(-{at:.2f}%);white-space:nowrap;'
    'font-weight:{weight};opacity:{opacity}">{label}</div>'
)


def scale(
    said: float | None,
    measured: float | None,
    least: float,
    most: float,
    labels: tuple[str, str],
    alt: str,
) -> None:
    """Draw the scale: said a ring, measured a disc, the way between them thick.

    said, measured: None is left out.
    least, most:    the ends of the scale.
    labels:         of said and measured ("you said 40 %").
    alt:            both, for those who cannot see them.
    """
    ends = [_place(value, least, most) for value in (said, measured) if value is not None]
    marks = _BETWEEN.format(left=min(ends), width=max(ends) - min(ends)) if len(ends) == 2 else ""
    if said is not None:
        marks += _mark(ends[0], labels[0], "transparent", 2, 400, 0.8)
    if measured is not None:
        marks += _mark(ends[-1], labels[1], "currentColor", 42, 600, 1)
    st.html(_SCALE.format(alt=escape(alt, quote=True), marks=marks))


def _place(value: float, least: float, most: float) -> float:
    """Per cent of the scale's length; what lies beyond its end stands at the end.

    >>> _place(30, 20, 40), _place(50, 20, 40)
    (50.0, 100.0)
    """
    return 100 * min(1.0, max(0.0, (value - least) / (most - least)))


def _mark(at: float, label: str, fill: str, top: int, weight: int, opacity: float) -> str:
    return _MARK.format(at=at, label=escape(label), fill=fill, top=top, weight=weight, opacity=opacity)


_RING = (
    '<span style="position:absolute;left:{left:.2f}%;top:{top:.2f}%;width:22px;height:22px;margin:-11px 0 0 -11px;'
    'box-sizing:border-box;border-radius:50%;border:3px {style} {mark};outline:1px solid {edge}"></span>'
)


def two_points(
    image: np.ndarray | bytes,
    size: tuple[int, int],
    said: tuple[float, ...] | None,
    measured: tuple[float, ...] | None,
    px: int,
    alt: str,
) -> None:
    """Draw a picture with a dashed ring where it was said, and a whole one where it was measured.

    image: (H, W) float, drawn in grey; (H, W, 3) uint8; or a PNG's bytes.
    size:  rows and columns that the points count.
    said, measured: (row, column); None is left out.
    px:    width in CSS pixels.
    """
    content = image if isinstance(image, bytes) else png(colour(image, "grey") if image.ndim == 2 else image)
    rings = "".join(
        _RING.format(
            left=100 * (point[1] + 0.5) / size[1],
            top=100 * (point[0] + 0.5) / size[0],
            style=style,
            mark=MARK,
            edge=MARK_EDGE,
        )
        for point, style in ((said, "dashed"), (measured, "solid"))
        if point is not None
    )
    st.html(
        f'<div role="img" aria-label="{escape(alt, quote=True)}" style="position:relative;width:min(100%, {px}px)">'
        f'<img alt="" src="{data_uri(content)}" style="display:block;width:100%;image-rendering:pixelated">'
        f"{rings}</div>"
    )


def unknown(label: str, height: int, width: int | None = None) -> None:
    """Draw a dashed box with a question mark, in the place and size of an answer that is not to be seen yet.

    label:  what stands there later, for those who cannot see the box.
    height, width: CSS pixels; a width of None is all there is.
    """
    wide = "100%" if width is None else f"min(100%, {width}px)"
    st.html(
        f'<div role="img" aria-label="{escape(label, quote=True)}" style="box-sizing:border-box;display:flex;'
        f"align-items:center;justify-content:center;width:{wide};height:{height}px;border:1.5px dashed "
        'color-mix(in srgb, currentColor 55%, transparent);border-radius:6px;font-size:20px">'
        '<span style="opacity:.75">?</span></div>'
    )
