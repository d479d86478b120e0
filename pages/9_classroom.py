"""What did the others find? A class: its board, its questions, its own digits, its homework."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import Seat
from pages.classroom import board, desk, digits, door, homework, keys, place, questions
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import server, who
from pages.ui.wording import refusals

require_shell()

VIEWS = {
    "board": ("Board", board.draw),
    "questions": ("Questions", questions.draw),
    "digits": ("Digits", digits.draw),
    "homework": ("Homework", homework.draw),
    "class": ("Class", desk.draw),
}
VIEW = address.one_of("view", "class_view", {view: view for view in VIEWS}, "board")


# On a phone five views in one line.
_STYLE = """<style>@media (max-width: 640px) { .st-key-class_view button { padding-left: 8px; padding-right: 8px } }
</style>"""


def ask() -> str:
    """Which of the views: a key of VIEWS. A link can name it."""
    st.html(_STYLE)
    return choice.in_address(VIEW, "View", {view: name for view, (name, _) in VIEWS.items()})


def page(summary: DeltaGenerator) -> None:
    """The door for who is in no class; else one of the views.  summary: the place for it."""
    keys.follow()
    seat: Seat | None = server.classes().seat(who.visitor())
    if seat is None:
        refusals.draw("class")
        door.draw(summary)
        return
    place.is_here(seat)
    if door.leads_elsewhere(seat):
        door.draw_instead(seat, summary)
        return
    _, draw = VIEWS[ask()]
    draw(seat, summary)


page(page_head("classroom"))
