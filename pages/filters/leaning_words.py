"""The sentences of a filter's card about the answers that leaned on it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pages.filters.layers import word
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural, signed

WHO = "Whose answers leaned on it most?"
LOOKING = "Asking which answers leaned on it …"


def nine(singular: str, total: int, images: int) -> str:
    """
    >>> nine("digit", 9, 2000)
    'the 9 of 2,000 test digits whose answer leaned on it most, with what it added to the lead'
    """
    return (
        f"the {total} of {plural(images, f'test {singular}')} whose answer leaned on it most, with what it added to "
        "the lead"
    )


def alt(layer: str) -> str:
    return f"The test images whose answer leaned on this {word(layer)} most"


def caption(value: float, lead: float) -> tuple[str, str]:
    """
    >>> caption(1.5, 6.2)
    ('+1.50', 'lead 6.2')
    """
    return signed(value), f"lead {number(lead, 1)}"


def label(index: int, class_name: str, value: float, lead: float, opens: bool) -> str:
    """
    >>> label(12, "9", 1.5, 6.2, False)
    'no. 12, 9: +1.50 of a lead of 6.2'
    """
    return f"no. {index}, {class_name}: {signed(value)} of a lead of {number(lead, 1)}{'. Opens why.' if opens else ''}"


def differ(shared: int, total: int, excite: Sequence[str], lean: Sequence[str], layer: str) -> str:
    """How the images that lean on a filter differ from those that excite it.

    shared: images that are among both.
    total:  images of each kind.
    excite, lean: the class of each image.

    >>> differ(2, 9, ["7"] * 6 + ["9"] * 3, ["4"] * 8 + ["9"], "conv2d_2")[:82]
    '2 of these 9 are also among those that excite it most. There 6 are of class 7, her'
    """
    both = "None" if shared == 0 else "All" if shared == total else count(shared)
    if both == "All":
        first = f"All {total} are also the ones that excite it most."
    else:
        first = (
            f"{both} of these {total} {'is' if shared < 2 else 'are'} also among those that excite it most."
        )
    (there, times), (here, often) = (Counter(one).most_common(1)[0] for one in (excite, lean))
    return (
        f"{first} There {times} {'is' if times == 1 else 'are'} of class {plain(there)}, here {often} of class "
        f"{plain(here)}. What excites a {word(layer)} need not decide: it counts only as far as the layers above read "
        "it."
    )
