"""The classes of a server: opened by a teacher, joined by a code, ended after a time, and wiped.

All of it is written durably: what a student was told is kept outlives the server. A class is another's secret: whatever
is asked here is asked with the visitor's token, and answered for the class where that visitor sits.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from cnn_core import journal
from cnn_core.classroom import codes, ending
from cnn_core.classroom.book import CANNOT, Book, taken_out, unless_wiped
from cnn_core.classroom.guard import Guard
from cnn_core.classroom.keys import class_and_hash, new_key
from cnn_core.classroom.names import free_name
from cnn_core.classroom.reading import text_of, topic_name, values_of
from cnn_core.classroom.record import (
    LONGEST_TITLE,
    Classroom,
    Member,
    Seat,
    checked_hours,
    clean_name,
)
from cnn_core.classroom.room import check_room
from cnn_core.classroom.sign_in import Person, check_may_open
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, locked, sync, write_json
from cnn_core.owners import owner_of
from cnn_core.settings import settings

MOST_KEYS = 5
LARGEST_SHEET = 60_000  # bytes of what one member keeps under one topic
LARGEST_SHOWN = 20_000  # bytes of all that a teacher set for the class
_LEFT_SECONDS = (
    3_600.0  # what is written in milliseconds, and is so old, was left by a process that was killed
)


class Classes(Book):
    """The classes in the folder of a run store, for visitors.

    guard: who slows down those that guess; one for the whole server.
    signs_in: whether teachers can sign in here; then nobody else opens a class (`sign_in.check_may_open`).

    Everywhere `token` is the visitor's secret, and `who` what else is known of them for the guard, such as
    ("address", "192.0.2.1"). What changes anything raises StudentError where it may not, or where the disk refuses.
    """

    def __init__(
        self,
        store: Path,
        guard: Guard | None = None,
        clock: Callable[[], float] = time.time,
        signs_in: bool = False,
    ) -> None:
        super().__init__(store, clock)
        self.guard = guard or Guard()
        self.signs_in = signs_in

    # Looking

    def seat(self, token: str) -> Seat | None:
        """Where the visitor sits, or None."""
        owner = owner_of(token)
        classroom = self._classroom(text_of(self.path / "of" / owner))
        return self._seat_in(classroom, owner, self._clock()) if classroom else None

    # A teacher's

    def open(
        self, token: str, title: str, hours: float, *who: tuple[str, str], person: Person | None = None
    ) -> tuple[Classroom, str]:
        """A new class, and the key that makes whoever has it a teacher of it.

        person: who has signed in, if anybody; the class can be found again by it.
        """
        check_may_open(person, self.signs_in)
        hours = checked_hours(hours)
        owner, now, class_id = owner_of(token), self._clock(), secrets.token_hex(8)
        key, hashed = new_key(class_id)
        with explain_disk_errors("A class cannot be opened"):
            for folder in (self.path / "codes", self.path / "of"):
                folder.mkdir(parents=True, exist_ok=True)
            with locked(self.path / "lock"):
                check_room(self.all(), owner, person.id if person else "", now)
                (self.path / class_id / "members").mkdir(parents=True)
                classroom = Classroom(
                    id=class_id,
                    title=clean_name(title, LONGEST_TITLE) or "My class",
                    code=self._new_code(class_id),
                    opened=now,
                    ends=now + hours * 3600,
                    teachers={owner: hashed},
                    keys=(hashed,),
                    shows={},
                    path=self.path / class_id,
                    opened_by=person.id if person else "",
                )
                self._write(classroom)
            sync(self.path, self.path.parent)
            self._sit(owner, class_id)
        self.guard.sits(class_id, *who)
        journal.tell("class", what="opened", classroom=class_id)
        return classroom, key

    def enter(self, token: str, key: str, *who: tuple[str, str]) -> Classroom:
        """Be a teacher of the class that this key belongs to."""
        owner = owner_of(token)
        tried = (("visitor", owner), *who)
        self.guard.check(*tried)
        class_id, hashed = class_and_hash(key)
        classroom = self._classroom(class_id)
        if classroom is None or hashed not in classroom.keys:
            self.guard.wrong(*tried)
            raise StudentError(
                "This link opens no class.",
                hint="It may have been renewed, or the class was wiped. Ask who gave it to you for the new one.",
            )
        self.guard.right(*tried)
        after = self._become_teacher(owner, classroom, hashed)
        self.guard.sits(classroom.id, *who)
        return after

    def opened_by(self, person: Person) -> tuple[Classroom, ...]:
        """The classes that somebody opened who had signed in, the newest first; those that have ended too."""
        found = (one for one in self.all() if one.opened_by == person.id)
        return tuple(sorted(found, key=lambda one: -one.opened))

    def return_to(self, token: str, person: Person, class_id: str) -> Classroom:
        """Be a teacher again of a class that this person opened, on another device."""
        check_may_open(person, self.signs_in)
        for classroom in self.opened_by(person):
            if classroom.id == class_id:
                return self._become_teacher(owner_of(token), classroom, classroom.keys[0])
        raise StudentError("You have opened no such class.", hint="It may have been wiped.")

    def _become_teacher(self, owner: str, classroom: Classroom, hashed: str) -> Classroom:
        after = self._change(classroom.id, lambda one: replace(one, teachers={**one.teachers, owner: hashed}))
        with explain_disk_errors(CANNOT):
            self._sit(owner, classroom.id)
        return after

    def invite(self, token: str) -> str:
        """Another key, for a second teacher. The first stays as it is."""
        classroom = self._teachers_class(token, also_ended=True)
        if len(classroom.keys) >= MOST_KEYS:
            raise StudentError(
                f"There are {len(classroom.keys)} teachers' links already.",
                hint="Renew them: then one is left.",
            )
        key, hashed = new_key(classroom.id)
        self._change(classroom.id, lambda one: replace(one, keys=(*one.keys, hashed)))
        return key

    def renew(self, token: str) -> str:
        """A new key. None of those before holds, and whoever came in by one is a teacher no more, but for this one."""
        classroom, owner = self._teachers_class(token, also_ended=True), owner_of(token)
        key, hashed = new_key(classroom.id)
        self._change(classroom.id, lambda one: replace(one, keys=(hashed,), teachers={owner: hashed}))
        return key

    def show(self, token: str, part: str, values: Any) -> Classroom:
        """Set what the class is shown of one part ("board", "asks", …).

        values: JSON-ready, or what makes them of those before; None takes the part away.
        """
        classroom = self._teachers_class(token)

        def change(one: Classroom) -> Classroom:
            new = values(one.shows.get(part)) if callable(values) else values
            shows = {**one.shows, topic_name(part): new}
            if new is None:
                del shows[part]
            if len(orjson.dumps(shows)) > LARGEST_SHOWN:
                raise StudentError("That is more than a class can show.", hint="Take something away first.")
            return replace(one, shows=shows)

        return self._change(classroom.id, change)

    def rename_class(self, token: str, title: str) -> Classroom:
        """Call it otherwise."""
        new = clean_name(title, LONGEST_TITLE)
        if not new:
            raise StudentError("A class needs a name.", hint="Type at least one letter.")
        return self._change(self._teachers_class(token).id, lambda one: replace(one, title=new))

    def end(self, token: str) -> Classroom:
        """End it now: nobody joins any more, and nothing changes. What is there can be looked at until it is wiped."""
        return self._end(self._teachers_class(token))

    def prolong(self, token: str, hours: float) -> Classroom:
        """Let it be open for so many hours from now on, also where it had ended."""
        classroom, hours, now = (
            self._teachers_class(token, also_ended=True),
            checked_hours(hours),
            self._clock(),
        )
        with explain_disk_errors(CANNOT), locked(self.path / "lock"):
            if not classroom.is_open(now):
                check_room(self.all(), owner_of(token), classroom.opened_by, now)
            return self._change(classroom.id, lambda one: replace(one, ends=now + hours * 3600))

    def renew_code(self, token: str) -> Classroom:
        """Another code to join by; nobody joins by the one before any more, and whoever has joined stays."""
        classroom = self._teachers_class(token)
        with explain_disk_errors(CANNOT):
            code = self._new_code(classroom.id)
            after = self._change(classroom.id, lambda one: replace(one, code=code))
            with suppress(FileNotFoundError):
                (self.path / "codes" / classroom.code).unlink()
        return after

    def remove(self, token: str, member_id: str) -> None:
        """Take a member out, with all they did in the class. Their runs stay theirs."""
        classroom = self._teachers_class(token, also_ended=True)
        for member in self.members(classroom):
            if member.id == member_id:
                self._take_out(classroom, member)

    def wipe(self, token: str) -> None:
        """Nothing of the class is left. The runs of its members stay theirs."""
        ending.wipe(self.path, self._teachers_class(token, also_ended=True))

    # A member's

    def join(self, token: str, code: str, name: str = "", *who: tuple[str, str]) -> Seat:
        """Be in the class of this code, under this name, or an animal's.

        Whoever is in it already stays who they are. Whoever is in another leaves that seat; what they did there stays.
        """
        owner, now, letters = owner_of(token), self._clock(), codes.code_in(code)
        tried = (("visitor", owner), *who)
        classroom = self._classroom(text_of(self.path / "codes" / letters))
        if classroom is not None and not (classroom.code == letters and classroom.is_open(now)):
            classroom = None
        self.guard.check(*tried, of_class=classroom.id if classroom else "")
        if classroom is None:
            self.guard.wrong(*tried)
            raise StudentError(
                f"No class is open under the code {codes.spoken(letters)}.",
                hint="Compare it with the code on the wall; a class that has ended cannot be joined.",
            )
        self.guard.right(*tried)
        with self._held(classroom.id, "You cannot join the class") as classroom:
            member = self._member(classroom, owner) or self._new_member(classroom, owner, name, now)
            self._sit(owner, classroom.id)
        self.guard.sits(classroom.id, *who)
        return Seat(classroom, member, classroom.teachers.get(owner) in classroom.keys, now)

    def rename(self, token: str, name: str) -> Member:
        """Be called otherwise."""
        classroom, member = self._desk_of(token)
        with self._held(classroom.id, CANNOT):
            if self._member(classroom, member.owner) is None:
                raise taken_out(classroom)
            named = replace(member, name=free_name(self.members(classroom), name, but=member.id))
            self._write_member(classroom, named)
        return named

    def leave(self, token: str) -> None:
        """Leave the class, with all that was done in it. A teacher's key stays what it was."""
        seat = self.seat(token)
        if seat is None:
            return
        if seat.member is not None:
            self._take_out(seat.classroom, seat.member)
        with suppress(OSError):
            (self.path / "of" / owner_of(token)).unlink()

    def keep(self, token: str, topic: str, values: Mapping[str, Any]) -> None:
        """Keep what this member did under a topic, in place of what was there."""
        classroom, member = self._desk_of(token)
        if len(orjson.dumps(values)) > LARGEST_SHEET:
            raise StudentError("That is more than one student can hand to a class.", hint="Take less of it.")
        file = classroom.path / topic_name(topic) / f"{member.id}.json"
        with explain_disk_errors("The class cannot keep it"), unless_wiped():
            if not file.parent.is_dir():
                file.parent.mkdir(exist_ok=True)
                sync(classroom.path)
            write_json(file, dict(values), durable=True)
            if self._member(classroom, member.owner) is None:  # taken out while it was written
                file.unlink(missing_ok=True)
                raise taken_out(classroom)
            self._tell(classroom)

    def kept_of(self, token: str, topic: str) -> dict[str, Any]:
        """What this member keeps under a topic; {} where it is nothing."""
        seat = self.seat(token)
        if seat is None or seat.member is None:
            return {}
        return values_of(seat.classroom.path / topic_name(topic) / f"{seat.member.id}.json")

    def sitting(self, token: str) -> Seat:
        """The visitor's seat as a member of a class that has not ended. Raises StudentError."""
        seat = self.seat(token)
        if seat is None or seat.member is None:
            raise StudentError("You are in no class.", hint="Join one by its code.")
        if not seat.is_open:
            raise StudentError(
                f"The class “{seat.classroom.title}” has ended.", hint="What is there can still be looked at."
            )
        return seat

    def _desk_of(self, token: str) -> tuple[Classroom, Member]:
        seat = self.sitting(token)
        assert seat.member is not None
        return seat.classroom, seat.member

    # Several classes

    def seats(self, token: str) -> tuple[Seat, ...]:
        """The visitor's place in each class where they have one, the newest class first."""
        owner, now = owner_of(token), self._clock()
        everywhere = (self._seat_in(one, owner, now) for one in self.all())
        return tuple(sorted((one for one in everywhere if one), key=lambda one: -one.classroom.opened))

    def turn_to(self, token: str, class_id: str) -> None:
        """Sit in another class where the visitor has a place already."""
        if class_id not in {one.classroom.id for one in self.seats(token)}:
            raise StudentError("You are not in this class any more.", hint="Join it by its code.")
        with explain_disk_errors(CANNOT):
            self._sit(owner_of(token), class_id)

    # The server's

    def tidy(self) -> None:
        """Wipe the classes that ended long ago (CONVSCOPE_CLASS_DAYS), and what was left of wiped ones."""
        oldest = self._clock() - settings().class_days * 86400
        for classroom in self.all():
            if classroom.ends < oldest:
                ending.wipe(self.path, classroom)
        ending.remove_leavings(self.path, before=time.time() - _LEFT_SECONDS)

    # Inside

    def _teachers_class(self, token: str, also_ended: bool = False) -> Classroom:
        seat = self.seat(token)
        if seat is None or not seat.is_teacher:
            raise StudentError("Only its teacher can do this.", hint="Open the class by the teacher's link.")
        if not seat.is_open and not also_ended:
            raise StudentError(f"The class “{seat.classroom.title}” has ended.", hint="Open a new one.")
        return seat.classroom

    def _new_member(self, classroom: Classroom, owner: str, name: str, now: float) -> Member:
        most = settings().max_students
        members = self.members(classroom)
        if len(members) >= most:
            raise StudentError(f"The class is full: {most} are in it.", hint="Tell your teacher.")
        member = Member(secrets.token_hex(4), free_name(members, name), owner, now)
        self._write_member(classroom, member)
        return member
