"""Draw: the pad, the digit that the class needs, and what has become of one's own drawings."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core.classroom import Drawing
from cnn_core.classroom import drawn as core
from pages.classroom import digits_words as words
from pages.classroom.digits_live import Now, now
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.forms.canvas import collecting_canvas
from pages.ui.visitor import server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import answer, caption

_ASKED = "digits_asked"  # [how many this student had drawn, the digit that is asked for]
_CHOSEN = "digits_chosen"  # the ref of one of the student's own drawings
PAD = "digits_pad"
PAD_PX, TILE_PX = 340, 56


def step() -> None:
    """Draw the step."""
    st.fragment(_step)()  # under the pen nothing moves


def _step() -> None:
    here = now(needs_member=True)
    pad, mine = st.columns([360, 480], gap="large")  # on a phone the pad comes first
    with pad:
        _next(here)
    with mine:
        _mine(here)


def _next(here: Now) -> None:
    if core.is_closed(here.seat.classroom) or not here.seat.is_open:
        answer(words.CLOSED if here.seat.is_open else words.ENDED)
    elif len(here.mine) >= core.MOST_DRAWN:
        answer(words.DRAWN_ALL)
    else:
        _pad(here)
    refusals.draw("digits_draw")


def _pad(here: Now) -> None:
    digit = _asked(here)
    st.header(words.draw_a(digit), anchor=False)
    drawings = collecting_canvas(PAD, words.ADD, digit, PAD_PX, holds=True)
    if drawings:
        for drawing in drawings:
            with refusals.collect("digits_draw"):  # one that is refused takes no other along
                core.draw(server.classes(), who.visitor(), drawing.target, drawing.pixels)
        st.rerun()
    caption(words.so_far(len(here.mine), len(here.drawings)))


def _asked(here: Now) -> int:
    """The digit that is asked for: it stays until it is drawn, whatever others draw meanwhile."""
    before = st.session_state.get(_ASKED)
    if before is None or before[0] != len(here.mine):
        before = [len(here.mine), core.asked_digit(here.drawings, here.me)]
        st.session_state[_ASKED] = before
    return int(before[1])


def _mine(here: Now) -> None:
    if not here.mine:
        caption(words.HOW_PREPARED)
        return
    if said := words.disputed_of_mine(sum(one.state == "disputed" for one in here.mine)):
        st.markdown(said)
    mine = here.mine[::-1]  # the newest first
    refs = [one.ref for one in mine]

    def choose(place: int) -> None:
        st.session_state[_CHOSEN] = refs[place]

    chosen = st.session_state.get(_CHOSEN)
    selected = refs.index(chosen) if chosen in refs else None
    sheet(
        image_sheet(images_of(mine)),
        "digits_mine",
        alt="Your drawings",
        tile_px=TILE_PX,
        captions=[(str(one.label), words.OF_STATE[one.state]) for one in mine],
        selected=selected,
        on_click=choose,
    )
    if selected is not None:
        _chosen(mine[selected], here.seat.is_open)
    caption(words.KEPT_HOW)


def _chosen(one: Drawing, is_open: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words.state_of(one), width="stretch")
        if is_open:
            st.button(words.TAKE_OUT, key="digits_take_back", on_click=_take_back, args=(one.ref,))


def _take_back(ref: str) -> None:
    with refusals.collect("digits_draw"):
        core.take_back(server.classes(), who.visitor(), ref)
    st.session_state.pop(_CHOSEN, None)


def images_of(drawings: tuple[Drawing, ...]) -> np.ndarray:
    """(N, 1, 28, 28) float32 in [0, 1]."""
    joined = b"".join(one.pixels for one in drawings)
    return np.frombuffer(joined, np.uint8).reshape(len(drawings), *core.SHAPE).astype(np.float32) / 255
