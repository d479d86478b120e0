"""What was computed, kept within so many bytes: one computes it, whoever asks meanwhile waits, and all share it.

`@kept(megabytes)` goes on a function of plain arguments. What it returns is shared, so nobody may change it.
Beside its own bound each shares one with all others, so that a server's memory is told by one number, whatever its
visitors look at.
"""

from __future__ import annotations

import inspect
import itertools
import sys
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

# Of all together. Of what thirty students look at half goes out of use by itself: it is of weights that a training has
# left behind. Without this bound they had 85 MB after 150 s, in 17 places whose own bounds come to 700.
ALL_BYTES = 64_000_000

_all: weakref.WeakSet[Kept[Any]] = weakref.WeakSet()
_all_lock = threading.Lock()
_asked = itertools.count()  # one more each time that something is asked for


class Kept(Generic[T]):
    """Values by their keys, those that were asked for longest ago given up first.

    most_bytes: of all values together. A value larger than that is not kept at all. And what all of these objects keep
                stays within ALL_BYTES, or what `keep_at_most` says.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes, self.bytes = most_bytes, 0
        self._values: OrderedDict[Hashable, _Value[T]] = OrderedDict()
        self._being_computed: dict[Hashable, _Turn] = {}
        self._lock = threading.Lock()
        with _all_lock:
            _all.add(self)

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: Hashable) -> T | None:
        """The value of that key, or None where it is not kept (any more)."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            found = self._values[key]
            found.asked = next(_asked)
            return found.value

    def put(self, key: Hashable, value: T) -> None:
        """Keep a value that may not be changed from now on."""
        size = size_of(value)
        with self._lock:
            if (before := self._values.pop(key, None)) is not None:
                self.bytes -= before.bytes
            if size > min(self.most_bytes, _bounds.each):
                return
            self._values[key] = _Value(value, size, next(_asked))
            self.bytes += size
            while self.bytes > self.most_bytes:
                self._give_up_oldest()
        _bound_all()

    def _give_up_oldest(self) -> None:
        self.bytes -= self._values.popitem(last=False)[1].bytes

    def _oldest(self) -> int | None:
        with self._lock:
            return next(iter(self._values.values())).asked if self._values else None

    def of(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value of that key; where there is none, what `compute` returns, called once however many ask.

        What `compute` raises only its own caller sees; whoever waited for it tries in turn.
        """
        value = self.get(key)
        if value is not None:
            return value
        with self._lock:
            turn = self._being_computed.setdefault(key, _Turn())
            turn.asking += 1
        try:
            with turn.lock:
                value = self.get(key)
                if value is None:
                    value = compute()
                    self.put(key, value)
                return value
        finally:
            with self._lock:
                turn.asking -= 1
                if not turn.asking:
                    self._being_computed.pop(key, None)

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self._values.clear()
            self.bytes = 0


@dataclass
class _Value(Generic[T]):
    value: T
    bytes: int
    asked: int


class _Turn:
    def __init__(self) -> None:
        self.lock, self.asking = threading.Lock(), 0


@dataclass
class _Bounds:
    all: int
    each: int


_bounds = _Bounds(ALL_BYTES, ALL_BYTES)


def keep_at_most(all_bytes: int, each: int) -> None:
    """From now on all of these objects together keep so many bytes, and no value that is larger than `each`.

    For a process that has another one do what needs large values.
    """
    _bounds.all, _bounds.each = all_bytes, each
    _bound_all()


def bytes_kept() -> int:
    """Of all objects of this kind together."""
    with _all_lock:
        return sum(one.bytes for one in _all)


def _bound_all() -> None:
    while bytes_kept() > _bounds.all:
        with _all_lock:
            oldest = [(asked, one) for one in _all if (asked := one._oldest()) is not None]
            if not oldest:
                return
            _, one = min(oldest, key=lambda pair: pair[0])
            with one._lock:
                if one._values:
                    one._give_up_oldest()


def kept(megabytes: float) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorator: what the function returns is kept by its arguments, within so many megabytes.

    Arguments whose names begin with an underscore do not count: what they hold, the others must name. The others are
    hashable. None is not kept.
    """

    def decorate(compute: Callable[P, T]) -> Callable[P, T]:
        results: Kept[T] = Kept(round(megabytes * 1e6))
        signature = inspect.signature(compute)
        counts = [not name.startswith("_") for name in signature.parameters]

        @wraps(compute)
        def looked_up(*args: P.args, **kwargs: P.kwargs) -> T:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            key = tuple(
                value for value, matters in zip(given.arguments.values(), counts, strict=True) if matters
            )
            return results.of(key, lambda: compute(*args, **kwargs))

        return looked_up

    return decorate


def forget_everything() -> None:
    """Empty all of them, for tests."""
    with _all_lock:
        everything = list(_all)
    for one in everything:
        one.clear()


def size_of(value: Any) -> int:
    """About how many bytes a value takes: arrays, tensors, networks, and whatever holds such.

    >>> size_of(b"1234"), size_of([b"1234", {"a": b"12345678"}])
    (4, 37)
    """
    if isinstance(value, bytes | str):
        return len(value)
    if isinstance(size := getattr(value, "nbytes", None), int):  # of numpy, torch, and who says it of itself
        return size
    if isinstance(value, Mapping):
        return sum(size_of(key) + size_of(held) + 8 for key, held in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return sum(size_of(held) + 8 for held in value) or 8
    if callable(weights := getattr(value, "state_dict", None)):
        return size_of(weights())
    if (held := getattr(value, "__dict__", None)) and not isinstance(value, type):
        return sum(map(size_of, held.values())) + 8
    return sys.getsizeof(value)
