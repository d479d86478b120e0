"""How many classes may be open at a time, and how many a server keeps."""

from __future__ import annotations

from collections.abc import Collection

from cnn_core.classroom.record import Classroom
from cnn_core.errors import StudentError
from cnn_core.settings import settings

MOST_OF_ONE_TEACHER = 3
MOST_KEPT = 20  # that have ended, for each that may be open: nobody fills the disk by opening and ending


def check_room(kept: Collection[Classroom], owner: str, person: str, now: float) -> None:
    """Raises StudentError where this teacher, or the server, has as many classes as may be.

    kept:   all that there are, those that have ended too.
    owner:  the teacher's hash.
    person: of a teacher who has signed in, by whatever browser (`sign_in.Person.id`), or "".
    """
    are_open = [one for one in kept if one.is_open(now)]
    theirs = [one.title for one in are_open if owner in one.teachers or (person and person == one.opened_by)]
    if len(theirs) >= MOST_OF_ONE_TEACHER:
        raise StudentError(
            f"You have {len(theirs)} open classes: {', '.join(theirs)}.", hint="End one of them first."
        )
    most = settings().max_classes
    if len(are_open) >= most:
        raise StudentError(
            f"{len(are_open)} classes are open on this server, which is as many as it holds ({most}).",
            hint="Try again when one has ended.",
        )
    if len(kept) - len(are_open) >= MOST_KEPT * most:
        raise StudentError(
            f"This server keeps {len(kept)} classes, which is as many as it holds.",
            hint="Wipe one of yours that has ended, or tell whoever runs the server.",
        )
