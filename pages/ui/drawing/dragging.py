"""One parameter under a slider, from one end of its range to the other: the changed picture, what a net reads, a curve.

Everything goes to the browser at once, so that dragging is immediate and asks the server nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import streamlit as st

from pages.ui.drawing.contact_sheet import Sheet
from pages.ui.drawing.sheets import component_source, tiles_data

_component = st.components.v2.component(
    "drag_one_parameter",
    html="""
<div class="root"><div class="now"><canvas width="1" height="1" aria-hidden="true"></canvas>
<div aria-hidden="true"><b></b><i></i></div></div>
<div class="frame"><div class="plot"><svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img">
<rect class="band" y="0" height="100"></rect><line class="grid" x1="0" x2="100" y1="0" y2="0"></line>
<line class="grid half" x1="0" x2="100" y1="50" y2="50"></line>
<line class="grid" x1="0" x2="100" y1="100" y2="100"></line><line class="at" y1="0" y2="100"></line>
<polyline class="line"></polyline></svg>
<span class="level" style="top:0">100 %</span><span class="level" style="top:50%">50 %</span>
<span class="level" style="top:100%">0</span><div class="dot"></div></div>
<input type="range"><div class="marks"></div></div></div>
""",
    css=component_source("css", "drag"),
    js=component_source("js", "drag"),
)


def drag(
    frames: Sheet,
    values: Sequence[float],
    words: Sequence[tuple[str, str]],
    marks: Sequence[tuple[int, str]],
    *,
    key: str,
    of: str,
    start: int,
    band: tuple[int, int],
    wrong: Collection[int] = (),
    unit: str,
    alt: str,
) -> None:
    """Draw the slider with its curve and pictures.

    frames: a tile for each step.
    values: for each step the probability on the curve, 0 to 1.
    words:  for each step where it is and what is read there ("+25°", "read as a 7, 83 %").
    marks:  (step, label) of the steps whose pictures stand under the axis.
    of:     names what is dragged: another one begins at `start`, the same one keeps its place.
    band:   first and last step of the range that is in use, shaded.
    wrong:  steps with the red frame.
    unit:   the slider's name.
    alt:    what the curve shows, for those who cannot see it.
    """
    _component(
        key=key,
        data=[
            tiles_data(frames)
            | {
                "values": [round(float(value), 4) for value in values],
                "words": [list(pair) for pair in words],
                "marks": [list(mark) for mark in marks],
                "wrong": [i in wrong for i in range(frames.count)],
                "of": of,
                "start": start,
                "band": list(band),
                "unit": unit,
                "alt": alt,
            }
        ],
    )
