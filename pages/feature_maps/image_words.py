"""The sentences of the Feature maps page about the image itself: its colours, and the kernels that lie on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pages.ui.wording.numbers import number, plural

if TYPE_CHECKING:
    import numpy as np

    from cnn_core.insight import PixelSum

BELOW, KERNEL, PRODUCTS = "below", "× kernel", "= products"
COLOURS = ("red", "green", "blue")  # the channels of a colour image

# ---------------------------------------------------------------- one pixel


def named(pixel: PixelSum, channel: int) -> str:
    """What a channel below is called: a map, the image, or a colour of it."""
    if not pixel.reads_image:
        return f"map {channel} below"
    if pixel.channels_below == 1:
        return "the image below"
    if pixel.channels_below == len(COLOURS):
        return f"the {COLOURS[channel]} of the image"
    return f"channel {channel} of the image"


def is_in_colour(pixel: PixelSum) -> bool:
    """Whether what is added up are the red, green and blue of the image."""
    return pixel.reads_image and len(pixel.channels) == pixel.channels_below == len(COLOURS)


def in_sum(pixel: PixelSum, channel: int) -> str:
    """What a channel below is called in the sum."""
    if not pixel.reads_image:
        return f"map {channel}"
    if pixel.channels_below == 1:
        return "the image"
    return COLOURS[channel] if pixel.channels_below == len(COLOURS) else f"channel {channel}"


def on_padding(cells: int) -> str:
    """
    >>> on_padding(1)
    '1 cell lies on padding and counts as 0.'
    """
    return f"{plural(cells, 'cell lies', 'cells lie')} on padding and {'counts' if cells == 1 else 'count'} as 0."


def sum_of_colour(name: str, cells: int, total: float) -> str:
    """
    >>> sum_of_colour("red", 9, 0.47), sum_of_colour("blue", 1, -0.5)
    ('**red**: 9 products add up to **0.47**', '**blue**: 1 product, **−0.50**')
    """
    if cells == 1:
        return f"**{name}**: 1 product, **{number(total)}**"
    return f"**{name}**: {cells} products add up to **{number(total)}**"


HOW_A_KERNEL_IS_COLOURED = (
    "The kernel in colour: grey is 0. More red than grey means a weight above 0 for red, less red a weight below 0; so "
    "too for green and blue."
)


def in_colour_alt(title: str) -> str:
    """title: BELOW or KERNEL."""
    return "The pixels below, in colour" if title == BELOW else "The kernel, its three channels as one colour"


# ---------------------------------------------------------------- the first kernels

NO_FIRST_KERNELS = "The first layer of this network has no kernels of its own over the image to draw."


def kernel_facts(kernels: int, size: tuple[int, int], largest: float) -> list[str]:
    """
    >>> kernel_facts(32, (3, 3), 0.4172)
    ['32 kernels of 3×3', '−0.42 to 0.42']
    """
    limit = number(largest)
    return [f"{plural(kernels, 'kernel')} of {size[0]}×{size[1]}", f"{number(-largest)} to {limit}"]


def kernels_alt(layer: str) -> str:
    return f"The kernels of {layer}, as they lie on the image"


def kernel_labels(weights: np.ndarray) -> list[str]:
    """What each kernel is called, with its range.  weights: (kernels, C, k, k)."""
    return [
        f"kernel {i}, {number(float(one.min()))} to {number(float(one.max()))}"
        for i, one in enumerate(weights)
    ]


def how_kernels_are_drawn(channels: int) -> str:
    """channels: of the image."""
    if channels == len(COLOURS):
        return HOW_A_KERNEL_IS_COLOURED
    mean = "" if channels == 1 else f" Of the {channels} weights of a place the mean is drawn."
    return f"Orange is above zero, blue below, white is zero.{mean}"
