"""The sentences of the Convolution page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnn_core.model.layer_files import kind_named
from pages.ui.wording.numbers import big, count, number, percent

if TYPE_CHECKING:
    from cnn_core.lesson import PoolingSaving, Sweep

# ---------------------------------------------------------------- one kernel


def asks_every_place(swept: Sweep) -> str:
    """What the kernel does, and how many multiply-adds that is."""
    each = swept.kernel.numel()
    return (
        f"It asks every place the same question, “does it look like me here?” "
        f"**{count(swept.count)} places**, {each} products each: {count(each * swept.count)} multiply-adds."
    )


def size_lines(swept: Sweep, padding: str) -> list[str]:
    """The formula of the output's size with the numbers put in, for the height and, where it differs, the width."""
    size = swept.kernel.shape[-1]
    span = swept.dilation * (size - 1) + 1
    lines = ["(side + padding − kernel) / strides + 1"]
    if swept.dilation > 1:
        lines.append(f"kernel: {size} cells spread over {swept.dilation} × ({size} − 1) + 1 = {span} pixels")
    lines += [_size_line(*side, span, swept.stride) for side in sorted(set(_sides(swept)))]
    if padding == "same":
        lines.append(f"“same” adds just enough for {swept.image.shape[1]} / {swept.stride}, rounded up.")
    return lines


def _sides(swept: Sweep) -> list[tuple[int, int, int]]:
    # (side of the image, pixels added to it, side of the output), for the height and the width
    _, height, width = swept.image.shape
    left, right, top, bottom = swept.padding
    rows, columns = swept.output.shape
    return [(height, top + bottom, rows), (width, left + right, columns)]


def _size_line(side: int, padding: int, result: int, span: int, stride: int) -> str:
    down = ", rounded down" if (side + padding - span) % stride else ""
    return f"({side} + {padding} − {span}) / {stride} + 1 = {result}{down}"


def what_a_sweep_shows(relu: bool) -> str:
    """What the frame and the colours mean, and what to try."""
    bright = (
        "black is zero or less, pale yellow the largest sum" if relu else "orange is above zero, blue below"
    )
    return (
        f"The teal frame is where the kernel lies, and the pixel it makes. In the output {bright}. "
        "Point at a pixel of the output, or press Play; change a weight in the grid and see all of it change."
    )


# ---------------------------------------------------------------- pooling

POOLS_NOTHING = "This network pools nothing. Choose the lesson’s convnet in the sidebar."
SMALL_SHIFTS = (
    "**Small shifts forgotten.** A stroke that moves by a pixel often stays in the same window of 2×2: "
    "nudge the digit and read the bars."
)
SOFTER = "It keeps a little of every value: softer, and a single bright pixel becomes a quarter as bright."


def nudge_text(pixels: int) -> str:
    """How far the digit is moved, as the slider says it.

    >>> nudge_text(0), nudge_text(-2)
    ('not nudged', 'nudged 2 px to the left')
    """
    if pixels == 0:
        return "not nudged"
    return f"nudged {abs(pixels)} px to the {'right' if pixels > 0 else 'left'}"


def fewer_numbers(kind: str, before: int, after: int) -> str:
    """What pooling does to the numbers of one map.  kind: "max" or "average"."""
    return (
        f"Of every four numbers it {'keeps' if kind == 'max' else 'makes'} one: "
        f"**{count(before)}** become **{count(after)}**. "
        "Where exactly the edge was is forgotten; that there was one is not."
    )


def kept_by_maximum(values: int, of: int, brightness: float) -> str:
    """How many of a map's values the maximum keeps, and what part of the brightness, a fraction, they are."""
    return f"It keeps {count(values)} of {count(of)} values, {percent(brightness)} of the brightness."


def one_scale(note: str, top: float) -> str:
    """A note on the two pictures of a map, which share a scale from 0 to `top`."""
    return f"{note} Both pictures have one scale, 0 to {number(top, 1)}."


def nudge_heading(pixels: int) -> str:
    """The heading of the bars."""
    return f"**The digit nudged by {abs(pixels)} px** :gray[how much each layer’s maps change, 0 none, 1 all]"


def forgets_a_little(changes: Sequence[tuple[str, float]]) -> str:
    """What the bars say.  changes: (layer, how much it changes); the image first, among the rest a pooling layer."""
    first_pooling = next(value for name, value in changes[1:] if kind_named(name).pooling_rule)
    return (
        f"The pixels themselves change by {number(changes[0][1])}, the last map by {number(changes[-1][1])}; "
        f"after the first pooling it is {number(first_pooling)}. Pooling does not make a net blind to shifts: "
        "each layer forgets a little."
    )


def less_to_compute(saving: PoolingSaving, pooling: str) -> str:
    """The first reason to pool.  pooling: the layer's name."""
    return (
        f"**Less to compute.** {saving.convolution} needs {big(saving.macs)} multiply-adds; "
        f"without {pooling} it would need {big(saving.macs_without)}."
    )


def wider_view(saving: PoolingSaving) -> str:
    """The second reason to pool."""
    field, kernel = saving.receptive_field, saving.kernel_size
    return (
        f"**A wider view.** One value of {saving.convolution} sees {field}×{field} pixels "
        f"of the digit with {kernel}×{kernel} weights."
    )


# ---------------------------------------------------------------- the cat

EDGES_FIRST = (
    "Edges first, then parts, then wholes: each layer is made of **the one before it**, "
    "and nobody drew a cat."
)
STORY = {
    "edges": "Early: where brightness changes, and in which direction.",
    "parts": "In the middle: several edges at once make an eye, an ear, a nose.",
    "wholes": "Late: parts in the right places make a face.",
}
CLICK_A_MAP = (
    "Click a map. EfficientNet-Lite0 learnt these from a million photos; shown are the maps that differ most "
    "from place to place, each from 0 to its own maximum."
)

# ---------------------------------------------------------------- questions


def score_text(right: int, answers: int) -> str:
    """How many questions were answered rightly at the first try.

    >>> score_text(2, 3)
    '**2 of 3** right at the first try.'
    """
    if not answers:
        return "Five kinds of questions, with new numbers each time."
    return f"**{right} of {answers}** right at the first try."
