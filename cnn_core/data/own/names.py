"""What own data sets, their classes and their contributors are called. No torch.

A class's name is seen on every page, in sentences, charts and tables: signs that any of these would act on are taken
out here, once.
"""

from __future__ import annotations

import re
import unicodedata

from cnn_core.data.own.limits import LONGEST_NAME
from cnn_core.errors import StudentError

PREFIX = "own:"
# The sign of each class in a key, in the order in which the classes were made.
SIGNS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

_ID = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_KEY = re.compile(r"own:([A-Za-z0-9_-]{11})(?::([0-9a-zA-Z]{2,10}))?", re.ASCII)
_HARMLESS = " -.,'()/+?’–"


def is_set_id(value: object) -> bool:
    """Whether this can be an own set's id, or the key of a shared one: both are what `token_urlsafe(8)` makes."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def is_own(value: object) -> bool:
    """Whether this names a data set of somebody's own.

    >>> is_own("own:AbCdEfGhIjK"), is_own("own:AbCdEfGhIjK:013"), is_own("own:../x"), is_own("mnist")
    (True, True, False, False)
    """
    return isinstance(value, str) and (match := _KEY.fullmatch(value)) is not None and _differ(match[2] or "")


def _differ(signs: str) -> bool:
    return len(set(signs)) == len(signs)


def parts_of(key: str) -> tuple[str, tuple[int, ...] | None]:
    """(the set's id, the numbers of the classes it means; None for all there are).

    >>> parts_of("own:AbCdEfGhIjK:02")
    ('AbCdEfGhIjK', (0, 2))
    """
    match = _KEY.fullmatch(key)
    assert match is not None, "is_own is asked first"
    return match[1], None if match[2] is None else tuple(SIGNS.index(sign) for sign in match[2])


def key_of(set_id: str, numbers: tuple[int, ...] | None = None) -> str:
    """The inverse of `parts_of`.

    numbers: of the classes that are meant, in the order of a network's outputs. A set may lose a class and win another
             after a network learnt from it: its key says for ever what its outputs are.
    """
    return PREFIX + set_id + ("" if numbers is None else ":" + "".join(SIGNS[number] for number in numbers))


def cleaned(text: object, longest: int = LONGEST_NAME) -> str:
    """One line without signs that a page, a chart or a table would act on; "" where nothing is left.

    >>> cleaned("  <b>house</b>  [x](y) "), cleaned("T-shirt/top"), cleaned("魚"), cleaned("`$`")
    ('b house /b x (y)', 'T-shirt/top', '魚', '')
    """
    signs = (sign if _is_harmless(sign) else " " for sign in unicodedata.normalize("NFC", str(text)[:1000]))
    line = " ".join("".join(signs).split())
    while line and not (line[0].isalnum() or unicodedata.category(line[0]) == "So"):
        line = line[1:].lstrip()  # "- a" would begin a list
    return line[:longest].strip()


def _is_harmless(sign: str) -> bool:
    # Letters, figures, marks on letters, and small pictures.
    return sign in _HARMLESS or unicodedata.category(sign) in (
        "Ll",
        "Lu",
        "Lt",
        "Lo",
        "Lm",
        "Nd",
        "Mn",
        "Mc",
        "So",
    )


def class_name(text: object) -> str:
    """A class's name, cleaned. Raises StudentError where nothing is left of it."""
    if name := cleaned(text):
        return name
    raise StudentError("A class needs a name that can be seen.", hint="Type at least one letter or figure.")


def set_name(text: object) -> str:
    """A set's name, cleaned. Raises StudentError where nothing is left of it."""
    if name := cleaned(text):
        return name
    raise StudentError(
        "A data set needs a name that can be seen.", hint="Type at least one letter or figure."
    )
