"""What is written down of a class and of who is in it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from cnn_core.errors import StudentError
from cnn_core.owners import is_owner

LONGEST_HOURS = 24 * 60  # sixty days: homework has time
LONGEST_NAME = 24  # characters: it stands beside a dot of the board
LONGEST_TITLE = 60
_MOST_MARKS = 2  # above or below one letter: more of them grow out of the line
_ID = re.compile(r"[a-z0-9]{16}", re.ASCII)
_MEMBER = re.compile(r"[a-z0-9]{8}", re.ASCII)


def is_class_id(value: object) -> TypeGuard[str]:
    """Whether this can be a class's id, and so the name of its folder."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_member_id(value: object) -> TypeGuard[str]:
    """Whether this can be a member's id."""
    return isinstance(value, str) and _MEMBER.fullmatch(value) is not None


@dataclass(frozen=True)
class Classroom:
    """A class, as its file says.

    id:       name of its folder; no secret, and no address is made of it.
    title:    what the teacher called it.
    code:     six letters to join by.
    opened, ends: in seconds since 1970.
    teachers: owner -> hash of the key by which they came in.
    keys:     hashes of the keys that hold.
    shows:    what the teacher set for all: JSON-ready values by the name of the part ("board", "asks", …).
    path:     its folder.
    opened_by: who opened it, where they had signed in (`sign_in.Person.id`); "" where not.
    """

    id: str
    title: str
    code: str
    opened: float
    ends: float
    teachers: Mapping[str, str]
    keys: tuple[str, ...]
    shows: Mapping[str, Any]
    path: Path
    opened_by: str = ""

    def is_open(self, now: float) -> bool:
        """Whether it has not ended yet."""
        return now < self.ends

    def to_dict(self) -> dict[str, Any]:
        """As its file holds it."""
        values = asdict(self)
        del values["path"], values["id"]
        return values


@dataclass(frozen=True)
class Member:
    """Who joined a class.

    id:     public, of this class alone: it cannot be found again in another class.
    name:   theirs, or an animal's.
    owner:  the hash of the visitor (`owners.owner_of`).
    joined: seconds since 1970.
    """

    id: str
    name: str
    owner: str
    joined: float


@dataclass(frozen=True)
class Seat:
    """Where a visitor sits: in which class, as which member, at the teacher's desk or not.

    member: None for a teacher who has not joined as well.
    """

    classroom: Classroom
    member: Member | None = None
    is_teacher: bool = False
    at: float = field(default=0.0, compare=False)  # when this was looked up, in seconds since 1970

    @property
    def is_open(self) -> bool:
        """Whether the class had not ended."""
        return self.classroom.is_open(self.at)


def classroom_of(values: Mapping[str, Any], path: Path) -> Classroom | None:
    """What a file says; None where it makes no sense."""
    teachers, keys, shows = values.get("teachers"), values.get("keys"), values.get("shows")
    opened, ends = values.get("opened"), values.get("ends")
    title, code = values.get("title"), values.get("code")
    if (
        not (isinstance(title, str) and isinstance(code, str) and isinstance(teachers, dict))
        or not (isinstance(keys, list) and isinstance(shows, dict))
        or not (isinstance(opened, int | float) and isinstance(ends, int | float))
    ):
        return None
    kept = {owner: key for owner, key in teachers.items() if is_owner(owner) and isinstance(key, str)}
    hashes = tuple(key for key in keys if isinstance(key, str))
    person = values.get("opened_by")
    opened_by = person if isinstance(person, str) else ""
    return Classroom(path.name, title, code, float(opened), float(ends), kept, hashes, shows, path, opened_by)


def member_of(values: Mapping[str, Any], owner: str) -> Member | None:
    """What a file says; None where it makes no sense."""
    name, member_id, joined = values.get("name"), values.get("id"), values.get("joined")
    if not (isinstance(name, str) and is_member_id(member_id) and isinstance(joined, int | float)):
        return None
    return Member(member_id, name, owner, float(joined))


def clean_name(text: object, longest: int = LONGEST_NAME) -> str:
    """A stranger's name or title as it may stand on a wall: one line, letters that print. "" where nothing is left.

    >>> clean_name("  Ada\\n Lovelace ")
    'Ada Lovelace'
    """
    if not isinstance(text, str):
        return ""
    return " ".join(_cleaned(text[:400]).split())[:longest].strip()


def _cleaned(text: str) -> str:
    """On one line, with letters that print."""
    kept, marks = [], 0
    for letter in unicodedata.normalize("NFC", text):
        sort = unicodedata.category(letter)[0]
        marks = marks + 1 if sort == "M" else 0
        if letter.isspace():
            kept.append(" ")
        elif (
            sort != "C" and marks <= _MOST_MARKS
        ):  # C: control marks, and those that turn the direction of what follows
            kept.append(letter)
    return "".join(kept)


def clean_text(text: object, longest: int) -> str:
    """A stranger's text of several lines, cleaned as a name is: no more than one empty line between two others.

    >>> clean_text("  one\\r\\n\\n\\n\\ntwo\\x00 ", 100)
    'one\\n\\ntwo'
    """
    if not isinstance(text, str):
        return ""
    lines = text[: 4 * longest].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    step = 300  # `clean_name` reads the beginning of a line
    clean = "\n".join(
        "".join(_cleaned(line[place : place + step]) for place in range(0, len(line), step)).strip()
        for line in lines
    )
    return re.sub(r"\n{3,}", "\n\n", clean).strip()[:longest].strip()


def checked_hours(hours: object) -> float:
    """For how long a class is open. Raises StudentError."""
    if isinstance(hours, bool) or not isinstance(hours, int | float) or not 0 < hours <= LONGEST_HOURS:
        raise StudentError(
            f"A class is open for up to {LONGEST_HOURS // 24} days.", hint="Choose a time within them."
        )
    return float(hours)
