"""The sentences of the first steps: what a layer does. They hold for any numbers."""

from __future__ import annotations

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, plural


def flat_ground(kernel: str) -> str:
    """The first question: what a kernel answers where nothing changes."""
    return f"Where all nine pixels are white (1), what does the kernel “{kernel}” answer?"


NEGATIVE_WEIGHTS_COUNT = "The negative weights count too."
TIMES_ITS_WEIGHT = "Each pixel is first multiplied by its own weight."


def flat_answer(positive: int, negative: int) -> str:
    """positive: the sum of the weights above zero.  negative: of those below, without its sign."""
    left = positive - negative
    what = (
        "On flat ground, black or white, it is silent: it answers to changes"
        if left == 0
        else "Flat ground stays as it is: only at changes does it do anything"
    )
    return f"The weights add up: **{positive} − {negative} = {left}**. {what}."


def corner_with_same(size: int) -> str:
    """size: of the kernel, pixels per side."""
    return f"With padding “same”, in how many windows of {size}×{size} does the corner pixel lie?"


ZEROS_MAKE_ROOM = "The zeros around the image make room for more windows over the corner."
THE_CORNER_STAYS_A_CORNER = (
    "So many see a pixel in the middle. Around the corner half of them, each way, are missing."
)


def corner_answer(size: int, corner: int, middle: int) -> str:
    """corner, middle: how many windows look at the pixel in the corner, and at one in the middle."""
    half = (size + 1) // 2
    return f"**{half} × {half} = {corner}** instead of 1; in the middle {middle}. Now the image’s edge counts more."


def places_now(places: int) -> str:
    """What the page shows before the strides change."""
    return f"With strides 1 the kernel asks {count(places)} places."


def places_left(step: int) -> str:
    """step: pixels a move."""
    return f"With strides {step}, how many places are left?"


def strides_answer(side: int, kernel: int, step: int, before: int) -> str:
    """before: places with strides 1."""
    exact = (side - kernel) / step + 1
    after = int(exact)
    down = "" if exact == after else ", rounded down"
    share = round(100 * after**2 / before)
    return (
        f"({side} − {kernel}) / {step} + 1 = {after}{down}, along both sides: {after} × {after} = "
        f"**{count(after**2)}**, or {share} % of {count(before)}."
    )


def many_numbers(layer: str, shape: tuple[int, ...], name: str) -> str:
    """shape: of the maps, (C, H, W).  name: of the image's class, with its article."""
    channels, height, width = shape
    return f"{layer} makes {plural(channels, 'map')} of {height}×{width} from this image of {plain(name)}."


SHARE_OF_ZEROS = "How many of their numbers are exactly 0?"


def zeros_answer(activation: str, share: float) -> str:
    """share: of the numbers that are 0, per cent."""
    if activation == "relu":
        return f"**{share:.0f} %**: relu turns sums below zero into 0. A filter speaks only where it finds its pattern."
    if share < 50:
        return (
            f"**{share:.0f} %**: this layer ends in {activation}, not in relu, and lets sums below zero pass."
        )
    return f"**{share:.0f} %**: where a filter meets nothing but black, its sum is 0."


def change_before(name: str, layer: str, change: int) -> str:
    """change: of the layer's maps, per cent."""
    return f"Move {name} one pixel to the right: the maps of {layer} change by {change} %."


def change_after_pooling(layer: str) -> str:
    """layer: that pools."""
    return f"By how much do they change after {layer}?"


def pooling_answer(before: int, after: int) -> str:
    """before, after: the change of the maps, per cent."""
    if after < before:
        why = "The largest of a window stays the largest while it moves inside the window."
    elif after == before:
        why = "Here as much as before: what moved crossed the borders of its windows."
    else:
        why = "More than before: what moved crossed the borders of its windows."
    return f"**{before} %** before pooling, **{after} %** after. {why}"
