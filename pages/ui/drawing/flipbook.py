"""Pictures that change together under one slider, with Play and a curve: ascent step by step, training by snapshot.

All frames go to the browser at once, as contact sheets; playing them asks the server nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui.drawing.contact_sheet import Sheet
from pages.ui.drawing.sheets import component_source, tiles_data

_component = st.components.v2.component(
    "flipbook",
    html="""
<div class="root"><div class="strips"></div>
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
    js=component_source("js", "flipbook"),
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
) -> None:
    """Draw the book; nothing plays until the visitor presses Play.

    book:     names what is on show: another one starts at `start`, the same one with more pages keeps its place.
    places:   for each page where it is ("step 12 of 40").
    unit:     what the slider moves through, for those who cannot see.
    captions: for each page a line of plain text under the pictures.
    curve:    a number for each page, drawn below.
    start:    the first page shown.  fps: pages a second.
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
            }
        ],
    )
