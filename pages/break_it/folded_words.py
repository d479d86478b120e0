"""Every sentence of the folded parts of "Take filters out": one filter by hand, how many can go, keep it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, percent, plural, short

if TYPE_CHECKING:
    from cnn_core.insight import Pruning

# ---------------------------------------------------------------- one filter by hand


def by_hand(one: str) -> str:
    """
    >>> by_hand("filter")
    'Change one filter by hand'
    """
    return f"Change one {one} by hand"


STRENGTH = "How strong it is"
WHY_HOLD = (
    "It then gives this number everywhere and for every image: its mean over the test images. So its message is gone, "
    "and the layers above still get what they are used to."
)
BIAS = "Its bias"
OVER_MAP = "Its kernel on incoming map"
READS_NUMBER = "Its weight of incoming number"
KERNEL_ALT = "The kernel: orange adds, blue takes away. Choose the weight to change."


def hold_at(mean: float) -> str:
    """
    >>> hold_at(0.1307)
    'Hold it at 0.13'
    """
    return f"Hold it at {short(mean)}"


def held_at(value: float) -> str:
    """
    >>> held_at(0.1307)
    'It is held at 0.13.'
    """
    return f"It is held at {short(value)}."


def no_kernels(layer: str) -> str:
    """Of batch normalisation."""
    return f"{layer} has no kernels: each of its maps is one map from below, scaled."


def weight_at(place: tuple[int, ...]) -> str:
    """
    >>> weight_at((3, 0, 2)), weight_at((1, 1)), weight_at((7,))
    ('Weight in row 0, column 2', 'Weight in row 1, column 1', 'The weight')
    """
    return "The weight" if len(place) == 1 else f"Weight in row {place[-2]}, column {place[-1]}"


# ---------------------------------------------------------------- how many can go


def how_many(one: str) -> str:
    """
    >>> how_many("filter")
    'How many filters can go?'
    """
    return f"How many {one}s can go?"


def how_many_can_go(counts: Sequence[int], least: Sequence[float], filters: int, one: str) -> str:
    """The largest number that can be out for less than a point.

    counts, least: how many are out, and the accuracy then, from none to all.

    >>> how_many_can_go([0, 16, 32, 64], [0.99, 0.992, 0.985, 0.1], 64, "filter")
    'Without the **32 of 64 filters** it needs least it reads 98.5 %, and whole 99.0 %: it costs less than a point.'
    >>> how_many_can_go([0, 16], [0.99, 0.9], 16, "unit")
    'Without any of the numbers of units tried here it loses a point or more of its 99.0 %.'
    """
    fine = [
        (number, value)
        for number, value in zip(counts, least, strict=True)
        if number > 0 and value > least[0] - 0.01
    ]
    if not fine:
        return f"Without any of the numbers of {one}s tried here it loses a point or more of its {percent(least[0])}."
    number, value = fine[-1]
    those = f"**{count(number)} of {plural(filters, one)}**"
    return (
        f"Without the {those} it needs least it reads {percent(value)}, and whole {percent(least[0])}: "
        "it costs less than a point."
    )


def together(counts: Sequence[int], least: Sequence[float], chance: Sequence[float], one: str) -> str:
    """Where those it needs least cost more together than chance does; "" where they do not.

    least, chance: accuracies for each of `counts`; chance is the mean of several choices.

    >>> together([0, 8, 16], [0.99, 0.98, 0.7], [0.99, 0.97, 0.9], "filter")[:34]
    'Yet the 16 filters it needs least,'
    >>> together([0, 8, 16], [0.99, 0.98, 0.95], [0.99, 0.97, 0.9], "filter")
    ''
    """
    fall = [other - mine for mine, other in zip(least, chance, strict=True)]
    worst = max(range(len(fall)), key=fall.__getitem__)
    if fall[worst] < 0.01:
        return ""
    return (
        f"Yet the {plural(counts[worst], one)} it needs least, each tried alone, cost more together than as many at "
        f"random: {percent(least[worst])} against {percent(chance[worst])}. One {one} may do the work of "
        "another, until both are out."
    )


LEAST, MOST, CHANCE = "least needed out", "most needed out", "as many at random"


def pruning_alt(curve: Pruning) -> str:
    """What the curve shows, for those who cannot see it."""
    parts = [
        f"{number} out: {percent(least)} without the least needed, {percent(most)} without the most needed, "
        f"{percent(chance)} at random"
        for number, least, most, chance in zip(
            curve.counts, curve.least, curve.most, curve.mean_of_chance, strict=True
        )
    ]
    return "Accuracy against how many are out. " + "; ".join(parts) + "."


def what_curve_is(images: int, tries: int) -> str:
    """Under the curve."""
    return (
        f"Accuracy in per cent, of {plural(images, 'test image')}; the order was found on training images. "
        f"Grey: as many at random, {tries} tries, from the worst to the best, and their mean."
    )


def least_needed(one: str) -> str:
    """
    >>> least_needed("filter")
    'Filters it needs least'
    """
    return f"{one.capitalize()}s it needs least"


# ---------------------------------------------------------------- keep it

KEEP = "Keep what is left, and train it on"
KEEP_AS_MINE = "Keep it as a network of my own"
TRAIN_ON = "Train the rest on"


def what_keeping_does(only_mutes: bool) -> str:
    """Above the button."""
    text = "Nothing is saved unless you press the button. Then it is tested, and becomes one of your runs."
    if not only_mutes:
        return text
    return f"{text} Without the muted ones it is smaller, and it answers the same."


def name_of_kept(title: str, changes: int, way: str) -> str:
    """What it is called.

    way: "smaller" where the muted ones are left out.

    >>> name_of_kept("Lesson convnet, ready trained", 32, "smaller"), name_of_kept("Mine", 1, "muted")
    ('Lesson convnet, without 32', 'Mine, 1 changed')
    """
    name = title.partition(",")[0]
    return f"{name}, without {changes}" if way == "smaller" else f"{name}, {changes} changed"


def being_kept(name: str) -> str:
    """
    >>> being_kept("Mine, without 3")
    'Mine, without 3 is being tested …'
    """
    return f"{plain(name)} is being tested …"


def kept(name: str, accuracy: float | None, images: int | None) -> str:
    """What came of it.

    >>> kept("Mine, without 3", 0.97, 10_000)
    'Kept as “Mine, without 3”: **97.0 %** of 10,000 test images.'
    """
    if accuracy is None or images is None:
        return f"Kept as “{plain(name)}”."
    return f"Kept as “{plain(name)}”: **{percent(accuracy)}** of {plural(images, 'test image')}."
