"""Whether a function is really called: its code is exchanged, so that a name imported long before is noticed too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType

_called: set[str] = set()
_originals: dict[str, FunctionType] = {}


def call(name: str, args: tuple, kwargs: dict) -> object:
    """What an exchanged function does: it leaves its name, and does its work."""
    _called.add(name)
    return _originals[name](*args, **kwargs)


@contextmanager
def calls_of(functions: dict[str, FunctionType]) -> Iterator[set[str]]:
    """The names of those that are called inside the block, in whatever thread.

    functions: {name: a Python function without variables of an enclosing one}.
    """
    _called.clear()
    codes = {name: function.__code__ for name, function in functions.items()}
    for name, function in functions.items():
        copy = FunctionType(function.__code__, function.__globals__, name, function.__defaults__)
        copy.__kwdefaults__ = function.__kwdefaults__
        _originals[name] = copy
        template = (
            f"def spy(*args, **kwargs): return __import__('tests.spying').spying.call({name!r}, args, kwargs)"
        )
        made: dict = {}
        exec(template, made)
        function.__code__ = made["spy"].__code__
    try:
        yield _called
    finally:
        for name, function in functions.items():
            function.__code__ = codes[name]
        _originals.clear()
