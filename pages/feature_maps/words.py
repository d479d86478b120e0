"""The sentences of the Feature maps page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pages.feature_maps.image_words import in_sum, is_in_colour, named, on_padding
from pages.ui.forms.digit_input import article
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural, probability, short, signed
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.insight import PixelSum

HOW_SURE = "## How sure is it?"
WHERE_FROM = "## Where does this pixel come from?"
ONE_NUMBER = "One number comes in, one goes out."

# ---------------------------------------------------------------- the answer


def verdict(
    name: str, chance: float, *, is_trained: bool, is_test_image: bool, truth: str | None, story: str
) -> str:
    """The answer in one line.

    name: the class it answers.
    chance: its probability.
    is_test_image: else it is drawn or sent, and nobody knows what it is.
    truth: the class it is, where the answer is wrong.
    story: what happens on the way, from `story`.

    >>> verdict("7", 0.98, is_trained=False, is_test_image=False, truth=None, story="")
    'Untrained: the network answers **7**, 98 % sure.'
    """
    answers = f"network answers **{name}**, {probability(chance)} sure"
    if not is_test_image:  # no longer than one line: the pad must not move under the pen
        return f"The {answers}." if is_trained else f"Untrained: the {answers}."
    if not is_trained:
        return f"This network has not been trained, so its answer is a guess. The {answers}."
    wrong = "" if truth is None else f", and is wrong: it is {article(truth)}"
    return f"{story} The {answers}{wrong}."


def story(layers: Sequence[tuple[int, int, int]], singular: str) -> str:
    """What the picture goes through on its way, in the network's own numbers.

    layers: (maps, height, width) of each convolution, in order.
    singular: what one image of the data set is.

    >>> story([], "digit"), story([(8, 26, 26)], "garment")
    ('No layer of filters looks at the digit.', 'One layer of filters: 8 maps of 26×26.')
    >>> story([(32, 26, 26), (64, 11, 11), (64, 3, 3)], "digit")
    '3 layers of filters: 32 maps of 26×26, then 64 of 11×11, then 64 of 3×3.'
    """
    if not layers:
        return f"No layer of filters looks at the {singular}."
    (maps, height, width), *others = layers
    first = f"{plural(maps, 'map')} of {height}×{width}"
    if not others:
        return f"One layer of filters: {first}."
    sizes = [f"{count(maps)} of {height}×{width}" for maps, height, width in others]
    if len(others) > 3:
        return f"{count(len(layers))} layers of filters, from {first} to {sizes[-1]}."
    return f"{count(len(layers))} layers of filters: {', then '.join([first, *sizes])}."


def nothing_given(singular: str) -> str:
    """
    >>> nothing_given("digit")
    'Give it a digit, and the network answers.'
    """
    return f"Give it a {singular}, and the network answers."


def summary_of_maps(
    title: str, image: str, answer: str, pixel: tuple[str, int, int, int] | None, value: float
) -> str:
    """The summary of the page.

    title:  of the network.
    image:  what is looked at.
    answer: the page's first line.
    pixel:  (layer, map, row, column) of the number that is taken apart, and `value` is that; None without maps.
    """
    return summary(
        f"Here is what each layer of a network, {plain(title)}, makes of an image: {image}.",
        answer,
        ""
        if pixel is None
        else f"One number is taken apart: {number(value)}, at {pixel[0]}, map {pixel[1]}, row {pixel[2]}, column "
        f"{pixel[3]}, all counted from 0.",
        "Try: choose a network with convolutions in the sidebar."
        if pixel is None
        else "Try: choose another map with the arrow keys and press Enter; then another pixel of it.",
    )


def read_as(name: str, chance: float) -> str:
    """Two short lines beside the first sheet; the number stays beside its sign."""
    sure = probability(chance).replace(" %", "\u00a0%")
    return f"read as  \n**{name}** :gray[{sure}]"


def beside(title: str) -> str:
    return f"**Beside it: {title}**"


# ---------------------------------------------------------------- the sheets


def sheet_facts(
    shape: tuple[int, ...], low: float, high: float, *, dark: int = 0, silent: int = 0, unchanging: int = 0
) -> list[str]:
    """What stands behind a layer's name; an empty text where there is nothing to say.

    shape: (maps, height, width).
    low, high: the smallest and the largest number of all of them.
    dark: maps that are zero everywhere.
    silent: others, whose filter never fires.
    unchanging: maps that are the same number for every image, of a layer that cannot be silent.

    >>> sheet_facts((64, 11, 11), 0.0, 2.23, dark=5), sheet_facts((1, 3, 3), -0.98, -0.1, unchanging=1)
    (['64 maps of 11×11', '0 to 2.2', '5 dark', '', ''], ['1 map of 3×3', '−1.0 to −0.1', '', '', '1 hardly changes'])
    """
    channels, height, width = shape
    return [
        f"{plural(channels, 'map')} of {height}×{width}",
        f"{number(low, 1 if low else 0)} to {number(high, 1)}",
        f"{count(dark)} dark" if dark else "",
        f"{count(silent)} never {'fires' if silent == 1 else 'fire'}" if silent else "",
        f"{count(unchanging)} hardly {'changes' if unchanging == 1 else 'change'}" if unchanging else "",
    ]


def sheet_alt(layer: str, channels: int) -> str:
    return f"{plural(channels, 'feature map')} of {layer}"


def tile_label(
    channel: int,
    low: float,
    high: float,
    overall: tuple[float, ...] | None = None,
    is_unchanging: bool = False,
) -> str:
    """A map and its range for this image.

    overall: its range on the test images, where zero is a number like others (tanh, elu, linear, …).
    is_unchanging: it is the same number on all of them.

    >>> tile_label(41, 0, 2.17), tile_label(3, -0.9, -0.2, (-0.95, -0.1))
    ('map 41, 0.00 to 2.17', 'map 3, −0.90 to −0.20; −0.95 to −0.10 on the test images')
    >>> tile_label(3, -0.9, -0.9, (-0.9, -0.9), True)
    'map 3, −0.90 to −0.90; hardly changes on the test images: range 0'
    """
    here = f"map {channel}, {number(low)} to {number(high)}"
    if overall is None:
        return here
    if is_unchanging:
        return f"{here}; hardly changes on the test images: range {short(overall[1] - overall[0])}"
    return f"{here}; {number(overall[0])} to {number(overall[1])} on the test images"


def legend(
    layers: Sequence[np.ndarray],
    singular: str,
    watched: int,
    *,
    any_silent: bool = True,
    all_silent: bool = True,
) -> str:
    """What the colours and the marks of the sheets mean, of those that can be seen.

    layers: the maps (C, H, W) of each sheet.
    watched: test images among which filters that never fire were looked for; 0 where there are none.
    any_silent, all_silent: whether some or all of the layers can be silent (relu, or a pooling after one).
    """
    is_signed = any(values.min() < 0 for values in layers)
    black = "" if all(values.min() < 0 for values in layers) else "black is zero, pale yellow the maximum"
    colours = "orange is above zero, blue below, white is zero" if is_signed else ""
    if is_signed and black:
        colours = f"where a map goes below zero, {colours}"
    text = f"One tile is one map of this {singular}: {'; '.join(filter(None, [black, colours]))}."
    if any_silent:
        text += f" 0: dark for this {singular}."
        text += f" Dashed: never fires on {count(watched)} test images." if watched else ""
    if not all_silent:
        text += (
            " After tanh, sigmoid, elu and others like them, and without an activation, no map is silent: a number "
            "below zero counts like one above. Point at a map to see its range."
        )
    return text


# ---------------------------------------------------------------- one pixel


def no_such_pixel(text: str) -> str:
    """
    >>> no_such_pixel("conv3d.0.0.0")
    'This network has no such pixel (conv3d.0.0.0). You are looking at the strongest one of a layer.'
    """
    return f"This network has no such pixel ({plain(text[:40])}). You are looking at the strongest one of a layer."


def pixel_place(layer: str, channel: int, row: int, column: int) -> str:
    """
    >>> pixel_place("conv2d_2", 5, 7, 3)
    'conv2d_2, map 5, row 7, column 3, all counted from 0. Click any map, then any pixel.'
    """
    return f"{layer}, map {channel}, row {row}, column {column}, all counted from 0. Click any map, then any pixel."


def window(pixel: PixelSum) -> str:
    """How much of the image the number sees: "5×5"."""
    rows, columns = pixel.field
    return f"{rows[1] - rows[0] + 1}×{columns[1] - columns[0] + 1}"


def image_alt(singular: str, size: str) -> str:
    return f"The {singular}, with the {size} pixels that this number sees"


def map_range(channel: int, low: float, high: float) -> str:
    """
    >>> map_range(5, 0, 2.171)
    'map 5, 0.00 to 2.17'
    """
    return f"map {channel}, {number(low)} to {number(high)}"


def map_alt(layer: str, said: str) -> str:
    """
    said: as `map_range` says it.

    >>> map_alt("conv2d_2", "map 5, 0.00 to 2.17")
    'conv2d_2, map 5, 0.00 to 2.17. Choose one of its pixels.'
    """
    return f"{layer}, {said}. Choose one of its pixels."


def pooled(name: str, height: int, width: int, rule: str) -> str:
    """
    name: of what is pooled, from `named`.

    >>> pooled("map 3 below", 2, 2, "Each counts the same.")
    'Map 3 below, 2×2 of its pixels. Each counts the same.'
    """
    return f"{name[0].upper()}{name[1:]}, {height}×{width} of its pixels. {rule}"


def comes_out(value: float) -> str:
    """
    >>> comes_out(1.5)
    '**1.50** comes out.'
    """
    return f"**{number(value)}** comes out."


def inputs(pixel: PixelSum) -> dict[int, str]:
    """{channel below: what it is called in the list}, the heaviest first."""
    if pixel.reads_image and pixel.patch.shape[0] == 1:
        channel = pixel.contributions[0].channel
        return {channel: named(pixel, channel)}
    return {
        part.channel: f"{named(pixel, part.channel)}: {signed(part.total)}" for part in pixel.contributions
    }


def products(cells: int, total: float, padding: int) -> str:
    """
    >>> products(9, 0.47, 3)
    'These 9 products add up to **0.47**. 3 cells lie on padding and count as 0.'
    """
    edge = f" {on_padding(padding)}" if padding else ""
    return f"These {cells} products add up to **{number(total)}**.{edge}"


def terms(pixel: PixelSum, most: int = 4) -> list[tuple[str, float]]:
    """The parts of the sum, each with its name: the heaviest `most`, the rest together, the bias."""
    parts = pixel.contributions
    if is_in_colour(pixel):
        parts = sorted(parts, key=lambda part: part.channel)
    rows = [(in_sum(pixel, part.channel), part.total) for part in parts[:most]]
    if rest := parts[most:]:
        rows.append(
            (
                plural(len(rest), "other channel" if pixel.reads_image else "other map"),
                sum(part.total for part in rest),
            )
        )
    return [*rows, ("bias", pixel.bias)]


def has_activation(pixel: PixelSum) -> bool:
    return pixel.activation not in ("linear", "softmax")


def last_bar(pixel: PixelSum) -> str:
    """What the last bar of the sum is called: "sum, relu"."""
    return f"sum, {pixel.activation}" if has_activation(pixel) else "sum"


def holes(pixel: PixelSum) -> str:
    """Which numbers a dilated kernel takes; "" for one whose numbers are neighbours."""
    if pixel.dilation == 1:
        return ""
    first, last = pixel.below.rows
    side, which = last - first + 1, {2: "second", 3: "third", 4: "fourth"}.get(pixel.dilation)
    every = f"every {which} row and column" if which else f"one row and column in {pixel.dilation}"
    return f"Dilation {pixel.dilation}: the kernel takes {every} of a window of {side}×{side}."


def sum_alt(pixel: PixelSum) -> str:
    return f"The contributions add up to {number(pixel.total)}, and {last_bar(pixel)} gives {number(pixel.value)}"


def activated(total: float, activation: str, value: float) -> str:
    """
    >>> activated(-0.5, "relu", 0.0), activated(0.5, "relu", 0.5)
    ('All together −0.50; relu makes **0.00** of it.', 'All together 0.50; relu leaves it as it is.')
    """
    makes = "leaves it as it is" if abs(value - total) < 1e-6 else f"makes **{number(value)}** of it"
    return f"All together {number(total)}; {activation} {makes}."


# ---------------------------------------------------------------- softmax


def softmax(logits: np.ndarray, classes: tuple[str, ...]) -> str:
    """What the probabilities are made of, with this image's own numbers.

    logits: (classes,), two or more.
    """
    best, second = (int(i) for i in np.argsort(logits)[::-1][:2])
    first, next_one = (round(float(logits[i]), 1) for i in (best, second))
    lead = round(first - next_one, 1)  # of the numbers as they are printed, so that a calculator agrees
    return (
        f"The last layer gives one number per class: {number(first, 1)} for **{classes[best]}**, "
        f"{number(next_one, 1)} for {classes[second]}. **Softmax** makes probabilities of them: e to the power of "
        f"each, divided by the sum of all. So {classes[best]} leads by {number(lead, 1)}, and e to the power of "
        f"{number(lead, 1)} makes it {times(lead)} as likely. Softmax never says exactly 0 or 1, and networks are "
        "often surer than they should be."
    )


def times(lead: float) -> str:
    """e to the power of a lead, in two figures.

    >>> times(15.2), times(2.0), times(0.0), times(7.3), times(25.0)
    ('about 4 million times', 'about 7.4 times', 'just', 'about 1,500 times', 'about 72 billion times')
    """
    if lead < 0.05:
        return "just"
    if lead > 34:  # more than a million times a billion
        return "more than a million billion times"
    value = math.exp(lead)
    value = round(value, 1 - math.floor(math.log10(value)))
    for size, word in ((1e12, "thousand billion"), (1e9, "billion"), (1e6, "million")):
        if value >= size:
            return f"about {f'{value / size:,.1f}'.removesuffix('.0')} {word} times"
    return f"about {value:,.1f} times" if value < 10 else f"about {count(round(value))} times"


# ---------------------------------------------------------------- why this answer

WHY = "Why this answer? Four ways to ask which pixels count"


@dataclass(frozen=True)
class Method:
    """One way to ask which pixels count.

    scale: its colours.
    of_colours: what one pixel's number is, where a pixel has red, green and blue.
    says, cannot: what it shows, a sentence; and what it does not, the rest of a sentence after "But:".
    """

    title: str
    scale: str
    of_colours: str
    says: str
    cannot: str


METHODS: dict[str, Method] = {
    "saliency": Method(
        "Saliency",
        "activation",
        "of red, green and blue the largest",
        "Where a tiny change of a pixel would change the score most.",
        "it looks at tiny changes only. A pixel that matters a lot may show none, and noise can look important.",
    ),
    "integrated_gradients": Method(
        "Integrated gradients",
        "signed",
        "red, green and blue added",
        "How much each pixel adds to the score (orange) or takes from it (blue), compared with an empty picture. All "
        "pixels together should make up the difference of the two scores.",
        "“Empty” means black here. Black pixels are the baseline, so they can never count, even where a gap matters.",
    ),
    "occlusion": Method(
        "Occlusion",
        "signed",
        "red, green and blue covered together",
        "How much the score falls (orange) when a 4×4 patch is painted black.",
        "it covers one patch at a time. Where one part is enough and there are two, neither seems to matter.",
    ),
    "grad_cam": Method(
        "Grad-CAM",
        "activation",
        "",
        "In which regions the maps of the last convolution raise the score of this class.",
        "it is as coarse as those maps, and shows only what raises the score, never what lowers it.",
    ),
}


def why_class(name: str, is_answer: bool) -> str:
    """
    >>> why_class("7", True), why_class("1", False)
    ('Why 7? (its answer)', 'Why 1?')
    """
    return f"Why {name}?" + (" (its answer)" if is_answer else "")


def method_alt(method: Method) -> str:
    return f"{method.title}: how much each pixel counts"


def method_facts(
    low: float,
    high: float,
    layer: str | None,
    error: float | None,
    places: tuple[int, int] | None = None,
    of_colours: str = "",
) -> str:
    """
    of_colours: of a colour image what a pixel's number is.
    layer: whose maps were asked, of Grad-CAM.
    error: by how much the picture's sum misses the difference of the scores that it should add up to.
    places: rows and columns of those maps.

    >>> method_facts(-0.1, 1.3, None, 0.0021), method_facts(0.0, 0.0, "conv2d_3", None, (3, 3))
    ('−0.10 to 1.3 · the sum is off by 0.0021', '0 to 0 · at conv2d_3, 3×3 places · nothing there raises it')
    """
    at = f" · at {layer}" if layer else ""
    if places is not None:
        at += f", {places[0]}×{places[1]} places"
    if layer and high <= 0:
        at += " · nothing there raises it"
    if of_colours:
        at += f" · {of_colours}"
    off = "" if error is None else f" · the sum is off by {short(error)}"
    return f"{short(low)} to {short(high)}{at}{off}"


def method_says(method: Method) -> str:
    return f"{method.says} **But:** {method.cannot}"
