"""The teacher's steps: how far the class is, closing the drawing, the test set; and what is in dispute, one by one."""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import OUT, Drawing, make_set, set_of
from cnn_core.classroom import drawn as core
from cnn_core.classroom.drawn_set import is_up_to_date
from cnn_core.data.own import OwnSet, Shelf
from pages.classroom import digits_words as words
from pages.classroom.digits_check import KEY_PX, KEYS, KEYS_STYLE, PICTURE_PX
from pages.classroom.digits_draw import images_of
from pages.classroom.digits_live import Now, changed, follow, live, now
from pages.ui.drawing.sheets import image_picture
from pages.ui.frame import shell
from pages.ui.visitor import server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import answer, caption, on_primary


def overview() -> None:
    """How far the class is, and what the teacher may do."""
    live(_overview)


def _overview() -> None:
    here = now(needs_teacher=True)
    follow(here, changed)
    said = core.tally(here.drawings)
    answer(words.how_far(said))
    if not said.drawn:
        caption(words.WHERE_STUDENTS_DRAW)
    else:
        st.markdown(words.table_of_digits(said.of_digit))
    if here.seat.is_open:
        _acts(here, said.counting)
    refusals.draw("digits_desk")


def _acts(here: Now, counting: int) -> None:
    one = set_of(Shelf(), here.seat.classroom)
    is_mine = one is not None and one.is_owner(who.visitor())
    is_current = one is not None and is_mine and is_up_to_date(one, here.drawings)
    is_closed = core.is_closed(here.seat.classroom)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            on_primary(words.UPDATE if is_mine else words.MAKE, bool(counting) and not is_current),
            key="digits_make",
            type="primary",
            disabled=not counting or is_current,
            on_click=_make,
        )
        st.button(
            words.OPEN if is_closed else words.CLOSE,
            key="digits_close",
            on_click=_close,
            args=(not is_closed,),
        )
    if one is not None:
        _the_set(one, is_mine)


def _the_set(one: OwnSet, is_mine: bool) -> None:
    caption(words.the_set(one.name, one.contents().count()))
    if is_mine:
        caption(words.KEPT_AFTER)
        st.page_link(
            shell.ROOT / shell.entry("my_data").file, label="See it on My data", query_params={"set": one.id}
        )


def _make() -> None:
    with refusals.collect("digits_desk"):
        make_set(server.classes(), Shelf(), who.visitor())


def _close(is_closed: bool) -> None:
    with refusals.collect("digits_desk"):
        core.close(server.classes(), who.visitor(), is_closed)


# ---------------------------------------------------------------- in dispute


def decide() -> None:
    """One drawing after the other that only a teacher can settle."""
    live(_decide)


def _open(here: Now) -> tuple[Drawing, ...]:
    is_closed = core.is_closed(here.seat.classroom) or not here.seat.is_open
    return core.to_decide(here.drawings, is_closed)


def _decide() -> None:
    here = now(needs_teacher=True)
    follow(here, changed)
    waiting = _open(here)
    if not waiting or not here.seat.is_open:
        answer(words.NOTHING_IN_DISPUTE if not waiting else words.ENDED)
        refusals.draw("digits_decide")
        return
    one = waiting[0]
    st.header(words.in_dispute(len(waiting)), anchor=False)
    image_picture(
        images_of((one,))[0], "digits_to_decide", alt=words.A_DRAWING, px=PICTURE_PX, read_out=False
    )
    st.markdown(words.asked_and_read(one))
    _keys(one)
    refusals.draw("digits_decide")
    caption(words.SETTLED_BY)


def _keys(one: Drawing) -> None:
    st.html(KEYS_STYLE)
    with st.container(horizontal=True, gap="xsmall", key=f"desk_{KEYS}"):
        for digit in range(core.DIGITS):
            st.button(
                str(digit),
                key=f"digits_is_{one.ref}_{digit}",
                type="primary" if digit == one.digit else "secondary",
                width=KEY_PX,
                on_click=_settle,
                args=(one.ref, digit),
            )
    st.button(words.TAKE_OUT, key=f"digits_is_{one.ref}_out", on_click=_settle, args=(one.ref, OUT))


def _settle(ref: str, digit: int) -> None:
    with refusals.collect("digits_decide"):
        core.decide(server.classes(), who.visitor(), ref, digit)
