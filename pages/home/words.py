"""The sentences of the Home page."""

from __future__ import annotations

from pages.ui.wording.numbers import plural, probability, shape_text

WELCOME = (
    "Convscope is a place to see how a convolutional network learns to read, and to open the very network you trained. "
    "Below, a digit goes through one that was trained before you came: click another and watch every layer answer."
)
WHAT_YOU_SEE = (
    "Each tile is what one filter found in the digit: black is nothing, pale yellow is much, 0 marks one that "
    "found nothing at all. From the first sheet to the last the maps get smaller and the questions harder."
)


def verdict(name: str, chance: float) -> str:
    """
    >>> verdict("7", 0.995)
    'The network reads a **7**, 99.5 % sure.'
    """
    return f"The network reads a **{name}**, {probability(chance)} sure."


def sheet_fact(shape: tuple[int, int, int]) -> str:
    """
    >>> sheet_fact((64, 11, 11))
    '64 maps of 11×11'
    """
    channels, height, width = shape
    return f"{plural(channels, 'map')} of {height}×{width}"


def sheet_alt(layer: str, shape: tuple[int, int, int]) -> str:
    """
    >>> sheet_alt("conv2d_2", (64, 11, 11))
    '64 feature maps of conv2d_2, 11×11×64'
    """
    return f"{plural(shape[0], 'feature map')} of {layer}, {shape_text(shape)}"
