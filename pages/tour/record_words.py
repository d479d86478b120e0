"""The sentences around the record of the lesson."""

from __future__ import annotations

from cnn_core.export.record import Record
from pages.ui.wording.numbers import plural
from pages.ui.wording.screen_summary import summary

MY_RECORD = "My record"
NAME = "Your name, if you want it on the page"
NAME_STAYS = "It goes into the file alone. This server does not keep it."
DOWNLOAD = "Download my record"
HOW_TO_PRINT = "One file that opens in any browser. Print it there, or save it as PDF: it is set for A4."
EMPTY = "Your record is empty so far. Train a network, or guess before a page shows its answer, and it fills."
PREVIEW = "Preview of the record"
STATES = {  # of a run that did not come to its end
    "stopped": "stopped before its end",
    "failed": "ended by an error",
}
GOES_ON = "not at its end yet; these are its figures so far"


def what_is_in_it(record: Record) -> str:
    """The answer of the page.

    >>> what_is_in_it(Record())[:31]
    'Your record is empty so far. Tr'
    """
    if record.is_empty:
        return EMPTY
    counts = (
        (record.networks, "network"),
        (record.predictions, "prediction"),
        (record.pictures, "picture"),
    )
    *first, last = (f"**{plural(len(found), one)}**" for found, one in counts)
    return f"Your record holds {', '.join(first)} and {last}."


def summary_of_record(record: Record) -> str:
    """What is here, for whoever cannot see it."""
    return summary(
        "Here is your record of the lesson, to be downloaded and printed.",
        what_is_in_it(record),
        "Try: type your name, and download the file.",
    )


def of_filters(layer: str, network: str, count: int, silent: int, from_a_digit: int = 0) -> str:
    """The caption of the pictures of filters.

    silent: how many of them have none.
    from_a_digit: how many pictures began from a test image, and not from noise.

    >>> of_filters("conv2d_2", "Mine", 64, 3)
    'What 64 filters of conv2d_2 of Mine look for. 3 have no picture and stay as they began.'
    >>> of_filters("conv2d_2", "Mine", 2, 0, 1)
    'What 2 filters of conv2d_2 of Mine look for. 1 began from a test image, the others from noise.'
    """
    verb = "looks" if count == 1 else "look"
    words = [f"What {plural(count, 'filter')} of {layer} of {network} {verb} for."]
    if silent:
        has = (
            "has no picture and stays as it began"
            if silent == 1
            else "have no picture and stay as they began"
        )
        words.append(f"{silent} {has}.")
    if from_a_digit:
        rest = ", the others from noise" if from_a_digit < count else ""
        words.append(f"{from_a_digit} began from a test image{rest}.")
    return " ".join(words)


def of_image(title: str, network: str) -> str:
    """The caption of the image whose maps follow.

    >>> of_image("Test image no. 0, a 7", "Mine")
    'Test image no. 0, a 7. The next pictures are the maps that Mine makes of it.'
    """
    return f"{title}. The next pictures are the maps that {network} makes of it."


def of_dream(name: str) -> str:
    """The caption of a dream."""
    return f"A dream: {name}"
