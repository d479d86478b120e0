"""The board: every run of the class as it trains, who found what, and the challenge."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.classroom import Classes, Row, Seat, spoken, standing
from pages.classroom import board_bar, board_values, joining, turned
from pages.classroom import board_words as words
from pages.classroom.board_csv import board_csv
from pages.classroom.board_settings import BoardSettings
from pages.ui.drawing.class_board import class_board
from pages.ui.drawing.figure import mode
from pages.ui.drawing.palette import VALIDATION
from pages.ui.frame import broadcast, screens
from pages.ui.frame.broadcast import Channel
from pages.ui.visitor import server, who
from pages.ui.wording import screen_summary

KEY = "class_board"
JUST_NOW = 5.0  # seconds after a freeze in which what stands there now is what stood there then

# What a class is shown since it was frozen, as it stood then: class id -> (since when, runs).
_still: dict[str, tuple[float, tuple[Row, ...]]] = {}


def draw(seat: Seat, summary: DeltaGenerator) -> None:
    """The view of one class.  summary: the place for it."""
    channel = _channel(server.classes(), seat.classroom.id)
    now = broadcast.values(channel)
    if now is not None:
        screen_summary.put(summary, now["heard"])
    st.fragment(_board, run_every=broadcast.every())(seat, channel)
    if screens.is_on_wall():
        return
    st.download_button(
        words.CSV,
        _csv(server.classes(), seat.classroom.id, _may_see(seat)),
        file_name="board.csv",
        mime="text/csv",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )
    if seat.is_teacher and seat.is_open:
        board_bar.draw(seat)


def _channel(classes: Classes, class_id: str) -> Channel:
    return Channel(("board", class_id), lambda: stamp(classes, class_id), lambda: shown(classes, class_id))


def _board(seat: Seat, channel: Channel) -> None:
    """Draw it; from here on its data goes on by itself."""
    may_see = _may_see(seat)
    class_board(channel, _own(seat), key=KEY, may_see=may_see, on_gone=lambda: None)
    if not may_see():
        st.rerun()  # the page says why


def _may_see(seat: Seat) -> Callable[[], bool]:
    """Whether the visitor still sits in this class: to be asked later, where no visitor is known."""
    classes, token = server.classes(), who.visitor()

    def may_see() -> bool:
        now = classes.seat(token)
        return now is not None and now.classroom.id == seat.classroom.id

    return may_see


def _own(seat: Seat) -> dict[str, Any]:
    settings = BoardSettings.of(seat.classroom)
    own: dict[str, Any] = {
        "me": "" if seat.member is None else board_values.tag(seat.classroom, seat.member, settings),
        "wall": screens.is_on_wall(),
        "look": "feature_maps?net=run:",
        "learning": VALIDATION[mode()],
    }
    if own["wall"]:
        own |= {"code": spoken(seat.classroom.code), "join": words.JOIN}
        own["qr"] = joining.qr_code(joining.address_of(seat.classroom))
    return own


# ---------------------------------------------------------------- what all see; without a visitor


def stamp(classes: Classes, class_id: str) -> Hashable:
    """Another value whenever the board of a class may look otherwise."""
    classroom = classes.classroom(class_id)
    if classroom is None:
        return None
    settings = BoardSettings.of(classroom)
    own = classes.stamp(class_id) if settings.frozen is not None else server.board().stamp(class_id)
    return own, turned.serial() if settings.challenge.measure == "turned" else 0


def shown(classes: Classes, class_id: str) -> dict[str, Any] | None:
    """The board of a class as all see it; None where the class is gone."""
    classroom = classes.classroom(class_id)
    if classroom is None:
        return None
    settings, rows = BoardSettings.of(classroom), _rows(classes, class_id)
    shares = turned.shares(rows) if settings.challenge.measure == "turned" else {}
    return board_values.values(classroom, settings, classes.members(classroom), rows, shares)


def _rows(classes: Classes, class_id: str) -> tuple[Row, ...]:
    """The runs that are shown: as they stand now, or as they stood when the teacher froze them."""
    classroom, board = classes.classroom(class_id), server.board()
    since = None if classroom is None else BoardSettings.of(classroom).frozen
    if classroom is None or since is None:
        _still.pop(class_id, None)
        return board.rows(class_id)
    if _still.get(class_id, (0.0,))[0] != since:
        is_new = time.time() - since < JUST_NOW
        _still[class_id] = since, board.rows(class_id) if is_new else board.rows(class_id, at=since)
    here = {member.id for member in classes.members(classroom)}
    return tuple(row for row in _still[class_id][1] if row.member.id in here)


def _csv(classes: Classes, class_id: str, may_see: Callable[[], bool]) -> Callable[[], str]:
    """What writes the file when it is asked for; nothing for who is in the class no more."""

    def write() -> str:
        classroom = classes.classroom(class_id)
        if classroom is None or not may_see():
            return ""
        settings = BoardSettings.of(classroom)
        rows = [row for row in _rows(classes, class_id) if row.member.id not in settings.hidden]
        shares = turned.shares(rows) if settings.challenge.measure == "turned" else {}
        return board_csv(standing(settings.challenge, rows, shares), settings.names != "none")

    return write
