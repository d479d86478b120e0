"""What a link may say besides the network: which digit, which layer, which filter. Written by hand, since a bound
widget would drop what it does not know without a word.

A name is read once, when the visitor brings it: a value that we wrote ourselves is not a request.
"""

from __future__ import annotations

import streamlit as st


def asked(name: str) -> str | None:
    """What the address asks for under `name`, the first time it does: a link, F5, the Back button. Else None."""
    text = st.query_params.get(name)
    if text is None or text == st.session_state.get(f"address_{name}"):
        return None
    st.session_state[f"address_{name}"] = text
    return text


def write(name: str, text: str) -> None:
    """Let the address say so; nothing where `text` is empty.

    Only a change is written, never what it says already or said before: Back would come back here for ever.
    """
    if st.session_state.get(f"address_{name}") == (text or None):
        return
    st.session_state[f"address_{name}"] = text or None
    if text:
        st.query_params[name] = text
    elif name in st.query_params:
        del st.query_params[name]


def whole_number(text: str, below: int) -> int | None:
    """The number from 0 to `below` - 1 that a text is, or None.

    >>> whole_number("41", 64), whole_number("64", 64), whole_number("-1", 64), whole_number("²", 64)
    (41, None, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if int(text) < below else None
