"""Slows down who guesses the codes of classes or the keys of their teachers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from cnn_core import journal
from cnn_core.errors import StudentError

FREE = {
    "visitor": 6,
    "address": 60,
}  # wrong tries that cost nothing: a whole class may sit behind one address
FIRST_PAUSE = 5.0  # seconds; doubled by each wrong try after the free ones
LONGEST_PAUSE = 600.0
FORGIVEN = 1800.0  # seconds without a wrong try, after which all is forgotten
_REMEMBERED = 20_000  # those who were wrong: the oldest make room


@dataclass
class _Wrong:
    times: int = 0
    last: float = 0.0
    until: float = 0.0  # no try before


class Guard:
    """Of one server. A try is judged by who makes it: the visitor and the network address, as ("visitor", "…").

    In a wait the right code is refused too: otherwise guessing would go on through it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], _Wrong] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, *who: tuple[str, str]) -> None:
        """Raises StudentError where one of them has to wait."""
        now = self._clock()
        with self._lock:
            waits = [wrong.until - now for one in who if (wrong := self._wrong.get(one)) is not None]
        wait = max(waits, default=0.0)
        if wait > 0:
            seconds = max(1, round(wait))
            raise StudentError(
                "Too many codes that no class has came from here.",
                hint=f"Ask your teacher for the code, and try again in {seconds} second{'s' * (seconds != 1)}.",
            )

    def wrong(self, *who: tuple[str, str]) -> None:
        """They tried one that was wrong."""
        now = self._clock()
        with self._lock:
            for one in who:
                kept = self._wrong.pop(one, _Wrong())
                if now - kept.last > FORGIVEN:
                    kept = _Wrong()
                kept.times, kept.last = kept.times + 1, now
                over = kept.times - FREE[one[0]]
                if over > 0:
                    kept.until = now + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(over - 1, 10))
                    journal.tell("guessing", who=one[0], wrong=kept.times, waits=kept.until - now)
                self._wrong[one] = kept
            while len(self._wrong) > _REMEMBERED:
                self._wrong.popitem(last=False)

    def right(self, *who: tuple[str, str]) -> None:
        """They had a right one: a visitor's wrong ones are forgotten, an address's are not."""
        with self._lock:
            for one in who:
                if one[0] == "visitor":
                    self._wrong.pop(one, None)
