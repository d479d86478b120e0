"""Who is in the class: a student's own place in it; for a teacher its code, its links, its end, its wiping."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import Seat
from cnn_core.classroom.record import LONGEST_NAME, LONGEST_TITLE
from pages.classroom import joining, keys, place, words
from pages.classroom.board_settings import BoardSettings
from pages.classroom.live import live
from pages.ui.forms.copy_text import copy_text
from pages.ui.frame.controlled import controlled
from pages.ui.frame.screens import is_on_wall
from pages.ui.visitor import server, who
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import caption, plain

_LONGER, _OUT = "class_longer", "class_out"


def draw(seat: Seat, summary: DeltaGenerator) -> None:
    """The view of one class.  summary: the place for it."""
    refusals.draw("class")
    if is_on_wall():
        _wall(seat, summary)
    elif seat.is_teacher:
        _desk(seat, summary)
    if seat.member is not None and not is_on_wall():
        _my_place(seat, summary)
    if not is_on_wall():
        place.draw_others(but=seat.classroom.id)


# ---------------------------------------------------------------- a student


def _my_place(seat: Seat, summary: DeltaGenerator) -> None:
    assert seat.member is not None
    if not seat.is_teacher:
        screen_summary.put(summary, words.summary_of_place(seat, place.until(seat)))
    with st.container(width=480):
        st.text_input(
            words.MY_NAME,
            max_chars=LONGEST_NAME,
            disabled=not seat.is_open,
            **controlled("class-name", seat.member.name, _rename),
        )
        if not seat.is_teacher:
            st.markdown(place.until(seat))
        caption(f"{words.WHAT_IS_KEPT} {place.kept_until(seat.classroom, seat.at)}")
        if not seat.is_teacher:
            _asked_once("leave", words.LEAVE, words.LEAVE_WHAT, words.LEAVE_NOW, place.leave)


def _rename(name: str) -> None:
    with refusals.collect("class"):
        server.classes().rename(who.visitor(), name)


# ---------------------------------------------------------------- the teacher


def _wall(seat: Seat, summary: DeltaGenerator) -> None:
    screen_summary.put(summary, words.summary_of_wall(seat, place.until(seat)))
    st.markdown(f"### {plain(seat.classroom.title)}")
    if seat.is_open:
        joining.code_and_picture(seat.classroom, large=True)
    else:
        st.markdown(place.until(seat))
    _live(seat, _names)


def _desk(seat: Seat, summary: DeltaGenerator) -> None:
    classroom = seat.classroom
    members = server.classes().members(classroom)
    screen_summary.put(summary, words.summary_of_desk(seat, members, place.until(seat)))
    keys.draw_new()
    left, right = st.columns([5, 4], gap="large")
    with left:
        if seat.is_open:
            joining.code_and_picture(classroom, large=True)
            with st.container(horizontal=True, vertical_alignment="center"):
                with st.container(width=180):
                    copy_text("class_copy_link", joining.address_of(classroom), words.COPY_LINK)
                # Another key after the click: a box stays open as long as it is the same.
                _asked_once(
                    f"code_{classroom.code}",
                    words.NEW_CODE,
                    words.NEW_CODE_WHAT,
                    words.NEW_CODE,
                    _renew_code,
                    quiet=True,
                )
        st.markdown(f"{place.until(seat)} :gray[{place.kept_until(classroom, seat.at)}]")
        _acts(seat)
    with right:
        _live(seat, _students)


def _live(seat: Seat, draw: Callable[[Seat], object]) -> None:
    classes, class_id = server.classes(), seat.classroom.id
    live(lambda: draw(seat), lambda: classes.stamp(class_id), ("all", class_id))


def _names(seat: Seat) -> bool:
    """Draw who is in the class; whether anybody is."""
    now = server.classes().seat(who.visitor())
    if now is None or now.classroom.id != seat.classroom.id:
        st.rerun()
    members = server.classes().members(seat.classroom)
    st.markdown(words.students(len(members)))
    if is_on_wall():
        if BoardSettings.of(now.classroom).names != "none":
            st.markdown(words.in_a_row(members))
    elif members:
        rows = [words.came(member, place.when(member.joined, seat.at)) for member in members]
        st.markdown("\n".join(f"- {row}" for row in rows))
    return bool(members)


def _students(seat: Seat) -> None:
    """Draw who is in the class, and the way to take one out."""
    if _names(seat):
        _take_out(seat)


def _acts(seat: Seat) -> None:
    """Draw what a teacher can do with the class."""
    st.text_input(
        words.RENAME_CLASS,
        max_chars=LONGEST_TITLE,
        disabled=not seat.is_open,
        **controlled("class-title", seat.classroom.title, _rename_class),
    )
    with st.container(horizontal=True, gap="small"):
        with st.popover(words.LONGER, key=f"class_longer_box_{seat.classroom.ends:.0f}"):
            st.selectbox(
                words.FROM_NOW,
                list(words.HOURS),
                format_func=words.HOURS.__getitem__,
                filter_mode=None,
                key=_LONGER,
            )
            st.button(words.LONGER, key="class_longer_now", width="stretch", on_click=_prolong)
        if not keys.is_new():
            _links()
        if seat.is_open:
            _asked_once("end", words.END, words.END_WHAT, words.END_NOW, _end)
        _asked_once("wipe", words.WIPE, words.WIPE_WHAT, words.WIPE_NOW, _wipe)
        if seat.member is None:
            _asked_once(
                "stand_up", words.LEAVE, words.LEAVE_TEACHER_WHAT, words.LEAVE_TEACHER_NOW, place.leave
            )


def _links() -> None:
    with st.popover(words.LINKS, key="class_links"):
        caption(words.INVITE_WHAT)
        st.button(words.INVITE, key="class_invite", width="stretch", on_click=_invite)
        caption(words.RENEW_WHAT)
        st.button(words.RENEW, key="class_renew", width="stretch", on_click=_renew)


def _asked_once(
    name: str, label: str, what: str, act_label: str, act: Callable[[], None], quiet: bool = False
) -> None:
    """Draw a button that says first what it does."""
    with st.popover(label, key=f"class_{name}_box", type="tertiary" if quiet else "secondary"):
        caption(what)
        st.button(act_label, key=f"class_{name}", width="stretch", on_click=act)


def _take_out(seat: Seat) -> None:
    refusals.draw("class_out")
    names = {member.id: member.name for member in server.classes().members(seat.classroom)}
    with st.popover(words.TAKE_OUT, key=f"class_out_box_{len(names)}", type="tertiary"):
        st.selectbox(words.WHOM, list(names), format_func=lambda one: names.get(one, one), key=_OUT)
        caption(words.TAKE_OUT_WHAT)
        st.button(words.TAKE_OUT, key="class_out_now", width="stretch", on_click=_taken_out)


# ---------------------------------------------------------------- clicks


def _taken_out() -> None:
    with refusals.collect("class_out"):
        server.classes().remove(who.visitor(), st.session_state.get(_OUT) or "")


def _rename_class(title: str) -> None:
    with refusals.collect("class"):
        server.classes().rename_class(who.visitor(), title)


def _renew_code() -> None:
    with refusals.collect("class"):
        server.classes().renew_code(who.visitor())


def _prolong() -> None:
    with refusals.collect("class"):
        server.classes().prolong(who.visitor(), st.session_state.get(_LONGER) or words.USUAL_HOURS)


def _invite() -> None:
    with refusals.collect("class"):
        keys.show_once(server.classes().invite(who.visitor()), is_second=True)


def _renew() -> None:
    with refusals.collect("class"):
        keys.show_once(server.classes().renew(who.visitor()), is_second=False)


def _end() -> None:
    with refusals.collect("class"):
        server.classes().end(who.visitor())


def _wipe() -> None:
    with refusals.collect("class"):
        server.classes().wipe(who.visitor())
        place.forget()
