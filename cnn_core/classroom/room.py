"""How many classes may be open at a time."""

from __future__ import annotations

from collections.abc import Collection

from cnn_core.classroom.record import Classroom
from cnn_core.errors import StudentError
from cnn_core.settings import settings

MOST_OF_ONE_TEACHER = 3


def check_room(are_open: Collection[Classroom], owner: str) -> None:
    """Raises StudentError where this teacher, or the server, has as many open classes as may be.

    are_open: all that are open now.  owner: the teacher's hash.
    """
    theirs = [one.title for one in are_open if owner in one.teachers]
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
