"""For who is in no class: join one by its code, or open one."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import CODE_LENGTH, LETTERS, Seat
from cnn_core.classroom.record import LONGEST_NAME, LONGEST_TITLE
from pages.classroom import keys, place, teachers, words
from pages.ui.frame import address
from pages.ui.frame.shell import ROOT, entry
from pages.ui.visitor import scene, server, sign_in, who
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import caption, on_primary

JOIN = "join"  # in the address: a class's code
_CODE, _NAME, _TITLE, _HOURS = "class_code", "class_my_name", "class_title", "class_hours"
_STYLE = """<style>
.st-key-class_code input { font-size: 1.75rem; letter-spacing: .12em; text-transform: uppercase; height: 3rem }
.st-key-class_code input::placeholder { opacity: .35; text-transform: none }
.st-key-class_code [data-testid="InputInstructions"], .st-key-class_my_name [data-testid="InputInstructions"]
{ display: none }
</style>"""


def asked_code() -> str:
    """The code that a link to join says, until it was used; "" where there is none that can be one."""
    text = st.query_params.get(JOIN, "")
    letters = "".join(letter for letter in text.upper()[:40] if letter in LETTERS)
    return letters if len(letters) == CODE_LENGTH else ""


def draw(summary: DeltaGenerator) -> None:
    """The door.  summary: the place for its summary."""
    code = asked_code()
    screen_summary.put(summary, words.summary_of_door(code))
    place.draw_gone()
    with st.container(width=420, key="class_door"):
        caption(words.WHAT_A_CLASS_IS)
        ask_code(code)
        place.draw_others()
        st.space("medium")
        _teach()


def leads_elsewhere(seat: Seat) -> bool:
    """Whether a link to join leads to another class than the one where the visitor sits."""
    code = asked_code()
    if code == seat.classroom.code:  # already in: a link that is copied here need not have it
        address.asked(JOIN)
        address.write(JOIN, "")
    return code not in ("", seat.classroom.code)


def draw_instead(seat: Seat, summary: DeltaGenerator) -> None:
    """The door for who sits in a class, and came by a link to another.  summary: the place for it."""
    screen_summary.put(summary, words.summary_of_door(asked_code()))
    with st.container(width=420, key="class_door"):
        st.markdown(words.join_instead(seat.classroom.title))
        ask_code(asked_code())
        st.button(words.stay_in(seat.classroom.title), key="class_stay", on_click=_stay)


def _stay() -> None:
    address.write(JOIN, "")


def ask_code(code: str) -> None:
    """Draw the field for the code and the one for the name.  code: that a link has brought, or ""."""
    st.html(_STYLE)
    if code:
        address.asked(JOIN)  # the address keeps it for F5 until one is in
        st.session_state.setdefault(_CODE, code)
    with st.form("class_join", border=False, enter_to_submit=True):
        st.text_input(
            words.CODE,
            key=_CODE,
            max_chars=40,
            placeholder="KRT-BDW",
            help=words.CODE_HELP,
            autocomplete="off",
        )
        st.text_input(
            words.NAME,
            key=_NAME,
            max_chars=LONGEST_NAME,
            placeholder=words.AN_ANIMAL,
            help=words.NAME_HELP,
            autocomplete="off",
        )
        refusals.draw("class_join")
        st.form_submit_button(on_primary(words.JOIN), type="primary", width="stretch", on_click=_join)
    keys.fit_for_a_phone(_CODE)


def _join() -> None:
    with refusals.collect("class_join"):
        code, name = st.session_state.get(_CODE, ""), st.session_state.get(_NAME, "")
        server.classes().join(who.visitor(), code, name, who.network())
        address.write(JOIN, "")


def _teach() -> None:
    # Who has signed in, or chose a lesson for a class, came for this.
    is_wanted = scene.wanted_for_class() is not None or sign_in.person() is not None
    with st.expander(words.TEACH, key="class_teach", expanded=is_wanted):
        if not teachers.may_open():
            return
        caption(words.OPEN_WHAT)
        if (title := scene.wanted_title()) is not None:
            caption(words.begins_with(title))
        st.text_input(words.TITLE, key=_TITLE, max_chars=LONGEST_TITLE, placeholder=words.TITLE_EXAMPLE)
        st.selectbox(
            words.HOW_LONG,
            list(words.HOURS),
            index=list(words.HOURS).index(words.USUAL_HOURS),
            format_func=words.HOURS.__getitem__,
            filter_mode=None,
            key=_HOURS,
        )
        refusals.draw("class_open")
        st.button(words.OPEN, key="class_open", icon=":material/group_add:", on_click=_open)
        st.page_link(ROOT / entry("teachers").file, label=words.LESSONS, icon=":material/theater_comedy:")


def _open() -> None:
    with refusals.collect("class_open"):
        title, hours = st.session_state.get(_TITLE, ""), st.session_state.get(_HOURS, words.USUAL_HOURS)
        _, key = server.classes().open(who.visitor(), title, hours, who.network(), person=sign_in.person())
        keys.show_once(key, is_second=False)
        scene.begin_class()
        place.turn_to_desk()
