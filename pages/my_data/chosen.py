"""Which data set the page is about: one that exists, or the one that the first picture will make."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import streamlit as st

from cnn_core.data.own.contents import Contents, OwnClass
from cnn_core.data.own.own_set import SHAPES, OwnSet
from cnn_core.data.own.shelf import FIRST_CLASS, Shelf
from pages.my_data.words import Row
from pages.ui.frame import address
from pages.ui.visitor import who
from pages.ui.wording import refusals

_CHOSEN = "data_chosen"  # the id of a set; "" is one that is to be made
_TARGET = "data_target"  # the number of the class that the next picture goes to
_NEW = "data_new"  # "grey" or "colour": of the set that is to be made
_SERIAL = "data_serial"  # rises with each photo and each upload: their widgets are then empty again
LINK = "data"  # in the address: the key of a shared set
_SET = "set"  # the same of one of the visitor's own: its id


@dataclass(frozen=True)
class View:
    """The set that the page is about, as it stood when this run began. one: None where it is to be made."""

    one: OwnSet | None
    contents: Contents
    is_colour: bool
    is_owner: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of each picture."""
        return SHAPES["colour" if self.is_colour else "grey"]

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The classes with their counts."""
        return tuple(
            Row(
                own.name,
                len(self.contents.of_class(own.number)),
                len(self.contents.of_class(own.number, "test")),
            )
            for own in self.contents.classes
        )

    @property
    def target(self) -> OwnClass:
        """The class that the next picture goes to."""
        number = st.session_state.get(_TARGET)
        classes = self.contents.classes
        return next((own for own in classes if own.number == number), classes[0])


def current() -> View:
    """The set that the visitor chose, or that a link names; else their newest; else one that is to be made."""
    _follow_link()
    sets = mine()
    if (set_id := address.asked(_SET)) in [one.id for one in sets]:
        choose(str(set_id))
    chosen = st.session_state.get(_CHOSEN)
    newest = sets[-1] if sets else None
    if chosen != "":
        one = next((one for one in sets if one.id == chosen), newest)
        address.write(_SET, "" if one is newest or one is None else one.id)
        if one is not None and one.contents().classes:
            return View(one, one.contents(), one.shape[0] == 3, one.is_owner(who.visitor()))
    colour = st.session_state.get(_NEW) == "colour"
    return View(None, Contents((OwnClass(0, FIRST_CLASS),)), colour, True)


def mine() -> list[OwnSet]:
    """The visitor's sets, and those they opened by a link."""
    return Shelf().of(who.visitor())


def _follow_link() -> None:
    key = address.asked(LINK)
    if key:
        with refusals.collect("data"):
            choose(Shelf().open_link(key, who.visitor()).id)


def choose(set_id: str) -> None:
    """Turn to a set; "" begins one."""
    st.session_state[_CHOSEN] = set_id
    st.session_state.pop(_TARGET, None)


def aim_at(number: int) -> None:
    """The next picture goes to this class."""
    st.session_state[_TARGET] = number


def keep_as(shape: str) -> None:
    """How the pictures of the set that is to be made are kept: "grey" or "colour"."""
    st.session_state[_NEW] = shape


def made(view: View) -> OwnSet:
    """The view's set; made now where it is still to be made. Raises StudentError where it cannot be."""
    if view.one is not None:
        return view.one
    # The second of two drawings that came together finds the set that the first has made.
    chosen = st.session_state.get(_CHOSEN)
    already = next((one for one in mine() if one.id == chosen), None)
    if already is not None:
        return already
    one = Shelf().make(who.visitor(), colour=view.is_colour)
    st.session_state[_CHOSEN] = one.id
    return one


def serial() -> int:
    """Part of the keys of widgets that are to be empty after each addition."""
    value = st.session_state.get(_SERIAL, 0)
    return value if isinstance(value, int) else 0


def renew() -> None:
    """Empty the camera and the upload."""
    st.session_state[_SERIAL] = serial() + 1
