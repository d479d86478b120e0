"""The drawing pad: a digit by pen, finger or mouse, as 56×56 numbers that follow the pen.

The pad knows nothing of networks: MNIST's centring is `cnn_core.data.digit_from_pixels`. By keyboard the arrows move a
pen that Space puts down and lifts; a live region says where it is. Mount the pad in a fragment, so that a stroke reruns
only what listens to it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import streamlit as st

from pages.ui.frame.components import component_file

_pad = st.components.v2.component(
    "digit_canvas",
    html="""
<div class="pad"><div class="board"><canvas width="280" height="280" tabindex="0" role="application"
aria-label="A black square to draw in, with a pen, a finger, the mouse or the keyboard: arrow keys move the pen, with
Shift in small steps, Space puts it down and lifts it. Delete clears the square, Control Z takes the last stroke
back."></canvas>
<span class="hint"></span><span class="cursor" hidden></span></div><div class="said" role="status"></div>
<div class="foot"><label title="Pen width"><input type="range" min="8" max="40" step="2" aria-label="Pen width"></label>
<button type="button" class="eraser" aria-pressed="false">Eraser</button>
<button type="button" class="undo">Undo</button><button type="button" class="clear">Clear</button></div>
<button type="button" class="add" hidden></button></div>
""",
    css=component_file("canvas.css"),
    js=component_file("canvas.js"),
)


MOST_WAITING = 60  # drawings that a browser may hold for a server that is slow
# Key of a pad -> [what it began with, what is drawn now]; two pages may share a pad. Of a pad that collects, [the
# number of the last drawing, None].
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
    drawing = drawings.setdefault(key, [None, None])
    if key not in st.session_state:  # Streamlit forgets a widget when its page is left
        drawing[0] = drawing[1]
    pad = _pad(
        key=key,
        data=[{"brush": brush, "px": px, "start": drawing[0]}],
        default={"pixels": drawing[0]},
        on_pixels_change=lambda: None,
    )
    drawing[1] = pixels_or_none(pad.pixels)
    return drawing[1]


class Drawing(NamedTuple):
    """A drawing that was put somewhere: 56×56 numbers row by row, 0 black to 255 white, and which target it goes to."""

    target: int
    pixels: list[int]


def collecting_canvas(
    key: str, add: str, target: int, px: int = 280, *, holds: bool = False
) -> list[Drawing]:
    """Put a pad on the page whose drawings are collected: its button, or Enter, takes one and clears the pad at once.

    The browser holds each until this server has had it, so that whoever draws faster than the page answers loses none.
    key:    one a pad.
    add:    what is written on its button.
    target: where a drawing goes that is added from now on.
    px:     side of the pad on screen, in CSS pixels.
    holds:  a drawing goes where the target was when it was begun: it is what was asked for then.
    Returns those that came since the last run, oldest first.
    """
    drawings = st.session_state.setdefault(_DRAWINGS, {})
    done = drawings.setdefault(key, [None, None])[0] or 0  # the number of the last one that was taken
    pad = _pad(
        key=key,
        data=[
            {"brush": 22, "px": px, "start": None, "add": add, "target": target, "done": done}
            | ({"holds": True} if holds else {})
        ],
        default={"waiting": []},
        on_pixels_change=lambda: None,
        on_waiting_change=lambda: None,
    )
    waiting = _waiting(pad.waiting, done)
    drawings[key][0] = max([done, *(number for number, _ in waiting)])
    return [drawing for _, drawing in waiting]


def _waiting(value: Any, done: int) -> list[tuple[int, Drawing]]:
    """(number, drawing) of what a browser says it holds, as far as it is new and a drawing; in their order."""
    drawings = []
    for item in value[:MOST_WAITING] if isinstance(value, list) else []:
        if not isinstance(item, list) or len(item) != 3:
            continue
        number, target, pixels = item[0], item[1], pixels_or_none(item[2])
        if type(number) is int and done < number < 2**50 and type(target) is int and pixels is not None:
            drawings.append((number, Drawing(target, pixels)))
    return sorted(drawings, key=lambda pair: pair[0])


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
