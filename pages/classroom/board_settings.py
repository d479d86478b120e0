"""What the teacher has set for the board, as far as it makes sense: a part of what the class is shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from cnn_core.checks import is_number
from cnn_core.classroom import READY, Challenge, Classroom
from cnn_core.classroom.record import is_member_id

PART = "board"  # of `Classroom.shows`
SORTS = {"place": "By place", "newest": "Newest first", "name": "By name"}
FIRST = READY["small"]  # before the teacher has chosen one


@dataclass(frozen=True)
class BoardSettings:
    """What the class is shown.

    names:  "chosen", or "none": nobody's.
    frozen: since when nothing moves, in seconds since 1970; None where it does.
    hidden: ids of the members that are not shown.
    sort:   of the list, one of SORTS.
    """

    challenge: Challenge = FIRST
    names: Literal["chosen", "none"] = "chosen"
    frozen: float | None = None
    hidden: tuple[str, ...] = ()
    sort: str = "place"

    @classmethod
    def of(cls, classroom: Classroom) -> BoardSettings:
        """As they stand now."""
        values = classroom.shows.get(PART)
        values = values if isinstance(values, Mapping) else {}
        frozen, hidden = values.get("frozen"), values.get("hidden")
        return cls(
            challenge=Challenge.from_dict(values.get("challenge")) or FIRST,
            names="none" if values.get("names") == "none" else "chosen",
            frozen=float(frozen) if is_number(frozen) else None,
            hidden=tuple(filter(is_member_id, hidden)) if isinstance(hidden, list) else (),
            sort=sort if isinstance(sort := values.get("sort"), str) and sort in SORTS else "place",
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return vars(self) | {"challenge": self.challenge.to_dict(), "hidden": list(self.hidden)}
