"""Check: what digit is this? One tap, without being told what was asked for."""

from __future__ import annotations

import streamlit as st

from cnn_core.classroom import Drawing
from cnn_core.classroom import drawn as core
from pages.classroom import digits_words as words
from pages.classroom.digits_draw import images_of
from pages.classroom.digits_live import Now, drawn_so_far, follow, live, now
from pages.ui.drawing.sheets import image_picture
from pages.ui.visitor import server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import answer, caption

_CHECKING = "digits_checking"  # the ref of the drawing that is asked about
_SERIAL = "digits_serial"  # rises with each answer: a second tap of a double one finds no button
PICTURE_PX, KEY_PX = 280, 60
KEYS = "digits_keys"
# A thumb's width on a phone.
KEYS_STYLE = (
    f"""<style>@media (max-width: 640px) {{ [class*="{KEYS}"] button {{ min-height: 48px }} }}</style>"""
)


def step() -> None:
    """Draw the step."""
    live(_step)


def _step() -> None:
    here = now(needs_member=True)
    if not here.seat.is_open:
        answer(words.ENDED)
        return
    one = _current(here)
    if one is None:  # under the finger nothing moves
        follow(here, drawn_so_far)
    checked = sum(here.me in each.said for each in here.drawings)
    if one is None:
        answer(words.nothing_to_check(checked))
        return
    st.header(words.WHAT_DIGIT, anchor=False)
    image_picture(images_of((one,))[0], "digits_to_check", alt=words.A_DRAWING, px=PICTURE_PX, read_out=False)
    _keys(one.ref)
    refusals.draw("digits_check")
    caption(f"{words.checked_so_far(checked, _waiting(here))} {words.CHECK_WHY}")


def _current(here: Now) -> Drawing | None:
    """The drawing that is asked about: it stays until it is answered, whatever others say of it meanwhile."""
    ref = st.session_state.get(_CHECKING)
    same = (
        one for one in here.drawings if one.ref == ref and one.member != here.me and here.me not in one.said
    )
    one = next(same, None) or core.next_to_check(here.drawings, here.me)
    st.session_state[_CHECKING] = one.ref if one else None
    return one


def _waiting(here: Now) -> int:
    return max(
        1,
        sum(
            not one.is_settled and one.member != here.me and here.me not in one.said for one in here.drawings
        ),
    )


def _keys(ref: str) -> None:
    """Ten keys and a way out. Their names say nothing of the drawing."""
    st.html(KEYS_STYLE)
    serial = st.session_state.setdefault(_SERIAL, 0)
    with st.container(horizontal=True, gap="xsmall", key=KEYS):
        for digit in range(core.DIGITS):
            st.button(
                str(digit), key=f"digits_say_{serial}_{digit}", width=KEY_PX, on_click=_say, args=(ref, digit)
            )
    st.button(
        words.CANNOT_TELL, key=f"digits_say_{serial}_none", type="tertiary", on_click=_say, args=(ref, None)
    )


def _say(ref: str, digit: int | None) -> None:
    with refusals.collect("digits_check"):
        core.check(server.classes(), who.visitor(), ref, digit)
    st.session_state[_CHECKING] = None
    st.session_state[_SERIAL] += 1
