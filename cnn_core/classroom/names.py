"""What a member is called in a class: no two alike."""

from __future__ import annotations

from collections.abc import Iterable

from cnn_core.classroom import codes
from cnn_core.classroom.record import Member, clean_name
from cnn_core.errors import StudentError


def free_name(members: Iterable[Member], wished: str, but: str = "") -> str:
    """The wished name, or an animal's. Raises StudentError where another has it.

    members: all who are in the class.  but: the id of the one who asks, if they are in it.
    """
    taken = {member.name.lower() for member in members if member.id != but}
    name = clean_name(wished)
    if not name:
        return codes.animal(taken)
    if name.lower() in taken:
        raise StudentError(
            f"{name} is in the class already.", hint="Add a letter, or leave the name empty for an animal's."
        )
    return name
