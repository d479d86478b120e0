"""What depends on the screen: projector mode; on a phone the bar at the lower edge, and the sheet from below.

All sizes hang on a few properties of CSS (`streamlit_screens.screen_style`), and of charts on `LETTERS` here.
"""

from __future__ import annotations

from typing import Literal

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.ui.frame import address, held, shell, streamlit_screens
from pages.ui.frame.components import component_file

SCREEN = "screen"  # the session's key of the switch
IN_ADDRESS = address.one_of("screen", SCREEN, {"wall": True}, False)  # `?screen=wall`
LETTERS = 1.5  # how much larger a chart's letters, and the chart, are in projector mode
PAGES_HERE = "pages_here"  # key of the list of pages in a phone's bar
HELP = (
    "Larger letters, numbers and pictures, for the last row of a room. The sidebar makes way; » at the top left brings "
    "it back. A link that ends in ?screen=wall opens so."
)

_no_break = st.components.v2.component(
    "no_break", html='<span aria-hidden="true"></span>', js=component_file("no_break.js")
)
_from_below = st.components.v2.component(
    "from_below",
    html='<div class="head"><button type="button">Close</button></div>',
    css=component_file("from_below.css"),
    js=component_file("from_below.js"),
)


def is_on_wall() -> bool:
    """Whether the visitor has chosen projector mode, or the link that brought them."""
    return bool(st.session_state.get(SCREEN, False))


def sidebar_at_first() -> int | Literal["collapsed"]:
    """Its width in pixels, or that it begins closed, for `st.set_page_config`; asks the address first."""
    address.follow(IN_ADDRESS)
    is_empty = held.is_hidden("layers") and held.is_hidden("net")  # a teacher's scene needs none of it
    return "collapsed" if is_on_wall() or is_empty else 340


def fit() -> None:
    """Fit page and frame to the screen; for dashboard.py."""
    streamlit_screens.screen_style(is_on_wall(), shell.mode())
    _no_break(key=streamlit_screens.NO_BREAK, height=1)
    _bar()


def ask() -> None:
    """Draw the switch of projector mode, for the sidebar; a session keeps it, and so does the address."""
    st.toggle("Projector mode", key=SCREEN, help=HELP)
    address.tell(IN_ADDRESS)


def _bar() -> None:
    """Draw what stands at the lower edge of a phone: all pages, in reach of a thumb. Elsewhere nobody sees it."""
    pages = {
        page.title: page.url_path
        for page in shell.PAGES
        if shell.exists(page) and page.url_path not in held.closed()
    }
    with st.container(key=streamlit_screens.BAR, horizontal=True):
        title = st.menu_button(
            "Pages", list(pages), icon=":material/menu:", key=PAGES_HERE, type="tertiary", width="content"
        )
    if title in pages:
        shell.turn_to(pages[title])


def main_action(page: str) -> DeltaGenerator:
    """A container for the button or two that a page is about; a phone holds it at the lower edge.

    page: its address; one container in a page.
    """
    return st.container(key=f"{streamlit_screens.ACTION}{page}", horizontal=True, width="content")


def opened_here(key: str) -> DeltaGenerator:
    """A container in which a click elsewhere on the page opens something (`drawing.sheets.sheet`, `opens`).

    Where that would be out of sight, as on a phone, it comes from the window's lower edge, and can be closed.
    key: of the container.
    """
    container = st.container(key=key)
    with container:
        _from_below(key=f"{streamlit_screens.SHEET_HEAD}{key}", data=[{"key": key}], height="content")
    return container
