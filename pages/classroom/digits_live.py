"""What every step of "Our digits" begins with: the visitor's seat, asked anew, and what the class has drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from cnn_core.classroom import Drawing, Seat, drawings_of
from pages.ui.frame import broadcast
from pages.ui.visitor import server, who


@dataclass(frozen=True)
class Now:
    """The class as it is in this run.  drawings: of all members."""

    seat: Seat
    drawings: tuple[Drawing, ...]

    @property
    def me(self) -> str:
        """The visitor's id as a member; "" for a teacher who has not joined."""
        return self.seat.member.id if self.seat.member else ""

    @property
    def mine(self) -> tuple[Drawing, ...]:
        """What this visitor drew, in the order in which they did."""
        return tuple(one for one in self.drawings if one.member == self.me)


def now(needs_member: bool = False, needs_teacher: bool = False) -> Now:
    """The class where the visitor sits. Where they left it, or it was wiped meanwhile, the page is drawn anew instead.

    needs_member, needs_teacher: the same for who is none.
    """
    seat = server.classes().seat(who.visitor())
    is_enough = seat is not None and (
        (seat.member is not None or not needs_member) and (seat.is_teacher or not needs_teacher)
    )
    if seat is None or not is_enough:
        st.rerun()  # the whole page: it shows the door, or the steps that are left
    return Now(seat, drawings_of(server.classes(), seat.classroom))


def changed(class_id: str) -> Hashable:
    """Another value whenever anything of the class changed."""
    return server.classes().stamp(class_id)


def drawn_so_far(class_id: str) -> Hashable:
    """Another value whenever somebody drew, or took a drawing out."""
    classroom = server.classes().classroom(class_id)
    return None if classroom is None else len(drawings_of(server.classes(), classroom))


def follow(here: Now, what: Callable[[str], Hashable]) -> None:
    """Draw this fragment anew when `what` of the class changes; its first call.  what: `changed` or `drawn_so_far`."""
    class_id = here.seat.classroom.id
    broadcast.wake((what.__name__, class_id), partial(what, class_id), f"digits_{what.__name__}")


def live(draw: Callable[[], None]) -> None:
    """Draw a part that is drawn again while others do something; it calls `follow`."""
    st.fragment(draw, run_every=broadcast.every())()
