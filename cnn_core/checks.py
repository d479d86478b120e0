"""The checks that settings and arguments share: one way to refuse a number, a name or a choice.

Each returns the value it was given, or raises a StudentError that names it.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, TypeGuard

from cnn_core.errors import StudentError, quoted, shown

# --- questions: yes or no ---------------------------------------------------------------------------


def is_number(value: object) -> TypeGuard[float]:
    """A plain int or float; True and False are none.

    >>> is_number(0.5), is_number(3), is_number(True), is_number("3")
    (True, True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_index(value: Any, below: int) -> bool:
    """A whole number from 0 to just under `below`; NumPy's are welcome, True and 3.0 are not.

    >>> is_index(3, 4), is_index(4, 4), is_index(True, 4), is_index(3.0, 4)
    (True, False, False, False)
    """
    return not isinstance(value, bool) and hasattr(value, "__index__") and 0 <= value.__index__() < below


def is_control(character: str) -> bool:
    """Line breaks, half characters, and marks that turn the direction of what follows them."""
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or "\u202a" <= character <= "\u202e"
        or "\u2066" <= character <= "\u2069"
    )


# --- settings of a design or a recipe: a name in the file, a value from anywhere --------------------


def whole(name: str, value: object, most: int, least: int = 1) -> int:
    """`value` as an int from `least` to `most`. Raises StudentError that names it."""
    hint = f"Use a whole number from {least} to {most:,}."
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise StudentError(f"{name} is {shown(value)}, not a whole number.", hint=hint)
    number = int(value)
    if not least <= number <= most:
        raise StudentError(f"{name} is {shown(value)}.", hint=hint)
    return number


def number(name: str, value: object, least: float, most: float, below: bool = False) -> float:
    """`value` as a float from `least` to `most`. Raises StudentError that names it.

    below: `most` itself is too much.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not -1e300 < value < 1e300:
        raise StudentError(f"{name} is {shown(value)}, and must be a number.", hint=f"Try {least:g}.")
    if not least <= value <= most or (below and value == most):
        limits = f"from {least:g} to {'just under ' * below}{most:g}"
        raise StudentError(f"{name} is {shown(value)}.", hint=f"Choose a number {limits}.")
    return float(value)


def choice(name: str, value: object, choices: Sequence[str]) -> str:
    """`value` itself. Raises StudentError, with the choices there are, unless it is one of them."""
    if not isinstance(value, str) or value not in choices:
        raise StudentError(f"{name} is {quoted(value)}.", hint=f"Use one of {', '.join(choices)}.")
    return value


def refuse_unknown_keys(owner: str, given: Mapping[Any, Any], known: Any) -> None:
    """Raise StudentError that names the first key of `given` which is not in `known`."""
    for key in given:
        if key not in known:
            close = difflib.get_close_matches(str(key)[:40], list(known), n=1) if isinstance(key, str) else []
            has = f"It has {', '.join(known)}." if known else "It has no settings."
            raise StudentError(
                f"{owner} has no setting {quoted(key)}.", hint=f"Did you mean {close[0]}?" if close else has
            )


# --- arguments of a function: a title in words ------------------------------------------------------


def whole_number(value: Any, name: str, least: int, most: int) -> int:
    """`value` as an int from `least` to `most`. Raises StudentError for anything else, True and 3.0 among it."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise StudentError(
            f"{name} is {quoted(value)}.", hint=f"Choose a whole number from {least:,} to {most:,}."
        )
    return int(value)


def plain_number(value: Any, name: str, least: float, most: float) -> float:
    """`value` itself, an int or float from `least` to `most`. Raises StudentError for anything else, NaN among it."""
    if not is_number(value) or not least <= value <= most:
        raise StudentError(f"{name} is {quoted(value)}.", hint=f"Choose from {least:g} to {most:g}.")
    return value
