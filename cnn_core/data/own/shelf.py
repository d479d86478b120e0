"""All data sets of visitors' own on a server: made, found again, opened by a link.

    <root>/<id>/                 one set (`own_set`)
           links/<key>           the id of the set that is shared by this key
           visitors/<owner>/<id> an empty file for an own set; for one opened by its link, the key of that

`owner` is the hash of a visitor's token (`cnn_core.owners`).
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cnn_core.data.own import log
from cnn_core.data.own.limits import LONGEST_NAME, MOST_JOINED, MOST_ON_SERVER, MOST_SETS
from cnn_core.data.own.names import class_name, cleaned, is_own, is_set_id, parts_of, set_name
from cnn_core.data.own.own_set import OwnSet, guest_mark
from cnn_core.data.own.room import Kept, bytes_of, check_room_on_server, last_used, mark_used
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, file_names, locked, sync, write_json, write_whole
from cnn_core.owners import owner_of
from cnn_core.settings import settings

FIRST_CLASS = "first thing"


class Shelf:
    """The sets of one folder. Cheap to make; holds nothing open; any number of processes may have one.

    path: the folder; None is `datasets` in the folder of runs.
    """

    def __init__(self, path: Path | str | None = None) -> None:
        self.path = Path(path if path is not None else settings().runs_dir / "datasets").absolute()

    def make(
        self,
        token: str,
        name: str = "",
        *,
        colour: bool = False,
        classes: tuple[str, ...] = (FIRST_CLASS,),
        for_testing: bool = False,
    ) -> OwnSet:
        """A new set of the visitor with this token.

        name:    what it is called; "" counts: "My set 2".
        colour:  32×32 in colour, else 28×28 grey.
        classes: their names.
        for_testing: keep each of its pictures for testing, and none to learn from.
        Raises StudentError where the visitor, or the server, has as many as it may.
        """
        owner = owner_of(token)
        with explain_disk_errors("The data set cannot be written"):
            mine = self.path / "visitors" / owner
            mine.mkdir(parents=True, exist_ok=True)
            with locked(mine / "lock"):
                own = [one for one in self.of(token) if one.is_owner(token)]
                self._check_room(len(own))
                title = _free_name(set_name(name) if name else "", {one.name for one in own})
                set_id = secrets.token_urlsafe(8)
                card = {"owner": owner, "name": title, "colour": colour}
                card |= {"for_testing": True} if for_testing else {}
                folder = self._write(set_id, card, {n: class_name(one) for n, one in enumerate(classes)})
                guest_mark(self.path, owner, folder.name).touch()
                (self.path / "links").mkdir(exist_ok=True)
                sync(mine, mine.parent, self.path, self.path.parent)  # a first set has made all of them
        return OwnSet(folder)

    def _check_room(self, own: int) -> None:
        if own >= MOST_SETS:
            raise StudentError(
                f"You have {own} data sets; a visitor may have {MOST_SETS}.", hint="Remove one first."
            )
        if sum(is_set_id(name) for name in file_names(self.path)) >= MOST_ON_SERVER:
            self._forget_removed()
            if sum(is_set_id(name) for name in file_names(self.path)) >= MOST_ON_SERVER:
                raise StudentError(
                    f"This server has {MOST_ON_SERVER:,} data sets of visitors, which is as many as it keeps.",
                    hint="Remove one that you do not need any more.",
                )
        check_room_on_server(self.path, 0)

    def _forget_removed(self) -> None:
        """Of sets that were removed only names are left; with no room for others these go too."""
        for name in file_names(self.path):
            if is_set_id(name) and OwnSet(self.path / name).is_removed:
                shutil.rmtree(self.path / name, ignore_errors=True)

    def _write(self, set_id: str, card: dict[str, Any], classes: dict[int, str]) -> Path:
        """card: what it says besides the usual.  classes: {number: name}."""
        unfinished = self.path / f".{set_id}.new"
        unfinished.mkdir(mode=0o700)
        try:
            lines = [{"do": "class", "n": number, "name": name} for number, name in classes.items()]
            log.append(unfinished / "log.jsonl", lines)
            usual = {"format": 1, "id": set_id, "created": time.time(), "link": ""}
            write_json(unfinished / "card.json", usual | card, durable=True)
            os.replace(unfinished, self.path / set_id)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        return self.path / set_id

    def remember(self, key: str, shape: tuple[int, ...], said: Mapping[str, Any]) -> None:
        """Keep the names of a set of another server, as one that was removed here leaves them behind.

        So a network that learnt from it keeps the names of its outputs. A set that is known here stays as it is.

        key:   with the signs of its classes, as a network has it.
        shape: of a picture.
        said:  by `said_of`, in a file from anywhere: cleaned here; {} where it says nothing.
        """
        set_id, numbers = parts_of(key)
        names = said.get("classes")
        if numbers is None or OwnSet(self.path / set_id).card:
            return
        given = [cleaned(one) for one in names] if isinstance(names, list) else []
        given = given if len(given) == len(numbers) else [""] * len(numbers)
        classes = {n: name or f"class {n + 1}" for n, name in zip(numbers, given, strict=True)}
        card = {
            "name": cleaned(said.get("name", "")),
            "colour": shape[0] == 3,
            "removed": True,
            "elsewhere": True,
        }
        with suppress(OSError, StudentError):  # without its names the network is as good
            self._check_room(0)
            self.path.mkdir(parents=True, exist_ok=True)
            self._write(set_id, card, classes)

    def kept(self) -> list[Kept]:
        """All sets on the disk with their pictures, the longest unused first: for the server's own tidying.

        `OwnSet.let_go` removes one, under its lock; networks that learnt from it keep the names of their classes.
        """
        folders = [self.path / name for name in file_names(self.path) if is_set_id(name)]
        cards = [(folder, OwnSet(folder).card) for folder in folders]
        sets = [
            Kept(folder.name, bytes_of(folder), str(card.get("owner", "")), last_used(folder))
            for folder, card in cards
            if card and card.get("removed") is not True
        ]
        return sorted(sets, key=lambda one: one.used)

    def of(self, token: str) -> list[OwnSet]:
        """The sets that this visitor made or opened by a link that still leads there, oldest first."""
        names = file_names(self.path / "visitors" / owner_of(token))
        sets = [OwnSet(self.path / name) for name in names if is_set_id(name)]
        sets = [one for one in sets if one.may_look(token)]
        for one in sets:
            mark_used(one.folder)
        return sorted(sets, key=lambda one: (one.created, one.id))

    def get(self, set_id_or_key: object) -> OwnSet:
        """The set with this id, or this key of a data set. Raises StudentError where there is none."""
        name = parts_of(str(set_id_or_key))[0] if is_own(set_id_or_key) else set_id_or_key
        if is_set_id(name):
            one = OwnSet(self.path / str(name))
            if one.card and not one.is_removed:
                return one
        raise StudentError(
            "This data set is not on this server any more.", hint="Its owner may have removed it."
        )

    def open_link(self, key: object, token: str) -> OwnSet:
        """The set that is shared by this key, which the visitor may add to from now on. Raises StudentError."""
        refusal = StudentError(
            "This link leads to no data set: it is not shared any more, or the link is incomplete.",
            hint="Ask for the link again.",
        )
        if not is_set_id(key):
            raise refusal
        try:
            one = self.get((self.path / "links" / str(key)).read_text("ascii"))
        except (OSError, ValueError) as error:
            raise refusal from error
        if one.link_key != key:
            raise refusal
        if not one.is_owner(token):
            self._join(one, str(key), owner_of(token))
        return one

    def _join(self, one: OwnSet, key: str, owner: str) -> None:
        mark = guest_mark(self.path, owner, one.id)
        with explain_disk_errors("The data set cannot be opened"):
            mark.parent.mkdir(parents=True, exist_ok=True)
            if len(file_names(mark.parent)) > MOST_JOINED + MOST_SETS:
                self._forget_dead_marks(mark.parent)
            write_whole(mark, key.encode(), durable=True)

    def _forget_dead_marks(self, folder: Path) -> None:
        names = [name for name in file_names(folder) if is_set_id(name)]
        dead = [name for name in names if not (card := OwnSet(self.path / name).card) or card.get("removed")]
        oldest = sorted(set(names) - set(dead), key=lambda name: (folder / name).stat().st_mtime)
        others = [name for name in oldest if (folder / name).stat().st_size]
        for name in [*dead, *others[: max(0, len(others) - MOST_JOINED)]]:
            with suppress(OSError):
                (folder / name).unlink()


def _free_name(wish: str, taken: set[str]) -> str:
    """A name that tells the set from the visitor's others."""
    if wish and wish not in taken:
        return wish
    first = 2 if wish else 1
    names = (f"{wish[: LONGEST_NAME - 3] or 'My set'} {number}" for number in range(first, MOST_SETS + 3))
    return next(name for name in names if name not in taken)
