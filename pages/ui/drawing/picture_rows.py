"""Rows of a small picture, a bar and a number: filters in an order, each told by what it looks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import streamlit as st

from cnn_core.kept import Kept
from pages.ui.drawing.contact_sheet import as_picture, png
from pages.ui.drawing.palette import SIGNED
from pages.ui.drawing.sheets import data_uri

UP, DOWN = SIGNED[5], SIGNED[1]  # what adds, and what takes away
PX = 24  # of a picture

_known: Kept[str] = Kept(4_000_000)


@dataclass(frozen=True, eq=False)
class PictureRow:
    """One row.

    name:    what stands at the left, a few letters.
    picture: (C, H, W) float, stretched to its own range; None where there is none.
    value:   how long its bar is, and which way it points.
    said:    the number at the right.
    """

    name: str
    picture: np.ndarray | None
    value: float
    said: str


def picture_rows(rows: Sequence[PictureRow | str], alt: str) -> None:
    """Draw them below each other; a text among them stands alone in its row, muted.

    alt: what they are, for those who cannot see them.
    """
    largest = max((abs(row.value) for row in rows if isinstance(row, PictureRow)), default=0.0) or 1.0
    lines = "".join(_line(row) if isinstance(row, str) else _row(row, largest) for row in rows)
    st.html(f'<div role="list" aria-label="{escape(alt)}" style="display:grid;gap:2px">{lines}</div>')


def _line(text: str) -> str:
    look = "font-size:14px;opacity:.75;line-height:1.4"
    return f'<div role="listitem" style="{look}">{escape(text)}</div>'


def _row(row: PictureRow, largest: float) -> str:
    bar = f"width:{100 * abs(row.value) / largest:.1f}%;background:{UP if row.value >= 0 else DOWN}"
    number = "text-align:right;font-variant-numeric:tabular-nums"
    return (
        f'<div role="listitem" style="display:grid;grid-template-columns:2.2em {PX}px minmax(0,1fr) 5em;gap:8px;'
        f'align-items:center;font-size:14px;line-height:{PX}px">'
        f'<span style="{number}">{escape(row.name)}</span>{_image(row.picture)}'
        f'<span aria-hidden="true"><span style="display:block;height:12px;{bar}"></span></span>'
        f'<span style="{number}">{escape(row.said)}</span></div>'
    )


def _image(picture: np.ndarray | None) -> str:
    side = f"width:{PX}px;height:{PX}px;display:block"
    if picture is None:
        return f'<span style="{side};border:1px dashed #888a;box-sizing:border-box"></span>'
    key = (picture.tobytes(), picture.shape)
    source = _known.of(key, lambda: data_uri(png(as_picture(picture, "own"))))
    hairline = "outline:1px solid #8888;outline-offset:-1px"
    return f'<img alt="its picture" src="{source}" style="{side};image-rendering:pixelated;{hairline}">'
