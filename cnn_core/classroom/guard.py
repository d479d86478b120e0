"""Slows down who guesses the codes of classes or the keys of their teachers."""

from __future__ import annotations

import ipaddress
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
SITS_SECONDS = 12 * 3600.0  # for so long it is known that people of a class came from an address
_REMEMBERED = 20_000  # those who were wrong, and where classes sit: the oldest make room


@dataclass
class _Wrong:
    times: int = 0
    last: float = 0.0
    until: float = 0.0  # no try before


class Guard:
    """Of one server. A try is judged by who makes it: the visitor and the network address, as ("visitor", "…").

    In a wait the right code is refused too: otherwise guessing would go on through it. But thirty students behind one
    address do not wait for the one among them who guesses: where somebody of a class sits already, its own code is
    taken. Whoever guesses that one code has 64 million to try, from the school's own network, where it is on the wall.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], _Wrong] = OrderedDict()
        self._sit: OrderedDict[tuple[str, str], float] = OrderedDict()  # (class, address) -> seen last
        self._lock = threading.Lock()

    def check(self, *who: tuple[str, str], of_class: str = "") -> None:
        """Raises StudentError where one of them has to wait.  of_class: the id of the class that the try would open."""
        now = self._clock()
        with self._lock:
            judged = [one for one in who if one[0] == "visitor" or not self._sits_there(of_class, one, now)]
            waits = [wrong.until - now for one in judged if (wrong := self._wrong.get(one)) is not None]
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

    def sits(self, class_id: str, *who: tuple[str, str]) -> None:
        """Somebody of this class is there now. Kept in memory alone: no address is written down."""
        now = self._clock()
        with self._lock:
            for one in who:
                self._sit.pop((class_id, one[1]), None)
                self._sit[class_id, one[1]] = now
            while len(self._sit) > _REMEMBERED:
                self._sit.popitem(last=False)

    def _sits_there(self, class_id: str, one: tuple[str, str], now: float) -> bool:
        return now - self._sit.get((class_id, one[1]), -SITS_SECONDS) < SITS_SECONDS


def address_of(text: str | None) -> tuple[str, str]:
    """Where a visitor comes from, for the guard. Of IPv6 it is the network that one household has; else they had many.

    text: an address, None where it is not known: all those are one.

    >>> address_of("192.0.2.7"), address_of("2001:db8:1:2:3::4"), address_of(None)
    (('address', '192.0.2.7'), ('address', '2001:db8:1:2::/64'), ('address', 'unknown'))
    """
    try:
        ip = ipaddress.ip_address((text or "").partition("%")[0])
    except ValueError:
        return ("address", "unknown")
    if isinstance(ip, ipaddress.IPv6Address):
        four = ip.ipv4_mapped
        return ("address", str(four or ipaddress.ip_network((ip, 64), strict=False)))
    return ("address", str(ip))
