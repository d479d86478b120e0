"""Somebody who guesses the codes of classes on the page, ever as a new visitor, from one network address."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections import Counter
from dataclasses import dataclass, field

from cnn_core.classroom import CODE_LENGTH, LETTERS, Classes
from tests.browser.conftest import Server
from tests.load.student import Student

AT_ONCE = 4  # tabs
EACH = 20  # codes that one visitor tries
CLASSES = 30  # that are open
TRIED, REFUSED = "No class is open under the code", "Too many codes that no class has"


@dataclass
class Guesses:
    """What came of it."""

    made: int = 0
    said: Counter[str] = field(default_factory=Counter)  # "tried", "refused", "something else"
    found: int = 0  # visitors who sit in a class
    errors: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether none was found, and nearly all were not even tried."""
        return (
            not self.found
            and not self.errors
            and self.said["tried"] <= 120
            and not self.said["something else"]
        )


async def guess(server: Server, count: int, seed: int = 0, right_at_last: bool = True) -> Guesses:
    """Try so many codes; at last a right one, which is refused too, for they have to wait."""
    classes, guesses, dice = Classes(server.runs), Guesses(), random.Random(seed)
    opened = [classes.open(secrets.token_urlsafe(16), str(n), 2)[0] for n in range(CLASSES)]
    left = iter(range(count))

    async def one_tab() -> None:
        student = Student(server.url.removeprefix("http://"), "")
        for number in left:
            if number % EACH < AT_ONCE or not student.token:
                student.token = secrets.token_urlsafe(16)
                await student.open("classroom")
            code = "".join(dice.choices(LETTERS, k=CODE_LENGTH))
            if right_at_last and number == count - 1:
                code = opened[0].code
            student.fill("class_code", code)
            await student.submit("class_join")
            guesses.made += 1
            guesses.said[_answer(student)] += 1
            guesses.found += classes.seat(student.token) is not None
        guesses.errors += [error for answer in student.answers for error in answer.errors]
        await student.close()

    await asyncio.gather(*(one_tab() for _ in range(AT_ONCE)))
    return guesses


def _answer(student: Student) -> str:
    said = " ".join(student.said)
    return "tried" if TRIED in said else "refused" if REFUSED in said else "something else"


def told(guesses: Guesses) -> str:
    """In a line or two."""
    said = ", ".join(f"{count} {what}" for what, count in guesses.said.most_common())
    lines = [f"{guesses.made} codes guessed at {CLASSES} open classes: {said}; {guesses.found} found"]
    return "\n".join(lines + [f"error: {error}" for error in guesses.errors[:10]])
