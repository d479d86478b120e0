"""The files of all classes, read and changed.

    classes/<id>/class.json           the class (`record.Classroom`)
                 members/<owner>.json who is in it (`record.Member`)
                 <topic>/<member>.json what a member did: answers, drawings, what was handed in
                 changed              its time: when any of these last changed
                 lock                 held while class.json or the list of members changes, and while it is wiped
    classes/codes/<code>              the class that is joined by it
    classes/of/<owner>                the class where a visitor sits
    classes/lock                      held while a class is opened, so that no more are than may be

Who may do what is not asked here: `classes.Classes` does so for visitors, `operating.Operator` for whoever runs the
server.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from cnn_core import journal
from cnn_core.classroom import codes
from cnn_core.classroom.reading import text_of, time_of, topic_name, values_of
from cnn_core.classroom.record import Classroom, Member, Seat, classroom_of, is_class_id, member_of
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, file_names, locked, sync, write_json, write_whole
from cnn_core.owners import is_owner

CANNOT = "The class cannot be changed"


class Book:
    """The classes in the folder of a run store. Cheap to make; any number of processes may have one."""

    def __init__(self, store: Path, clock: Callable[[], float] = time.time) -> None:
        self.path = store / "classes"
        self._clock = clock

    def all(self) -> tuple[Classroom, ...]:
        """Every class there is, those that have ended too. For the server and its operator alone."""
        return tuple(one for one in map(self._classroom, file_names(self.path)) if one is not None)

    def classroom(self, class_id: str) -> Classroom | None:
        """The class of this id, for what the server does by itself; for a visitor, ask for their `seat`."""
        return self._classroom(class_id)

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
        return time_of(self.path / class_id / "changed")

    def shown_stamp(self, class_id: str) -> int:
        """The same of what its teachers set: what it is called, until when it is open, what it shows, who is out."""
        return time_of(self.path / class_id / "class.json")

    # For those who ask whether it may be done

    def _classroom(self, class_id: str) -> Classroom | None:
        if not is_class_id(class_id):
            return None
        path = self.path / class_id
        return classroom_of(values, path) if (values := values_of(path / "class.json")) else None

    def _seat_in(self, classroom: Classroom, owner: str, now: float) -> Seat | None:
        member = self._member(classroom, owner)
        is_teacher = classroom.teachers.get(owner) in classroom.keys
        return Seat(classroom, member, is_teacher, now) if member or is_teacher else None

    def _member(self, classroom: Classroom, owner: str) -> Member | None:
        values = values_of(classroom.path / "members" / f"{owner}.json")
        return member_of(values, owner) if values else None

    @contextmanager
    def _held(self, class_id: str, why: str) -> Iterator[Classroom]:
        """The class as it is now, while nobody else changes it.  why: what cannot be done where the disk refuses."""
        with explain_disk_errors(why), unless_wiped(), locked(self.path / class_id / "lock"):
            classroom = self._classroom(class_id)
            if classroom is None:  # wiped while we waited for the lock
                raise FileNotFoundError
            yield classroom

    def _change(self, class_id: str, change: Callable[[Classroom], Classroom]) -> Classroom:
        with self._held(class_id, CANNOT) as before:
            after = change(before)
            if after != before:
                self._write(after)
        return after

    def _end(self, classroom: Classroom) -> Classroom:
        now = self._clock()
        after = self._change(classroom.id, lambda one: replace(one, ends=min(now, one.ends)))
        journal.tell("class", what="ended", classroom=classroom.id)
        return after

    def _write(self, classroom: Classroom) -> None:
        write_json(classroom.path / "class.json", classroom.to_dict(), durable=True)
        self._tell(classroom)

    def _write_member(self, classroom: Classroom, member: Member) -> None:
        values = {"id": member.id, "name": member.name, "joined": member.joined}
        write_json(classroom.path / "members" / f"{member.owner}.json", values, durable=True)
        self._tell(classroom)

    def _take_out(self, classroom: Classroom, member: Member) -> None:
        with self._held(classroom.id, CANNOT) as as_it_is:
            for file in classroom.path.glob(f"*/{member.id}.*"):  # of each topic, and the weights handed in
                with suppress(OSError):
                    file.unlink()
            with suppress(FileNotFoundError):
                (classroom.path / "members" / f"{member.owner}.json").unlink()
            self._write(as_it_is)  # for its stamp: whoever is out is told at once
        seat = self.path / "of" / member.owner
        if text_of(seat) == classroom.id and member.owner not in classroom.teachers:
            with suppress(OSError):
                seat.unlink()

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


@contextmanager
def unless_wiped() -> Iterator[None]:
    """Say so where the class is gone before all is done."""
    try:
        yield
    except FileNotFoundError as error:
        raise StudentError("The class has been wiped.", hint="Ask your teacher for a new code.") from error


def taken_out(classroom: Classroom) -> StudentError:
    return StudentError(
        f"You are not in the class “{classroom.title}” any more.", hint="Join it again by its code."
    )
