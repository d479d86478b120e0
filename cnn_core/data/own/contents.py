"""What is in an own data set: its log, replayed. Which picture is kept for testing is decided here, once and for ever.

    {"do": "class",  "n": 0, "name": "house"}                   class 0 is made
    {"do": "name",   "n": 0, "name": "hut"}                     and called something else
    {"do": "close",  "n": 0} {"do": "reopen", "n": 0}           and taken out with its pictures, and put back
    {"do": "add",    "n": 0, "px": "…", "sum": "…", "by": "…", "who": "Ana", "way": "draw"}
    {"do": "drop",   "ids": [17], "at": 1.8e9} {"do": "keep", "ids": [17]}

A picture's id is its place among all that were ever added.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cnn_core.data.own.log import Line

Part = Literal["train", "test"]
Way = Literal["draw", "ink", "thing", "pixels"]
WAYS: tuple[Way, ...] = ("draw", "ink", "thing", "pixels")
TEST_EVERY, TEST_FIRST = (
    4,
    1,
)  # of each class the 2nd, 6th, 10th ... picture that was added is kept for testing


@dataclass(frozen=True)
class Picture:
    """One picture of a set.

    id:     its place among all that were ever added to the set.
    number: of its class.
    pixels: C·H·W bytes, 0 black to 255 white.
    part:   "test" where it is kept for testing.
    by:     the hash of whoever added it.
    who:    their name, if they gave one.
    way:    how it came: drawn on the pad, a drawing on paper, a photo of a thing, or pixels from a file.
    sum:    the same for the same pixels only.
    """

    id: int
    number: int
    pixels: bytes
    part: Part
    by: str
    who: str
    way: Way
    sum: str


@dataclass(frozen=True)
class OwnClass:
    """One class: its number, for ever; its name; and whether it was taken out."""

    number: int
    name: str
    is_closed: bool = False


@dataclass(frozen=True)
class Contributor:
    """Who added pictures that are in the set: the hash they are known by, their name or "", and how many."""

    by: str
    who: str
    count: int


@dataclass(frozen=True)
class Contents:
    """A set at one moment.

    all_classes: those taken out among them, by number.
    pictures:    in the order in which they were added, without those taken out.
    mark:        changes with every change.
    """

    all_classes: tuple[OwnClass, ...] = ()
    pictures: tuple[Picture, ...] = ()
    mark: int = 0

    @property
    def classes(self) -> tuple[OwnClass, ...]:
        """Those that are in the set now."""
        return tuple(one for one in self.all_classes if not one.is_closed)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Of the classes that are in the set now."""
        return tuple(one.number for one in self.classes)

    def of_class(self, number: int, part: Part | None = None) -> tuple[Picture, ...]:
        """The pictures of one class, of both parts or of one."""
        return tuple(one for one in self.pictures if one.number == number and part in (None, one.part))

    def count(self, part: Part | None = None) -> int:
        """How many pictures there are, of both parts or of one."""
        return sum(part in (None, one.part) for one in self.pictures)

    def contributors(self) -> tuple[Contributor, ...]:
        """Whoever added a picture that is here, in the order of their first."""
        counts: dict[str, int] = {}
        names: dict[str, str] = {}
        for one in self.pictures:
            counts[one.by] = counts.get(one.by, 0) + 1
            names[one.by] = one.who or names.get(one.by, "")
        return tuple(Contributor(by, names[by], counts[by]) for by in counts)

    def is_drawn(self) -> bool:
        """Whether all pictures are lines on black, and not photos of things."""
        return all(one.way in ("draw", "ink") for one in self.pictures)

    @property
    def is_for_testing(self) -> bool:
        """Whether there are pictures, and each is kept for testing: as of digits that a class drew."""
        return bool(self.pictures) and all(one.part == "test" for one in self.pictures)

    def fingerprint(self, numbers: tuple[int, ...]) -> str:
        """The same for the same pictures in the same parts of these classes."""
        marks = (f"{one.number} {one.part} {one.sum}" for one in self.pictures if one.number in numbers)
        return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:32]


def sum_of(pixels: bytes) -> str:
    """16 hexadecimal figures: the same for the same pixels only."""
    return hashlib.blake2b(pixels, digest_size=8).hexdigest()


def add_line(number: int, pixels: bytes, by: str, who: str, way: Way) -> Line:
    """The line that adds a picture."""
    text = base64.b64encode(pixels).decode("ascii")
    return {"do": "add", "n": number, "px": text, "sum": sum_of(pixels), "by": by, "who": who, "way": way}


@dataclass
class Replay:
    """A log as far as it was read. bytes_each: of one picture's pixels."""

    bytes_each: int
    classes: dict[int, OwnClass] = field(default_factory=dict)
    pictures: list[Picture] = field(default_factory=list)  # all that were ever added
    dropped: dict[int, float] = field(default_factory=dict)  # id -> when
    parts: dict[str, Part] = field(default_factory=dict)  # sum -> part, also of those dropped
    added: dict[int, int] = field(default_factory=dict)  # class -> how many different pictures ever
    mark: int = 0

    def hear(self, lines: Iterable[Line]) -> None:
        """Take note of more lines; what makes no sense is passed over."""
        for line in lines:
            self.mark += 1
            number, do = line.get("n"), line.get("do")
            if do == "add":
                self._add(line)
            elif do in ("drop", "keep"):
                self._drop(line, do == "drop")
            elif type(number) is int and number >= 0:
                self._class(number, str(do), line.get("name"))

    def _class(self, number: int, do: str, name: Any) -> None:
        known = self.classes.get(number)
        if do == "class" and known is None and isinstance(name, str):
            self.classes[number] = OwnClass(number, name)
        elif do == "name" and known is not None and isinstance(name, str):
            self.classes[number] = replace(known, name=name)
        elif do in ("close", "reopen") and known is not None:
            self.classes[number] = replace(known, is_closed=do == "close")

    def _add(self, line: Line) -> None:
        number, text, name = line.get("n"), line.get("px"), line.get("sum")
        picture_id = len(self.pictures)
        try:
            pixels = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
        except binascii.Error:
            pixels = b""
        sound = type(number) is int and number in self.classes and isinstance(name, str)
        number, name = (number, name) if sound else (-1, "")
        assert isinstance(number, int)
        assert isinstance(name, str)
        way = line.get("way")
        self.pictures.append(
            Picture(
                picture_id,
                number,
                pixels,
                self._part(number, name, line.get("part")),
                str(line.get("by", ""))[:32],
                str(line.get("who", ""))[:80],
                way if way in WAYS else "pixels",
                name,
            )
        )
        if not sound or len(pixels) != self.bytes_each:  # wiped, or spoiled: its place is kept
            self.dropped[picture_id] = 0.0

    def _part(self, number: int, name: str, wish: Any) -> Part:
        """Of a picture that was here before, what it was then; else by its place among those of its class."""
        known = self.parts.get(name)
        if known is not None:
            return known
        place = self.added.get(number, 0)
        self.added[number] = place + 1
        part: Part = "test" if place % TEST_EVERY == TEST_FIRST else "train"
        if wish in ("train", "test"):  # it comes from a set that was saved, and keeps its part
            part = wish
        self.parts[name] = part
        return part

    def _drop(self, line: Line, is_out: bool) -> None:
        ids, at = line.get("ids"), line.get("at", 0.0)
        for one in ids if isinstance(ids, list) else []:
            if type(one) is not int or not 0 <= one < len(self.pictures):
                continue
            if is_out:
                self.dropped[one] = float(at) if isinstance(at, int | float) else 0.0
            elif len(self.pictures[one].pixels) == self.bytes_each:
                self.dropped.pop(one, None)

    def contents(self) -> Contents:
        """The set as it stands now."""
        classes = tuple(self.classes[number] for number in sorted(self.classes))
        is_open = {one.number for one in classes if not one.is_closed}
        pictures = tuple(one for one in self.pictures if one.number in is_open and one.id not in self.dropped)
        return Contents(classes, pictures, self.mark)
