"""The sentences of the Filters page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pages.filters.layers import has_maps, word
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural

if TYPE_CHECKING:
    from cnn_core.insight import FilterCard

RECIPES = "“Lesson” is the notebook’s own loop; “Clean” adds the five things above."
LOOKS_FOR, BEFORE_TRAINING = "looks for", "before training"
NOW = "the image now"
GRADIENT = "the gradient: brighter where orange"

# ---------------------------------------------------------------- the strip


def no_such_layer(layer: str) -> str:
    """
    >>> no_such_layer("conv3d")
    'This network has no layer conv3d to ask.'
    """
    return f"This network has no layer {plain(layer[:30])} to ask."


def no_such_filter(layer: str, index: str, width: int) -> str:
    """
    >>> no_such_filter("conv2d_2", "64", 64)
    'conv2d_2 has no filter 64: they go from 0 to 63.'
    """
    return f"{layer} has no {word(layer)} {plain(index[:20])}: they go from 0 to {width - 1}."


def watch_it_grow(layer: str, index: int) -> str:
    """
    >>> watch_it_grow("conv2d_2", 41)
    'Watch filter 41 grow'
    """
    return f"Watch {word(layer)} {index} grow"


def back_to_all(layer: str) -> str:
    """
    >>> back_to_all("dense_1")
    'Back to all units'
    """
    return f"Back to all {word(layer)}s"


def climbing(layer: str, filters: int) -> str:
    """
    >>> climbing("conv2d_2", 64)
    'Climbing for 64 filters of conv2d_2 …'
    """
    return f"Climbing for {plural(filters, word(layer))} of {layer} …"


# ---------------------------------------------------------------- the answer and the sheet


def verdict(layer: str, why: Sequence[str | None], is_trained: bool, silent: int = 0, images: int = 0) -> str:
    """The answer in one line, with three facts kept apart: pictures, no slope, never fires.

    why: for each filter why there is no picture, as in `FilterPictures`; None where there is one.
    silent: filters that fire on none of so many test images.
    """
    total, without = len(why), sum(reason is not None for reason in why)
    no_slope = sum(reason == "no slope" for reason in why)
    text = f"**{count(total - without)} of {count(total)}** {word(layer)}s of {layer} have a picture"
    if no_slope:
        text += f"; for {count(no_slope)} the gradient stays zero"
    if asleep := without - no_slope:
        text += f"; {count(asleep)} could not be woken"
    if silent:
        fire = "fires" if silent == 1 else "fire"
        text += f"; {plural(silent, word(layer))} never {fire} on {count(images)} test images"
    if is_trained:
        return f"{text}."
    return f"{text}. It has not been trained, so they are looking for nothing in particular."


def heading_facts(pictures: int, side: tuple[int, int], steps: int, seed: int) -> tuple[str, ...]:
    """
    >>> heading_facts(64, (28, 28), 40, 0)
    ('64 pictures of 28×28', 'each stretched to its own range', '40 steps', 'seed 0')
    """
    size = f"{side[0]}×{side[1]}"
    return (
        f"{plural(pictures, 'picture')} of {size}",
        "each stretched to its own range",
        plural(steps, "step"),
        f"seed {seed}",
    )


def sheet_alt(layer: str) -> str:
    return f"What the filters of {layer} look for"


def tile_label(layer: str, index: int, low: float, high: float) -> str:
    """
    >>> tile_label("conv2d_1", 3, 0.0, 0.987)
    'filter 3, 0 to 0.99'
    """
    return f"{word(layer)} {index}, {low:.2g} to {high:.2g}"


def what_you_see(layer: str, singular: str, steps: int, begun_as_example: int) -> str:
    """What the sheet shows.

    singular: what one image of the data set is, "digit".
    begun_as_example: pictures that began as a test image.
    """
    text = (
        f"Each picture began as noise and was changed for {plural(steps, 'step')} to make one {word(layer)} "
        f"fire more: it is a question, not a {singular}. Dashed: nothing was found, and noise "
        f"would look like an answer."
    )
    if not begun_as_example:
        return text
    return f"{text} {plural(begun_as_example, 'picture')} began as a test image: noise gave no slope."


# ---------------------------------------------------------------- the card


def card_title(layer: str, index: int, class_name: str | None) -> str:
    """
    >>> card_title("conv2d_2", 41, None), card_title("dense_2", 9, "Ankle boot")
    ('Filter 41', 'Unit 9, the class Ankle boot')
    """
    named = "" if class_name is None else f", the class {class_name}"
    return f"{word(layer).title()} {index}{named}"


def about_weights(card: FilterCard) -> str:
    """What the filter is made of, in one line."""
    if card.kernel is None:
        return card.layer
    bias = "" if card.bias is None else f" · bias {number(card.bias)}"
    if card.kernel.ndim == 1:
        return f"{card.layer} · joined to {count(len(card.kernel))} numbers{bias}"
    channels, height, width = card.kernel.shape
    limit = number(float(card.kernel.abs().max()))
    return f"{card.layer} · {plural(channels, 'kernel')} of {height}×{width}, ±{limit}{bias}"


def kernels(drawn: int, total: int) -> str:
    """
    >>> kernels(8, 32), kernels(1, 1)
    ('8 heaviest of its 32 kernels; orange +, blue −', '1 kernel; orange +, blue −')
    """
    which = plural(total, "kernel") if drawn == total else f"{drawn} heaviest of its {count(total)} kernels"
    return f"{which}; orange +, blue −"


def picture_alt(layer: str, index: int, what: str) -> str:
    """what: LOOKS_FOR or BEFORE_TRAINING."""
    return f"{word(layer).title()} {index}, {what}"


def never_fires(images: int) -> str:
    """
    >>> never_fires(2000)
    'It never fires on 2,000 test images.'
    """
    return f"It never fires on {count(images)} test images."


def examples(layer: str, singular: str, total: int) -> str:
    """
    >>> examples("conv2d_2", "digit", 9), examples("dense_2", "digit", 1)
    ('the 9 test digits that excite it most, and where', 'the 1 test digit that excite it most')
    """
    where = ", and where" if has_maps(layer) else ""
    return f"the {plural(total, f'test {singular}')} that excite it most{where}"


def examples_alt(layer: str) -> str:
    return f"The test images that excite this {word(layer)} most"


def example_label(index: int, class_name: str, value: float) -> str:
    """
    >>> example_label(12, "7", 1.5)
    'no. 12, 7: 1.50'
    """
    return f"no. {index}, {class_name}: {value:.2f}"


def facts(card: FilterCard) -> list[tuple[str, str]]:
    """What is printed below the examples: (name, number)."""
    images = count(card.examples.count)
    rows = [("best test image reaches", number(card.example_peak))]
    if card.picture_peak is not None and card.ratio is not None:
        rows += [("the picture reaches", number(card.picture_peak))]
        rows += [("picture over image", number(card.ratio))]
    above = "of them it fires on" if has_maps(card.layer) else "of them above zero"
    return [
        *rows,
        (f"mean over {images} test images", number(float(card.examples.mean[0]))),
        (above, count(int(card.examples.fires[0]))),
    ]


# ---------------------------------------------------------------- how one grew

_BEGUN = {"noise": "white noise", "other noise": "other noise", "example": "a test image"}
_MEASURE = {True: "mean of the filter’s map", False: "unit’s number"}  # of a layer with maps, or without


def growth_captions(layer: str, begun: str, scores: Sequence[float]) -> list[str]:
    """A line for each step, the start first.

    begun: where the climb began, as in `FilterPictures`.
    scores: what is made to grow, before each step and after the last.

    >>> growth_captions("dense_1", "example", [1.0, 2.5])
    ['It began as a test image: the unit’s number is 1.', 'After 1 step the unit’s number is 2.5.']
    """
    measure = f"the {_MEASURE[has_maps(layer)]}"
    first = f"It began as {_BEGUN.get(begun, 'noise')}: {measure} is {scores[0]:.3g}."
    later = [
        f"After {plural(step, 'step')} {measure} is {score:.3g}."
        for step, score in enumerate(scores[1:], start=1)
    ]
    return [first, *later]


def growth_curve(layer: str) -> str:
    """
    >>> growth_curve("conv2d_2"), growth_curve("dense_1")
    ('mean of the filter’s map, at each step', 'the unit’s number, at each step')
    """
    return f"{'' if has_maps(layer) else 'the '}{_MEASURE[has_maps(layer)]}, at each step"


def growth_explained(step: float) -> str:
    """step: typical change of a pixel at each step, in units of full contrast."""
    return (
        "**What happens at each step.** The network is asked how the filter’s mean would change if each pixel changed "
        "a little: that is the **gradient**, the picture at the right. Then the image takes a step that way.\n\n"
        "**Why the gradient is divided by its RMS.** In one filter it is a thousand times larger than in another, and "
        "it shrinks as the image gets better. Divided by the root of its mean square, a typical pixel changes by the "
        f"same amount each time (here {step:g} of full contrast), in each filter and step. A tiny number "
        "is added below the line, so that a gradient of zero is not divided by zero."
    )
