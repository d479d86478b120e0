"""The classes of a server: opened by a teacher, joined by a code, ended after a time, and wiped.

    classes/<id>/class.json           the class (`record.Classroom`)
                 members/<owner>.json who is in it (`record.Member`)
                 <topic>/<member>.json what a member did: answers, drawings, what was handed in
                 changed              its time: when any of these last changed
                 lock                 held while class.json or the list of members changes
    classes/codes/<code>              the class that is joined by it
    classes/of/<owner>                the class where a visitor sits

All of it is written durably: what a student was told is kept outlives the server. A class is another's secret: whatever
is asked here is asked with the visitor's token, and answered for the class where that visitor sits.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from cnn_core import journal
from cnn_core.classroom import codes
from cnn_core.classroom.guard import Guard
from cnn_core.classroom.keys import class_and_hash, new_key
from cnn_core.classroom.reading import text_of, topic_name, values_of
from cnn_core.classroom.record import (
    LONGEST_TITLE,
    Classroom,
    Member,
    Seat,
    checked_hours,
    classroom_of,
    clean_name,
    is_class_id,
    member_of,
)
from cnn_core.classroom.sign_in import Person, check_may_open
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, file_names, locked, sync, write_json, write_whole
from cnn_core.owners import is_owner, owner_of
from cnn_core.settings import settings

MOST_OF_ONE_TEACHER = 3  # open at a time
MOST_KEPT = 20  # that have ended, for each that may be open: nobody fills the disk by opening and ending
MOST_KEYS = 5
LARGEST_SHEET = 60_000  # bytes of what one member keeps under one topic
LARGEST_SHOWN = 20_000  # bytes of all that a teacher set for the class
_CANNOT = "The class cannot be changed"
_LEAVING = ".gone"  # ends the name of a class that is being wiped


class Classes:
    """The classes in the folder of a run store. Cheap to make; any number of processes may have one.

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
        self.path = store / "classes"
        self.signs_in = signs_in
        self.guard = guard or Guard()
        self._clock = clock

    # Looking

    def seat(self, token: str) -> Seat | None:
        """Where the visitor sits, or None."""
        owner = owner_of(token)
        classroom = self._classroom(text_of(self.path / "of" / owner))
        if classroom is None:
            return None
        member = self._member(classroom, owner)
        is_teacher = classroom.teachers.get(owner) in classroom.keys
        return Seat(classroom, member, is_teacher, self._clock()) if member or is_teacher else None

    def members(self, classroom: Classroom) -> tuple[Member, ...]:
        """All who are in it, as they came."""
        owners = [name[:-5] for name in file_names(classroom.path / "members") if is_owner(name[:-5])]
        found = (self._member(classroom, owner) for owner in owners)
        return tuple(sorted((one for one in found if one), key=lambda one: (one.joined, one.id)))

    def kept(self, classroom: Classroom, topic: str) -> dict[str, dict[str, Any]]:
        """What each member keeps under this topic, in the order of the members: id -> JSON values, to be read only."""
        folder = classroom.path / topic_name(topic)
        there = set(file_names(folder))
        found = ((one.id, one) for one in self.members(classroom) if f"{one.id}.json" in there)
        return {name: values for name, _ in found if (values := values_of(folder / f"{name}.json"))}

    def stamp(self, class_id: str) -> int:
        """Another number whenever anything of the class changed, 0 where it is gone; cheap to ask often."""
        try:
            return os.stat(self.path / class_id / "changed").st_mtime_ns
        except OSError:
            return 0

    # A teacher's

    def open(
        self, token: str, title: str, hours: float, *who: tuple[str, str], person: Person | None = None
    ) -> tuple[Classroom, str]:
        """A new class, and the key that makes whoever has it a teacher of it.

        person: who has signed in, if anybody; the class can be found again by it.
        """
        check_may_open(person, self.signs_in)
        hours = checked_hours(hours)
        owner, now = owner_of(token), self._clock()
        kept, most = self.all(), settings().max_classes
        everything = [one for one in kept if one.is_open(now)]
        if len(kept) - len(everything) >= MOST_KEPT * most:
            raise StudentError(
                f"This server keeps {len(kept)} classes, which is as many as it holds.",
                hint="Wipe one of yours that has ended, or tell whoever runs the server.",
            )
        if len(everything) >= most:
            raise StudentError(
                f"{len(everything)} classes are open on this server, which is as many as it holds ({most}).",
                hint="Try again when one has ended.",
            )
        opener = person.id if person else ""
        theirs = [
            one.title for one in everything if owner in one.teachers or (opener and opener == one.opened_by)
        ]
        if len(theirs) >= MOST_OF_ONE_TEACHER:
            raise StudentError(
                f"You have {len(theirs)} open classes: {', '.join(theirs)}.", hint="End one of them first."
            )
        class_id = secrets.token_hex(8)
        key, hashed = new_key(class_id)
        with explain_disk_errors("A class cannot be opened"):
            for folder in (self.path / class_id / "members", self.path / "codes", self.path / "of"):
                folder.mkdir(parents=True, exist_ok=True)
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
                opened_by=opener,
            )
            self._write(classroom)
            sync(self.path, self.path.parent)
            self._sit(owner, class_id)
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
        with explain_disk_errors(_CANNOT):
            after = self._change(
                classroom.id, lambda one: replace(one, teachers={**one.teachers, owner: hashed})
            )
            self._sit(owner, classroom.id)
        return after

    def opened_by(self, person: Person) -> tuple[Classroom, ...]:
        """The classes that somebody opened who had signed in, the newest first; those that have ended too."""
        found = (one for one in self.all() if one.opened_by == person.id)
        return tuple(sorted(found, key=lambda one: -one.opened))

    def return_to(self, token: str, person: Person, class_id: str) -> Classroom:
        """Be a teacher again of a class that this person opened, on another device."""
        check_may_open(person, self.signs_in)
        if class_id not in {one.id for one in self.opened_by(person)}:
            raise StudentError("You have opened no such class.", hint="It may have been wiped.")
        owner = owner_of(token)
        with explain_disk_errors(_CANNOT):
            after = self._change(
                class_id, lambda one: replace(one, teachers={**one.teachers, owner: one.keys[0]})
            )
            self._sit(owner, class_id)
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

        values: JSON-ready; None takes the part away.
        """
        classroom = self._teachers_class(token)

        def change(one: Classroom) -> Classroom:
            shows = {**one.shows, topic_name(part): values}
            if values is None:
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

    def remove(self, token: str, member_id: str) -> None:
        """Take a member out, with all they did in the class. Their runs stay theirs."""
        classroom = self._teachers_class(token, also_ended=True)
        for member in self.members(classroom):
            if member.id == member_id:
                self._take_out(classroom, member)

    def wipe(self, token: str) -> None:
        """Nothing of the class is left. The runs of its members stay theirs."""
        self._wipe(self._teachers_class(token, also_ended=True))

    # A member's

    def join(self, token: str, code: str, name: str = "", *who: tuple[str, str]) -> Seat:
        """Be in the class of this code, under this name, or an animal's.

        Whoever is in it already stays who they are. Whoever is in another leaves that seat; what they did there stays.
        """
        owner = owner_of(token)
        tried = (("visitor", owner), *who)
        self.guard.check(*tried)
        letters = codes.code_in(code)
        classroom = self._classroom(text_of(self.path / "codes" / letters))
        now = self._clock()
        if classroom is None or not classroom.is_open(now):
            self.guard.wrong(*tried)
            raise StudentError(
                f"No class is open under the code {codes.spoken(letters)}.",
                hint="Compare it with the code on the wall; a class that has ended cannot be joined.",
            )
        self.guard.right(*tried)
        with explain_disk_errors("You cannot join the class"), locked(classroom.path / "lock"):
            member = self._member(classroom, owner) or self._new_member(classroom, owner, name, now)
            self._sit(owner, classroom.id)
        return Seat(classroom, member, classroom.teachers.get(owner) in classroom.keys, now)

    def rename(self, token: str, name: str) -> Member:
        """Be called otherwise."""
        seat = self.sitting(token)
        with explain_disk_errors(_CANNOT), locked(seat.classroom.path / "lock"):
            assert seat.member is not None
            named = replace(seat.member, name=self._free_name(seat.classroom, name, but=seat.member.id))
            self._write_member(seat.classroom, named)
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
        seat = self.sitting(token)
        assert seat.member is not None
        if len(orjson.dumps(values)) > LARGEST_SHEET:
            raise StudentError("That is more than one student can hand to a class.", hint="Take less of it.")
        folder = seat.classroom.path / topic_name(topic)
        with explain_disk_errors("The class cannot keep it"):
            if not seat.classroom.path.is_dir():  # wiped a moment ago
                raise StudentError("The class has been wiped.", hint="Ask your teacher for a new code.")
            folder.mkdir(exist_ok=True)
            write_json(folder / f"{seat.member.id}.json", dict(values), durable=True)
            sync(seat.classroom.path)
            self._tell(seat.classroom)

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

    # The server's

    def all(self) -> tuple[Classroom, ...]:
        """Every class there is, those that have ended too. For the server and its operator alone."""
        return tuple(one for one in map(self._classroom, file_names(self.path)) if one is not None)

    def tidy(self) -> None:
        """Wipe the classes that ended long ago (CONVSCOPE_CLASS_DAYS), and what a wiping left that was cut off."""
        oldest = self._clock() - settings().class_days * 86400
        for name in file_names(self.path):
            if name.endswith(_LEAVING):
                shutil.rmtree(self.path / name, ignore_errors=True)
        for classroom in self.all():
            if classroom.ends < oldest:
                self._wipe(classroom)

    # Inside

    def _end(self, classroom: Classroom) -> Classroom:
        now = self._clock()
        after = self._change(classroom.id, lambda one: replace(one, ends=min(now, one.ends)))
        journal.tell("class", what="ended", classroom=classroom.id)
        return after

    def _classroom(self, class_id: str) -> Classroom | None:
        if not is_class_id(class_id):
            return None
        path = self.path / class_id
        return classroom_of(values, path) if (values := values_of(path / "class.json")) else None

    def _member(self, classroom: Classroom, owner: str) -> Member | None:
        values = values_of(classroom.path / "members" / f"{owner}.json")
        return member_of(values, owner) if values else None

    def _teachers_class(self, token: str, also_ended: bool = False) -> Classroom:
        seat = self.seat(token)
        if seat is None or not seat.is_teacher:
            raise StudentError("Only its teacher can do this.", hint="Open the class by the teacher's link.")
        if not seat.is_open and not also_ended:
            raise StudentError(f"The class “{seat.classroom.title}” has ended.", hint="Open a new one.")
        return seat.classroom

    def _change(self, class_id: str, change: Callable[[Classroom], Classroom]) -> Classroom:
        with explain_disk_errors(_CANNOT), locked(self.path / class_id / "lock"):
            before = self._classroom(class_id)
            if before is None:
                raise StudentError("The class has been wiped.", hint="Open a new one.")
            after = change(before)
            if after != before:
                self._write(after)
        return after

    def _write(self, classroom: Classroom) -> None:
        write_json(classroom.path / "class.json", classroom.to_dict(), durable=True)
        self._tell(classroom)

    def _new_member(self, classroom: Classroom, owner: str, name: str, now: float) -> Member:
        most = settings().max_students
        if len(self.members(classroom)) >= most:
            raise StudentError(f"The class is full: {most} are in it.", hint="Tell your teacher.")
        member = Member(secrets.token_hex(4), self._free_name(classroom, name), owner, now)
        self._write_member(classroom, member)
        return member

    def _write_member(self, classroom: Classroom, member: Member) -> None:
        values = {"id": member.id, "name": member.name, "joined": member.joined}
        write_json(classroom.path / "members" / f"{member.owner}.json", values, durable=True)
        self._tell(classroom)

    def _free_name(self, classroom: Classroom, wished: str, but: str = "") -> str:
        """The wished name, or an animal's. Raises StudentError where another has it."""
        taken = {member.name.lower() for member in self.members(classroom) if member.id != but}
        name = clean_name(wished)
        if not name:
            return codes.animal(taken)
        if name.lower() in taken:
            raise StudentError(
                f"{name} is in the class already.",
                hint="Add a letter, or leave the name empty for an animal's.",
            )
        return name

    def _take_out(self, classroom: Classroom, member: Member) -> None:
        with explain_disk_errors(_CANNOT), locked(classroom.path / "lock"):
            for topic in file_names(classroom.path):
                with suppress(OSError):
                    (classroom.path / topic / f"{member.id}.json").unlink()
            with suppress(FileNotFoundError):
                (classroom.path / "members" / f"{member.owner}.json").unlink()
            self._tell(classroom)
        seat = self.path / "of" / member.owner
        if text_of(seat) == classroom.id and member.owner not in classroom.teachers:
            with suppress(OSError):
                seat.unlink()

    def _wipe(self, classroom: Classroom) -> None:
        leaving = self.path / f".{classroom.id}{_LEAVING}"  # at once, so that nobody meets half of it
        with explain_disk_errors("The class cannot be wiped"):
            with suppress(FileNotFoundError):
                (self.path / "codes" / classroom.code).unlink()
            os.rename(classroom.path, leaving)
            shutil.rmtree(leaving)
            for owner in file_names(self.path / "of"):
                if text_of(self.path / "of" / owner) == classroom.id:
                    with suppress(FileNotFoundError):
                        (self.path / "of" / owner).unlink()
            sync(self.path)
        journal.tell("class", what="wiped", classroom=classroom.id)

    def _new_code(self, class_id: str) -> str:
        while True:
            code = codes.new_code()
            try:
                with open(self.path / "codes" / code, "xb") as file:  # nobody else gets it
                    file.write(class_id.encode())
            except FileExistsError:
                continue
            sync(self.path / "codes" / code, self.path / "codes")
            return code

    def _sit(self, owner: str, class_id: str) -> None:
        write_whole(self.path / "of" / owner, class_id.encode(), durable=True)

    def _tell(self, classroom: Classroom) -> None:
        """Let `stamp` change."""
        mark = classroom.path / "changed"
        mark.touch()
        now = time.time_ns()
        os.utime(mark, ns=(now, now))  # touch alone counts in ticks of some milliseconds
