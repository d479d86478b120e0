"""Widgets that show a value which can also change elsewhere: by Undo, by a preset, by the browser's Back button.

Every message of a browser carries the values of all widgets as that browser knows them. A click made before the last
answer arrived therefore repeats old values, and to Streamlit an old value looks like a new edit: the change that was
just made would be taken back. So a widget is given a new key, and is thus a new widget, whenever its value was changed
by anything but itself, and what an older one still says is not listened to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

_BOOK = "controlled_widgets"  # name -> (serial, the value its newest widget shows, the words of its options)
_NEVER = object()


def controlled(
    name: str, value: Any, adopt: Callable[..., None], *args: Any, words: Any = None
) -> dict[str, Any]:
    """The `key`, `on_change` and `args` for a widget that must show `value`; pass them on and no default.

    name:  one a widget, the same in every run.
    adopt: called as adopt(*args, new value) in a callback, when the visitor changed this very widget.
    words: what its options are called, where that can change ("My run, waiting", "My run, in training"): a browser
           sends an option by its words, and those of a moment ago would mean nothing.
    """
    book = st.session_state.setdefault(_BOOK, {})
    serial, shown, shown_words = book.get(name, (0, _NEVER, None))
    # Streamlit forgets a widget that was not drawn for a while: it comes back as a new one too.
    stale = shown is _NEVER or shown != value or shown_words != words
    if stale or _key(name, serial) not in st.session_state:
        serial += 1
        st.session_state[_key(name, serial)] = value
    book[name] = (serial, value, words)
    return {"key": _key(name, serial), "on_change": _changed, "args": (name, serial, adopt, args)}


def _changed(name: str, serial: int, adopt: Callable[..., None], args: tuple[Any, ...]) -> None:
    book = st.session_state.get(_BOOK, {})
    if book.get(name, (0,))[0] != serial:
        return
    value = st.session_state[_key(name, serial)]
    book[name] = (serial, value, book[name][2])
    adopt(*args, value)


def _key(name: str, serial: int) -> str:
    return f"{name}-{serial}"
