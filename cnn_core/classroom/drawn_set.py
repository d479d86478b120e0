"""The digits that a class drew become a data set like any other own one: its teacher's, with nothing to learn from.

Every picture is kept for testing, so no network can have learnt from one. No name of a student goes along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnn_core.classroom.classes import Classes
from cnn_core.classroom.drawn import DIGITS, Drawing, drawings_of, note_set, set_id_of
from cnn_core.classroom.record import Classroom, Seat
from cnn_core.data.own.contents import sum_of
from cnn_core.data.own.names import cleaned
from cnn_core.data.own.own_set import NewPicture, OwnSet
from cnn_core.data.own.shelf import Shelf
from cnn_core.errors import StudentError


def make_set(classes: Classes, shelf: Shelf, token: str) -> OwnSet:
    """Let the data set hold exactly the drawings that count now; it is made where there is none yet.

    Its owner is the teacher who asks; a second teacher, who may not change the first one's, gets one of their own.
    Raises StudentError for who is no teacher of the class, and where nothing counts yet.
    """
    seat = classes.seat(token)
    if seat is None or not seat.is_teacher:
        raise StudentError("Only its teacher can do this.", hint="Open the class by the teacher's link.")
    wanted = labels_of(drawings_of(classes, seat.classroom))
    if not wanted:
        raise StudentError(
            "No drawing counts yet: two others have to agree with its label.",
            hint="Let the class check first.",
        )
    one = set_of(shelf, seat.classroom)
    if one is None or not one.is_owner(token):
        one = _new(classes, shelf, token, seat)
    _bring_up_to_date(one, token, wanted)
    return one


def set_of(shelf: Shelf, classroom: Classroom) -> OwnSet | None:
    """The data set that the class's drawings became; None where there is none (any more)."""
    set_id = set_id_of(classroom)
    try:
        return shelf.get(set_id) if set_id else None
    except StudentError:
        return None


def labels_of(drawings: Sequence[Drawing]) -> dict[bytes, int]:
    """What the data set should hold: pixels -> the digit it is."""
    return {one.pixels: one.label for one in drawings if one.counts}


def is_up_to_date(one: OwnSet, drawings: Sequence[Drawing]) -> bool:
    """Whether the data set holds exactly the drawings that count."""
    there = {picture.pixels: picture.number for picture in one.contents().pictures}
    return there == labels_of(drawings)


def _new(classes: Classes, shelf: Shelf, token: str, seat: Seat) -> OwnSet:
    title = cleaned(seat.classroom.title, 22)  # a set's name has thirty letters
    name = f"{title}, digits" if title else "Digits of our class"
    one = shelf.make(token, name, classes=tuple(map(str, range(DIGITS))), for_testing=True)
    try:
        note_set(classes, token, one.id)
    except StudentError:
        one.remove(token)
        raise
    return one


def _bring_up_to_date(one: OwnSet, token: str, wanted: Mapping[bytes, int]) -> None:
    wrong = [
        picture.id for picture in one.contents().pictures if wanted.get(picture.pixels) != picture.number
    ]
    if wrong:
        one.take_out(token, wrong)
    there = {picture.sum for picture in one.contents().pictures}
    for digit in range(DIGITS):
        new = [
            NewPicture(pixels, "draw", who="")
            for pixels, label in wanted.items()
            if label == digit and sum_of(pixels) not in there
        ]
        if new:
            one.add(token, digit, new)
