"""Where a visitor sits: turning to another class, leaving, and being told that the class is gone."""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import Classroom, Seat
from cnn_core.settings import settings
from pages.classroom import words
from pages.ui.visitor import server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import plain

_SAT = "class_sat"  # title of the class where this tab's visitor sat when it was last drawn
_VIEW = "class_view"  # key of the choice among the views


def sits_in(seat: Seat) -> None:
    """The visitor sits there now: if not any more, the page Class says so."""
    st.session_state[_SAT] = seat.classroom.title


def is_here(seat: Seat) -> None:
    """The same, and that they come from where they come from."""
    sits_in(seat)
    server.classes().guard.sits(seat.classroom.id, who.network())


def draw_gone() -> None:
    """Say that the class is gone, or the seat in it, where it was there a moment ago."""
    if title := st.session_state.get(_SAT):
        st.markdown(words.gone(title))


def draw_others(but: str = "") -> None:
    """Draw a way to each class where the visitor has a place.  but: the id of the one that they sit in."""
    others = [one for one in server.classes().seats(who.visitor()) if one.classroom.id != but]
    refusals.draw("class_turn")
    if others:
        st.markdown(f":gray[{words.YOUR_OTHERS}]")
    for one in others:
        st.button(
            plain(one.classroom.title),
            key=f"class_turn_{one.classroom.id}",
            icon=":material/co_present:" if one.is_teacher else ":material/group:",
            type="tertiary",
            on_click=_turn,
            args=(one.classroom.id,),
        )


def _turn(class_id: str) -> None:
    with refusals.collect("class_turn"):
        server.classes().turn_to(who.visitor(), class_id)


def turn_to_desk() -> None:
    """Turn to the view of the class itself; for a callback."""
    st.session_state[_VIEW] = "class"


def leave() -> None:
    """Leave the class; for a callback."""
    with refusals.collect("class"):
        server.classes().leave(who.visitor())
        forget()


def forget() -> None:
    """Nobody has to be told that the class is gone: the visitor did it."""
    st.session_state.pop(_SAT, None)


def when(seconds: float, now: float) -> str:
    """A moment by the visitor's own clock.  seconds, now: since 1970."""
    behind = st.context.timezone_offset or 0
    return words.moment(words.local(seconds, behind), words.local(now, behind))


def until(seat: Seat) -> str:
    """Until when the class is open, by the visitor's own clock."""
    return words.open_until(when(seat.classroom.ends, seat.at), seat.is_open)


def kept_until(classroom: Classroom, now: float) -> str:
    """When the server deletes it by itself."""
    return words.kept_until(when(classroom.ends + settings().class_days * 86400, now))
