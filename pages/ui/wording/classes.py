"""How a class is called within a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.data.sources import KNOWN

LONG_NAME = 8  # letters
_SPOKEN_WITH_A_VOWEL = "AEFHILMNORSX"  # letters whose names begin with a vowel: an F, but a U
_THINGS = KNOWN[
    "cifar10"
].classes  # all of them can be counted, and begin with the sound of their first letter


def article(name: str) -> str:
    """A class's name in a sentence; of a name that may be of more than one thing, the name alone.

    >>> article("7"), article("8"), article("Ankle boot")
    ('a 7', 'an 8', 'Ankle boot')
    >>> article("cat"), article("airplane"), article("F"), article("U")
    ('a cat', 'an airplane', 'an F', 'a U')
    """
    if name.isdigit():
        return f"an {name}" if name == "8" else f"a {name}"
    if len(name) == 1 and name.isupper():
        return f"{'an' if name in _SPOKEN_WITH_A_VOWEL else 'a'} {name}"
    if name in _THINGS:
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    return name


def has_long_name(classes: Sequence[str]) -> bool:
    """Whether a name would break in the middle of a word under a small picture.

    >>> has_long_name(("7", "Sneaker")), has_long_name(("automobile",))
    (False, True)
    """
    return max(map(len, classes)) > LONG_NAME
