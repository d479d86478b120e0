"""The drawing pad: a digit by pen, finger or mouse, as 56×56 numbers that follow the pen.

The pad knows nothing of networks: MNIST's centring is `cnn_core.data.digit_from_pixels`, and the keyboard's way to a
digit is a sample or an upload beside the pad. Mount it in a fragment, so that a stroke reruns only what listens to it.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.ui.frame.components import component_file

_pad = st.components.v2.component(
    "digit_canvas",
    html="""
<div class="pad"><div class="board"><canvas width="280" height="280" tabindex="0" role="img" aria-label="A black square
to draw in, with a pen, a finger or the mouse. Delete clears it, Control Z takes the last stroke back."></canvas>
<span class="hint"></span></div>
<div class="foot"><label title="Pen width"><input type="range" min="8" max="40" step="2" aria-label="Pen width"></label>
<button type="button" class="eraser" aria-pressed="false">Eraser</button>
<button type="button" class="undo">Undo</button><button type="button" class="clear">Clear</button></div></div>
""",
    css=component_file("canvas.css"),
    js=component_file("canvas.js"),
)


# Key of a pad -> [what it began with, what is drawn now, how often it was wiped]; two pages may share a pad.
_DRAWINGS = "drawings"


def digit_canvas(key: str, brush: int = 22, px: int = 280) -> list[int] | None:
    """Put a drawing pad on the page. Returns what is drawn, row by row, 0 black to 255 white; None if nothing is.

    So many integers: 3,136 of 56×56, or 784 of a drawing of an earlier version. `cnn_core.data.digit_from_pixels` takes
    both. Twice the side of a digit: a small one in a corner keeps its holes.

    While a stroke grows it arrives about every 100 ms, and once more when it ends. The drawing is still there when
    the visitor comes back from another page.
    key:   pads of one key show one drawing, on whatever page they are.
    brush: width of the pen to begin with, in pixels of a 280-pixel pad; the visitor may change it.
    px:    side of the pad on screen, in CSS pixels.
    """
    drawings = st.session_state.setdefault(_DRAWINGS, {})
    drawing = drawings.setdefault(key, [None, None, 0])
    widget = f"{key}_{drawing[2]}" if drawing[2] else key
    if widget not in st.session_state:  # Streamlit forgets a widget when its page is left
        drawing[0] = drawing[1]
    pad = _pad(
        key=widget,
        data=[{"brush": brush, "px": px, "start": drawing[0]}],
        default={"pixels": drawing[0]},
        on_pixels_change=lambda: None,
    )
    drawing[1] = pixels_or_none(pad.pixels)
    return drawing[1]


def wipe_canvas(key: str) -> None:
    """Let the pad of that key be empty when it is drawn the next time: its drawing was put somewhere."""
    drawings = st.session_state.setdefault(_DRAWINGS, {})
    wiped = drawings.get(key, [None, None, 0])[2]
    # A widget of its own: what the browser still sends of the old one then means nothing.
    drawings[key] = [None, None, wiped + 1]


def pixels_or_none(value: Any) -> list[int] | None:
    """What a browser sent, if it is a drawing: 784 or 3,136 whole numbers from 0 to 255, not all of them 0.

    >>> pixels_or_none([0, 300]), pixels_or_none([0] * 784), sum(pixels_or_none([0, 255] * 392))
    (None, None, 99960)
    """
    if not isinstance(value, list) or len(value) not in (28 * 28, 56 * 56):
        return None
    if not all(type(pixel) is int and 0 <= pixel <= 255 for pixel in value):
        return None
    return value if any(value) else None
