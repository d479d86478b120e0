"""A word of the field with its meaning on hover, on a tap, or with the keyboard; its text is in the lesson's glossary.

caption(words.SOMETHING, "stride", "padding")   # blocks.py: the first "stride" and the first "padding" are marked
st.number_input("Strides", help=help_of("stride"))
"""

from __future__ import annotations

import re
from html import escape

import streamlit as st

from cnn_core.lesson.glossary import GLOSSARY, meaning, spelling


def term(name: str, written: str | None = None) -> str:
    """The word in HTML, with its meaning hidden beside it; a style of `frame.streamlit_inside` shows that.

    name:    as in the glossary. KeyError for another.
    written: how it stands in the sentence; None is `name`.
    """
    text = escape(written or name)
    # A <span> with a tab stop: Streamlit's own tooltips are for whole widgets, and a title of HTML is for mice alone.
    return (
        f'<span class="term" tabindex="0">{text}'
        f'<span class="meaning" role="tooltip"><b>{escape(name)}</b> &nbsp;{escape(meaning(name))}</span></span>'
    )


def with_terms(md: str, *names: str) -> str:
    """Markdown with the first occurrence of each of these words marked. A word that does not occur changes nothing.

    names: as in the glossary. KeyError for another.
    """
    if not names:
        return md
    # The longest first: of "gradient ascent" the first word alone is not the one that is meant.
    order = sorted(names, key=len, reverse=True)
    pattern = re.compile("|".join(f"({spelling(name)})" for name in order), re.IGNORECASE)
    met: set[str] = set()

    def mark(match: re.Match[str]) -> str:
        name = order[(match.lastindex or 1) - 1]
        if name in met:
            return match[0]
        met.add(name)
        return term(name, match[0])

    return pattern.sub(mark, md)


def draw(md: str, *names: str) -> None:
    """Draw Markdown whose first mention of each of these words carries its meaning."""
    # Only then is HTML let in; what comes from visitors has gone through `plain`, which makes < and > harmless.
    st.markdown(with_terms(md, *names), unsafe_allow_html=bool(names))


def help_of(*names: str) -> str:
    """The help of a control, in Markdown: what these words mean.

    >>> help_of("epoch")
    '**epoch**: Once through all training images.'
    """
    return "\n\n".join(f"**{name}**: {meaning(name)}" for name in names)


def all_terms() -> str:
    """The whole glossary in Markdown, in the order of the alphabet."""
    return "\n\n".join(help_of(name) for name in sorted(GLOSSARY, key=str.lower))
