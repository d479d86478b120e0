"""Which of the things that stand out from the paper is the digit, and which strokes belong to it.

Left out are what runs off the photo (a table, a finger), what encloses another thing (a frame, a Sudoku's cell), and
what is much smaller or paler than the digit (specks, a smudge, a printed page number). Rules and constants are our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from cnn_core.data.photo.stroke import stroke_width

SMALLEST = 0.05  # of the photo's longer side: the smallest digit
ALIKE = 0.55  # of the digit's height and darkness: another thing so tall and so dark is a digit, too
_EVERYWHERE = np.ones((3, 3), bool)  # pixels that touch by a corner hang together


@dataclass(frozen=True)
class Thing:
    """What hangs together in the ink.

    labels: its numbers among the labelled things; loose strokes of one digit are several.
    box:    top, left, bottom, right in pixels; the last two exclusive.
    area:   its pixels.
    dark:   its darkness beside the paper, as `Darkness.values`.
    runs_off: whether it touches the photo's border.
    """

    labels: tuple[int, ...]
    box: tuple[int, int, int, int]
    area: int
    dark: float
    runs_off: bool

    @property
    def height(self) -> int:
        return self.box[2] - self.box[0]

    @property
    def width(self) -> int:
        return self.box[3] - self.box[1]

    @property
    def size(self) -> int:
        return max(self.height, self.width)

    @property
    def fill(self) -> float:
        """The share of its box that is ink."""
        return self.area / (self.height * self.width)

    @property
    def is_bar(self) -> bool:
        """Whether it may be a piece of an upright line."""
        return self.width < 0.2 * self.height


@dataclass(frozen=True)
class Findings:
    """The digits of a photo, and what was left out.

    labelled: int (H, W): 0 for paper, else the thing's number.
    digits:   from left to right, line by line.
    main:     the place among them of the one that stands out most.
    left_out: words for what else there was: "edge", "frame", "small", "pale".
    """

    labelled: np.ndarray
    digits: tuple[Thing, ...]
    main: int
    left_out: frozenset[str] = field(default_factory=frozenset)


def find_digits(ink: np.ndarray, dark: np.ndarray, may_run_off: bool = False) -> Findings:
    """Sort what stands out from the paper.

    ink:         bool (H, W).
    dark:        float (H, W), as `Darkness.values`.
    may_run_off: whether a digit may touch the border, as in a frame that was drawn by hand.
    """
    labelled, things = _things(ink, dark)
    left_out: set[str] = set()
    candidates = []
    smallest = min(SMALLEST * max(ink.shape), 0.3 * min(ink.shape))  # the second in a narrow strip
    for thing in things:
        if thing.runs_off and not may_run_off:
            left_out |= {"edge"} if thing.size > 0.5 * smallest else set()
        elif _may_be_digit(thing, smallest, ink.shape):
            candidates.append(thing)
    frames = [thing for thing in candidates if _encloses_another(thing, candidates)]
    left_out |= {"frame"} if frames else set()
    candidates = [thing for thing in candidates if thing not in frames]
    if not candidates:
        return Findings(labelled, (), 0, frozenset(left_out))
    main = max(candidates, key=_prominence)
    pen, digits, used = _pen(main, labelled), [], set()
    for thing in sorted(candidates, key=_prominence, reverse=True):
        if thing.labels[0] in used or not _is_like(thing, main):
            continue
        if thing is not main and not pen / 2.5 < _pen(thing, labelled) < 2.5 * pen:
            continue
        whole = _with_loose_strokes(
            thing,
            [other for other in things if other not in frames and other.labels[0] not in used],
            labelled,
        )
        used |= set(whole.labels)
        digits.append(whole)
    rest = [
        thing
        for thing in things
        if thing.labels[0] not in used and thing not in frames and not thing.runs_off
    ]
    left_out |= {_why_not(thing, main) for thing in rest if thing.size >= 3}
    ordered = _in_reading_order(digits)
    place = next(place for place, digit in enumerate(ordered) if main.labels[0] in digit.labels)
    return Findings(labelled, tuple(ordered), place, frozenset(left_out))


def _things(ink: np.ndarray, dark: np.ndarray) -> tuple[np.ndarray, list[Thing]]:
    # Strokes of a pencil or a dry pen have gaps of a pixel or two.
    reach = max(1, round(min(ink.shape) / 350))
    joined = ndimage.maximum_filter(ink.astype(np.uint8), 2 * reach + 1)
    labelled, count = ndimage.label(joined, _EVERYWHERE)
    labelled = np.where(ink, labelled, 0)
    areas = np.bincount(labelled.ravel(), minlength=count + 1)
    height, width = ink.shape
    things = []
    for number, place in enumerate(ndimage.find_objects(labelled, count), 1):
        if place is None or areas[number] < 6:
            continue
        box = place[0].start, place[1].start, place[0].stop, place[1].stop
        mine = labelled[place] == number
        runs_off = box[0] <= 1 or box[1] <= 1 or box[2] >= height - 1 or box[3] >= width - 1
        things.append(
            Thing((number,), box, int(areas[number]), float(np.quantile(dark[place][mine], 0.75)), runs_off)
        )
    return labelled, things


def _may_be_digit(thing: Thing, smallest: float, shape: tuple[int, ...]) -> bool:
    if thing.size < smallest or thing.width > 2.6 * thing.height:
        return False
    if thing.height > 0.93 * shape[0] and thing.width > 0.93 * shape[1] and thing.fill < 0.12:
        return False  # what is left of squared paper
    return not (thing.fill > 0.8 and thing.width > 0.6 * thing.height)  # a full patch


def _encloses_another(frame: Thing, others: list[Thing]) -> bool:
    if frame.fill > 0.35:
        return False
    return any(
        other is not frame
        and other.size >= 0.25 * min(frame.height, frame.width)
        and other.box[0] > frame.box[0]
        and other.box[1] > frame.box[1]
        and other.box[2] < frame.box[2]
        and other.box[3] < frame.box[3]
        for other in others
    )


def _prominence(thing: Thing) -> float:
    # Height counts, and a pencil beside print is not worth less than half of it.
    return float(thing.size * (0.3 + thing.dark))


def _is_like(thing: Thing, main: Thing) -> bool:
    return thing.size >= ALIKE * main.size and thing.dark >= ALIKE * main.dark


def _why_not(thing: Thing, main: Thing) -> str:
    """A word for what is no part of any digit."""
    if thing.size < ALIKE * main.size:
        return "small"
    return "lines" if thing.width > 6 * thing.height else "pale"


def _pen(thing: Thing, labelled: np.ndarray) -> float:
    """The width of its stroke, in pixels."""
    top, left, bottom, right = thing.box
    return stroke_width(labelled[top:bottom, left:right] == thing.labels[0])


def _with_loose_strokes(thing: Thing, others: list[Thing], labelled: np.ndarray) -> Thing:
    """A thing with the strokes that lie so near that they are parts of one digit."""
    pen, whole, left = _pen(thing, labelled), thing, [other for other in others if other is not thing]
    while True:
        near = [
            other
            for other in left
            if _belongs(other, whole) and pen / 2.2 < _pen(other, labelled) < 2.2 * pen
        ]
        if not near:
            return whole
        for other in near:
            whole = _together(whole, other)
            left.remove(other)


def _belongs(other: Thing, whole: Thing) -> bool:
    if (
        not 0.12 * whole.size <= other.size <= 1.6 * whole.size
        or other.dark < ALIKE * whole.dark
        or other.runs_off
    ):
        return False
    gap = max(
        other.box[0] - whole.box[2],
        whole.box[0] - other.box[2],
        other.box[1] - whole.box[3],
        whole.box[1] - other.box[3],
    )
    if gap > 0.18 * whole.size:
        return False
    if other.width > 2 * other.height:
        # The bar of a 5 or a 7 may be a little apart; what is so far below a digit, and as wide, underlines it.
        if other.box[0] - whole.box[2] > 0.05 * whole.size and other.width > 0.8 * whole.width:
            return False
        if other.width < 2 * whole.width:
            return True
    over = min(whole.box[3], other.box[3]) - max(whole.box[1], other.box[1])
    beside = min(whole.box[2], other.box[2]) - max(whole.box[0], other.box[0])
    narrow, low = min(whole.width, other.width), min(whole.height, other.height)
    if other.height >= 0.6 * whole.height:
        # Two tall things side by side are two digits, and so are two in lines, between which there is paper.
        return over >= 0.5 * narrow and beside >= 0.1 * low
    return over >= 0.35 * narrow or (gap < 0.12 * whole.size and beside >= 0.6 * low)


def _together(one: Thing, other: Thing) -> Thing:
    a, b = one.box, other.box
    box = min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
    return Thing(
        one.labels + other.labels, box, one.area + other.area, max(one.dark, other.dark), one.runs_off
    )


def _in_reading_order(digits: list[Thing]) -> list[Thing]:
    """Line by line, each from left to right."""
    lines: list[list[Thing]] = []
    for digit in sorted(digits, key=lambda thing: thing.box[0] + thing.box[2]):
        middle = (digit.box[0] + digit.box[2]) / 2
        for line in lines:
            if any(other.box[0] < middle < other.box[2] for other in line):
                line.append(digit)
                break
        else:
            lines.append([digit])
    return [digit for line in lines for digit in sorted(line, key=lambda thing: thing.box[1])]
