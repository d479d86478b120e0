"""What an address says besides the network: a tab, a padding, a digit, a recipe. So a link opens a page as it was.

Written by hand, since a bound widget would drop what it does not know without a word, and writes labels, which change.
A page's state is a few `Part`s: `follow` takes over what a link says before the widgets are drawn, `tell` writes what
differs from the standard after them. docs/addresses.md has all of them.

A text is read once, when the visitor brings it: what we wrote ourselves is not a request.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.ui.frame import held, streamlit_inside

_SAID = "address_said"  # {page: {name: what we wrote there last, or what was asked for}}
_PAGE = "address_page"  # the page that is looked at, by its url_path
_RETURNED = "address_returned"  # whether the page was turned to by its name, so that `settle` has work
_OF_EVERY_PAGE = {"net", "design", "screen", "scene", "preview"}  # these say nothing of the page
_NUMBER = re.compile(r"-?\d{1,9}(\.\d{1,9})?(e-\d{1,2})?")


# ---------------------------------------------------------------- one text


def arrive(page: str) -> None:
    """Begin a page, by its url_path: what its address says is a request, and where it says nothing, it is as it was.

    With Back, what the address lacks stays as if it were said: written again, Back would come back here for ever.
    """
    if st.session_state.get(_PAGE) == page:
        return
    st.session_state[_PAGE] = page
    said, now = _said(), set(st.query_params) - _OF_EVERY_PAGE
    is_by_history = streamlit_inside.went_through_history()
    st.session_state[_RETURNED] = not now and not is_by_history
    for name in now & set(said) if is_by_history else set(said) if now else ():
        del said[name]


def settle() -> None:
    """End the run of a page: one that is as it was before says so in its address, as it did.

    Not sooner, for a browser that has not turned to the page yet would write it behind the one before; and at once, for
    each message is a step of its Back button.
    """
    if not st.session_state.get(_RETURNED):
        return
    st.session_state[_RETURNED] = False
    if texts := {name: text for name, text in _said().items() if text and name not in st.query_params}:
        st.query_params.update(texts)


def asked(name: str, usual: str = "") -> str | None:
    """What the address asks for under `name`, the first time it does: a link, F5, the Back button. Else None.

    Where a teacher's scene holds it, what that says, each time; and None where that says nothing.
    usual: the text that means what no text does.
    """
    text = st.query_params.get(name)
    is_new = text is not None and text != _said().get(name)
    if is_new:
        _said()[name] = text
    if (kept := held.text_of(name)) is not None:
        _note_a_try(name, kept or usual, text if is_new else None)
        return kept or None
    return text if is_new else None


def _note_a_try(name: str, kept: str, text: str | None) -> None:
    """Remember who asked for something else than a scene says."""
    now = held.now()
    if now is not None and text is not None and text != kept:
        held.tried(now.texts[name][1])


def write(name: str, text: str) -> None:
    """Let the address say so; nothing where `text` is empty.

    Only a change is written, never what it says already or said before: Back would come back here for ever.
    """
    if _said().get(name) == (text or None):
        return
    _said()[name] = text or None
    if text:
        st.query_params[name] = text
    elif name in st.query_params:
        del st.query_params[name]


def page() -> str:
    """The page that is looked at, by its url_path."""
    return str(st.session_state.get(_PAGE, ""))


def of_the_app() -> str:
    """Where the app is, without the page and what is said of it: "http://localhost:8501"."""
    page = (st.context.url or "").partition("?")[0].partition("#")[0].rstrip("/")
    name = st.session_state.get(_PAGE, "")
    return page.removesuffix(f"/{name}") if name else page


def forget(page: str) -> None:
    """Begin this page anew at the next look: as its address says, and what that does not say as usual."""
    st.session_state.setdefault(_SAID, {}).pop(page, None)
    for key in held.widgets_of(page):
        st.session_state.pop(key, None)


def _said() -> dict[str, str | None]:
    pages: dict[str, dict[str, str | None]] = st.session_state.setdefault(_SAID, {})
    return pages.setdefault(st.session_state.get(_PAGE, ""), {})


# ---------------------------------------------------------------- a part of a page's state


@dataclass(frozen=True)
class Part:
    """One value of a page's state, and how the address spells it.

    name:     in the address.  key: in the session, most often a widget's.
    standard: the value that the address leaves out.
    read:     the value that a text means; None for a text that means none.
    write:    the text of a value; "" for one that no address can hold.
    before:   the name that links had in an earlier version.
    """

    name: str
    key: str
    standard: Any
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    before: str = ""

    def taken_from(self, text: str) -> bool:
        """Whether the text means a value, which the session then has."""
        value = self.read(text)
        if value is not None:
            st.session_state[self.key] = value
        return value is not None

    def text(self) -> str:
        """What the address says of the session's value."""
        value = st.session_state.get(self.key, self.standard)
        return "" if value is None or value == self.standard else self.write(value)


def follow(*parts: Part) -> frozenset[str]:
    """Take over what a link, or Back, says of these; call it before their widgets are drawn.

    What a teacher's scene holds has its value again, whatever was said or done.
    Returns the names of those that the link says something of; what is held is not among them.
    """
    texts = {part.name: _asked_for(part) for part in parts}
    free = [part for part in parts if not _is_held(part)]
    for part in free:
        text = texts[part.name]
        if text is not None:
            part.taken_from(text)
        elif _was_taken_back(part):
            reset(part)
    return frozenset(part.name for part in free if texts[part.name] is not None)


def reset(*parts: Part) -> None:
    """Back to the standard, but for what a scene holds; before their widgets are drawn."""
    for part in parts:
        if not _is_held(part):
            st.session_state[part.key] = part.standard


def _is_held(part: Part) -> bool:
    """Whether a scene holds it: then the session has the scene's value."""
    held.belongs(st.session_state.get(_PAGE, ""), part.name, part.key)
    text = held.text_of(part.name)
    if text is None:
        return False
    if not (text and part.taken_from(text)):
        st.session_state[part.key] = part.standard
    return True


def tell(*parts: Part) -> None:
    """Let the address say what differs from the standard; call it after their widgets are drawn."""
    texts = {part.name: part.text() for part in parts}
    said = _said()
    if news := {name: text for name, text in texts.items() if text and said.get(name) != text}:
        said.update(news)
        st.query_params.update(news)
    for name, text in texts.items():
        write(name, text)


def leave_out(*parts: Part) -> None:
    """Let the address say nothing of these, whatever they are."""
    for part in parts:
        write(part.name, "")


def _asked_for(part: Part) -> str | None:
    usual = part.write(part.standard) if held.text_of(part.name) == "" else ""
    text = asked(part.name, usual)
    if text is None and part.before:
        text = asked(part.before)
        write(part.before, "")
    return text


def _was_taken_back(part: Part) -> bool:
    """Whether Back led to where the address did not say it yet."""
    is_gone = part.name not in st.query_params and bool(_said().get(part.name))
    if is_gone and streamlit_inside.went_through_history():
        _said()[part.name] = None
        return True
    return False


# ---------------------------------------------------------------- the usual kinds of value


def one_of(name: str, key: str, codes: Mapping[str, Any], standard: Any, **more: Any) -> Part:
    """One of a few.  codes: {text in an address: value}; of two texts for one value the first is written."""
    texts: dict[Any, str] = {}
    for text, value in codes.items():
        texts.setdefault(value, text)
    return Part(name, key, standard, codes.get, lambda value: texts.get(value, ""), **more)


def whole(name: str, key: str, least: int, most: int, standard: int, **more: Any) -> Part:
    """A whole number between two others."""

    def read(text: str) -> int | None:
        number = _number(text)
        is_one = number is not None and number.is_integer() and least <= number <= most
        return int(number) if is_one and number is not None else None

    return Part(name, key, standard, read, **more)


def decimal(name: str, key: str, least: float, most: float, standard: float, **more: Any) -> Part:
    """Any number between two others."""

    def read(text: str) -> float | None:
        number = _number(text)
        return number if number is not None and least <= number <= most else None

    return Part(name, key, standard, read, "{:g}".format, **more)


def switch(name: str, key: str, standard: bool = False, **more: Any) -> Part:
    """On or off."""
    return one_of(name, key, {"on": True, "off": False}, standard, **more)


def _number(text: str) -> float | None:
    """The number that a text is.

    >>> _number("0.001"), _number("-3"), _number("1e-05"), _number("²"), _number("NaN")
    (0.001, -3.0, 1e-05, None, None)
    """
    number = float(text) if text.isascii() and _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def whole_number(text: str, below: int) -> int | None:
    """The number from 0 to `below` - 1 that a text is, or None.

    >>> whole_number("41", 64), whole_number("64", 64), whole_number("-1", 64), whole_number("²", 64)
    (41, None, None, None)
    """
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if int(text) < below else None
