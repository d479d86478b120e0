"""Before a class is opened, on a server where teachers sign in: the button for it, and the classes that are theirs."""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import Classroom, Person
from cnn_core.classroom.sign_in import check_may_open
from cnn_core.errors import StudentError
from cnn_core.settings import settings
from pages.ui.visitor import server, sign_in, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import plain, problem, small

_PLACE = "class_sign_in"
WHY_SIGN_IN = "On this server teachers sign in before they open a class. Students need no sign-in."


def signed_in_as(email: str) -> str:
    """Who it is.

    >>> signed_in_as("")
    'You have signed in.'
    """
    return f"You have signed in as {plain(email)}." if email else "You have signed in."


def may_open() -> bool:
    """Whether this visitor may fill in the form for a new class; what they need first is drawn. True where no
    sign-in is asked for, and nothing is drawn then.
    """
    if not sign_in.is_on() and not settings().teachers:
        return True
    person = sign_in.person()
    if person is None and sign_in.is_on():
        st.markdown(small(WHY_SIGN_IN))
        st.button("Sign in", key="class_sign_in", icon=":material/login:", on_click=_begin)
        refusals.draw(_PLACE)
        return False
    if person is not None:
        _draw_who(person)
    try:
        check_may_open(person, sign_in.is_on())
    except StudentError as error:
        problem(error)
        return False
    return True


def _draw_who(person: Person) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(small(signed_in_as(person.email)), width="content")
        st.button("Sign out", key="class_sign_out", type="tertiary", on_click=sign_in.end)
    for classroom in server.classes().opened_by(person):
        _draw_return(person, classroom)
    refusals.draw(_PLACE)


def _draw_return(person: Person, classroom: Classroom) -> None:
    st.button(
        f"Go to your class “{plain(classroom.title)}”",
        key=f"class_return_{classroom.id}",
        icon=":material/arrow_forward:",
        on_click=_return,
        args=(person, classroom.id),
    )


def _begin() -> None:
    with refusals.collect(_PLACE):
        sign_in.begin(who.visitor())


def _return(person: Person, class_id: str) -> None:
    with refusals.collect(_PLACE):
        server.classes().return_to(who.visitor(), person, class_id)
