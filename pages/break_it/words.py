"""Every sentence of the page "What breaks it?" that is longer than a label. Pure; nothing here draws."""

from __future__ import annotations

from collections.abc import Collection

from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, percent, plural
from pages.ui.wording.screen_summary import summary

# ---------------------------------------------------------------- the views


def views(layers: Collection[str], singular: str) -> dict[str, str]:
    """What the two views are called.

    layers:   those that something can be taken out of.
    singular: what one image of the data set shows.

    >>> views(["conv2d_1", "dense_1"], "digit")
    {'filters': 'Take filters out', 'attack': 'Attack a digit'}
    >>> views(["dense_1"], "photo")
    {'filters': 'Take units out', 'attack': 'Attack an image'}
    """
    has_filters = any(not name.startswith("dense") for name in layers) or not layers
    return {
        "filters": f"Take {'filters' if has_filters else 'units'} out",
        "attack": f"Attack {'a digit' if singular == 'digit' else 'an image'}",
    }


# ---------------------------------------------------------------- take filters out


def whole(accuracy: float, images: int, noun: str, layer: str, one: str) -> str:
    """The answer while nothing is taken out.

    >>> whole(0.98, 500, "digits", "conv2d_2", "filter")
    'Nothing is taken out yet: it reads **98.0 %** of 500 test digits. Click a filter of conv2d_2 to take it out.'
    """
    return (
        f"Nothing is taken out yet: it reads **{percent(accuracy)}** of {count(images)} test {noun}. "
        f"Click a {one} of {layer} to take it out."
    )


def without(out: int, of: int, one: str, accuracy: float, images: int, noun: str) -> str:
    """The answer while filters of one layer are out, and nothing else is changed.

    >>> without(32, 64, "filter", 0.877, 10_000, "digits")
    'Without **32 of 64 filters** it still reads **87.7 %** of 10,000 test digits.'
    """
    left = f"**{percent(accuracy)}** of {count(images)} test {noun}"
    return f"Without **{count(out)} of {plural(of, one)}** it still reads {left}."


def changed(accuracy: float, images: int, noun: str) -> str:
    """The answer while something else is done to it.

    >>> changed(0.877, 500, "digits")
    'With these changes it reads **87.7 %** of 500 test digits.'
    """
    return f"With these changes it reads **{percent(accuracy)}** of {count(images)} test {noun}."


def sheet_facts(filters: int, one: str, out: int) -> tuple[str, ...]:
    """Behind the layer's name, above its sheet.

    >>> sheet_facts(64, "filter", 32)
    ('64 filters, each drawn as what it looks for', '32 out')
    """
    return f"{plural(filters, one)}, each drawn as what it looks for", f"{out} out" if out else ""


def tile_label(layer: str, one: str, index: int, is_out: bool, why: str | None) -> str:
    """What is read of a tile.  why: there is no picture.

    >>> tile_label("conv2d_2", "filter", 4, True, None)
    'filter 4 of conv2d_2, out'
    """
    return f"{one} {index} of {layer}, {'out' if is_out else 'in'}{f', no picture: {why}' if why else ''}"


def sheet_alt(layer: str, one: str) -> str:
    """What the sheet is."""
    return f"The {one}s of {layer}: press one to take it out or put it back"


def what_you_see(one: str, states: Collection[str] = ()) -> str:
    """Under the sheet."""
    return (
        f"One tile is one {one}; a struck one answers 0 everywhere. Click to take it out, click again to put it back. "
        "Nothing is learnt anew: all other weights stay as they are."
    )


NOTHING_TO_TAKE_OUT = (
    "Nothing can be taken out of this network: its only layer with weights gives the answers."
)


def summary_of_surgery(title: str, answer: str, layer: str, one: str) -> str:
    """The summary of the page."""
    return summary(
        f"Here {one}s of a network, {plain(title)}, are taken out, and it is seen what it still reads.",
        answer,
        f"Try: choose a {one} of {layer} with the arrow keys and press Enter.",
    )
