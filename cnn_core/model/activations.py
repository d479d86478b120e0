"""Activations by their names, which are Keras's. Two have a number: leaky_relu its slope below zero, elu its alpha.

A name says the number where it is another than Keras's usual one: "leaky_relu", but "leaky_relu(0.01)". No torch here.
"""

from __future__ import annotations

import re
import struct

from cnn_core.checks import choice
from cnn_core.errors import StudentError

ACTIVATIONS = ("linear", "relu", "leaky_relu", "elu", "gelu", "tanh", "sigmoid", "softmax")
USUAL = {"leaky_relu": 0.2, "elu": 1.0}  # torch's own slope, 0.01, is another
_NUMBER = {"leaky_relu": "slope", "elu": "alpha"}  # what the number is called
_LIMITS = {"leaky_relu": (1e-6, 1.0), "elu": (1e-6, 10.0)}
_WITH_NUMBER = re.compile(r"(leaky_relu|elu)\(([0-9.e-]{1,12})\)")


def parts_of(name: str) -> tuple[str, float | None]:
    """(the activation, its number; None for one without).

    >>> parts_of("leaky_relu(0.01)"), parts_of("elu"), parts_of("relu")
    (('leaky_relu', 0.01), ('elu', 1.0), ('relu', None))
    """
    match = _WITH_NUMBER.fullmatch(name)
    return (match[1], float(match[2])) if match else (name, USUAL.get(name))


def is_usual(name: str) -> bool:
    """Whether it has Keras's number, or none: then its name alone says what it does."""
    return "(" not in name


def with_number(activation: str, number: float) -> str:
    """The inverse of `parts_of`, in as few digits as mean the same to a network, whose numbers have 32 bits.

    Raises StudentError for a number with which it would be another activation.

    >>> with_number("leaky_relu", 0.2), with_number("leaky_relu", 0.009999999776482582)
    ('leaky_relu', 'leaky_relu(0.01)')
    """
    least, most = _LIMITS[activation]
    if not least <= number <= most:
        raise StudentError(
            f"{activation} has the {_NUMBER[activation]} {number:g}; from {least:g} to {most:g} is possible.",
            hint=f"Use {USUAL[activation]:g}, which is usual.",
        )
    digits = next(n for n in range(1, 18) if _bits(float(f"{number:.{n}g}")) == _bits(number))
    is_as_usual = _bits(number) == _bits(USUAL[activation])
    return activation if is_as_usual else f"{activation}({number:.{digits}g})"


def checked_activation(name: str, value: object) -> str:
    """`value` as it is kept. Raises StudentError, with the choices there are, where it is no activation."""
    match = _WITH_NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return choice(name, value, ACTIVATIONS)
    try:
        number = float(match[2])
    except ValueError:
        return choice(name, value, ACTIVATIONS)
    return with_number(match[1], number)


def _bits(number: float) -> bytes:
    return struct.pack("f", number)
