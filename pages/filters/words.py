"""The sentences of the Filters page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from pages.filters.layers import has_maps, word
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural, short
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.insight import FilterCard

RECIPES = "“Lesson” is the notebook’s own loop; “Clean” adds the five things above."
LOOKS_FOR, BEFORE_TRAINING = "looks for", "before training"
NOW = "the image now"


def gradient(channels: int) -> str:
    """
    channels: of the image.

    >>> gradient(1), gradient(3)
    ('the gradient: brighter where orange', 'the gradient: more of a colour where it shows')
    """
    return (
        "the gradient: more of a colour where it shows"
        if channels == 3
        else "the gradient: brighter where orange"
    )


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


VIEWS = {"pictures": "Pictures", "made_of": "Made of", "more": "More of a class"}


def towards(class_name: str | None) -> str:
    """
    >>> towards("8"), towards(None)
    ('towards “8”', 'towards what it helps most')
    """
    return "towards what it helps most" if class_name is None else f"towards “{class_name}”"


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
    'Drawing pictures for 64 filters of conv2d_2 …'
    """
    return f"Drawing pictures for {plural(filters, word(layer))} of {layer} …"


# ---------------------------------------------------------------- the answer and the sheet


def verdict(
    layer: str,
    why: Sequence[str | None],
    is_trained: bool,
    silent: int = 0,
    images: int = 0,
    *,
    unchanging: int = 0,
    width: int | None = None,
) -> str:
    """The answer in one line, with three facts kept apart: pictures, no slope, never fires.

    why: for each filter that is drawn why there is no picture, as in `FilterPictures`; None where there is one.
    silent: filters that fire on none of so many test images.
    unchanging: filters that give the same number on all of them, of a layer that cannot be silent.
    width: filters of the layer; None means that all are drawn.
    """
    total, without = len(why), sum(reason is not None for reason in why)
    no_slope = sum(reason == "no slope" for reason in why)
    text = f"**{count(total - without)} of {count(total)}** {word(layer)}s of {layer} have a picture"
    if width is not None and width > total:
        text += f" (the layer has {count(width)})"
    if no_slope:
        text += f"; for {count(no_slope)} the gradient stays zero"
    if asleep := without - no_slope:
        text += f"; {count(asleep)} could not be woken"
    if silent:
        fire = "fires" if silent == 1 else "fire"
        text += f"; {plural(silent, word(layer))} never {fire} on {count(images)} test images"
    if unchanging:
        change = "changes" if unchanging == 1 else "change"
        text += f"; {plural(unchanging, word(layer))} hardly {change} on {count(images)} test images"
    if is_trained:
        return f"{text}."
    return f"{text}. It has not been trained, so they are looking for nothing in particular."


def summary_of_filters(title: str, layer: str, index: int, answer: str, grows: bool) -> str:
    """The summary of the page.

    title:  of the network.
    index:  of the filter that the card is about.
    answer: the page's first line.
    grows:  whether that filter is watched step by step, and the sheet of all is not there.
    """
    one = f"{word(layer)} {index}"
    what = (
        f"one of its {word(layer)}s, {one} of {layer}, is watched: which image excites it, step by step"
        if grows
        else f"each {word(layer)} of {layer} has its picture: the image that excites it most"
    )
    return summary(
        f"Here a network, {plain(title)}, is asked what it looks for: {what}.",
        answer,
        "" if grows else f"The card is about {one}.",
        "Try: press Play, or move the slider step by step."
        if grows
        else f"Try: choose another {word(layer)} with the arrow keys and press Enter, then watch it grow.",
    )


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


BADGE = "silent"  # on a tile that has a picture, of a filter that fires on no test image


def reason(why: str, is_silent: bool) -> str:
    """What stands in place of a picture.

    why: as in `FilterPictures`: it knows its climbs only.
    is_silent: the filter fires on no test image.

    >>> reason("never fires", True), reason("never fires", False), reason("no slope", True)
    ('never fires', 'not woken', 'no slope')
    """
    return "not woken" if why == "never fires" and not is_silent else why


def tile_label(
    layer: str, index: int, low: float, high: float, why: str | None = None, is_silent: bool = False
) -> str:
    """
    >>> tile_label("conv2d_1", 3, 0.0, 0.987), tile_label("conv2d_1", 3, 0, 1, "no slope", True)
    ('filter 3, 0 to 0.99', 'filter 3, no slope; never fires on the test images')
    """
    named = f"{word(layer)} {index}, {f'{low:.2g} to {high:.2g}' if why is None else reason(why, is_silent)}"
    is_new = is_silent and (why is None or reason(why, True) != "never fires")
    return f"{named}; never fires on the test images" if is_new else named


R_COUNTS = "Filters are counted from 0 here. R counts from 1: its filter 2 is filter 1 on this page."


def what_you_see(
    layer: str,
    singular: str,
    steps: int,
    *,
    began_as: tuple[int, int] = (0, 0),
    why: Collection[str] = (),
    silent: bool = False,
) -> str:
    """What the sheet shows.

    singular: what one image of the data set is, "digit".
    began_as: pictures that began as other noise, and as a test image.
    why: the reasons for which some tiles have no picture.
    silent: whether a tile carries BADGE.
    """
    no_image = "none of the test pictures" if singular == "picture" else f"no {singular}"
    text = (
        f"Each picture began as noise and was changed for {plural(steps, 'step')} so that one {word(layer)} gives "
        f"larger numbers. It is {no_image}: it shows what the {word(layer)} answers to most."
    )
    noise, examples = began_as
    if noise:
        text += f" {plural(noise, 'picture')} began as other noise, because the first had no slope."
    if examples:
        text += f" {plural(examples, 'picture')} began as a test image: noise gave no slope."
    if why:
        text += " A dashed tile has no picture: the noise would only look like an answer."
    if silent:
        text += f" “{BADGE.title()}”: it has a picture, but never fires on the test images."
    return text


def no_slope(layer: str, fires: tuple[int, int] | None, images: int, is_lesson: bool) -> str:
    """What "no slope" means, and what it does not.

    fires: of those without a slope the one that fires on most test images: (its number, on so many); None without one.
    images: how many test images there are.
    is_lesson: the recipe is the lesson's.
    """
    text = (
        "**No slope** means: the gradient is exactly zero at the picture (at its start, or where it got stuck), so it "
        "cannot change any more. A relu does this where it is off for the whole picture."
    )
    if fires is not None:
        number, times = fires
        text += (
            f" It does **not** mean that the {word(layer)} learnt nothing: {word(layer)} {number} has no slope here "
            f"and fires on {count(times)} of {count(images)} test images."
        )
    return f"{text} “Clean” tries other ways up." if is_lesson else text


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


def what_they_read(source: str, maps: int) -> str:
    """
    source: the layer whose maps the kernels read.

    >>> what_they_read("conv2d_1", 8)
    'they read the maps of these filters of conv2d_1; click one to go there'
    """
    if maps == 1:
        return f"it reads the map of this {word(source)} of {source}; click it to go there"
    return f"they read the maps of these {word(source)}s of {source}; click one to go there"


def go_to(layer: str, index: int) -> str:
    """
    >>> go_to("conv2d_1", 29)
    'go to filter 29 of conv2d_1'
    """
    return f"go to {word(layer)} {index} of {layer}"


KERNEL_IN_COLOUR = "its kernel: at the left in colour, grey is 0; then over each colour, orange +, blue −"


def picture_alt(layer: str, index: int, what: str) -> str:
    """what: LOOKS_FOR or BEFORE_TRAINING."""
    return f"{word(layer).title()} {index}, {what}"


def never_fires(images: int) -> str:
    """
    >>> never_fires(2000)
    'It never fires on 2,000 test images.'
    """
    return f"It never fires on {count(images)} test images."


def unchanging(images: int, spread: float) -> str:
    """
    >>> unchanging(2000, 0.0001)
    'It hardly changes on 2,000 test images: its largest and smallest number differ by 0.0001.'
    """
    return f"It hardly changes on {count(images)} test images: its largest and smallest number differ by {spread:.2g}."


def examples(layer: str, singular: str, total: int, *, is_excited: bool = True) -> str:
    """
    is_excited: larger numbers mean that it is excited; else zero is a number like others.

    >>> examples("conv2d_2", "digit", 9), examples("dense_2", "digit", 1)
    ('the 9 test digits that excite it most, and where', 'the test digit that excites it most')
    >>> examples("dense_2", "digit", 9, is_excited=False)
    'the 9 test digits with its largest numbers'
    """
    where = ", and where" if has_maps(layer) else ""
    which = f"the test {singular}" if total == 1 else f"the {plural(total, f'test {singular}')}"
    if not is_excited:
        return f"{which} with its largest number{'' if total == 1 else 's'}{where}"
    return f"{which} that {'excites' if total == 1 else 'excite'} it most{where}"


def examples_alt(layer: str) -> str:
    return f"The test images that excite this {word(layer)} most"


def example_label(index: int, class_name: str, value: float) -> str:
    """
    >>> example_label(12, "7", 1.5)
    'no. 12, 7: 1.50'
    """
    return f"no. {index}, {class_name}: {value:.2f}"


def facts(card: FilterCard, has_peaks: bool = True) -> list[tuple[str, str]]:
    """What is printed below the examples: (name, number).

    has_peaks: whether it says what the picture reaches; where that is being guessed it does not.
    """
    examples = card.examples
    images = count(examples.count)
    rows = [("best test image reaches", number(card.example_peak))]
    if card.picture_peak is not None:
        rows += [("the picture reaches", number(card.picture_peak) if has_peaks else "?")]
    if card.ratio is not None and has_peaks:
        rows += [("that is", f"{number(card.ratio)} times as much")]
    if examples.minimum is not None:
        rows += [("smallest on the test images", number(float(examples.minimum[0])))]
    is_firing = has_maps(card.layer) and examples.can_be_silent
    above = "of them it fires on" if is_firing else "of them above zero"
    return [
        *rows,
        (f"mean over {images} test images", number(float(examples.mean[0]))),
        (above, count(int(examples.fires[0]))),
    ]


def on_how_many(layer: str, filter: int, images: int) -> str:
    """
    >>> on_how_many("conv2d_2", 41, 500), on_how_many("dense_1", 3, 500)
    ('On how many of 500 test images does filter 41 fire?', 'On how many of 500 test images does unit 3 fire?')
    """
    what = "filter" if has_maps(layer) else "unit"
    return f"On how many of {count(images)} test images does {what} {filter} fire?"


def why_it_fires(is_of_maps: bool) -> str:
    """What it takes to count as firing."""
    if is_of_maps:
        return "One place of the image where its sum is above zero is enough for a filter to fire."
    return "A unit fires where its one sum, over the whole image, is above zero."


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


def growth_explained(layer: str, step: float, slopes: Sequence[float], others: Sequence[float]) -> str:
    """What happens at each step, and why the gradient is divided by its RMS, in this filter's own numbers.

    step: typical change of a pixel at each step, in units of full contrast.
    slopes: the RMS of this filter's gradient at each step.
    others: the RMS at the first step, of all filters of the layer that are drawn.
    """
    text = (
        f"**What happens at each step.** The network is asked how the {_MEASURE[has_maps(layer)]} would change if each "
        "pixel changed a little: that is the **gradient**, the picture at the right. Then the image takes a step that "
        "way.\n\n**Why the gradient is divided by its RMS.** The RMS, the root of the mean square, is the typical size "
        f"of the gradient. {_own_slopes(layer, slopes)}{_slopes_of_layer(layer, others)} Divided by its RMS, each "
        f"gradient makes a step of the same size: a typical pixel changes by {step:g} of full contrast. A tiny number "
        "is added to the denominator, so that a gradient of zero is not divided by zero."
    )
    return text


def _own_slopes(layer: str, slopes: Sequence[float]) -> str:
    if not any(slopes):
        return f"For this {word(layer)} it is exactly zero at every step, so the picture cannot change."
    if len(slopes) == 1:
        return f"For this {word(layer)} it is {short(slopes[0])}."
    return f"For this {word(layer)} it is {short(slopes[0])} at the first step and {short(slopes[-1])} at the last."


def _slopes_of_layer(layer: str, others: Sequence[float]) -> str:
    """Why one length of step does not suit all: where the filters of a layer differ at least by a factor of two."""
    rising = [slope for slope in others if slope > 0]
    if len(rising) < 2:
        return ""
    low, high = min(rising), max(rising)
    text = (
        f" Among the {word(layer)}s of {layer} it goes from {short(low)} to {short(high)} at the first step"
    )
    if high < 2 * low:
        return f"{text}."
    times = number(high / low, 1) if high < 9.95 * low else count(round(high / low))
    return (
        f"{text}, {times} times as much. Without the division, one step size would be too small for some of them and "
        "too large for others."
    )
