"""What is said about a photo of one's own: before it is chosen, what was found in it, and what was left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnn_core.data.catalog.record import Dataset
from pages.ui.wording.numbers import probability

_LEFT_OUT = {  # in the order in which they are told
    "lines": "straight lines",
    "frame": "a frame around it",
    "edge": "what touches the border of the photo",
    "small": "things much smaller than it",
    "pale": "something paler, or drawn with another stroke",
}


def upload_label(dataset: Dataset, megabytes: int) -> str:
    """Of the place for the file; the limit is told before one is chosen.

    >>> from cnn_core.data.sources import KNOWN
    >>> upload_label(KNOWN["mnist"], 25)
    'A picture of one digit, or of several: a photo of at most 25 MB'
    >>> upload_label(KNOWN["fashion_mnist"], 25), upload_label(KNOWN["cifar10"], 25)
    ('A picture of one garment: a photo of at most 25 MB', 'A photo of at most 25 MB')
    """
    what = dataset.singular
    if dataset.is_colour:
        return f"A photo of at most {megabytes} MB"
    several = ", or of several" if what == "digit" else ""
    return f"A picture of one {what}{several}: a photo of at most {megabytes} MB"


def before_choosing(dataset: Dataset) -> str:
    """What kind of picture will do.

    >>> from cnn_core.data.sources import KNOWN
    >>> before_choosing(KNOWN["fashion_mnist"])
    'Put one garment on a plain ground of another brightness. It is cut out, and made light on dark.'
    """
    what = dataset.singular
    if dataset.is_colour:
        return f"{_one_of(dataset.classes)}, in the middle of the photo. Its middle square is made small, in colour."
    if not dataset.of_strokes:
        return (
            f"Put one {what} on a plain ground of another brightness. It is cut out, and made light on dark."
        )
    return (
        f"A photo of a {what} on paper will do, also on lined paper or with a shadow; chalk on a board, too. "
        "It is cut out, made light on dark, and centred."
    )


def left_out(kinds: Iterable[str]) -> str:
    """What was seen and not taken for a part of the digit; empty where there was nothing.

    >>> left_out({"edge", "lines"})
    'Left out: straight lines, what touches the border of the photo.'
    >>> left_out(())
    ''
    """
    names = [name for kind, name in _LEFT_OUT.items() if kind in set(kinds)]
    return f"Left out: {', '.join(names)}." if names else ""


THIN = "The strokes were thin, so they were made thicker."


def ink_label(light_on_dark: bool) -> str:
    """Of the slider.

    >>> ink_label(False)
    'Counts as ink when darker than the paper by'
    """
    if light_on_dark:
        return "Counts as chalk when lighter than the board by"
    return "Counts as ink when darker than the paper by"


def by_itself(limit: float, by_hand: float | None) -> str:
    """What the limit is when nobody sets it.

    >>> by_itself(0.352, None), by_itself(0.352, 0.6)
    ('35 % was found by itself.', 'Set by hand: 60 %. By itself it would be 35 %.')
    """
    if by_hand is None:
        return f"{percent_of(limit)} was found by itself."
    return f"Set by hand: {percent_of(by_hand)}. By itself it would be {percent_of(limit)}."


def percent_of(limit: float) -> str:
    """A limit, whole.

    >>> percent_of(0.352)
    '35 %'
    """
    return f"{100 * limit:.0f} %"


def other_limit(limit: float, reading: tuple[str, float] | None) -> str:
    """One row of what other limits give: the class and how sure, or that nothing is found.

    >>> other_limit(0.4, ("5", 0.998)), other_limit(0.15, None)
    ('40 %: **5**, 99.8 % sure', '15 %: nothing is found')
    """
    if reading is None:
        return f"{percent_of(limit)}: nothing is found"
    name, sure = reading
    return f"{percent_of(limit)}: **{name}**, {probability(sure)} sure"


def number_read(names: Iterable[str], network: str) -> str:
    """Several digits as one number.

    >>> number_read(["4", "2"], "Lesson convnet")
    '2 digits were found. From left to right, “Lesson convnet” reads **42**. Click one to look into it.'
    """
    names = list(names)
    return (
        f"{len(names)} digits were found. From left to right, “{network}” reads **{''.join(names)}**. "
        "Click one to look into it."
    )


def several_lines(count: int) -> str:
    """Several things that are no number in one line.

    >>> several_lines(3)
    '3 were found. Click one to look into it.'
    """
    return f"{count} were found. Click one to look into it."


def cut_out(dataset: Dataset, box: int) -> str:
    """What was done to the cut-out.  box: pixels of the square into which MNIST's digits are fitted.

    >>> from cnn_core.data.sources import KNOWN
    >>> cut_out(KNOWN["mnist"], 20)
    'What the network gets: 28×28 pixels, the digit fitted into 20×20, its centre of mass in the middle.'
    >>> cut_out(KNOWN["cifar10"], 20)
    'What the network gets: the middle square of your photo, made 32×32 pixels.'
    """
    _, rows, columns = dataset.shape
    if dataset.is_colour:
        return f"What the network gets: the middle square of your photo, made {rows}×{columns} pixels."
    if dataset.is_centred_by_mass:
        return (
            f"What the network gets: {rows}×{columns} pixels, the {dataset.singular} fitted into {box}×{box}, "
            "its centre of mass in the middle."
        )
    fills = f"fills {rows - 2 * dataset.margin} of them" if dataset.margin else "fills them"
    return f"What the network gets: {rows}×{columns} pixels, the longer side {fills}, the other is in the middle."


def found(dataset: Dataset) -> str:
    """What is drawn on the photo, for those who cannot see it.

    >>> from cnn_core.data.sources import KNOWN
    >>> found(KNOWN["mnist"])
    'Your photo, with a frame around the digit'
    """
    return (
        f"Your photo, with a frame around {'its middle' if dataset.is_colour else f'the {dataset.singular}'}"
    )


def _one_of(classes: Sequence[str]) -> str:
    """
    >>> _one_of(("cat", "dog")), _one_of(("airplane", "bird", "cat"))
    ('A cat or a dog', 'One of these: airplane, bird, cat')
    """
    if len(classes) == 2:
        return " or ".join(f"{'A' if not i else 'a'} {name}" for i, name in enumerate(classes))
    return f"One of these: {', '.join(classes)}"


ALREADY_SMALL = "What the network gets: the picture is an enlarged 28×28 image, so it goes in as it is."
FRAME = "Look only in a frame"
FRAME_HELP = "Two sliders, in per cent of the photo. What touches the frame counts, too."
CORRECT = "Wrong cut-out? Correct it"
