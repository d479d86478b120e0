"""Files that browsers send: how many bytes of them the server holds, and how a page reads one.

Streamlit keeps each file that a tab has sent in memory until the tab is closed, also those whose place on the page is
long gone. A page forgets a file as soon as it has what it needs; and where a tab, or all of them together, hold too
much, the oldest files are emptied, so that whoever asks for one is told a sentence.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from streamlit.runtime.uploaded_file_manager import UploadedFile, UploadedFileRec

from cnn_core.errors import StudentError
from cnn_core.upload_limits import ALL_SESSIONS_MB, MEGABYTE, SESSION_MB
from pages.ui.frame import streamlit_inside

MOST_FILES = 2_500  # of one tab; the largest set of one's own has 2,000 pictures
_EMPTIED = "application/x-emptied"  # in the place of a file's type


class _Manager(Protocol):
    """What we need of Streamlit's manager of uploaded files."""

    def get_files(self, session_id: str, file_ids: list[str]) -> list[UploadedFileRec]: ...
    def add_file(self, session_id: str, file: UploadedFileRec) -> None: ...
    def remove_file(self, session_id: str, file_id: str) -> None: ...


def keep_in_bounds() -> None:
    """From now on the server holds no more of uploaded files than it may; once is enough, and more does no harm."""
    manager = streamlit_inside.upload_manager()
    if manager is not None and not isinstance(getattr(manager.add_file, "__self__", None), Bounds):
        manager.add_file = Bounds(manager).add_file  # type: ignore[method-assign]


class Bounds:
    """Stands before the manager's `add_file`.

    session, everything: bytes that one tab, and all of them together, may hold.
    """

    def __init__(
        self,
        manager: _Manager,
        session: int = SESSION_MB * MEGABYTE,
        everything: int = ALL_SESSIONS_MB * MEGABYTE,
    ) -> None:
        self._manager, self._session, self._everything = manager, session, everything
        self._add: Callable[[str, UploadedFileRec], None] = manager.add_file
        self._sizes: OrderedDict[tuple[str, str], int] = OrderedDict()  # (session, file), the oldest first
        self._lock = threading.Lock()

    def add_file(self, session_id: str, file: UploadedFileRec) -> None:
        """Hold one more file; older ones make way."""
        with self._lock:
            self._forget_what_is_gone()
            self._sizes.pop((session_id, file.file_id), None)
            mine = [key for key in self._sizes if key[0] == session_id]
            for key in mine[: max(0, len(mine) + 1 - MOST_FILES)]:
                self._manager.remove_file(*key)
                del self._sizes[key]
            self._make_room([key for key in mine if key in self._sizes], self._session, len(file.data))
            self._make_room(list(self._sizes), self._everything, len(file.data))
            self._sizes[session_id, file.file_id] = len(file.data)
            self._add(session_id, file)

    def _forget_what_is_gone(self) -> None:
        # A tab was closed, or its visitor took a file away: Streamlit tells nobody.
        for session_id, file_id in list(self._sizes):
            if not self._manager.get_files(session_id, [file_id]):
                del self._sizes[session_id, file_id]

    def _make_room(self, keys: list[tuple[str, str]], most: int, needed: int) -> None:
        held = sum(self._sizes[key] for key in keys)
        for key in keys:
            if held + needed <= most:
                return
            held -= self._sizes[key]
            for file in self._manager.get_files(key[0], [key[1]]):
                self._add(key[0], file._replace(data=b"", type=_EMPTIED))
            self._sizes[key] = 0


def chosen(value: object) -> UploadedFile | None:
    """The file of a place for one file, as a callback finds it in the session; None where none is there (any more)."""
    return value if isinstance(value, UploadedFile) else None


def content(file: UploadedFile) -> bytes:
    """What is in a file that the visitor chose. Raises StudentError where it had to make way for others."""
    if file.type == _EMPTIED:
        raise StudentError(
            f"More files came than the server can hold at a time ({SESSION_MB} MB), and this one had to make way.",
            hint="Choose it again, with fewer others.",
        )
    return file.getvalue()


def forget(*files: UploadedFile) -> None:
    """The page has what it needs of these files: the server need not hold them."""
    manager, session_id = streamlit_inside.upload_manager(), streamlit_inside.session_id()
    if manager is not None and session_id is not None:
        for file in files:
            manager.remove_file(session_id, file.file_id)
