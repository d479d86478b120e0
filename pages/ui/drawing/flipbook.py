"""Pictures that change together under one slider, with Play and a curve: ascent step by step, training by snapshot.

All frames go to the browser at once, as contact sheets; playing them asks the server nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

from pages.ui.drawing.contact_sheet import Sheet
from pages.ui.drawing.palette import LETTERS, WRONG
from pages.ui.drawing.sheets import component_source, tiles_data
from pages.ui.frame.components import component_file

_component = st.components.v2.component(
    "flipbook",
    html="""
<div class="root"><div class="strips"></div><div class="figures"></div>
<div class="said" aria-live="off"></div>
<div class="controls"><button type="button" data-key="play" aria-keyshortcuts="Alt+P" title="Alt+P">Play</button>
<button type="button" class="back" data-key="back" aria-label="−1: one step back" aria-keyshortcuts="Alt+Shift+S"
 title="Alt+Shift+S">−1</button>
<button type="button" class="step" data-key="step" aria-label="+1: one step on" aria-keyshortcuts="Alt+S"
 title="Alt+S">+1</button><input type="range"><span class="where"></span></div>
<div class="curve"><div class="name"></div><div class="plot"><svg viewBox="0 0 100 100" preserveAspectRatio="none"
 aria-hidden="true"><line class="base" x1="0" x2="100"></line><polyline class="line"></polyline></svg>
<div class="dot"></div></div><div class="ends"><span></span><span></span></div></div></div>
""",
    css=component_source("css", "flipbook"),
    js=component_file("flipbook_figures.js") + component_source("js", "flipbook"),
)


@dataclass(frozen=True)
class Strip:
    """One picture of the book: `frames` has a tile for each page.  px: its width on screen."""

    title: str
    frames: Sheet
    px: int = 168
    smooth: bool = False

    def data(self) -> dict[str, Any]:
        return tiles_data(self.frames) | {"title": self.title, "px": self.px, "smooth": self.smooth}


@dataclass(frozen=True)
class CurveLine:
    """A number for each page; `first` and `last` label the ends of its axis."""

    title: str
    values: Sequence[float]
    first: str
    last: str

    def data(self) -> dict[str, Any]:
        values = [float(value) for value in self.values]
        return {"title": self.title, "values": values, "first": self.first, "last": self.last}


@dataclass(frozen=True, eq=False)
class Matrix:
    """Who is taken for whom on each page, and at the end of each row how much of the class is right.

    rows, columns: the names of the K classes; those of the columns are short.
    counts: (T, K, K): of class t read as p, at [.., t, p].
    shares: (T, K) fractions; nan of a class without images.
    head:   what stands above the shares.
    """

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    counts: np.ndarray
    shares: np.ndarray
    head: str

    def data(self) -> dict[str, Any]:
        shares = [
            [None if np.isnan(one) else round(100 * one, 1) for one in row] for row in self.shares.tolist()
        ]
        return {
            "kind": "matrix",
            "title": self.title,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "counts": self.counts.reshape(len(self.counts), -1).tolist(),
            "shares": shares,
            "head": self.head,
        }


@dataclass(frozen=True, eq=False)
class Dots:
    """N images on a plane on each page, each written as its class.

    words:  (N,) a class of few letters.
    labels: (N,) numbers of the classes, for their colours.
    places: (T, N, 2); all pages have one scale, on which all of them find room.
    wrong:  (T, N) bool: whether it is read wrongly, which turns it red.
    mode:   "light" or "dark".
    """

    title: str
    words: Sequence[str]
    labels: Sequence[int]
    places: np.ndarray
    wrong: np.ndarray
    mode: str

    def data(self) -> dict[str, Any]:
        places = self.places.astype(float)
        low, high = places.min((0, 1)), places.max((0, 1))
        within = (places - low) / np.maximum(high - low, 1e-9)
        within[..., 1] = 1 - within[..., 1]  # in a browser the second axis points down
        letters = LETTERS[self.mode]
        return {
            "kind": "dots",
            "title": self.title,
            "words": list(self.words),
            "colours": [letters[label % len(letters)] for label in self.labels],
            "colourOfWrong": WRONG[self.mode],
            "places": within.round(3).tolist(),
            "wrong": self.wrong.astype(int).tolist(),
        }


def flipbook(
    strips: Sequence[Strip],
    *,
    key: str,
    book: str,
    places: Sequence[str],
    unit: str,
    captions: Sequence[str] | None = None,
    curve: CurveLine | None = None,
    start: int = 0,
    fps: int = 8,
    figures: Sequence[Matrix | Dots] = (),
) -> None:
    """Draw the book; nothing plays until the visitor presses Play.

    book:     names what is on show: another one starts at `start`, the same one with more pages keeps its place.
    places:   for each page where it is ("step 12 of 40").
    unit:     what the slider moves through, for those who cannot see.
    captions: for each page a line of plain text under the pictures.
    curve:    a number for each page, drawn below.
    start:    the first page shown.  fps: pages a second.
    figures:  what is no picture, under the strips.
    """
    _component(
        key=key,
        data=[
            {
                "book": book,
                "count": len(places),
                "places": list(places),
                "unit": unit,
                "captions": None if captions is None else list(captions),
                "start": start,
                "fps": fps,
                "curve": None if curve is None else curve.data(),
                "strips": [strip.data() for strip in strips],
                "figures": [figure.data() for figure in figures],
            }
        ],
    )
