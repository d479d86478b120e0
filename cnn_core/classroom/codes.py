"""The code that a class is joined by, and names for those who would rather not give theirs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection

from cnn_core.errors import StudentError, quoted

# No vowels, so that no code is a word; no L, which is taken for an I. 20 ** 6 is 64 million.
LETTERS = "BCDFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 6
_BETWEEN = re.compile(r"[\s\-–—_.·]+")

ANIMALS = (
    "Adder", "Badger", "Bat", "Beaver", "Beetle", "Bison", "Boar", "Bream", "Cod", "Condor", "Crab", "Crane",
    "Cricket", "Crow", "Deer", "Dolphin", "Dormouse", "Dove", "Duck", "Eagle", "Eel", "Egret", "Elk", "Falcon",
    "Ferret", "Finch", "Fox", "Frog", "Gecko", "Gnu", "Goat", "Goose", "Grouse", "Gull", "Hare", "Hawk", "Heron",
    "Horse", "Hyena", "Ibex", "Ibis", "Iguana", "Impala", "Jackal", "Jay", "Kestrel", "Koala", "Lark", "Lemur",
    "Lion", "Llama", "Lynx", "Magpie", "Marten", "Mole", "Moose", "Moth", "Mouse", "Newt", "Okapi", "Oriole",
    "Osprey", "Otter", "Owl", "Ox", "Panda", "Pigeon", "Pike", "Puffin", "Quail", "Rabbit", "Raven", "Robin",
    "Rook", "Salmon", "Seal", "Shrew", "Snail", "Sparrow", "Squid", "Stoat", "Stork", "Swan", "Swift", "Tapir",
    "Tern", "Thrush", "Tiger", "Toad", "Trout", "Turtle", "Viper", "Vole", "Walrus", "Wasp", "Whale", "Wolf",
    "Wren", "Yak", "Zebra",
)  # fmt: skip


def new_code() -> str:
    """A code by lot, such as "KRTBDW"."""
    return "".join(secrets.choice(LETTERS) for _ in range(CODE_LENGTH))


def spoken(code: str) -> str:
    """As it is written on a wall and read aloud.

    >>> spoken("KRTBDW")
    'KRT-BDW'
    """
    return f"{code[:3]}-{code[3:]}"


def code_in(text: object) -> str:
    """The code that a student typed, however it was written. Raises StudentError where it can be none.

    >>> code_in(" krt-bdw ")
    'KRTBDW'
    """
    letters = _BETWEEN.sub("", text[:40]).upper() if isinstance(text, str) else ""
    if not letters:
        raise StudentError(
            "A class is joined by its code, and none is typed.", hint="Your teacher shows it: six letters."
        )
    if len(letters) != CODE_LENGTH or not set(letters) <= set(LETTERS):
        raise StudentError(
            f"A class’s code has {CODE_LENGTH} letters, and {quoted(text)} is none.",
            hint="Look at it once more: there is no vowel in it, no L and no digit.",
        )
    return letters


def animal(taken: Collection[str]) -> str:
    """The name of an animal that nobody has yet; with a number where all are taken.

    taken: names, in lower case.
    """
    free = [name for name in ANIMALS if name.lower() not in taken]
    if free:
        return secrets.choice(free)
    name, number = secrets.choice(ANIMALS), 2
    while f"{name} {number}".lower() in taken:
        number += 1
    return f"{name} {number}"
