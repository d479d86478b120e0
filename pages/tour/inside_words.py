"""The sentences of the steps inside the network; they hold for any numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf

from pages.ui.wording.numbers import count, number, plural


def maps_get_smaller(shape: tuple[int, ...], layer: str) -> str:
    """shape: of the layer's maps."""
    channels, height, width = shape
    return f"{layer} has {plural(channels, 'map')} of only {height}×{width} numbers."


def how_far_it_sees(layer: str) -> str:
    """layer: the last convolution."""
    return f"How many pixels of the image, from side to side, does one number of {layer} see?"


def field_answer(seen: Sequence[tuple[str, int]], side: int) -> str:
    """seen: (layer, pixels per side that one of its numbers sees), in the network's order.  side: of the image."""
    steps = [seen[0]] + [after for before, after in pairwise(seen) if after[1] != before[1]]
    chain = " → ".join(str(pixels) for _, pixels in steps)
    whole = " That is the whole image." if seen[-1][1] == side else ""
    return f"Layer by layer {chain}: **{seen[-1][1]}** of {side}. Each gathers what the one before has seen.{whole}"


def climbed_for(layer: str, index: int, steps: int) -> str:
    """index: of the filter."""
    return f"From noise, {steps} steps uphill make a picture for filter {index} of {layer}."


MORE_THAN_ANY_IMAGE = "Does it excite the filter more than any test image?"
MORE_OR_LESS = ("more", "about as much", "less")


def peak_answer(own: float, best: float, images: int) -> str:
    """own, best: the filter's strongest number for its picture, and for the best of so many test images."""
    return (
        f"The picture reaches **{number(own)}**, the best of {count(images)} test images {number(best)}. "
        "The climb counts the whole map, this its strongest place."
    )


def no_picture_answer(best: float, images: int) -> str:
    """Where the climb found no way.  best: as in `peak_answer`."""
    return (
        f"This filter has no picture: the climb found no slope. The best of {count(images)} test images "
        f"reaches {number(best)}."
    )


def slopes_at_first(layer: str) -> str:
    """layer: of the filters."""
    return f"Before the first step uphill, each filter of {layer} has a slope of its own."


HOW_MUCH_STEEPER = "How many times as steep as the flattest is the steepest?"
STEEPER = {"under 3": 3.0, "3 to 10": 10.0, "10 to 100": 100.0, "over 100": inf}  # each up to so much


def slopes_answer(least: float, most: float) -> str:
    """least, most: the size of the slope, of the filters that have one."""
    times = most / least
    written = number(times, 1) if times < 10 else count(round(times))
    why = "Divided by its size, each slope moves its picture equally far."
    return f"From {least:.1g} to {most:.1g}, **{written} times**. {why}"


def notebook_climb(layer: str, width: int) -> str:
    """width: how many filters are climbed for."""
    return (
        f"The notebook’s climb follows relu’s own slope, for each of the {count(width)} filters of {layer}."
    )


HOW_MANY_STAY_NOISE = "For how many does the picture stay noise?"


def noise_answer(dead: int, width: int) -> str:
    """dead: filters without a picture."""
    if not dead:
        return f"**None** of {count(width)}: each had a slope to climb from this noise."
    return f"**{count(dead)}** of {count(width)}: where relu is off at every place, the slope is 0 and nothing moves."


def some_have_none(dead: int, width: int, layer: str) -> str:
    """dead: filters without a picture, of so many."""
    some = count(dead) if dead else "None"
    return f"{some} of {count(width)} filters of {layer} got no picture from the notebook’s climb."


def how_many_never_fire(dead: int, images: int) -> str:
    """dead: filters without a picture; without any, all are asked about."""
    which = "these" if dead else "all filters"
    return f"How many of {which} fire on none of {count(images)} test images either?"


def silent_answer(silent: int, of: int, images: int) -> str:
    """silent: filters that fire on no image, of so many."""
    never = f"**{count(silent)}** of {count(of)} fire on none of {count(images)} images"
    if silent == of:
        return f"{never}: they look for nothing that occurs there."
    return f"{never}. No picture is not “nothing learnt”: noise was the wrong place to begin."
