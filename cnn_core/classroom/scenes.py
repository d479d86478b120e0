"""The scenes of a server: kept, signed, and whom each of them binds.

    scenes/secret        32 bytes that only this server has (0600); made once
           <id>.json     a scene, and who made it; the id is the signature of what is in it
           of/<owner>    the scene that binds a visitor, and since when; or which one they left
           makers/<owner>  nothing: who has looked at the page for teachers, and is offered to make scenes

The id is short enough to be typed, and holds for these very values alone: who changes a letter of the address, or of
the file, has a link that opens nothing. Whoever has opened a scene stays in it in every tab, after a reload, and at any
address, until they leave it or its time is over.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeGuard

import orjson

from cnn_core.classroom.classes import Classes
from cnn_core.classroom.ready_scenes import READY_SCENES
from cnn_core.classroom.record import Seat
from cnn_core.classroom.scene import Scene, scene_from
from cnn_core.errors import StudentError
from cnn_core.files import explain_disk_errors, file_names, read_json, sync, write_json, write_whole
from cnn_core.model import ModelSpec
from cnn_core.owners import owner_of
from cnn_core.runs.submission import Submission
from cnn_core.training.spec import TrainSpec

MOST = 5_000  # scenes of a server
MOST_OF_ONE = 200  # of one teacher
KEPT_DAYS = 400  # after it was opened last: a lesson is given again next year
SAFE_DAYS = 30  # no scene makes room for another that was opened within so many days
BOUND_HOURS = 24  # a student who does not leave a scene is out of it by themselves after this
_ID = re.compile(r"[a-z2-7]{12}", re.ASCII)
_BINDING = re.compile(r"(-?)([a-z0-9-]{1,40}) (\d{1,12})", re.ASCII)
_CANNOT = "The scene cannot be kept"
_LEFT = "-"  # before the id of a scene that was left


def is_scene_id(value: object) -> TypeGuard[str]:
    """Whether this can be the id of a scene that somebody made."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


@dataclass(frozen=True)
class Bound:
    """A scene that binds a visitor.

    scene_id:  in its link.
    may_leave: whether they can leave it now.
    by_class:  whether the teacher has set it for the whole class.
    since:     seconds since 1970.
    """

    scene: Scene
    scene_id: str
    may_leave: bool = True
    by_class: bool = False
    since: float = 0.0


class Scenes:
    """The scenes in the folder of a run store. Cheap to make; any number of processes may have one.

    classes: of the same store: a class may have a scene for all, and its end ends it.
    Everywhere `token` is the visitor's secret. What changes anything raises StudentError where it may not.
    """

    def __init__(self, store: Path, classes: Classes, clock: Callable[[], float] = time.time) -> None:
        self.path = store / "scenes"
        self._classes = classes
        self._clock = clock

    # A teacher's

    def make(self, token: str, scene: Scene) -> str:
        """Keep a scene; returns its id. The same scene has the same one.

        A scene that cannot be left belongs to the class whose teacher this visitor is.
        """
        if not scene.may_leave:
            scene = replace(scene, of_class=self._class_of_teacher(token))
        content, owner = scene.canonical(), owner_of(token)
        scene_from(orjson.loads(content))  # what could not be read again is not kept
        with explain_disk_errors(_CANNOT):
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            scene_id = self._signature(content)
            file = self.path / f"{scene_id}.json"
            if not file.exists():
                self._make_room(owner)
                write_json(file, {"scene": scene.to_dict(), "by": owner, "made": self._clock()}, durable=True)
            self._touch(file)
        return scene_id

    def offer(self, token: str) -> None:
        """From now on this visitor is offered to make scenes, in every tab and after a reload."""
        if not self.is_offered(token):
            with explain_disk_errors(_CANNOT):
                (self.path / "makers").mkdir(mode=0o755, parents=True, exist_ok=True)
                (self.path / "makers" / owner_of(token)).touch()

    def is_offered(self, token: str) -> bool:
        """Whether this visitor is offered to make scenes. It is no right: whoever makes one forbids others nothing."""
        return (self.path / "makers" / owner_of(token)).exists()

    def show_class(self, token: str, scene_id: str | None) -> None:
        """Set a scene for all of the class that this visitor teaches; None takes it away."""
        if scene_id is not None:
            self.scene(scene_id)
        self._classes.show(token, "scene", None if scene_id is None else {"id": scene_id})

    def _class_of_teacher(self, token: str) -> str:
        seat = self._classes.seat(token)
        if seat is None or not seat.is_teacher or not seat.is_open:
            raise StudentError(
                "Only a scene for your class can forbid to leave it.",
                hint="Open a class first, or let students leave it.",
            )
        return seat.classroom.id

    # Everybody's

    def scene(self, scene_id: object) -> Scene:
        """The scene of a link. Raises StudentError where no such scene was made here, or what is kept was changed."""
        if isinstance(scene_id, str) and scene_id in READY_SCENES:
            return READY_SCENES[scene_id]
        if is_scene_id(scene_id) and (scene := self._kept(scene_id)) is not None:
            return scene
        raise StudentError(
            "This link asks for a scene that this server has not made: a letter was changed, or it is of another "
            "server.",
            hint="Copy the whole link that your teacher gave you.",
        )

    def open(self, token: str, scene_id: object) -> Bound:
        """Be in this scene from now on. Raises StudentError where there is none, or another one cannot be left."""
        scene = self.scene(scene_id)
        assert isinstance(scene_id, str)
        now = self.of(token)
        if now is not None and now.scene_id == scene_id:
            return now
        if now is not None and not now.may_leave:
            raise StudentError(
                f"You are in your teacher’s scene “{now.scene.title}”, and this link leads to another.",
                hint="Go on here; or ask your teacher to end the scene.",
            )
        with explain_disk_errors("The scene cannot be opened"):
            self._bind(token, scene_id)
            if is_scene_id(scene_id):
                self._touch(self.path / f"{scene_id}.json")
        return self.of(token) or Bound(scene, scene_id, since=self._clock())

    def of(self, token: str) -> Bound | None:
        """The scene that binds this visitor now; the class's before one of their own."""
        seat, now = self._classes.seat(token), self._clock()
        is_left, scene_id, since = self._binding(token)
        for_all = None if seat is None else self._of_class(seat)
        if for_all is not None and not (is_left and scene_id == for_all.scene_id):
            return for_all
        if is_left or not scene_id:
            return None
        try:
            scene = self.scene(scene_id)
        except StudentError:
            return None
        may_leave = scene.may_leave or not _holds(scene, seat)
        if may_leave and now > since + BOUND_HOURS * 3600:
            return None
        return Bound(scene, scene_id, may_leave, since=since)

    def leave(self, token: str) -> None:
        """Leave the scene. Raises StudentError where its teacher does not let anybody leave."""
        bound = self.of(token)
        if bound is None:
            return
        if not bound.may_leave:
            raise StudentError(
                f"The scene “{bound.scene.title}” lasts until your class ends.",
                hint="Ask your teacher to end it sooner.",
            )
        with explain_disk_errors("The scene cannot be left"):
            self._bind(token, _LEFT + bound.scene_id)

    # What is carried out

    def check_submission(self, token: str, wish: Submission) -> None:
        """Raise StudentError where a scene does not let this visitor have this trained or dreamt; for a `RunStore`."""
        if (bound := self.of(token)) is None:
            return
        if wish.kind != "training":
            bound.scene.check_action(wish.kind)
            return
        spec = ModelSpec.from_dict(wish.card["spec"], check_limits=False)
        recipe = TrainSpec.from_dict(wish.card["recipe"], check_limits=False)
        bound.scene.check_training(spec, recipe, wish.card["dataset"])

    def check_action(self, token: str, name: str) -> None:
        """Raise StudentError where a scene leaves an action ("train", "open", …) out."""
        if (bound := self.of(token)) is not None:
            bound.scene.check_action(name)

    # The server's

    def tidy(self) -> None:
        """Delete scenes that nobody has opened for long, and what is left of visitors who were in one."""
        now = self._clock()
        kept = {self.path: KEPT_DAYS, self.path / "makers": KEPT_DAYS, self.path / "of": SAFE_DAYS}
        for folder, days in kept.items():
            for name in file_names(folder):
                file = folder / name
                is_ours = folder != self.path or is_scene_id(name.removesuffix(".json"))
                with suppress(OSError):
                    if is_ours and os.stat(file).st_mtime < now - days * 86400:
                        file.unlink()

    # Inside

    def _of_class(self, seat: Seat) -> Bound | None:
        shown = seat.classroom.shows.get("scene")
        scene_id = shown.get("id") if isinstance(shown, dict) else None
        if scene_id is None or seat.is_teacher or seat.member is None or not seat.is_open:
            return None
        try:
            scene = self.scene(scene_id)
        except StudentError:  # tidied, or the file was changed
            return None
        return Bound(scene, scene_id, scene.may_leave, by_class=True, since=seat.member.joined)

    def _kept(self, scene_id: str) -> Scene | None:
        file = self.path / f"{scene_id}.json"
        try:
            stat, secret = os.stat(file), self._secret()
        except OSError:
            return None
        return _read_once(file, secret, (stat.st_ino, stat.st_mtime_ns, stat.st_size))

    def _signature(self, content: bytes) -> str:
        return _signature(self._secret(), content)

    def _secret(self) -> bytes:
        """This server's secret, made where there is none: of several who make one at once, one wins for all."""
        file = self.path / "secret"
        secret = _bytes_of(file)
        if len(secret) == 32:
            return secret
        if secret:
            raise StudentError(
                "The secret of this server’s scenes is damaged.", hint="Tell whoever runs this server."
            )
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        mine = self.path / f".secret.{secrets.token_hex(4)}"
        descriptor = os.open(mine, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as new:
                new.write(secrets.token_bytes(32))
            sync(mine)
            with suppress(FileExistsError):
                os.link(mine, file)  # unlike a rename it replaces nobody's
            sync(self.path)
        finally:
            mine.unlink()
        return _bytes_of(file)

    def _make_room(self, owner: str) -> None:
        files = [
            self.path / name for name in file_names(self.path) if is_scene_id(name.removesuffix(".json"))
        ]
        if (
            len(files) >= MOST_OF_ONE
            and sum(read_json(file).get("by") == owner for file in files) >= MOST_OF_ONE
        ):
            raise StudentError(
                f"You have made {MOST_OF_ONE} scenes.", hint="Use one of them again: a link stays what it is."
            )
        if len(files) < MOST:
            return
        oldest = min(files, key=lambda file: os.stat(file).st_mtime)
        if os.stat(oldest).st_mtime > self._clock() - SAFE_DAYS * 86400:
            raise StudentError(
                f"This server keeps {MOST:,} scenes, and all are in use.", hint="Try again another day."
            )
        oldest.unlink()

    def _bind(self, token: str, binding: str) -> None:
        folder = self.path / "of"
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / owner_of(token), f"{binding} {int(self._clock())}".encode(), durable=True)

    def _binding(self, token: str) -> tuple[bool, str, float]:
        """(whether it was left, a scene's id or "", since when)."""
        text = _bytes_of(self.path / "of" / owner_of(token)).decode("ascii", "replace")
        found = _BINDING.fullmatch(text)
        return (bool(found[1]), found[2], float(found[3])) if found else (False, "", 0.0)

    def _touch(self, file: Path) -> None:
        now = self._clock()
        with suppress(OSError):
            if os.stat(file).st_mtime < now - 86400 / 2:
                os.utime(file, (now, now))


def _holds(scene: Scene, seat: Seat | None) -> bool:
    """Whether a scene that cannot be left binds whoever sits there: a student of its class, until that ends."""
    return (
        seat is not None
        and seat.member is not None
        and not seat.is_teacher
        and seat.is_open
        and seat.classroom.id == scene.of_class
    )


def _signature(secret: bytes, content: bytes) -> str:
    mac = hmac.new(secret, b"convscope scene " + content, hashlib.sha256).digest()
    return base64.b32encode(mac)[:12].decode().lower()


def _bytes_of(file: Path) -> bytes:
    """What a small file of ours holds; nothing where it is missing."""
    try:
        with open(file, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as content:
            return content.read(200)
    except OSError:
        return b""


@lru_cache(maxsize=500)
def _read_once(file: Path, secret: bytes, _stamp: tuple[int, int, int]) -> Scene | None:
    """The scene of a file, where it is what its name was signed for; else None."""
    try:
        scene = scene_from(read_json(file).get("scene"))
    except (StudentError, TypeError):
        return None
    return scene if hmac.compare_digest(_signature(secret, scene.canonical()), file.stem) else None
