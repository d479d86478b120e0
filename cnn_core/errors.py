"""The one error a student is meant to read: what happened, in their own numbers, and one thing to try."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral


class StudentError(ValueError):
    """Something a student may do, and that cannot work. Everything else that goes wrong is our bug.

    message: what happened, one sentence with the student's own numbers.
    hint:    one thing to try, one sentence; may be empty.
    layer:   name of the layer it is about ("conv2d_2"), or None.

        >>> str(StudentError("A layer with 0 filters sees nothing.", hint="Choose 1 or more."))
        'A layer with 0 filters sees nothing. Choose 1 or more.'
    """

    def __init__(self, message: str, hint: str = "", layer: str | None = None) -> None:
        super().__init__(message, hint, layer)
        self.message = message
        self.hint = hint
        self.layer = layer

    def __str__(self) -> str:
        where = f"{self.layer}: " if self.layer and self.layer not in self.message else ""
        return f"{where}{self.message} {self.hint}".strip()


class Diverged(StudentError):
    """A training whose loss or weights became infinite; to be gone on with by smaller steps."""


def shown(value: object) -> str:
    """A stranger's value in a sentence: short, printable, and safe for numbers of a thousand digits.

    >>> shown("3"), shown(3.0), shown(None), shown(10**30), shown([3, 3])
    ('the text “3”', '3.0', 'null', 'a number of 31 digits', 'a list')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = "".join(c if c.isprintable() else "�" for c in value[:41])
        return f"the text “{text[:40]}{'…' * (len(text) > 40)}”"
    if isinstance(value, Integral):
        number = int(value)
        if abs(number) < 10**15:
            return f"{number:,}".replace("-", "−")
        digits = int(abs(number).bit_length() * 0.30103) + 1  # str() refuses numbers of 5,000 digits
        return f"{'minus ' * (number < 0)}a number of {digits} digits"
    if isinstance(value, float):
        text = str(value) if value.is_integer() else f"{value:g}"  # 3.0 is not 3, and must not look like it
        return text.replace("-", "−")
    if isinstance(value, Mapping):
        return "a set of named values"
    if isinstance(value, list | tuple):
        return "a list"
    return f"a {type(value).__name__[:40]}"


def quoted(value: object) -> str:
    """The same where a name was expected, so a text needs no introduction.

    >>> quoted("kernal_size"), quoted(3)
    ('“kernal_size”', '3')
    """
    return shown(value).removeprefix("the text ")
