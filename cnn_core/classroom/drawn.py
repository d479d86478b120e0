"""Digits that a class draws for itself, and what others read in them: so a label is what three people say.

Under the topic "drawn" each member keeps their drawings, under "checked" what they read in those of others:

    {"drawings": [{"id": "k3v9x2a1", "digit": 7, "pixels": "<base64 of 784 bytes>"}]}
    {"said": {"<member>.<id>": 7, "<member>.<id>": null}}           null: cannot tell

`shows["digits"]` of the class holds what its teacher decided: {"closed": true, "decided": {"<member>.<id>": 7 | -1},
"set": "<id of the data set>"}.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import secrets
import threading
from collections import Counter, OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from cnn_core.classroom.classes import Classes
from cnn_core.classroom.record import Classroom, Seat
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, locked

SHAPE = (1, 28, 28)
BYTES_EACH = 28 * 28
DIGITS = 10
OTHERS = 2  # so many others have to read in it what was asked for
MOST_DRAWN = 20  # of one student: 23 kB of the 60 kB that a student may keep
MOST_OF_A_CLASS = 2_000  # as many as a data set of one's own may hold
MOST_CHECKED = 1_200  # by one student: 35 kB
MOST_DECIDED = 300  # by the teachers: 8 kB of the 20 kB that a class can be shown
OUT = -1  # a teacher's decision: it does not count

State = Literal["waiting", "agreed", "disputed", "decided", "out"]
_REF = re.compile(r"[a-z0-9]{8}\.[a-z0-9]{8}", re.ASCII)


@dataclass(frozen=True)
class Drawing:
    """One drawing, and what is said of it.

    ref:     "<member>.<id>".
    member:  who drew it.
    digit:   which digit was asked for, 0 to 9.
    pixels:  784 bytes, row by row, 0 black to 255 white, prepared as networks get a drawn digit.
    said:    what each of the others read who looked: a digit, or None where they could not tell.
    decided: what a teacher says: a digit, OUT, or None where they said nothing.
    """

    ref: str
    member: str
    digit: int
    pixels: bytes
    said: Mapping[str, int | None] = field(default_factory=dict)
    decided: int | None = None

    @property
    def agreeing(self) -> int:
        """How many others read what was asked for."""
        return sum(said == self.digit for said in self.said.values())

    @property
    def others(self) -> int:
        """How many others read something else, or nothing."""
        return len(self.said) - self.agreeing

    @property
    def is_settled(self) -> bool:
        """Whether nobody needs to look at it any more."""
        return self.decided is not None or self.agreeing >= OTHERS or self.others >= OTHERS

    @property
    def state(self) -> State:
        """agreed or decided: it counts. disputed: two have looked and do not both agree; a third may settle it."""
        if self.decided is not None:
            return "out" if self.decided == OUT else "decided"
        if self.agreeing >= OTHERS:
            return "agreed"
        return "disputed" if len(self.said) >= OTHERS else "waiting"

    @property
    def counts(self) -> bool:
        """Whether it belongs to the test set."""
        return self.state in ("agreed", "decided")

    @property
    def label(self) -> int:
        """Which digit it is: as the teacher says, else as it was asked for."""
        return self.digit if self.decided in (None, OUT) else int(self.decided or 0)


# ---------------------------------------------------------------- looking


def drawings_of(classes: Classes, classroom: Classroom) -> tuple[Drawing, ...]:
    """All drawings of a class, member by member; what makes no sense in a file is passed over."""
    decided = _decided(classroom)
    drawings = _newest(classes, classroom)
    if not decided:
        return drawings
    return tuple(replace(one, decided=decided[one.ref]) if one.ref in decided else one for one in drawings)


def to_decide(drawings: Sequence[Drawing], is_closed: bool) -> tuple[Drawing, ...]:
    """What only a teacher can settle: drawings in dispute, and once the drawing is closed those that still wait.

    What a teacher took out is not among them.
    """
    open_states = ("disputed", "waiting") if is_closed else ("disputed",)
    return tuple(one for one in drawings if one.state in open_states)


def is_closed(classroom: Classroom) -> bool:
    """Whether the teacher has closed the drawing."""
    return _shown(classroom).get("closed") is True


def asked_digit(drawings: Sequence[Drawing], member: str) -> int:
    """Which digit this member is asked to draw next, so that the class has each about equally often.

    The one that the class has least; of those, the one they drew least; of those, another for each member to begin
    with. What is in dispute, or was taken out, does not count.
    """
    good = [one for one in drawings if one.state not in ("out", "disputed")]
    own = Counter(one.digit for one in drawings if one.member == member)
    whole = Counter(one.digit for one in good)
    first = _lot(member, "") % DIGITS
    return min(range(DIGITS), key=lambda digit: (whole[digit], own[digit], (digit - first) % DIGITS))


def next_to_check(drawings: Sequence[Drawing], member: str) -> Drawing | None:
    """The drawing that this member is asked about next; None where there is none.

    Never their own, nor one that they looked at. Those that somebody looked at come first, so that they are soon
    settled; else the order is another for each member.
    """
    open_ones = [
        one for one in drawings if one.member != member and member not in one.said and not one.is_settled
    ]
    return min(open_ones, key=lambda one: (-len(one.said), _lot(member, one.ref)), default=None)


@dataclass(frozen=True)
class Tally:
    """How far the class is: drawings by their state, and how often each digit counts so far."""

    states: Mapping[State, int]
    of_digit: tuple[int, ...]

    @property
    def counting(self) -> int:
        """How many belong to the test set."""
        return sum(self.of_digit)

    @property
    def drawn(self) -> int:
        """How many there are, without those taken out."""
        return sum(count for state, count in self.states.items() if state != "out")


def tally(drawings: Sequence[Drawing]) -> Tally:
    """Count them."""
    labels = Counter(one.label for one in drawings if one.counts)
    return Tally(Counter(one.state for one in drawings), tuple(labels[digit] for digit in range(DIGITS)))


# ---------------------------------------------------------------- what students do


def draw(classes: Classes, token: str, digit: int, pixels: Sequence[float]) -> str:
    """Hand in a drawing. Returns its ref.

    digit:  that was asked for.
    pixels: of the pad: 784 or 3,136 numbers, 0 black to 255 white.
    Raises StudentError where it is no drawing, there is no room, or the drawing is closed.
    """
    from cnn_core.data.own.prepare import from_pad  # torch, only where somebody draws

    check_digit(digit)
    if not isinstance(pixels, list | tuple):
        raise StudentError("A drawing is so many numbers, and something else came.", hint="Draw again.")
    prepared = from_pad(pixels, SHAPE).pixels
    with _changing(classes, token) as seat:
        assert seat.member is not None
        if is_closed(seat.classroom):
            raise StudentError("Your teacher has closed the drawing.", hint="Check the digits of others.")
        drawings = drawings_of(classes, seat.classroom)
        mine = [one for one in drawings if one.member == seat.member.id]
        if len(mine) >= MOST_DRAWN:
            raise StudentError(
                f"You have drawn {len(mine)} digits, which is as many as one student may.",
                hint="Check the digits of others.",
            )
        if len(drawings) >= MOST_OF_A_CLASS:
            raise StudentError(f"Your class has {len(drawings):,} drawings, and there is no room for more.")
        if any(one.pixels == prepared for one in drawings):
            raise StudentError("This very picture is there already.", hint="Draw another.")
        name = secrets.token_hex(4)
        new = Drawing(f"{seat.member.id}.{name}", seat.member.id, digit, prepared)
        _keep_drawings(classes, token, [*mine, new])
    return new.ref


def take_back(classes: Classes, token: str, ref: str) -> None:
    """Take one's own drawing out again, for good. Nothing happens where there is none."""
    with _changing(classes, token) as seat:
        assert seat.member is not None
        mine = [one for one in drawings_of(classes, seat.classroom) if one.member == seat.member.id]
        rest = [one for one in mine if one.ref != ref]
        if len(rest) < len(mine):
            _keep_drawings(classes, token, rest)


def check(classes: Classes, token: str, ref: str, said: int | None) -> bool:
    """Say which digit somebody else's drawing is; None: cannot tell.

    Returns whether it was noted: not where others have settled it meanwhile, or its drawer took it out.
    Raises StudentError for one's own drawing, a second look at the same, and what is no digit.
    """
    if said is not None:
        check_digit(said)
    with _changing(classes, token) as seat:
        assert seat.member is not None
        drawings = drawings_of(classes, seat.classroom)
        one = next((one for one in drawings if one.ref == ref), None)
        if one is None:
            return False
        if one.member == seat.member.id:
            raise StudentError("This is your own drawing.", hint="Others check it.")
        if seat.member.id in one.said:
            raise StudentError("You have looked at this drawing already.", hint="Check another.")
        if one.is_settled:
            return False
        # Of drawings that are gone, nothing needs to be known.
        before = {each.ref: each.said[seat.member.id] for each in drawings if seat.member.id in each.said}
        if len(before) >= MOST_CHECKED:
            raise StudentError(f"You have checked {len(before):,} drawings: thank you, that is enough.")
        classes.keep(token, "checked", {"said": {**before, ref: said}})
    return True


# ---------------------------------------------------------------- what teachers do


def close(classes: Classes, token: str, is_closed: bool = True) -> None:
    """Close the drawing, or open it again. Checking goes on. Raises StudentError for who is no teacher of the class."""
    with _deciding(classes, token) as shown:
        shown["closed"] = is_closed


def decide(classes: Classes, token: str, ref: str, digit: int | None) -> None:
    """Say which digit a drawing is, OUT that it does not count, or None: leave it to the students again.

    Raises StudentError for who is no teacher of the class, and where there is no such drawing.
    """
    if digit is not None and (type(digit) is not int or digit != OUT):
        check_digit(digit)
    with _deciding(classes, token) as shown:
        seat = classes.seat(token)
        there = [one.ref for one in drawings_of(classes, seat.classroom)] if seat else []
        if ref not in there:
            raise StudentError("This drawing is not there any more.", hint="Its drawer took it out.")
        decided = {name: value for name, value in shown.get("decided", {}).items() if name in there}
        decided.pop(ref, None)
        if digit is not None:
            decided[ref] = digit
        if len(decided) > MOST_DECIDED:
            raise StudentError(f"You have decided {len(decided) - 1} drawings, which is as many as you may.")
        shown["decided"] = decided


def note_set(classes: Classes, token: str, set_id: str) -> None:
    """Remember the data set that the drawings became (`drawn_set`)."""
    with _deciding(classes, token) as shown:
        shown["set"] = set_id


def set_id_of(classroom: Classroom) -> str:
    """The data set that the drawings became; "" where they did not yet."""
    set_id = _shown(classroom).get("set")
    return set_id if isinstance(set_id, str) else ""


def check_digit(value: object) -> None:
    """Raise StudentError for what is no digit."""
    if type(value) is not int or not 0 <= value < DIGITS:
        raise StudentError("A digit is a whole number from 0 to 9.", hint="Choose one of the ten.")


# ---------------------------------------------------------------- within


@contextmanager
def _changing(classes: Classes, token: str) -> Iterator[Seat]:
    """Hold the lock of the class's drawings: two tabs of one student lose nothing of each other, and two who check the
    same drawing come one after the other."""
    seat = classes.sitting(token)
    with _locked(seat.classroom):
        yield classes.sitting(token)


@contextmanager
def _deciding(classes: Classes, token: str) -> Iterator[dict[str, Any]]:
    """A copy of what is shown of the drawings; what becomes of it in the block is shown."""
    seat = classes.seat(token)
    if seat is None or not seat.is_teacher:
        raise StudentError("Only its teacher can do this.", hint="Open the class by the teacher's link.")
    with _locked(seat.classroom):
        now = classes.seat(token)
        shown = dict(_shown(now.classroom)) if now else {}
        shown["decided"] = _decided(now.classroom) if now else {}
        yield shown
        classes.show(token, "digits", shown)


@contextmanager
def _locked(classroom: Classroom) -> Iterator[None]:
    if not classroom.path.is_dir():
        raise StudentError("The class has been wiped.", hint="Ask your teacher for a new code.")
    with explain_disk_errors("The class cannot keep it"), locked(classroom.path / "digits.lock"):
        yield


def _keep_drawings(classes: Classes, token: str, drawings: Sequence[Drawing]) -> None:
    values = [
        {
            "id": one.ref.partition(".")[2],
            "digit": one.digit,
            "pixels": base64.b64encode(one.pixels).decode("ascii"),
        }
        for one in drawings
    ]
    classes.keep(token, "drawn", {"drawings": values})


def _shown(classroom: Classroom) -> Mapping[str, Any]:
    shown = classroom.shows.get("digits")
    return shown if isinstance(shown, dict) else {}


def _decided(classroom: Classroom) -> dict[str, int]:
    decided = _shown(classroom).get("decided")
    if not isinstance(decided, dict):
        return {}
    return {ref: value for ref, value in decided.items() if type(value) is int and OUT <= value < DIGITS}


_read: OrderedDict[Path, tuple[int, tuple[Drawing, ...]]] = (
    OrderedDict()
)  # class's folder -> (stamp, drawings)
_reading = threading.Lock()
_MOST_READ = 16  # classes: the drawings of each are a megabyte, at most three


def _newest(classes: Classes, classroom: Classroom) -> tuple[Drawing, ...]:
    """Read once between two changes, however many students look."""
    with _reading:
        stamp, before = classes.stamp(classroom.id), _read.pop(classroom.path, None)
        if before is None or before[0] != stamp:
            before = (stamp, _drawings(classes, classroom))
        _read[classroom.path] = before
        while len(_read) > _MOST_READ:
            _read.popitem(last=False)
        return before[1]


def _drawings(classes: Classes, classroom: Classroom) -> tuple[Drawing, ...]:
    """As the members' files say, without what a teacher decided."""
    said: dict[str, dict[str, int | None]] = {}
    for member, values in classes.kept(classroom, "checked").items():
        for ref, value in _said_in(values):
            if not ref.startswith(f"{member}."):  # one's own check is none
                said.setdefault(ref, {})[member] = value
    return tuple(
        one
        for member, values in classes.kept(classroom, "drawn").items()
        for one in _drawings_in(values, member, said)
    )


def _drawings_in(
    values: Mapping[str, Any], member: str, said: Mapping[str, Mapping[str, int | None]]
) -> Iterator[Drawing]:
    there = values.get("drawings")
    refs: set[str] = set()
    for one in there[:MOST_DRAWN] if isinstance(there, list) else []:
        if not isinstance(one, dict):
            continue
        ref, digit, text = f"{member}.{one.get('id')}", one.get("digit"), one.get("pixels")
        try:
            pixels = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
        except (binascii.Error, ValueError):
            continue
        if type(digit) is not int or not 0 <= digit < DIGITS:
            continue
        if len(pixels) == BYTES_EACH and _REF.fullmatch(ref) and ref not in refs:
            refs.add(ref)
            yield Drawing(ref, member, digit, pixels, said.get(ref, {}))


def _said_in(values: Mapping[str, Any]) -> Iterator[tuple[str, int | None]]:
    said = values.get("said")
    for ref, value in said.items() if isinstance(said, dict) else ():
        if _REF.fullmatch(ref) and (value is None or (type(value) is int and 0 <= value < DIGITS)):
            yield ref, value


def _lot(member: str, ref: str) -> int:
    """A number by lot, always the same for the same two."""
    return int.from_bytes(hashlib.blake2b(f"{member} {ref}".encode(), digest_size=4).digest(), "big")
