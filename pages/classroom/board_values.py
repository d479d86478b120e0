"""The board in the words that its component knows: computed once, for all screens of a class.

Nothing here is about one visitor, and no name of a member is in it where the teacher shows none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from cnn_core import pretrained
from cnn_core.classroom import Challenge, Classroom, Exam, Member, Place, Row, Share, Standing, standing
from cnn_core.classroom.challenges import value_of
from cnn_core.model import summarize
from pages.classroom import board_words as words
from pages.classroom.board_settings import BoardSettings
from pages.ui.visitor.server import PRETRAINED
from pages.ui.wording.numbers import count, percent, plural


def values(
    classroom: Classroom,
    settings: BoardSettings,
    members: Sequence[Member],
    rows: Sequence[Row],
    turned: Mapping[str, Share],
) -> dict[str, Any]:
    """All that the class sees of its board; JSON-ready.

    turned: run id -> share of turned images, as far as it is measured (`challenges.standing`).
    """
    hidden = set(settings.hidden)
    rows = [row for row in rows if row.member.id not in hidden]
    students = len([member for member in members if member.id not in hidden])
    board = standing(settings.challenge, rows, turned)
    going_on = [row for row in rows if row.goes_on]
    scene = _Scene(classroom, settings, board, rows, turned)
    return {
        "title": words.title(board.challenge),
        "done": words.done(board, students),
        "first": words.first(board, settings.names),
        "still": words.STILL if settings.frozen is not None else "",
        "x": {
            "title": words.AXES[board.challenge.axis],
            "limit": board.challenge.at if board.challenge.axis == board.challenge.limit else None,
        },
        "y": {"goal": _goal(board.challenge)},
        "dots": [dot for row in rows if (dot := scene.dot(row)) is not None],
        "ours": _ours(board),
        "training": [scene.training(row) for row in going_on],
        "of": f"{count(len(going_on))} of {plural(len(rows), 'net')}",
        "legend": _legend(board),
        "places": scene.places(),
        "others": [scene.other(row, why) for row, why in board.unranked if why != "goes on"],
        "same": words.same_place(board),
        "clock": words.beside_time(board.challenge),
        "heard": words.heard(board, students, len(going_on), settings.names),
    }


def tag(classroom: Classroom, member: Member, settings: BoardSettings) -> str:
    """By which a screen knows its own visitor's runs, and nobody knows who the others are."""
    text = f"{classroom.id} {member.id} {settings.names}"
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


class _Scene:
    """What one board is drawn from."""

    def __init__(
        self,
        classroom: Classroom,
        settings: BoardSettings,
        board: Standing,
        rows: Sequence[Row],
        turned: Mapping[str, Share],
    ) -> None:
        self._classroom, self._settings, self._board, self._turned = classroom, settings, board, turned
        self._done = {place.row.run_id for place in board.done}
        self._named = _named(rows, board)

    def dot(self, row: Row) -> dict[str, Any] | None:
        """A net on the chart; None where it has no place there."""
        challenge, board = self._board.challenge, self._board
        across = value_of(row, challenge.axis)
        up = row.accuracy
        if challenge.measure == "turned":
            up = self._turned[row.run_id].fraction if row.run_id in self._turned else None
        if row.goes_on:
            is_same = board.exam is None or row.dataset == board.exam.dataset
            up = row.so_far if is_same and challenge.measure != "turned" else None
        elif not row.is_test or row.exam != board.exam:
            return None
        if not across or up is None:
            return None
        return self._who(row) | {
            "x": across,
            "y": up,
            "says": f"{percent(up)}, {words.facts(row)}",
            "open": row.goes_on,
            "done": row.run_id in self._done,
            "named": row.goes_on or row.run_id in self._named,
        }

    def training(self, row: Row) -> dict[str, Any]:
        """A net in training, with its small curve."""
        waits = row.state == "queued" and not row.curve
        now = percent(row.so_far) if row.so_far is not None else "waits" if waits else "begins"
        return self._who(row) | {"curve": list(row.curve), "share": round(row.share, 3), "now": now}

    def places(self) -> list[dict[str, Any]]:
        """The list, as the teacher has sorted it."""
        found = list(self._board.places)
        if self._settings.sort == "newest":
            found.sort(key=lambda place: -place.row.ended)
        elif self._settings.sort == "name" and self._settings.names != "none":
            found.sort(key=lambda place: place.row.member.name.lower())
        return [self._place(place) for place in found]

    def _place(self, place: Place) -> dict[str, Any]:
        challenge = self._board.challenge
        return self._who(place.row) | {
            "rank": f"{place.rank}{'=' if place.shares else ''}",
            "score": words.score(challenge, place),
            "range": words.certainty(place),
            "facts": words.facts(place.row),
            "design": words.design(place.row.spec),
            "note": words.note(challenge, place),
            "done": place.row.run_id in self._done,
        }

    def other(self, row: Row, why: str) -> dict[str, Any]:
        """A net without a place, and why."""
        return self._who(row) | {"why": words.why_not(self._board.challenge, row, why)}

    def _who(self, row: Row) -> dict[str, Any]:
        name = "" if self._settings.names == "none" else row.member.name
        return {"run": row.run_id, "name": name, "who": tag(self._classroom, row.member, self._settings)}


def _named(rows: Sequence[Row], board: Standing) -> set[str]:
    """Of each member the run that stands for them: the one with a place, else the one that reads most."""
    named = {place.row.member.id: place.row.run_id for place in board.places}
    for row in sorted(rows, key=lambda row: -(row.accuracy or 0)):
        named.setdefault(row.member.id, row.run_id)
    return set(named.values())


def _goal(challenge: Challenge) -> float | None:
    return challenge.at if challenge.limit == "accuracy" else challenge.goal


def _legend(board: Standing) -> list[str]:
    exam = board.exam
    tested = "" if exam is None else f", {words.exam_words(exam.dataset, exam.count)}"
    if board.challenge.measure == "turned":
        tested = f", {words.turned_exam(board)}"
    return ["still training, images kept aside", f"finished{tested}"]


def _ours(board: Standing) -> list[dict[str, Any]]:
    """Networks that came with Convscope, where they can be compared."""
    exam, axis = board.exam, board.challenge.axis
    if exam is None or board.challenge.measure == "turned" or axis == "seconds":
        return []  # on another machine a second was another
    return [{"name": one["name"], "x": one[axis], "y": one["accuracy"]} for one in _our_nets(exam)]


@lru_cache(maxsize=8)
def _our_nets(exam: Exam) -> list[dict[str, Any]]:
    cards = [pretrained.card(name) for name in pretrained.names() if name in PRETRAINED]
    return [
        {
            "name": card.title,
            "parameters": card.parameters,
            "macs": sum(row.macs for row in summarize(card.spec)),
            "images": card.images,
            "accuracy": card.test_accuracy,
        }
        for card in cards
        if (card.dataset, card.test_images, exam.is_sample) == (exam.dataset, exam.count, False)
    ]
