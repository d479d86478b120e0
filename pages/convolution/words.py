"""The sentences of the Convolution page."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from cnn_core.model.layer_files import kind_named
from pages.ui.wording.numbers import big, count, number, percent, plural
from pages.ui.wording.screen_summary import summary

if TYPE_CHECKING:
    from cnn_core.lesson import PoolingSaving, Sweep

# ---------------------------------------------------------------- one kernel


def asks_every_place(swept: Sweep) -> str:
    """What the kernel does, and how many multiply-adds that is."""
    each = swept.kernel.numel()
    return (
        f"The kernel asks every place the same question: “does it look like me here?” "
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
        lines.append(
            f"With “same” a side of the output is {swept.image.shape[1]} / {swept.stride}, rounded up."
        )
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
    """What the frame and the colours mean, how places are counted, and what to try."""
    bright = (
        "relu has turned every sum below zero into 0. Black is 0, pale yellow the largest sum"
        if relu
        else "orange is above zero, blue below"
    )
    return (
        f"The teal frame is where the kernel lies, and the pixel it makes. In the output {bright}. "
        "Point at a pixel of the output, or press Play. Change a weight in the grid, and the whole output changes. "
        "Rows and columns count from 0, as in Python; R counts from 1."
    )


def why_padding(swept: Sweep, padding: str, corner: int, middle: int) -> str:
    """What padding does here, and what would be otherwise.

    corner, middle: how many windows look at the pixel in the corner, and at the one that most look at.
    """
    (height, _, rows), (width, _, columns) = _sides(swept)
    seen = f"The pixel in the top left corner lies in {plural(corner, 'window')}, a pixel in the middle in {middle}"
    if padding != "same":
        becomes = f"the output has {rows}×{columns} numbers, the image {height}×{width}"
        return f"**Why padding?** {seen}. And {becomes}. With “same”, zeros are added around the image."
    if not any(swept.padding):
        return f"**Why padding?** “same” would add zeros around the image; here it needs none. {seen}."
    kept = (
        f"The output is as large as the image, {rows}×{columns}"
        if swept.stride == 1
        else f"The output has {rows}×{columns} numbers"
    )
    return f"**Why padding?** The hatched cells are zeros. {kept}. {seen}.{_uneven(swept)}"


def _uneven(swept: Sweep) -> str:
    """Why one side gets more zeros than the other; nothing where all sides get the same."""
    left, right, top, bottom = swept.padding
    if (left, top) == (right, bottom):
        return ""
    side, added, result = _sides(swept)[1] if left != right else _sides(swept)[0]
    size = swept.kernel.shape[-1]
    span = swept.dilation * (size - 1) + 1
    where = (
        "only on the right and below"
        if not left and not top
        else "one more on the right and below than on the left and above"
    )
    return (
        f" The zeros are {where}: {result} places need ({result} − 1) × {swept.stride} + {span} = {side + added} "
        f"cells in a row, {added} more than {side}. TensorFlow halves these; an odd one goes to the right or "
        "below."
    )


def why_strides(swept: Sweep, with_strides_one: int) -> str:
    """What strides save and cost.  with_strides_one: how many numbers the output would have with strides of 1."""
    if swept.stride == 1:
        return (
            "**Why strides?** With strides 2 the kernel would skip every second place: about a quarter of these "
            f"{count(swept.count)} numbers would be left, and less work for the layers after it."
        )
    return (
        f"**Why strides?** The kernel moves {swept.stride} pixels at a time: {count(swept.count)} numbers instead of "
        f"{count(with_strides_one)}, so there is less to compute. The price: where something is in the image is known "
        f"less exactly, to {swept.stride} pixels."
    )


def summary_of_sweep(swept: Sweep, kernel: str, title: str, padding: str, relu: bool) -> str:
    """The summary of the tab with one kernel.  kernel: its name.  title: of the image."""
    (height, _, rows), (width, _, columns) = _sides(swept)
    size = swept.kernel.shape[-1]
    return summary(
        f"Here a kernel of {size}×{size} numbers, {kernel}, is laid on an image, {title}, of {height}×{width} pixels.",
        f"Padding is {padding}, strides are {swept.stride}, and the output has {rows}×{columns} numbers.",
        "relu turns every sum below zero into 0." if relu else "",
        asks_every_place(swept),
        "Try: press Play, or move through the output with the arrow keys; the sum of each place is said. Or type "
        "another number into a cell of the kernel.",
    )


# ---------------------------------------------------------------- pooling

POOLS_NOTHING = (
    "This network has no layer that pools small windows, so it pools nothing here. "
    "Choose the lesson’s convnet in the sidebar."
)
OTHER_IMAGES = "Your network looks at other images than this digit, so the lesson’s convnet stands in here."
SMALL_SHIFTS = (
    "**Small shifts forgotten.** A stroke that moves by one pixel stays in the same window of 2×2 in half of the "
    "cases. Move the digit and read the bars."
)
POOLED_BY = {"max": "maximum", "average": "average"}
SOFTER = "It mixes the four values of each window: a single bright pixel becomes a quarter as bright."


def nudge_text(pixels: int) -> str:
    """How far the digit is moved.

    >>> nudge_text(0), nudge_text(-2)
    ('not moved', 'moved 2 pixels to the left')
    """
    if pixels == 0:
        return "not moved"
    return f"moved {plural(abs(pixels), 'pixel')} to the {'right' if pixels > 0 else 'left'}"


def fewer_numbers(kind: str, before: int, after: int) -> str:
    """What pooling does to the numbers of one map.  kind: "max" or "average"."""
    left_over = "" if before == 4 * after else " A last row or column that fills no window is left out."
    return (
        f"Of every four numbers it {'keeps' if kind == 'max' else 'makes'} one: "
        f"**{count(before)}** become **{count(after)}**.{left_over} "
        "Pooling keeps that there was something, and forgets where exactly in its window it was."
    )


def kept_by_maximum(values: int, of: int, brightness: float | None) -> str:
    """How many of a map's values the maximum keeps.

    brightness: what part of the sum they are, a fraction; None of a map with values below zero.
    """
    share = "" if brightness is None else f", {percent(brightness)} of the brightness"
    return f"It keeps {count(values)} of {count(of)} values{share}."


def one_scale(note: str, top: float, below_zero: bool = False) -> str:
    """A note on the two pictures of a map, which share a scale from 0 to `top`."""
    dark = " Values below zero are black too." if below_zero else ""
    return f"{note} Both pictures have one scale, 0 to {number(top, 1)}.{dark}"


def summary_of_pooling(name: str, kind: str, sizes: tuple[int, int], pixels: int, forgets: str) -> str:
    """The summary of the tab about pooling.

    name:    of the map that is pooled.
    kind:    "max" or "average".
    sizes:   how many numbers the map has before and after.
    pixels:  how far the digit is moved.
    forgets: as `what_pooling_forgets` says it.
    """
    return summary(
        f"Here one map of the network, {name}, is pooled in windows of 2×2, by their {POOLED_BY[kind]}.",
        fewer_numbers(kind, *sizes),
        f"Below it the digit is {nudge_text(pixels)}.",
        forgets,
        "Try: move the digit by a pixel, or take the other kind of pooling.",
    )


def nudge_heading(pixels: int) -> str:
    """The heading of the bars."""
    return f"**The digit, {nudge_text(pixels)}** :gray[how much each layer’s maps change, 0 none, 1 all]"


BARS = "how much the maps of each layer change"


def how_much_do_they_change(right: int, pixels: str, layer: str) -> str:
    """
    >>> how_much_do_they_change(1, "0.58", "conv2d_3")[:66]
    'The digit moves 1 pixel to the right: its pixels change by 0.58, f'
    """
    way = "right" if right > 0 else "left"
    return (
        f"The digit moves {plural(abs(right), 'pixel')} to the {way}: its pixels change by {pixels}, from 0 (not at "
        f"all) to 1 (wholly). By how much do the maps of {layer} change?"
    )


def how_much_they_change(pixels: str, layer: str, measured: str) -> str:
    """
    >>> how_much_they_change("0.58", "conv2d_3", "0.27")
    'The pixels change by **0.58**, the maps of conv2d_3 by **0.27**.'
    """
    return f"The pixels change by **{pixels}**, the maps of {layer} by **{measured}**."


def what_pooling_forgets(changes: Sequence[tuple[str, float]]) -> str:
    """What the bars say, and no more.  changes: (layer, how much it changes); the image first."""
    if not any(value for _, value in changes):
        return "Nothing was moved, so nothing changes. Move the digit by a pixel."
    # As the bars are written: what differs by less than a hundredth does not differ here.
    steps = [(name, round(before, 2), round(after, 2)) for (_, before), (name, after) in pairwise(changes)]
    pooling = [step for step in steps if kind_named(step[0]).pooling_rule]
    others = [step for step in steps if step not in pooling]
    said = [_moves("falls", [step for step in pooling if step[2] < step[1]])]
    said.append(_moves("does not fall", [step for step in pooling if step[2] >= step[1]]))
    if all(after < before for _, before, after in pooling):
        said.append("Pooling forgets a part of the shift.")
    said.append(_moves("rises", [step for step in others if step[2] > step[1]]))
    said.append(_moves("also falls", [step for step in others if step[2] < step[1]]))
    pixels, last = number(changes[0][1]), number(changes[-1][1])
    said.append(f"The pixels themselves change by {pixels}, the last maps by {last}.")
    return " ".join(line for line in said if line)


def _moves(verb: str, steps: Sequence[tuple[str, float, float]]) -> str:
    if not steps:
        return ""
    places = ", ".join(f"{name} ({number(before)} to {number(after)})" for name, before, after in steps)
    return f"The change {verb} at {places}."


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
        f"of the digit, though its kernel is only {kernel}×{kernel}."
    )


def left_over(rows: int, columns: int) -> str:
    """What no answer of the network depends on: so many last rows and columns of an image; "" where there are none.

    >>> left_over(2, 1).split(":")[0]
    '**Something is left.** The last 2 rows and the last column of an image never change the answer of this network'
    """
    lines = [
        "the last " + (one if number == 1 else f"{number} {one}s")
        for number, one in ((rows, "row"), (columns, "column"))
        if number
    ]
    if not lines:
        return ""
    them = " and ".join(lines)
    change = "changes" if rows + columns == 1 else "change"
    return (
        f"**Something is left.** {them[0].upper()}{them[1:]} of an image never {change} the answer of this network: "
        "a window that moves by several places drops what is too little for one more step."
    )


# ---------------------------------------------------------------- the cat

EDGES_FIRST = (
    "Edges first, then parts, then wholes: each layer combines what **the one before it** found. "
    "Nobody drew an eye or an ear for the network."
)
STORY = {
    "edges": "Early: where brightness changes, and in which direction.",
    "parts": "In the middle: several edges at once make an eye, an ear, a nose.",
    "wholes": "Late: parts in the right places make a face.",
}
# Of any photo: what is in it, we do not know.
STORY_OF_ANY = {
    "edges": STORY["edges"],
    "parts": "In the middle: several edges at once make a texture, or a part of something.",
    "wholes": "Late: parts that often come together.",
}
CAT_ALT = "A photo of a tabby cat’s face"
WHAT_IS_IT = "What would the network call it?"


def maps_alt(is_cat: bool, story: str) -> str:
    """
    >>> maps_alt(False, "Late: parts.")
    'The strongest maps of your photo: Late: parts.'
    """
    return f"The strongest maps of {'the cat' if is_cat else 'your photo'}: {story}"


def summary_of_cat(is_cat: bool, depth: str, place: int) -> str:
    """The summary of the tab about the cat.  depth, place: of the map that lights up, counted from 0."""
    return summary(
        "Here are maps of a network for photos, at three depths:",
        *(STORY if is_cat else STORY_OF_ANY).values(),
        f"The photo is {'of a cat' if is_cat else 'yours'}. Beside it, it is bright where a map is: no. {place + 1} of "
        f"“{depth}”.",
        "Try: choose another map with the arrow keys and press Enter, or take a photo of your own.",
    )


CLICK_A_MAP = (
    "Click a map. EfficientNet-Lite0 learnt these from a million photos; shown are the maps that differ most "
    "from place to place, each from 0 to its own maximum."
)

# ---------------------------------------------------------------- questions


def summary_of_questions(question: str, right: int, answers: int) -> str:
    """The summary of the tab with questions."""
    return summary(
        "Here you are asked, one question at a time, with fresh numbers.",
        score_text(right, answers),
        f"The question now: {question}",
        "Try: type a whole number and press Enter.",
    )


def score_text(right: int, answers: int) -> str:
    """How many questions were answered rightly at the first try.

    >>> score_text(2, 3)
    '**2 of 3** right at the first try.'
    """
    if not answers:
        return "Five kinds of questions, with new numbers each time."
    return f"**{right} of {answers}** right at the first try."
