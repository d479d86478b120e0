"""The server's log stays bounded: an error that comes again and again is told once, and then counted.

Whoever sends nonsense by the second would fill the disk with equal tracebacks, and hide what the operator should read.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from functools import cache

SECONDS = 60.0
MOST_KINDS = 200  # that are told apart; what comes beyond is of one kind
# Where Streamlit writes what a page or a component's value made it raise, and where we write what was dropped.
_LOGGERS = (
    "streamlit.error_util",
    "streamlit.runtime.scriptrunner.script_runner",
    "streamlit.components.v2.bidi_component.serialization",
    "convscope.server",
)


@cache
def bound() -> None:
    """Let Streamlit's log tell each kind of error once a minute; once in a process."""
    once = OnceAMinute()
    others = [name for name in logging.root.manager.loggerDict if name.startswith("streamlit.")]
    for name in {
        *_LOGGERS,
        *others,
    }:  # each has a handler of its own, so that one filter at their root sees nothing
        logging.getLogger(name).addFilter(once)


class OnceAMinute(logging.Filter):
    """Lets a traceback pass the first time; after that one line a minute, with how often it came.

    A kind is a class of error and the line of code that raised it: what the error says may be the sender's words.
    clock: in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.clock = clock
        self.told: dict[
            tuple[object, ...], tuple[float, int]
        ] = {}  # kind: when it was told, how often it came since
        self.lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """See logging.Filter."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        kind = _kind(error)
        with self.lock:
            if kind not in self.told and len(self.told) >= MOST_KINDS:
                kind = ("of other kinds",)
            when, since = self.told.get(kind, (None, 0))
            now = self.clock()
            if when is not None and now - when < SECONDS:
                self.told[kind] = when, since + 1
                return False
            self.told[kind] = now, 0
        if when is not None:
            record.msg, record.args = (
                "Again, %d more times since it was last told: %s",
                (since + 1, _line(kind)),
            )
            record.exc_info = record.exc_text = None
        return True


def _kind(error: BaseException) -> tuple[object, ...]:
    frames = traceback.extract_tb(error.__traceback__)
    place = (frames[-1].filename, frames[-1].lineno) if frames else ()
    return (type(error).__name__, *place)


def _line(kind: tuple[object, ...]) -> str:
    return " ".join(str(part) for part in kind)
