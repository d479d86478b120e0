"""The sentences of the Feature maps page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnn_core.data.sources import dataset_of
from pages.ui.forms.digit_input import article
from pages.ui.wording.blocks import plain
from pages.ui.wording.numbers import count, number, plural, probability, signed

if TYPE_CHECKING:
    from cnn_core.insight import PixelSum

HOW_SURE = "## How sure is it?"
WHERE_FROM = "## Where does this pixel come from?"
ONE_NUMBER = "One number comes in, one goes out."
BELOW, KERNEL, PRODUCTS = "below", "× kernel", "= products"

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
        return f"Noise, as far as anyone can tell: this network has not been trained. The {answers}."
    wrong = "" if truth is None else f", and is wrong: it is {article(truth)}"
    return f"{story} The {answers}{wrong}."


def story(convolutions: int, dataset: str) -> str:
    """What happens to the picture on its way through the layers, as far as the network has such layers.

    >>> story(0, "mnist"), story(1, "fashion_mnist")
    ('All pixels at once, and no maps on the way.', 'Edges, asked for once everywhere.')
    """
    first = "Strokes" if dataset_of(dataset).of_strokes else "Edges"
    if convolutions > 2:
        return f"{first} first, then corners, then parts: fewer pixels, more questions."
    if convolutions == 2:
        return f"{first} first, then what they form: fewer pixels, more questions."
    return (
        f"{first}, asked for once everywhere."
        if convolutions
        else "All pixels at once, and no maps on the way."
    )


def nothing_given(singular: str) -> str:
    """
    >>> nothing_given("digit")
    'Give it a digit, and the network answers.'
    """
    return f"Give it a {singular}, and the network answers."


def read_as(name: str, chance: float) -> str:
    """Two short lines beside the first sheet; the number stays beside its sign."""
    sure = probability(chance).replace(" %", "\u00a0%")
    return f"read as  \n**{name}** :gray[{sure}]"


def beside(title: str) -> str:
    return f"**Beside it: {title}**"


# ---------------------------------------------------------------- the sheets


def sheet_facts(shape: tuple[int, ...], low: float, high: float, dark: int, silent: int) -> list[str]:
    """What stands behind a layer's name; an empty text where there is nothing to say.

    shape: (maps, height, width).
    low, high: the smallest and the largest number of all of them.
    dark: maps without anything above zero.
    silent: others, whose filter never fires.

    >>> sheet_facts((64, 11, 11), 0.0, 2.23, 5, 0)
    ['64 maps of 11×11', '0 to 2.2', '5 dark', '']
    """
    channels, height, width = shape
    return [
        f"{plural(channels, 'map')} of {height}×{width}",
        f"{number(low, 1 if low else 0)} to {number(high, 1)}",
        f"{count(dark)} dark" if dark else "",
        f"{count(silent)} never fire" if silent else "",
    ]


def sheet_alt(layer: str, channels: int) -> str:
    return f"{plural(channels, 'feature map')} of {layer}"


def tile_label(channel: int, low: float, high: float) -> str:
    """
    >>> tile_label(41, 0, 2.17)
    'map 41, 0.00 to 2.17'
    """
    return f"map {channel}, {number(low)} to {number(high)}"


def legend(layers: Sequence[np.ndarray], singular: str, watched: int) -> str:
    """What the colours and the marks of the sheets mean, of those that can be seen.

    layers: the maps (C, H, W) of each sheet.
    watched: test images among which filters that never fire were looked for.
    """
    is_signed = any(values.min() < 0 for values in layers)
    black = "" if all(values.min() < 0 for values in layers) else "black is zero, pale yellow the maximum"
    colours = "orange is above zero, blue below, white is zero" if is_signed else ""
    if is_signed and black:
        colours = f"where a map goes below zero, {colours}"
    return (
        f"One tile is one filter’s map of this {singular}: {'; '.join(filter(None, [black, colours]))}. "
        f"0: dark for this {singular}. Dashed: never fires on {count(watched)} test images."
    )


# ---------------------------------------------------------------- one pixel


def no_such_pixel(text: str) -> str:
    """
    >>> no_such_pixel("conv3d.0.0.0")
    'This network has no such pixel (conv3d.0.0.0). You are looking at its strongest one.'
    """
    return f"This network has no such pixel ({plain(text[:40])}). You are looking at its strongest one."


def pixel_place(layer: str, channel: int, row: int, column: int) -> str:
    """
    >>> pixel_place("conv2d_2", 5, 7, 3)
    'conv2d_2, map 5, row 7, column 3. Click any map, then any pixel.'
    """
    return f"{layer}, map {channel}, row {row}, column {column}. Click any map, then any pixel."


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


def pooled(channel: int, height: int, width: int, rule: str) -> str:
    """
    >>> pooled(3, 2, 2, "Each counts the same.")
    'Map 3 below, 2×2 of its pixels. Each counts the same.'
    """
    return f"Map {channel} below, {height}×{width} of its pixels. {rule}"


def comes_out(value: float) -> str:
    """
    >>> comes_out(1.5)
    '**1.50** comes out.'
    """
    return f"**{number(value)}** comes out."


def inputs(pixel: PixelSum) -> dict[int, str]:
    """{channel below: what it is called in the list}, the heaviest first."""
    if pixel.reads_image and pixel.patch.shape[0] == 1:
        return {pixel.contributions[0].channel: "the image below"}
    return {part.channel: f"map {part.channel} below: {signed(part.total)}" for part in pixel.contributions}


def products(cells: int, total: float, padding: int) -> str:
    """
    >>> products(9, 0.47, 3)
    'These 9 products add up to **0.47**. 3 cells lie on padding and count as 0.'
    """
    edge = f" {plural(padding, 'cell lies', 'cells lie')} on padding and count as 0." if padding else ""
    return f"These {cells} products add up to **{number(total)}**.{edge}"


def terms(pixel: PixelSum, most: int = 4) -> list[tuple[str, float]]:
    """The parts of the sum, each with its name: the heaviest `most`, the rest together, the bias."""
    parts, is_image = pixel.contributions, pixel.reads_image and pixel.patch.shape[0] == 1
    rows = [("the image" if is_image else f"map {part.channel}", part.total) for part in parts[:most]]
    if rest := parts[most:]:
        rows.append((plural(len(rest), "other map"), sum(part.total for part in rest)))
    return [*rows, ("bias", pixel.bias)]


def has_activation(pixel: PixelSum) -> bool:
    return pixel.activation not in ("linear", "softmax")


def last_bar(pixel: PixelSum) -> str:
    """What the last bar of the sum is called: "sum, relu"."""
    return f"sum, {pixel.activation}" if has_activation(pixel) else "sum"


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
    """What the ten probabilities are made of, with this image's own numbers.

    logits: (classes,).
    """
    best, second = (int(i) for i in np.argsort(logits)[::-1][:2])
    lead = float(logits[best] - logits[second])
    times = count(round(float(np.exp(min(lead, 20)))))
    return (
        f"The last layer gives one number a class, of any size: {number(float(logits[best]), 1)} for "
        f"**{classes[best]}**, {number(float(logits[second]), 1)} for {classes[second]}. **Softmax** makes "
        "probabilities of them: e to the power of each, divided by the sum of all. So a lead of "
        f"{number(lead, 1)} means e to the {number(lead, 1)}, {times} times as likely. It never says 0 or 1, "
        "and it is often surer than it should be."
    )


# ---------------------------------------------------------------- why this answer

WHY = "Why this answer? Four ways to ask which pixels count"


@dataclass(frozen=True)
class Method:
    """One way to ask which pixels count.

    scale: its colours.
    says, cannot: what it shows, a sentence; and what it does not, the rest of a sentence after "But:".
    """

    title: str
    scale: str
    says: str
    cannot: str


METHODS: dict[str, Method] = {
    "saliency": Method(
        "Saliency",
        "activation",
        "Where a tiny change of a pixel would change the score most.",
        "it is a slope at one point: a pixel that matters a lot can be flat there, and noise looks important.",
    ),
    "integrated_gradients": Method(
        "Integrated gradients",
        "signed",
        "Orange pixels raise the score above that of an empty picture, blue ones lower it; together they add up to it.",
        "“Empty” means black here. Black pixels are the baseline, so they can never count, even where a gap matters.",
    ),
    "occlusion": Method(
        "Occlusion",
        "signed",
        "How much the score falls (orange) when a 4×4 patch is painted black.",
        "only patches alone: where two strokes could stand in for each other, neither seems to matter.",
    ),
    "grad_cam": Method(
        "Grad-CAM",
        "activation",
        "Which region the maps of one layer speak for the answer.",
        "it is as coarse as those maps, and shows only what speaks for the class, never what speaks against it.",
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


def method_facts(low: float, high: float, layer: str | None, error: float | None) -> str:
    """
    layer: whose maps were asked, of Grad-CAM.
    error: by how much the picture's sum misses the score, where it should add up to it.

    >>> method_facts(-0.1, 1.3, None, 0.0021)
    '−0.10 to 1.3 · adds up to the score but for 0.0021'
    """
    at = f" · at {layer}" if layer else ""
    off = "" if error is None else f" · adds up to the score but for {short(error)}"
    return f"{short(low)} to {short(high)}{at}{off}"


def method_says(method: Method) -> str:
    return f"{method.says} **But:** {method.cannot}"


def short(value: float) -> str:
    """A number in two figures, however small it is: the scores of an untrained net differ by thousandths.

    >>> short(1.3412), short(-0.00213), short(0.0), short(3.2e-7), short(12.6)
    ('1.3', '−0.0021', '0', '0.00000032', '13')
    """
    if value == 0 or not math.isfinite(value):
        return "0"
    return number(value, max(0, min(8, 1 - math.floor(math.log10(abs(value))))))
