"""What an operator can do with classes: `python -m cnn_core.classroom list | end | wipe | forget`.

    list   [FOLDER]         every class that is kept, the open ones first
    end    CODE [FOLDER]    ends a class now; what is there can be looked at until it is wiped
    wipe   CODE [FOLDER]    nothing of it is left; the runs of its students stay theirs
    forget VISITOR [FOLDER] takes a visitor out of all classes, with what they did there

CODE is the one that the class is joined by, or "ended" for all that have ended; VISITOR is the start of a visitor's
code, as `python -m cnn_core.runs list` shows it. The folder is that of CONVSCOPE_RUNS, unless another is named.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from cnn_core.classroom import ending
from cnn_core.classroom.book import Book
from cnn_core.classroom.codes import spoken
from cnn_core.classroom.record import Classroom
from cnn_core.errors import StudentError, quoted
from cnn_core.files import explain_disk_errors, file_names
from cnn_core.owners import is_owner
from cnn_core.settings import settings

OWNER_SHOWN = 8  # characters of a visitor's code: enough to tell them apart
USAGE = "usage: python -m cnn_core.classroom [list | end CODE | wipe CODE | forget VISITOR] [FOLDER OF RUNS]"
HEAD = ("CODE", "STATE", "UNTIL", "STUDENTS", "KB", "TITLE")


class Operator(Book):
    """The classes for whoever can write their folder: no key is asked for."""

    def called(self, code: str) -> list[Classroom]:
        """The classes that are meant by a code, or by "ended".  Raises StudentError where there is none."""
        now, letters = self._clock(), code.replace("-", "").upper()
        if code == "ended":
            return [one for one in self.all() if not one.is_open(now)]
        found = [one for one in self.all() if one.code == letters]
        if not found:
            raise StudentError(
                f"No class here has the code {quoted(code)}.", hint="See python -m cnn_core.classroom list."
            )
        return found

    def end_class(self, classroom: Classroom) -> None:
        """End it now."""
        self._end(classroom)

    def wipe_class(self, classroom: Classroom) -> None:
        """Nothing of it is left."""
        ending.wipe(self.path, classroom)

    def forget(self, start: str) -> int:
        """Take a visitor out of all classes, as a student and as a teacher; in how many they were.

        start: of their code, OWNER_SHOWN characters or more.  Raises StudentError where it is shorter.
        """
        if len(start) < OWNER_SHOWN:
            raise StudentError(f"{quoted(start)} is too short.", hint=f"Type {OWNER_SHOWN} characters of it.")

        def without_teacher(one: Classroom) -> Classroom:
            left = {owner: key for owner, key in one.teachers.items() if not owner.startswith(start)}
            return replace(one, teachers=left)

        count = 0
        for classroom in self.all():
            theirs = [one for one in self.members(classroom) if one.owner.startswith(start)]
            for member in theirs:
                self._take_out(classroom, member)
            was_teacher = any(owner.startswith(start) for owner in classroom.teachers)
            if was_teacher:
                self._change(classroom.id, without_teacher)
            count += bool(theirs or was_teacher)
        with explain_disk_errors("They cannot be forgotten"):
            for owner in file_names(self.path / "of"):
                if is_owner(owner) and owner.startswith(start):
                    with suppress(FileNotFoundError):
                        (self.path / "of" / owner).unlink()
        return count

    def listed(self) -> list[str]:
        """A line for each class, the open ones first."""
        now = self._clock()
        rows = [
            self._row(one, now)
            for one in sorted(self.all(), key=lambda one: (not one.is_open(now), one.ends))
        ]
        if not rows:
            return ["No class is kept."]
        widths = [max(len(row[i]) for row in [HEAD, *rows]) for i in range(len(HEAD))]
        return [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in [HEAD, *rows]
        ]

    def _row(self, classroom: Classroom, now: float) -> tuple[str, ...]:
        is_open = classroom.is_open(now)
        until = classroom.ends if is_open else classroom.ends + settings().class_days * 86400
        return (
            spoken(classroom.code),
            "open" if is_open else "ended",
            time.strftime("%Y-%m-%d %H:%M", time.localtime(until)),
            str(len(self.members(classroom))),
            f"{_bytes_in(classroom.path) / 1000:.0f}",
            "".join(c if c.isprintable() else "?" for c in classroom.title)[:40],
        )


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.lstat().st_size
    return total


# ---------------------------------------------------------------- the command


def main(arguments: list[str]) -> int:
    """Do one of the four; returns 0 where all is well."""
    command, *rest = arguments or [""]
    what = rest.pop(0) if command != "list" and rest else ""
    is_known = (command in ("end", "wipe", "forget") and what) or command == "list"
    if not is_known or len(rest) > 1 or any(one.startswith("-") for one in (what, *rest)):
        print(USAGE, file=sys.stderr)
        return 2
    try:
        folder = Path(rest[0]) if rest else settings().runs_dir
        if not folder.is_dir():
            raise StudentError(f"There is no folder {folder}.", hint="Name it, or set CONVSCOPE_RUNS.")
        print("\n".join(_done(Operator(folder), command, what)))
    except (StudentError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _done(operator: Operator, command: str, what: str) -> list[str]:
    if command == "list":
        return operator.listed()
    if command == "forget":
        return [f"Taken out of {operator.forget(what)} classes."]
    said = []
    for classroom in operator.called(what):
        if command == "wipe":
            operator.wipe_class(classroom)
        else:
            operator.end_class(classroom)
        said.append(f"{spoken(classroom.code)} is {'wiped' if command == 'wipe' else 'ended'}.")
    return said or ["No class has ended."]
