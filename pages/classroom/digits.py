"""Digits that the class drew: students draw and check, the teacher decides, and all see whose network reads them."""

from __future__ import annotations

from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import Seat, drawings_of
from cnn_core.classroom.drawn import tally
from pages.classroom import digits_check, digits_desk, digits_draw, digits_results
from pages.classroom.digits_words import STEPS, summary_of
from pages.ui.forms import choice
from pages.ui.frame import address
from pages.ui.visitor import server
from pages.ui.wording import screen_summary

STEP = address.one_of("digits", "digits_step", {step: step for step in STEPS}, "draw")
DRAW_STEP = {
    "overview": digits_desk.overview,
    "decide": digits_desk.decide,
    "draw": digits_draw.step,
    "check": digits_check.step,
    "results": digits_results.step,
}


def steps_of(seat: Seat) -> list[str]:
    """Which steps somebody has: a teacher looks over, a member draws and checks; who is both has all."""
    teacher = ["overview", "decide"] if seat.is_teacher else []
    member = ["draw", "check"] if seat.member else []
    return [*teacher, *member, "results"]


def draw(seat: Seat, summary: DeltaGenerator) -> None:
    """The view of one class.  summary: the place for it."""
    step = _ask(steps_of(seat))
    said = tally(drawings_of(server.classes(), seat.classroom))
    screen_summary.put(summary, summary_of(step, said))
    DRAW_STEP[step]()


def _ask(steps: list[str]) -> str:
    address.follow(STEP)
    step = choice.one_of("Step", {step: STEPS[step] for step in steps}, STEP.key)
    address.tell(STEP)
    return step
