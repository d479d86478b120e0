"""The light on what a step speaks of: for some seconds all else on the page steps back to a third of its strength.

Faint text is hard to read, so it ends by itself; whoever points at the bar sees it again. Nothing is locked: what is
pointed at, or has the keyboard's focus, has its full strength back. Who wishes for less movement sees no fading, and
who wishes for more contrast has the whole page at its full strength. The component scrolls what is lit into the part of
the page that the bar leaves free, once for each step, and gives the bar the focus: without it, whoever goes by keyboard
would have the whole page before it. What is lit in the sidebar has a ring, and so has the button behind which the
sidebar is where there is no room for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui.frame.components import component_file
from pages.ui.frame.streamlit_screens import BAR

FADED = 0.34

_PARTS = ':is([data-testid="stElementContainer"], [data-testid="stPopover"], [role="tablist"])'
_LIGHT = f':root:is([data-lesson-light], :has(.st-key-tour_bar:hover)) [data-testid="stMainBlockContainer"] {_PARTS}'
_SIDEBAR = '[data-testid="stSidebar"]'
_STYLE = f"""<style>
[data-testid="stMainBlockContainer"] {_PARTS} {{{{ transition: opacity 500ms }}}}
{_LIGHT}:not({{lit}}) {{{{ opacity: {{faded}} }}}}
{_LIGHT}:is(:hover, :focus-within) {{{{ opacity: 1; transition: opacity 120ms }}}}
{_SIDEBAR} :is({{shown}}) button,
:root:has({_SIDEBAR} :is({{shown}})) [data-testid="stExpandSidebarButton"] {{{{
  outline: 2px solid currentColor; outline-offset: 2px; border-radius: 8px }}}}
@media (prefers-reduced-motion: reduce) {{{{
  [data-testid="stMainBlockContainer"] {_PARTS} {{{{ transition: none !important }}}}
}}}}
@media (prefers-contrast: more) {{{{
  {_LIGHT} {{{{ opacity: 1 !important }}}}
}}}}
</style>"""

_pointer = st.components.v2.component(
    "tour_pointer", html="<span hidden></span>\n<!-- nothing to see -->", js=component_file("tour_pointer.js")
)


def style(keys: Sequence[str]) -> str:
    """The style that lets all of the page step back but the elements with these keys; "maps_*" is all that begin so."""
    shown = [selector(key) for key in keys]
    own = [*shown, selector("tour_wide"), selector(BAR)]
    lit = ", ".join([*own, *(f"{one} *" for one in own)])
    return _STYLE.format(lit=lit, shown=", ".join(shown), faded=FADED)


def selector(key: str) -> str:
    """
    >>> selector("maps_first"), selector("maps_*")
    ('.st-key-maps_first', '[class*="st-key-maps_"]')
    """
    return f'[class*="st-key-{key[:-1]}"]' if key.endswith("*") else f".st-key-{key}"


def on(step: str, keys: Sequence[str], name: str, opens: bool = False) -> None:
    """Let these elements of the page keep their strength.

    step:  its id; of another one it is scrolled and pointed anew.
    name:  what a screen reader calls the bar.
    opens: whether those that are folded are unfolded: what they say is the answer.
    """
    st.html(style(keys))
    _pointer(
        key="tour_pointer",
        data=[{"step": step, "lit": [selector(key) for key in keys], "name": name, "opens": opens}],
        height=1,
    )
