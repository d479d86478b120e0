"""What all charts share: the template, notes, and `show`, which puts a figure on the page.

A figure is a plain dictionary in Plotly's own words, made by a pure function (answer_charts, learning_charts,
evaluation_charts, diagram). So none of them imports Plotly, and a tick of the live page costs the server some 8 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import streamlit as st

from pages.ui.drawing.palette import ACTIVATION, INK, RUNS, SIGNED, scale
from pages.ui.frame import screens, shell

Figure = dict[str, Any]

mode = shell.mode  # a page asks for it where it needs it: mode() is the last argument of every figure


def template(mode: str = "light") -> Figure:
    """What all charts share; mode: "light" or "dark"."""
    text, muted, border, surface = INK[mode]
    small = dict(size=13, color=muted)
    bar = dict(thickness=10, outlinewidth=0, tickfont=small)
    axis = dict(
        showgrid=False,
        zeroline=False,
        showline=True,
        linecolor=border,
        ticks="outside",
        ticklen=4,
        tickcolor=border,
        automargin=True,
        tickfont=small,
        title=dict(standoff=8, font=small),
    )
    return dict(
        layout=dict(
            font=dict(family="Source Sans, sans-serif", size=14, color=text),
            paper_bgcolor="rgba(0,0,0,0)",
            plot_bgcolor="rgba(0,0,0,0)",
            margin=dict(l=48, r=16, t=24, b=40),
            minreducedwidth=24,  # in a narrow column the bars get short; Plotly would rather cut their names
            colorway=RUNS[mode],
            colorscale=dict(sequential=scale(ACTIVATION), diverging=scale(SIGNED)),
            coloraxis=dict(colorbar=bar),
            showlegend=False,
            hovermode="x unified",
            dragmode=False,  # so that a finger on a chart still scrolls the page
            modebar=dict(bgcolor="rgba(0,0,0,0)", color=muted, activecolor=text),
            hoverlabel=dict(bgcolor=surface, bordercolor=border, font=dict(size=13, color=text)),
            xaxis=axis,
            yaxis={**axis, "showgrid": True, "gridcolor": border, "showline": False, "ticks": ""},
        ),
        data=dict(scatter=[dict(line=dict(width=2))], heatmap=[dict(xgap=1, ygap=1, colorbar=bar)]),
    )


@cache
def _checked() -> type:
    """A figure class that skips Plotly's validation; made at the first call, since importing Plotly is slow.

    Handed a dictionary, Plotly checks each value against its reference, 9 of the 17 ms of a tick of the live chart. Our
    figures come from pure functions, and the tests have Plotly check every one that a page draws.
    """
    from plotly.basedatatypes import BaseFigure

    class Checked(BaseFigure):
        def __init__(self, figure: Figure) -> None:
            self._figure = figure

        def to_dict(self) -> Figure:
            return self._figure

    return Checked


def show(
    figure: Figure,
    key: str,
    alt: str,
    height: int | None = None,
    on_select: str | Callable[[], None] | None = None,
    selection_mode: str = "points",
) -> Any:
    """Put a figure on the page. Of Plotly's tool bar there is only the button that saves it as SVG, under the mouse.

    key:    stable over reruns, and names the file that it is saved as. Streamlit puts another figure in its place as a
            new chart, whatever the key.
    alt:    what a reader who cannot see it is told.
    height: pixels; None takes the figure's own.
    on_select: "rerun" or a callback makes the marks clickable; returns what `st.plotly_chart` returns.
    """
    if height is not None:
        figure = {**figure, "layout": {**figure["layout"], "height": height}}
    if screens.is_on_wall():
        figure = enlarged(figure, screens.LETTERS)
    selection: dict[str, Any] = (
        {} if on_select is None else {"on_select": on_select, "selection_mode": selection_mode}
    )
    return st.plotly_chart(
        _checked()(figure),
        theme=None,
        key=key,
        alt=alt,
        config=_bar(key),
        **selection,
    )


def _bar(key: str) -> dict[str, Any]:
    """Plotly's settings outside of a figure.  key: of the chart, which names its file."""
    return {
        "displayModeBar": "hover",  # under a finger, which never hovers, it is hidden (streamlit_inside)
        "modeBarButtons": [["toImage"]],
        "displaylogo": False,
        "toImageButtonOptions": {"format": "svg", "filename": key},
        "scrollZoom": False,
    }


# ---------------------------------------------------------------- as large as a wall needs it

_LENGTHS = {"size", "height", "xshift", "yshift", "standoff", "ticklabelstandoff", "ticklen", "thickness"}
_LENGTHS_IN = {"margin": {"l", "r", "t", "b"}, "line": {"width"}}
HIGH_ENOUGH = (
    540  # pixels: half a wall; what is higher keeps its height, and its letters still have their rows
)


def enlarged(figure: Figure, factor: float) -> Figure:
    """The same figure with all that is measured in pixels `factor` times as large: letters, margins, lines, dots.

    >>> enlarged({"layout": {"height": 200, "font": {"size": 14}}, "data": [{"x": [1], "line": {"width": 2}}]}, 1.5)
    {'layout': {'height': 300, 'font': {'size': 21}}, 'data': [{'x': [1], 'line': {'width': 3}}]}
    """
    large: Figure = _enlarged(figure, factor, "")
    layout, height = large["layout"], figure["layout"].get("height")
    if height is not None:
        layout["height"] = max(height, min(layout["height"], HIGH_ENOUGH))
    return large


def _enlarged(part: Any, factor: float, inside: str) -> Any:
    if isinstance(part, dict):
        lengths = _LENGTHS | _LENGTHS_IN.get(inside, set())
        return {
            key: _times(value, factor) if key in lengths else _enlarged(value, factor, key)
            for key, value in part.items()
        }
    # A list of numbers is data: only parts of a figure are looked into.
    if isinstance(part, list | tuple) and part and isinstance(part[0], dict):
        return [_enlarged(one, factor, inside) for one in part]
    return part


def _times(value: Any, factor: float) -> Any:
    if isinstance(value, list | tuple):
        return [_times(one, factor) for one in value]
    # Of some lengths Plotly takes whole numbers only: what was whole stays so.
    if isinstance(value, int):
        return round(value * factor)
    return value * factor if isinstance(value, float) else value


# ---------------------------------------------------------------- words in a figure


def note(words: str, *, color: str, size: float = 13, **where: Any) -> Figure:
    """Plotly's annotation without an arrow.

    words: may hold Plotly's few HTML tags.  size: of the letters, in pixels.
    where: its place, in Plotly's words (x, y, xref, xanchor, xshift, ...).
    """
    return dict(text=words, showarrow=False, font=dict(size=size, color=color), **where)


def no_markup(text: str) -> str:
    """The same text, with what Plotly would act on made harmless: a run's name comes from a visitor.

    >>> no_markup("<b> & %{x}")
    '&lt;b&gt; &amp; % {x}'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")
