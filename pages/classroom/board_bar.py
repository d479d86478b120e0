"""The teacher's bar under the board: what the class is shown of it. The core asks for the seat at each click."""

from __future__ import annotations

import time
from typing import Any

import streamlit as st

from cnn_core.classroom import READY, Challenge, Classroom, Seat
from pages.classroom import board_words as words
from pages.classroom import own_challenge
from pages.classroom.board_settings import PART, SORTS, BoardSettings
from pages.ui.frame import controlled
from pages.ui.visitor import server, who
from pages.ui.wording import refusals

PLACE, OWN_PLACE = "board_bar", "board_own"  # of refusals
OWN = "own"  # a challenge that is none of READY
_STYLE = """<style>
[data-testid="stBottomBlockContainer"]:has(.st-key-board_bar) { padding-top: 0.5rem; padding-bottom: 0.6rem }
.st-key-board_bar { flex-wrap: wrap; row-gap: 0.4rem }
.st-key-board_bar :is(p, [data-testid="stMarkdownContainer"]) { margin: 0 }
</style>"""


def draw(seat: Seat) -> None:
    """Draw the bar of a teacher; what it changes is seen on all screens within a second."""
    settings = BoardSettings.of(seat.classroom)
    with st.bottom:
        st.html(_STYLE)
        refusals.draw(PLACE)
        with st.container(key="board_bar", horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(":gray[Yours only:]", width="content")
            _freeze(settings)
            _names(settings)
            _challenge(settings)
            _more(seat.classroom)
            st.link_button(words.WALL, "classroom?view=board&screen=wall", icon=":material/open_in_new:")


def change(**changes: Any) -> None:
    """Set some of the settings for the whole class; for callbacks."""
    with refusals.collect(PLACE):
        seat = server.classes().seat(who.visitor())
        before = {} if seat is None else BoardSettings.of(seat.classroom).to_dict()
        server.classes().show(who.visitor(), PART, before | changes)


def _freeze(settings: BoardSettings) -> None:
    is_still = settings.frozen is not None
    st.button(
        words.GO_ON if is_still else words.FREEZE,
        key="board_freeze",
        icon=":material/play_arrow:" if is_still else ":material/pause:",
        on_click=_turn_freeze,
        args=(not is_still,),
    )


def _turn_freeze(still: bool) -> None:
    change(frozen=time.time() if still else None)


def _names(settings: BoardSettings) -> None:
    st.segmented_control(
        "Names",
        list(words.NAMES),
        format_func=words.NAMES.__getitem__,
        required=True,
        label_visibility="collapsed",
        width="content",
        **controlled.controlled("board_names", settings.names, _take, "names"),
    )


def _challenge(settings: BoardSettings) -> None:
    ready = next((key for key, one in READY.items() if one == settings.challenge), OWN)
    options = [*READY, OWN] if ready == OWN else list(READY)
    labels = {key: words.title(one) for key, one in READY.items()} | {OWN: words.title(settings.challenge)}
    st.selectbox(
        "Challenge",
        options,
        format_func=labels.__getitem__,
        label_visibility="collapsed",
        width=280,
        **controlled.controlled("board_challenge", ready, _take_challenge, words=tuple(labels.values())),
    )


def _take_challenge(key: str) -> None:
    if key in READY:
        set_challenge(READY[key])


def set_challenge(challenge: Challenge) -> None:
    """Let the class try this one; for callbacks."""
    change(challenge=challenge.to_dict())


def _take(name: str, value: Any) -> None:
    change(**{name: value})


def _more(classroom: Classroom) -> None:
    if st.button(words.MORE, key="board_more"):
        # In a dialog: a box that opens from the lower edge has no room there.
        st.dialog(words.SHOWN)(_settings)(classroom.id)


def _settings(class_id: str) -> None:
    """Draw what is set seldom: whom the class does not see, the order of the list, a challenge of one's own."""
    seat = server.classes().seat(who.visitor())
    if seat is None or seat.classroom.id != class_id or not seat.is_teacher:
        return
    settings = BoardSettings.of(seat.classroom)
    names = {member.id: member.name for member in server.classes().members(seat.classroom)}
    st.multiselect(
        words.HIDE,
        list(names),
        format_func=lambda one: names.get(one, ""),
        placeholder="Nobody",
        **controlled.controlled(
            "board_hidden", [one for one in settings.hidden if one in names], _take, "hidden"
        ),
    )
    st.segmented_control(
        words.SORT,
        list(SORTS),
        format_func=SORTS.__getitem__,
        required=True,
        **controlled.controlled("board_sort", settings.sort, _take, "sort"),
    )
    own_challenge.ask(settings.challenge, set_challenge, OWN_PLACE)
    refusals.draw(OWN_PLACE)
