"""How one joins a class: its code, its link, and the link as a picture for a phone's camera."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import streamlit as st

from cnn_core.classroom import Classroom, spoken
from pages.classroom import words

_STYLE = """<style>
.join { display: flex; align-items: center; gap: 1.25rem; line-height: 1.1 }
.join > div > span { opacity: .75; font-size: .9375rem }
.join b { display: block; font-size: 2.5rem; letter-spacing: .04em; white-space: nowrap }
.join img { width: 7.5rem; height: 7.5rem; flex: none; border-radius: 4px }
.join.large b { font-size: 4rem }
.join.large img { width: 13rem; height: 13rem }
@media (max-width: 640px) { .join.large { flex-wrap: wrap } .join.large b { font-size: 3rem } }
</style>"""


def address_of(classroom: Classroom) -> str:
    """The link by which a class is joined."""
    return f"{page_address()}?join={classroom.code}"


def page_address() -> str:
    """The address of this page, without what it says of its state."""
    return (st.context.url or "").partition("?")[0].partition("#")[0].rstrip("/")


def code_and_picture(classroom: Classroom, large: bool = False) -> None:
    """Draw the code beside the link as a QR code; for the wall as for the desk."""
    size = " large" if large else ""
    st.html(
        f'{_STYLE}<div class="join{size}"><div><span>{words.JOIN_WITH}</span>'
        f"<b>{escape(spoken(classroom.code))}</b></div>"
        f"{_picture(qr_code(address_of(classroom)))}</div>"
    )


def _picture(source: str) -> str:
    return f'<img src="{source}" alt="{words.QR_CODE}">' if source else ""


@lru_cache(maxsize=100)
def qr_code(address: str) -> str:
    """The source of a picture of an address: SVG that grows with its box, black on white in every theme."""
    try:
        import segno
    except ImportError:  # a server that was brought up to date without its packages: code and link are enough
        return ""
    return str(
        segno.make(address, error="m", micro=False).svg_data_uri(border=3, light="#fff", omitsize=True)
    )
