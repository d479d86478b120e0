"""One line above the classes: what just happened, and the button that takes it back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cnn_core.data.own.own_set import OwnSet
from pages.my_data import words
from pages.my_data.chosen import View
from pages.ui.visitor import who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import plain

_SAID = "data_said"  # (a sentence, "" | "in" | "out" | "class", the set, ids or a class's number)


def say(sentence: str, added: Sequence[int] = ()) -> None:
    """Say this until something else happens.  added: pictures that Undo takes out again."""
    st.session_state[_SAID] = (sentence, "in" if added else "", "", tuple(added))


def take_out(one: OwnSet, ids: Sequence[int], what: str = "") -> None:
    """Take pictures out; for a callback.  what: they go with, such as their class."""
    with refusals.collect("data"):
        gone = one.take_out(who.visitor(), ids)
        st.session_state[_SAID] = (words.taken_out(len(gone), what), "out", one.id, gone)


def take_out_contributor(one: OwnSet, by: str, name: str) -> None:
    """Take out all that somebody added; for a callback."""
    take_out(one, [picture.id for picture in one.contents().pictures if picture.by == by], name)


def take_out_class(one: OwnSet, number: int, name: str) -> None:
    """Take a class out with its pictures; for a callback."""
    with refusals.collect("data"):
        count = len(one.contents().of_class(number))
        one.take_out_class(who.visitor(), number)
        st.session_state[_SAID] = (words.taken_out(count, name), "class", one.id, (number,))


def line(view: View) -> None:
    """Draw the line, where there is anything to say."""
    refusals.draw("data")
    sentence, kind, set_id, things = st.session_state.get(_SAID, ("", "", "", ()))
    if not sentence or view.one is None or set_id not in ("", view.one.id):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(plain(sentence), width="content")
        if kind:
            st.button(
                "Undo",
                key="data_undo",
                icon=":material/undo:",
                type="tertiary",
                on_click=_undo,
                args=(view.one, kind, things),
            )


def _undo(one: OwnSet, kind: str, things: tuple[int, ...]) -> None:
    st.session_state.pop(_SAID, None)
    with refusals.collect("data"):
        if kind == "class":
            one.put_back_class(who.visitor(), things[0])
        elif kind == "in":
            one.take_out(who.visitor(), things)
        else:
            one.put_back(who.visitor(), things)
