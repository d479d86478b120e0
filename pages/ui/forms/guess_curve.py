"""A curve to be drawn by pen, finger, mouse or keyboard, and the measured one over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

from cnn_core.lesson.guess_questions import CurveQuestion
from cnn_core.lesson.guesses import Guess, value_of
from pages.ui.drawing.contact_sheet import Sheet
from pages.ui.drawing.sheets import component_key, component_source, tiles_data
from pages.ui.wording import guesses as words

_component = st.components.v2.component(
    "guess_curve",
    html="""
<div class="root"><div class="frame"><div class="plot"><svg viewBox="0 0 100 100" preserveAspectRatio="none"
aria-hidden="true"><line class="grid" x1="0" x2="100" y1="0" y2="0"></line>
<line class="grid half" x1="0" x2="100" y1="50" y2="50"></line>
<line class="grid" x1="0" x2="100" y1="100" y2="100"></line><polygon class="between"></polygon>
<polyline class="measured"></polyline><polyline class="said"></polyline></svg>
<span class="level" style="top:0"></span><span class="level" style="top:50%"></span>
<span class="level" style="top:100%"></span><span class="name said"></span><span class="name measured"></span>
<span class="hint"></span><div class="dot" tabindex="0"></div></div><div class="marks"></div></div></div>
""",
    css=component_source("css", "guess_curve"),
    js=component_source("js", "guess_curve"),
)


def draw_curve(
    question: CurveQuestion, key: str, pictures: Sheet | None = None, marks: Sequence[int] | None = None
) -> tuple[float, ...] | None:
    """Put the empty field on the page. Returns what is drawn, a number for each tick; None while nothing is.

    pictures: one for each of `marks`, to stand under the axis above its tick.
    marks:    which ticks are written out; None is five of them.
    """
    drawn = _component(
        key=component_key(key),
        data=[_data(question, pictures, marks) | {"hint": words.DRAW_IT, "name": _name(question)}],
        default={"curve": None},
        on_curve_change=lambda: None,
    )
    value = value_of("curve", drawn.curve)
    is_drawn = isinstance(value, tuple) and len(value) == len(question.ticks)
    return value if is_drawn else None  # type: ignore[return-value]


def show_curves(
    question: CurveQuestion,
    guess: Guess,
    key: str,
    pictures: Sheet | None = None,
    marks: Sequence[int] | None = None,
) -> None:
    """Put what was drawn (dotted) and what was measured (solid) over each other, what lies between them shaded."""
    _component(
        key=component_key(key),
        data=[
            _data(question, pictures, marks)
            | {
                "said": list(guess.said) if isinstance(guess.said, tuple) else None,
                "measured": list(guess.measured) if isinstance(guess.measured, tuple) else None,
                "alt": words.curve_alt(guess),
            }
        ],
        default={"curve": None},
        on_curve_change=lambda: None,
    )


def _data(question: CurveQuestion, pictures: Sheet | None, marks: Sequence[int] | None) -> dict[str, Any]:
    ticks = question.ticks
    places = _five_of(len(ticks)) if marks is None else [place for place in marks if 0 <= place < len(ticks)]
    middle = (question.least + question.most) / 2
    return {
        "ticks": list(ticks),
        "marks": places,
        "tiles": None if pictures is None else tiles_data(pictures),
        "least": question.least,
        "most": question.most,
        "levels": [words.amount(level, question.unit) for level in (question.most, middle, question.least)],
        "unit": question.unit,
        "start": middle if question.start is None else question.start,
    }


def _five_of(count: int) -> list[int]:
    """The first, the last, and three between them.

    >>> _five_of(37), _five_of(3)
    ([0, 9, 18, 27, 36], [0, 1, 2])
    """
    return sorted({round(i * (count - 1) / 4) for i in range(5)})


def _name(question: CurveQuestion) -> str:
    return (
        f"{question.asked} Your curve: the left and right arrows choose one of {len(question.ticks)} places, "
        "up and down move the curve there."
    )
