"""What a teacher's scene holds in this run of the page: parts of the address that stay, widgets that do nothing.

Whoever knows the scene tells us how to ask for it (`ask_by`); the rules themselves are the core's (`cnn_core/classroom/
scene.py`). Here they meet Streamlit, in two places through which everything goes:

    what a browser sends   is dropped for a widget that is held, before any callback or page reads it: it makes no
                           difference whether the widget was on the screen, or who wrote the message
    what a page draws      a held widget is drawn so that it cannot be used; a hidden one is not sent at all

`address.follow` does the third: a held part has the scene's value before its widget is drawn. A Streamlit that is made
otherwise is left as it is: the core then still refuses what it carries out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

SAVE = "save"  # an action: whatever of a network can be taken away as a file
_OF_ONES_OWN = ("tour", "classroom")  # pages whose files are the visitor's own words and work
_TRIED = "held_tried"  # the part that somebody tried to change, until it was said
_PAGE = "held_page"  # the page that was drawn last, by its url_path: its widgets are what a browser sends


@dataclass
class Held:
    """What is held on one page.

    texts:  name in the address -> (what it has to say, "" for nothing; the part that it belongs to).
    keys:   key of a widget, or "train_*" for all that begin so -> the part or action that it belongs to.
    parts:  all parts and actions that are held.
    hidden: parts and actions that are not drawn.
    closed: pages, by their url_paths, that cannot be opened.
    still:  keys of components of ours that were drawn and must not be used: those know no "disabled".
    """

    texts: Mapping[str, tuple[str, str]]
    keys: Mapping[str, str]
    parts: frozenset[str]
    hidden: frozenset[str]
    closed: frozenset[str] = frozenset()
    still: set[str] = field(default_factory=set)
    _known: dict[str, str | None] = field(default_factory=dict)

    def part_of(self, key: str) -> str | None:
        """The part or action that a widget belongs to, by its key; None where it is free."""
        if key not in self._known:
            self._known[key] = self._part_of(key)
        return self._known[key]

    def _part_of(self, key: str) -> str | None:
        page = str(st.session_state.get(_PAGE, ""))
        for name, (_, part) in self.texts.items():
            if key in _widgets.get((page, name), ()):
                return part
        return next((part for pattern, part in self.keys.items() if fnmatchcase(key, pattern)), None)


_widgets: dict[
    tuple[str, str], set[str]
] = {}  # (page, name in its address) -> keys of the widgets that ask for it
_now: ContextVar[Held | None] = ContextVar("held", default=None)
_ask: Callable[[str], Held | None] = lambda page: None  # noqa: E731


def ask_by(ask: Callable[[str], Held | None]) -> None:
    """From now on, ask so what is held on a page (its url_path); for whoever knows the visitor's scene."""
    global _ask
    _ask = ask


def begin(page: str) -> Held | None:
    """Look anew what is held: before a browser's message is read, and when the page of this run is known."""
    st.session_state[_PAGE] = page
    held = _ask(page)
    _now.set(held)
    return held


def look() -> Held | None:
    """The same while this run's page is not known: it is the page of the last run."""
    return begin(str(st.session_state.get(_PAGE, "")))


def now() -> Held | None:
    """What is held in this run; None where nothing is."""
    return _now.get()


def text_of(name: str) -> str | None:
    """What the address of this page has to say under `name`; None where that is free."""
    held = _now.get()
    return None if held is None or name not in held.texts else held.texts[name][0]


def is_hidden(part: str) -> bool:
    """Whether a part or an action is not to be drawn."""
    held = _now.get()
    return held is not None and part in held.hidden


def holds(part: str) -> bool:
    """Whether a part stays as it is, drawn or not."""
    held = _now.get()
    return held is not None and part in held.parts


def closed() -> frozenset[str]:
    """Pages that cannot be opened, by their url_paths."""
    held = _now.get()
    return frozenset() if held is None else held.closed


def belongs(page: str, name: str, key: str) -> None:
    """Remember that this widget asks for what the address calls `name`; the same in every session."""
    _widgets.setdefault((page, name), set()).add(key)


def widgets_of(page: str) -> set[str]:
    """Keys of all widgets whose values this page's address says."""
    return {key for (where, _), keys in list(_widgets.items()) if where == page for key in keys}


def tried(part: str) -> None:
    """Somebody tried to change this: it is said by the next run."""
    st.session_state[_TRIED] = part


def take_tried() -> str | None:
    """What was tried, once."""
    return st.session_state.pop(_TRIED, None)


# ---------------------------------------------------------------- Streamlit


@cache
def watch() -> None:
    """Let what is held apply to whatever a browser sends, and whatever a page draws; once in a process."""
    try:
        from streamlit.proto.Empty_pb2 import Empty
        from streamlit.runtime.state.common import user_key_from_element_id
        from streamlit.runtime.state.session_state import SessionState

        call, enqueue = SessionState._call_callbacks, DeltaGenerator._enqueue
    except (ImportError, AttributeError):
        return

    def part_of(held: Held, element_id: str) -> tuple[str, str | None]:
        key = user_key_from_element_id(element_id) if element_id else None
        return key or "", held.part_of(key) if key else None

    def callbacks(state: SessionState, **told: Any) -> None:
        held = look()
        for widget in list(state._new_widget_state) if held is not None else ():
            assert held is not None
            _, part = part_of(held, widget)
            if part is None:
                continue
            if state._widget_changed(widget):
                tried(part)
            del state._new_widget_state.states[widget]
        call(state, **told)

    def draw(dg: DeltaGenerator, delta_type: str, element: Any, *more: Any, **others: Any) -> DeltaGenerator:
        held = _now.get()
        if held is not None:
            key, part = part_of(held, str(getattr(element, "id", "")))
            if delta_type == "download_button" and SAVE in held.hidden and not _is_of_ones_own():
                part = SAVE
            if part is not None and part in held.hidden:
                return enqueue(dg, "empty", Empty())
            if part is not None and hasattr(element, "disabled"):
                element.disabled = True
            elif part is not None:
                held.still.add(key)
        return enqueue(dg, delta_type, element, *more, **others)

    SessionState._call_callbacks = callbacks  # type: ignore[method-assign, assignment]
    DeltaGenerator._enqueue = draw  # type: ignore[method-assign, assignment]


def _is_of_ones_own() -> bool:
    return st.session_state.get(_PAGE) in _OF_ONES_OWN


def style() -> None:
    """Let nobody use a component that is held; at the end of a page."""
    held = _now.get()
    if held is not None and held.still:
        those = ", ".join(f'[class~="st-key-{key}"]' for key in sorted(held.still))
        st.html(f"<style>:is({those}) {{ pointer-events: none; opacity: 0.7 }}</style>")
