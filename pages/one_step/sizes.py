"""How large each layer's gradient is, and how far its weights move: two small charts of the same layers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape

import streamlit as st

from pages.one_step import words
from pages.one_step.asking import BACKWARD, STEP, let_it_jump
from pages.one_step.stepping import View, can_be_faster
from pages.ui.frame.controlled import controlled
from pages.ui.wording.blocks import caption
from pages.ui.wording.numbers import short

ROW_PX = 24


def sizes(view: View) -> None:
    """Draw what the stage has come to."""
    if view.asked.stage < BACKWARD:
        return
    gradients = view.step.sizes
    st.markdown(f"## {words.HOW_LARGE}")
    _bars(words.HOW_LARGE, gradients)
    caption(words.SIZE, "gradient")
    if view.asked.stage < STEP:
        return
    moves = view.step.moves
    st.markdown(f"## {words.HOW_FAR}")
    _bars(words.HOW_FAR, moves)
    caption(words.move_words(gradients, moves, view.course.recipe))
    st.toggle(
        words.TEN_TIMES,
        disabled=not can_be_faster(view.course),
        **controlled("one-step-faster", view.asked.faster, let_it_jump),
    )


def _bars(title: str, values: Mapping[str, float]) -> None:
    """Draw one bar a layer, on an axis that begins at 0."""
    finite = [value for value in values.values() if math.isfinite(value)]
    most = max(finite, default=0.0) or 1.0
    rows = "".join(
        f'<div style="white-space:nowrap;overflow:hidden;text-overflow:ellipsis">{escape(name)}</div>'
        f'<div style="width:{100 * min(1.0, value / most) if math.isfinite(value) else 100:.1f}%;height:11px;'
        f'background:currentColor;opacity:.7"></div><div style="text-align:right">{short(value)}</div>'
        for name, value in values.items()
    )
    alt = escape(words.bars_alt(title, values), quote=True)
    st.html(
        f'<div role="img" aria-label="{alt}" style="display:grid;grid-template-columns:minmax(0,6.6em) 1fr auto;'
        f"column-gap:8px;align-items:center;grid-auto-rows:{ROW_PX}px;font-size:14px;"
        f'font-variant-numeric:tabular-nums">{rows}</div>'
    )
