"""The sentences of the last steps: a photo, a turned digit, random changes. They hold for any numbers."""

from __future__ import annotations

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import probability

WHAT_IS_IT_NOW = "What does the same network call the picture after the dream?"
AFTER_THE_DREAM = ("the same, less surely", "the same, more surely", "something else")


def before_the_dream(name: str, sure: float) -> str:
    """name, sure: the network's answer to the untouched photo."""
    return f"The photo network calls the cat “{plain(name)}”, {probability(sure)} sure."


def dream_answer(name: str, sure: float, now: str, sure_now: float) -> str:
    """now, sure_now: its answer to the dream."""
    if name == now:
        return f"“{plain(now)}” still, **{probability(sure_now)}** sure instead of {probability(sure)}."
    return (
        f"**“{plain(now)}”**, {probability(sure_now)} sure: a dream enlarges what looked a little like something it "
        "knows, and 118 of its 1,000 classes are dogs."
    )


def degrees(turn: int) -> str:
    """
    >>> degrees(-45), degrees(0), degrees(90)
    ('−45°', '0°', '+90°')
    """
    return f"{'+' if turn > 0 else '−' if turn else ''}{abs(turn)}°"


def another_digit(index: int, name: str) -> str:
    """name: of the class, with its article."""
    return f"Test image no. {index} is {plain(name)}. It is turned, + is to the left."


def draw_the_curve(name: str) -> str:
    """name: of the class, with its article."""
    return f"How sure is the network that it is still {name}? Draw the curve."


def turned_answer(name: str, limits: tuple[int, int] | None, left_end: str, right_end: str) -> str:
    """limits: the turns between which it is read as what it is, degrees.

    left_end, right_end: what it is read as at the two ends of the curve.
    """
    if limits is None:
        return f"Even untouched it is not read as {plain(name)}."
    low, high = limits
    if (low, high) == (-90, 90):
        return f"It is read as {plain(name)} at every turn here."
    ends = [
        f"at {degrees(end)} as {plain(read)}"
        for end, read in ((-90, left_end), (90, right_end))
        if read != name
    ]
    also = f", {' and '.join(ends)}" if ends else ""
    return f"It is read as {plain(name)} from **{degrees(low)} to {degrees(high)}**{also}."


def of_the_four(still: int, draws: int, name: str) -> str:
    """still: of so many draws, those that are read as what they are."""
    return f"Of these {draws} random changes, {still} {'is' if still == 1 else 'are'} still read as {plain(name)}."


def how_many_of_draws(draws: int, name: str) -> str:
    """name: of the class, with its article."""
    return f"Of {draws} draws, how many are read as {name}?"


def draws_answer(still: int, draws: int, name: str) -> str:
    """still: of so many draws."""
    return f"**{still}** of {draws}; four were too few to tell. Far turned, {plain(name)} may become another class."
