"""Pages are drawn a few at a time, in the order in which they were asked for.

Python runs one thread at a time. Thirty pages drawn at once are all finished at the end of the work for thirty, and the
thread that answers the browsers finds no room between them; one after the other, most are finished long before.
It leans on `exec_func_with_error_handling` of Streamlit's script runner, which does not promise it: without it pages
are drawn all at once.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from pages.ui.frame.process import give_memory_back_now_and_then

AT_ONCE = 2  # while one waits for a file or for torch, the other goes on
# After so long a page counts no more: it waits for something, or the machine is busy.
LONG_SECONDS = 0.1


class Turns:
    """At most `at_once` inside, others wait in their order; who is inside for `long_seconds` no longer counts."""

    def __init__(self, at_once: int = AT_ONCE, long_seconds: float = LONG_SECONDS) -> None:
        self._at_once, self._long_seconds = at_once, long_seconds
        self._waiting: deque[threading.Event] = deque()
        self._inside: dict[threading.Event, float] = {}  # since when, of the monotonic clock
        self._lock = threading.Lock()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn, and have it inside the `with` block."""
        mine = threading.Event()
        with self._lock:
            self._waiting.append(mine)
            self._let_in()
        while not mine.wait(self._long_seconds / 2):
            with self._lock:
                self._let_in()
        try:
            yield
        finally:
            with self._lock:
                self._inside.pop(mine, None)
                self._let_in()

    @property
    def inside(self) -> int:
        """How many have a turn, those who are long already not counted."""
        with self._lock:
            self._let_in()
            return len(self._inside)

    def _let_in(self) -> None:
        now = time.monotonic()
        for one, since in list(self._inside.items()):
            if now - since >= self._long_seconds:
                del self._inside[one]
        while self._waiting and len(self._inside) < self._at_once:
            first = self._waiting.popleft()
            self._inside[first] = now
            first.set()


@cache
def draw_in_turns() -> None:
    """Let each run of a page, or of a part of it, wait for its turn; once in a process.

    After some of them what is spare of the memory goes back to the system.
    """
    try:
        from streamlit.runtime.scriptrunner import script_runner

        run = script_runner.exec_func_with_error_handling
    except (ImportError, AttributeError):
        return

    def run_in_turn(*script: Any) -> Any:
        _run.began = time.monotonic()
        with of_pages.one():
            result = run(*script)
        give_memory_back_now_and_then()
        return result

    script_runner.exec_func_with_error_handling = run_in_turn  # type: ignore[assignment]


def seconds_so_far() -> float:
    """Since this run of a page was asked for; 0 where nobody knows."""
    return time.monotonic() - getattr(_run, "began", time.monotonic())


of_pages = Turns()
_run = threading.local()  # each is in a thread of its own
