"""A disk that forgets, at a power cut, what was not synced: a model of one, at the level of a process's calls.

The content of a file is durable after an fsync of it, a name after an fsync of its folder. After each change of a
folder and each sync two states are noted that a cut at that moment may leave, the two ends of what a disk may do:

    what was synced alone      no other name, and no other content
    all names                  as they are, but of content what was synced: the rest is empty
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

State = dict[str, bytes | None]  # a path within the folder: its content, or None for a folder
CHANGES = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir")


@dataclass(frozen=True)
class Cut:
    """What a power cut may leave. after: the call before it."""

    after: str
    synced: State
    names: State


class ForgetfulDisk:
    """Watches what this process does below a folder, which has to be empty at first.

    path: the folder.
    """

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path, self.cuts = path, list[Cut]()
        self._contents: dict[int, bytes] = {}  # inode: what was synced
        self._names: dict[int, dict[str, int]] = {}  # inode of a folder: its names that were synced
        self._is_folder: dict[int, bool] = {}
        self._held: list[int] = []  # descriptors: an inode that is held is not given to another file
        self._hold(path)
        for name in CHANGES:
            monkeypatch.setattr(os, name, self._watched(name, getattr(os, name)))

    def last(self) -> Cut:
        """What a cut now may leave."""
        return Cut("now", self._synced(), self._all_names())

    def _watched(self, name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        def step(*args: Any, **kwargs: Any) -> Any:
            result = None if name == "fsync" else change(*args, **kwargs)
            if name == "fsync":
                self._sync(args[0])
            said = " ".join(Path(str(one)).name for one in args)
            self.cuts.append(Cut(f"{name} {said}", self._synced(), self._all_names()))
            return result

        return step

    def _sync(self, descriptor: int) -> None:
        path = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        if not path.is_relative_to(self.path):
            return
        inode = self._hold(path)
        if path.is_dir():
            self._names[inode] = {one.name: self._hold(one) for one in path.iterdir()}
        else:
            self._contents[inode] = path.read_bytes()

    def _hold(self, path: Path) -> int:
        inode = path.stat().st_ino
        if inode not in self._is_folder:
            self._is_folder[inode] = path.is_dir()
            self._held.append(os.open(path, os.O_RDONLY))
        return inode

    def _synced(self) -> State:
        state: State = {}

        def walk(folder: int, prefix: str) -> None:
            for name, inode in self._names.get(folder, {}).items():
                state[prefix + name] = None if self._is_folder[inode] else self._contents.get(inode, b"")
                if self._is_folder[inode]:
                    walk(inode, f"{prefix}{name}/")

        walk(self.path.stat().st_ino, "")
        return state

    def _all_names(self) -> State:
        return {
            str(one.relative_to(self.path)): None
            if one.is_dir()
            else self._contents.get(one.stat().st_ino, b"")
            for one in sorted(self.path.rglob("*"))
        }

    def close(self) -> None:
        """Let go of everything."""
        for descriptor in self._held:
            os.close(descriptor)


def put_back(state: State, folder: Path) -> Path:
    """Write down what a cut has left, into a new folder."""
    folder.mkdir(parents=True)
    for name, content in state.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            place.mkdir(exist_ok=True)
        else:
            place.write_bytes(content)
    return folder
