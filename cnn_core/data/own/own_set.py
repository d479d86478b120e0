"""One data set of somebody's own: a folder on this server's disk, and who may do what in it.

    <root>/<id>/card.json   name, owner, shape, the key of its link; written whole
                log.jsonl   classes and pictures, only ever appended to (`log`, `contents`)
                lock        held for each change

The owner may do everything. Whoever opened the set by its link may add pictures and take their own out again. Whoever
knows a set's id, as a run does that learnt from it, may read it.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_core.data.own import log
from cnn_core.data.own.contents import Contents, Part, Replay, Way, add_line, sum_of
from cnn_core.data.own.limits import (
    EVER_CLASSES,
    LEAST_CLASSES,
    LEAST_OF_A_CLASS,
    MOST_CLASSES,
    MOST_OF_A_GUEST,
    MOST_PICTURES,
    UNDO_SECONDS,
)
from cnn_core.data.own.names import class_name, cleaned, is_set_id, key_of, set_name
from cnn_core.data.own.room import check_room_on_server, last_used
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, locked, read_json, write_json, write_whole
from cnn_core.owners import owner_of

SHAPES: dict[str, tuple[int, int, int]] = {"grey": (1, 28, 28), "colour": (3, 32, 32)}


@dataclass(frozen=True)
class NewPicture:
    """A picture to add. pixels: C·H·W bytes; way: how it came; part: only where a set that was saved says it."""

    pixels: bytes
    way: Way
    part: Part | None = None
    who: str | None = None


@dataclass(frozen=True)
class Added:
    """What adding came to. ids: of the new pictures; already: how many were in the set before, pixel by pixel."""

    ids: tuple[int, ...]
    already: int = 0


class OwnSet:
    """One set, read when it is looked at. Cheap to make; any number of processes may have one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.id = folder.name

    # What it is

    @property
    def card(self) -> dict[str, Any]:
        """What `card.json` says; {} where there is no such set."""
        return read_json(self.folder / "card.json")

    @property
    def key(self) -> str:
        """Its name as a data set: "own:<id>"."""
        return key_of(self.id)

    @property
    def frozen_key(self) -> str:
        """The same with its classes of now, in the order of a network's outputs."""
        return key_of(self.id, self.contents().numbers)

    @property
    def name(self) -> str:
        """What its owner calls it."""
        return cleaned(self.card.get("name", "")) or "My set"

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of each picture."""
        return SHAPES["colour" if self.card.get("colour") is True else "grey"]

    @property
    def is_for_testing(self) -> bool:
        """Whether each picture that is added is kept for testing: then nothing ever learns from the set."""
        return self.card.get("for_testing") is True

    @property
    def is_removed(self) -> bool:
        """Whether its owner removed it: then only the names of its classes are left."""
        return self.card.get("removed") is True

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is a set of another server, of which a network's file told the names."""
        return self.is_removed and self.card.get("elsewhere") is True

    @property
    def created(self) -> float:
        """Seconds since 1970."""
        created = self.card.get("created")
        return float(created) if isinstance(created, int | float) else 0.0

    def contents(self) -> Contents:
        """Its classes and pictures as they are now."""
        return _contents(self.folder, _bytes_each(self.shape))

    def problem(self) -> StudentError | None:
        """Why no network can learn from it yet, or None."""
        contents = self.contents()
        if self.is_for_testing or contents.is_for_testing:
            return StudentError(
                f"The pictures of “{self.name}” are all for testing: nothing can learn from them.",
                hint="Train on other images, and test with these.",
            )
        if len(contents.classes) < LEAST_CLASSES:
            return StudentError("It needs a second thing to tell it from.", hint="Add a class.")
        for one in contents.classes:
            count = len(contents.of_class(one.number))
            if count < LEAST_OF_A_CLASS or len(contents.of_class(one.number, "train")) < LEAST_CLASSES:
                pictures = "1 picture" if count == 1 else f"{count} pictures"
                return StudentError(
                    f"“{one.name}” has {pictures}, too few to learn from and to test with.",
                    hint=f"Add {max(1, LEAST_OF_A_CLASS - count)} or more.",
                )
        return None

    # Whose it is

    def is_owner(self, token: str) -> bool:
        """Whether this is the secret token of the visitor who made it."""
        owner = self.card.get("owner")
        return isinstance(owner, str) and bool(token) and secrets.compare_digest(owner, owner_of(token))

    def is_by_owner(self, by: str) -> bool:
        """Whether a contributor's hash is the owner's."""
        return self.card.get("owner") == by

    @property
    def link_key(self) -> str:
        """The key of its link; "" where it is not shared."""
        key = self.card.get("link")
        return key if isinstance(key, str) and is_set_id(key) else ""

    def is_guest(self, token: str) -> bool:
        """Whether this visitor opened it by its present link."""
        key, mark = self.link_key, guest_mark(self.folder.parent, owner_of(token), self.id)
        try:
            return bool(key) and mark.read_text("ascii") == key
        except (OSError, ValueError):
            return False

    def may_look(self, token: str) -> bool:
        """Whether this visitor sees it on the page."""
        return not self.is_removed and (self.is_owner(token) or self.is_guest(token))

    # Pictures

    def add(self, token: str, number: int, pictures: Sequence[NewPicture], who: str = "") -> Added:
        """Add pictures to the class of that number. One that is in the set already, pixel by pixel, is not added.

        who: what the visitor wants to be called; may be "".
        All of them or none. Raises StudentError where the visitor may not, or there is no room.
        """
        who, by = cleaned(who), owner_of(token)
        with self._changing():
            self._check_may_add(token)
            contents = self.contents()
            self._check_class(contents, number)
            known = {one.sum for one in contents.pictures}
            new: dict[str, NewPicture] = {}
            for one in pictures:
                assert len(one.pixels) == _bytes_each(self.shape), "pictures are prepared for the set's shape"
                if (its_sum := sum_of(one.pixels)) not in known:
                    new.setdefault(its_sum, one)
            self._check_room(contents, len(new), token, by)
            before = self._replay_length()
            lines = []
            for one in new.values():
                line = add_line(number, one.pixels, by, who if one.who is None else cleaned(one.who), one.way)
                part = "test" if self.is_for_testing else one.part
                lines.append(line if part is None else line | {"part": part})
            log.append(self.folder / "log.jsonl", lines)
        return Added(tuple(range(before, before + len(lines))), len(pictures) - len(lines))

    def take_out(self, token: str, ids: Sequence[int]) -> tuple[int, ...]:
        """Take pictures out; `put_back` undoes it for an hour. Returns the ids of those that were there.

        Raises StudentError where one of them is somebody else's and the set is not the visitor's own.
        """
        with self._changing():
            mine = self._check_may_take(token, ids)
            log.append(self.folder / "log.jsonl", [{"do": "drop", "ids": list(mine), "at": time.time()}])
            self._wipe_old()
        return mine

    def put_back(self, token: str, ids: Sequence[int]) -> None:
        """Undo `take_out`. Raises StudentError where the visitor may not, or there is no room."""
        with self._changing():
            self._check_may_add(token)
            contents = self.contents()
            pictures = _replayed(self.folder, _bytes_each(self.shape)).pictures
            known = {one.sum for one in contents.pictures}
            back = [
                one
                for one in ids
                if 0 <= one < len(pictures)
                and pictures[one].sum not in known
                and (self.is_owner(token) or pictures[one].by == owner_of(token))
            ]
            self._check_room(contents, len(back), token, owner_of(token))
            log.append(self.folder / "log.jsonl", [{"do": "keep", "ids": back}])

    def take_out_contributor(self, token: str, by: str) -> tuple[int, ...]:
        """Take out all pictures of one contributor; for the owner. Returns their ids, for `put_back`."""
        return self.take_out(token, [one.id for one in self.contents().pictures if one.by == by])

    # Classes

    def add_class(self, token: str, name: str) -> int:
        """Make one more class; returns its number. Raises StudentError for a name that is taken, and an eleventh."""
        with self._changing():
            self._check_owner(token)
            contents = self.contents()
            name = self._new_name(contents, name)
            number = len(contents.all_classes)
            if len(contents.classes) >= MOST_CLASSES:
                raise StudentError(f"A set has at most {MOST_CLASSES} classes.", hint="Take one out first.")
            if number >= EVER_CLASSES:
                raise StudentError(f"This set has had {number} classes by now.", hint="Begin another set.")
            log.append(self.folder / "log.jsonl", [{"do": "class", "n": number, "name": name}])
        return number

    def rename_class(self, token: str, number: int, name: str) -> None:
        """Call a class something else. Raises StudentError for a name that is taken or cannot be seen."""
        with self._changing():
            self._check_owner(token)
            contents = self.contents()
            self._check_class(contents, number)
            name = self._new_name(contents, name, number)
            log.append(self.folder / "log.jsonl", [{"do": "name", "n": number, "name": name}])

    def take_out_class(self, token: str, number: int) -> None:
        """Take a class out with its pictures; `put_back_class` undoes it."""
        with self._changing():
            self._check_owner(token)
            self._check_class(self.contents(), number)
            log.append(self.folder / "log.jsonl", [{"do": "close", "n": number}])

    def put_back_class(self, token: str, number: int) -> None:
        """Undo `take_out_class`. Raises StudentError where there are ten others by now."""
        with self._changing():
            self._check_owner(token)
            contents = self.contents()
            if len(contents.classes) >= MOST_CLASSES:
                raise StudentError(f"A set has at most {MOST_CLASSES} classes.", hint="Take one out first.")
            log.append(self.folder / "log.jsonl", [{"do": "reopen", "n": number}])

    # The set itself

    def rename(self, token: str, name: str) -> None:
        """Call the set something else."""
        name = set_name(name)
        with self._changing():
            self._check_owner(token)
            write_json(self.folder / "card.json", self.card | {"name": name}, durable=True)

    def share(self, token: str) -> str:
        """Let whoever has its link add pictures; returns the key of the link."""
        with self._changing():
            self._check_owner(token)
            key = self.link_key or secrets.token_urlsafe(8)
            links = self.folder.parent / "links"
            links.mkdir(exist_ok=True)
            write_whole(links / key, self.id.encode(), durable=True)
            write_json(self.folder / "card.json", self.card | {"link": key}, durable=True)
        return key

    def stop_sharing(self, token: str) -> None:
        """The link leads nowhere from now on, and a later one will be another; what was added stays."""
        with self._changing():
            self._check_owner(token)
            self._stop_sharing()

    def remove(self, token: str) -> None:
        """Wipe the set from the disk. What is left are the names of its classes, for networks that learnt from it."""
        with self._changing():
            self._check_owner(token)
            self._wipe()

    def let_go(self, unused_since: float) -> bool:
        """Remove a set that nobody used since then, in seconds since 1970, as its owner would; whether it was done.

        For the server's own tidying: `Shelf.kept` says which there are. Raises StudentError where it cannot be written.
        """
        with self._changing():
            is_unused = last_used(self.folder) < unused_since
            if is_unused:
                self._wipe()
        return is_unused

    def _wipe(self) -> None:
        lines = [{"do": "class", "n": one.number, "name": one.name} for one in self.contents().all_classes]
        log.rewrite(self.folder / "log.jsonl", lines)
        self._stop_sharing()
        write_json(self.folder / "card.json", self.card | {"removed": True}, durable=True)
        with suppress(OSError):
            guest_mark(self.folder.parent, str(self.card.get("owner")), self.id).unlink()

    def _stop_sharing(self) -> None:
        if key := self.link_key:
            with suppress(OSError):
                (self.folder.parent / "links" / key).unlink()
        write_json(self.folder / "card.json", self.card | {"link": ""}, durable=True)

    # Within

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Hold the set's lock. Raises StudentError where it is gone or the disk is full."""
        with explain_disk_errors("The data set cannot be written"):
            if not self.card or self.is_removed:
                raise _gone()
            with locked(self.folder / "lock"):
                if self.is_removed:
                    raise _gone()
                yield

    def _check_owner(self, token: str) -> None:
        if not self.is_owner(token):
            raise StudentError("Only whoever made this set can do that.", hint="Make a set of your own.")

    def _check_may_add(self, token: str) -> None:
        if not self.may_look(token):
            raise StudentError(
                "This set is not shared with you, or not any more.", hint="Ask its owner for the link."
            )

    def _check_may_take(self, token: str, ids: Sequence[int]) -> tuple[int, ...]:
        wanted = set(ids)
        pictures = [one for one in self.contents().pictures if one.id in wanted]
        if not self.is_owner(token):
            self._check_may_add(token)
            if any(one.by != owner_of(token) for one in pictures):
                raise StudentError(
                    "This picture was added by somebody else.",
                    hint="Only they and the set’s owner can take it out.",
                )
        return tuple(one.id for one in pictures)

    def _check_class(self, contents: Contents, number: int) -> None:
        if number not in contents.numbers:
            raise StudentError("That class is not in the set any more.", hint="Choose another.")

    def _check_room(self, contents: Contents, more: int, token: str, by: str) -> None:
        count = len(contents.pictures)
        if count + more > MOST_PICTURES:
            raise StudentError(
                f"The set has {count:,} pictures, and {more:,} more would make {count + more:,}; "
                f"it can hold {MOST_PICTURES:,}.",
                hint="Take some out, or add fewer.",
            )
        mine = sum(one.by == by for one in contents.pictures)
        if not self.is_owner(token) and mine + more > MOST_OF_A_GUEST:
            raise StudentError(
                f"You have added {mine:,} pictures to this set; a guest may add {MOST_OF_A_GUEST}.",
                hint="Take some of yours out first.",
            )
        check_room_on_server(self.folder.parent, more * _bytes_each(self.shape) * 4 // 3)

    def _new_name(self, contents: Contents, name: str, number: int | None = None) -> str:
        name = class_name(name)
        for one in contents.classes:
            if one.number != number and one.name.casefold() == name.casefold():
                raise StudentError(f"There is a class “{one.name}” already.", hint="Choose another name.")
        return name

    def _replay_length(self) -> int:
        return len(_replayed(self.folder, _bytes_each(self.shape)).pictures)

    def _wipe_old(self) -> None:
        """Wipe the pixels of what was taken out so long ago that nobody can put it back."""
        replay, oldest = _replayed(self.folder, _bytes_each(self.shape)), time.time() - UNDO_SECONDS
        old = {one for one, at in replay.dropped.items() if at < oldest and replay.pictures[one].pixels}
        if not old:
            return
        _, lines = log.Reader(self.folder / "log.jsonl").news()
        place = -1
        for line in lines:
            if line.get("do") == "add":
                place += 1
                if place in old:
                    line["px"] = ""
        log.rewrite(self.folder / "log.jsonl", lines)


def _gone() -> StudentError:
    return StudentError(
        "This data set is not on this server any more.", hint="Its owner may have removed it."
    )


def _bytes_each(shape: tuple[int, int, int]) -> int:
    return shape[0] * shape[1] * shape[2]


def guest_mark(root: Path, owner: str, set_id: str) -> Path:
    """The file that counts a set among a visitor's: empty for their own, else the key by which they opened it."""
    return root / "visitors" / owner / set_id


# ---------------------------------------------------------------- what is read is remembered


class _Held:
    """A log as far as this process has read it."""

    def __init__(self, folder: Path, bytes_each: int) -> None:
        self.lock = threading.Lock()
        self.reader, self.bytes_each = log.Reader(folder / "log.jsonl"), bytes_each
        self.replay, self.contents, self.generation = Replay(bytes_each), Contents(), 0


_held: OrderedDict[Path, _Held] = OrderedDict()
_held_lock = threading.Lock()
_MOST_HELD = 12


def _holding(folder: Path, bytes_each: int) -> _Held:
    with _held_lock:
        held = _held.get(folder)
        if held is None or held.bytes_each != bytes_each:
            held = _held[folder] = _Held(folder, bytes_each)
            while len(_held) > _MOST_HELD:
                _held.popitem(last=False)
        _held.move_to_end(folder)
        return held


def _refreshed(folder: Path, bytes_each: int) -> tuple[Replay, Contents]:
    held = _holding(folder, bytes_each)
    with held.lock:
        is_new, lines = held.reader.news()
        if is_new:
            held.generation += 1
            held.replay = Replay(bytes_each, mark=held.generation << 32)
        if is_new or lines:
            held.replay.hear(lines)
            held.contents = held.replay.contents()
        return held.replay, held.contents


def _contents(folder: Path, bytes_each: int) -> Contents:
    return _refreshed(folder, bytes_each)[1]


def _replayed(folder: Path, bytes_each: int) -> Replay:
    return _refreshed(folder, bytes_each)[0]
