"""The first paragraph of each page for whoever cannot see it: what is here, how it stands now, and what to try.

Nobody sees it, and it is no live region: it is read where it stands, behind the page's title, and never spoken when it
changes. Each room's words.py makes it of the page's state, of the sentences that the page says itself.
"""

from __future__ import annotations

import re
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitInvalidLayoutContextError

TITLE = "Summary of this page"

_ESCAPED = re.compile(r"\\([^a-zA-Z0-9\s])")
_ICON = re.compile(r":material/\w+:")
_COLOURED = re.compile(r":[a-z]+\[([^\[\]]*)\](?:\{[^}]*\})?")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^)]*\)")
_ASIDE = 0xE000  # where letters wait that are no signs of Markdown: Unicode's private use


def spoken(md: str) -> str:
    """A sentence of the page as it is read aloud: without the signs of Markdown.

    >>> spoken("It reads **7**,  \\n:small[:gray[83 % sure.]]")
    'It reads 7, 83 % sure.'
    >>> spoken("my\\\\_net :material/check: [below](#x)")
    'my_net below'
    """
    text = _ESCAPED.sub(lambda found: chr(_ASIDE + ord(found[1])), md)
    text = _ICON.sub("", text)
    while (plainer := _COLOURED.sub(r"\1", text)) != text:
        text = plainer
    text = _LINK.sub(r"\1", text).replace("**", "").replace("\u2060", "")
    text = "".join(chr(ord(sign) - _ASIDE) if _ASIDE <= ord(sign) < _ASIDE + 128 else sign for sign in text)
    return " ".join(text.split())


def summary(*sentences: str) -> str:
    """One paragraph of what a page says of itself, in Markdown or not; what is empty is left out.

    >>> summary("Here is a kernel.", "", "**Press** Play.")
    'Here is a kernel. Press Play.'
    """
    return " ".join(filter(None, map(spoken, sentences)))


def put(place: DeltaGenerator, text: str) -> None:
    """Put the paragraph where the page has kept its place for it (`shell.page_head`).

    A fragment may fill only a place that it wrote to when the whole page was drawn last. Where it had nothing to say
    then, as before a question was answered, the whole page is drawn again.
    """
    try:
        place.html(f'<section aria-label="{TITLE}"><p>{escape(text)}</p></section>')
    except StreamlitInvalidLayoutContextError:
        st.rerun()
