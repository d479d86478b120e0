"""A photo of one digit or several: where they are, and what a network gets of each; of a colour photo its middle.

The steps, in the order of the modules beside this one: compare with the paper around (`paper`), take out printed lines
(`lines`), choose the digits among what is left (`pieces`), bring thin strokes to MNIST's width (`stroke`), and centre
each as the data set's own images are (`data.digits`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage.filters import threshold_otsu

from cnn_core.data.centring import FAINTEST_DRAWING, placed_as
from cnn_core.data.photo.colour import middle_square
from cnn_core.data.photo.garment import cut_out
from cnn_core.data.photo.lines import without_lines
from cnn_core.data.photo.paper import FAINTEST, LUMINANCE, Darkness, darkness
from cnn_core.data.photo.pieces import Findings, Thing, find_digits
from cnn_core.data.photo.small import image_of_its_own
from cnn_core.data.photo.stroke import THIN, USUAL, stroke_width, thickened
from cnn_core.data.sources import Dataset, dataset_of
from cnn_core.data.uploads import colours_of, open_image
from cnn_core.errors import StudentError

if TYPE_CHECKING:
    from torch import Tensor

LONGEST = 768  # pixels of the longer side, at which a photo is read
LOWEST, HIGHEST = 0.1, 0.7  # of the paper's brightness: within these a visitor may say what counts as ink
_LEAST = 8  # pixels of the shorter side
_MOST_OPEN = 0.1  # of its edge: a strip of light has more of it, and chalk next to none
_ROUGH = 0.4  # the grain of a desk around a sheet asks for no darker ink than this
_OF_INK = 0.45  # of the ink's own darkness: paler than that is paper, or a stroke's blurred edge

Frame = tuple[float, float, float, float]
Box = tuple[int, int, int, int]  # top, left, bottom, right in pixels; the last two exclusive


@dataclass(frozen=True)
class Piece:
    """One digit of a photo.

    box:      where it lies.
    pixels:   float32 (C, H, W) in [0, 1]; of one channel light on dark.
    was_thin: whether its stroke was thickened.
    """

    box: Box
    pixels: np.ndarray
    was_thin: bool

    @property
    def image(self) -> Tensor:
        """(C, H, W) in [0, 1]: what a network gets."""
        import torch  # looking at a photo needs none, and exported programs bring the looking along

        return torch.from_numpy(self.pixels)


@dataclass(frozen=True)
class PhotoReading:
    """What was found in a photo.

    photo:    uint8 (H, W, 3), upright and reduced.
    ink:      bool (H, W), all that counts as ink, before anything is left out.
    pieces:   the digits, in reading order; at least one.
    main:     the place among them of the one that stands out most.
    limit:    how much darker than its paper ink had to be, in shares of the paper's brightness.
    light_on_dark: whether it is chalk on a board: then lighter, not darker.
    left_out: "lines", "edge", "frame", "small", "pale".
    """

    photo: np.ndarray
    ink: np.ndarray
    pieces: tuple[Piece, ...]
    main: int
    limit: float | None
    light_on_dark: bool
    left_out: frozenset[str]

    @property
    def image(self) -> Tensor:
        """What a network gets of the digit that stands out most."""
        return self.pieces[self.main].image


@dataclass(frozen=True)
class _Attempt:
    """What is found with one way of looking."""

    dark: Darkness
    limit: float
    light_on_dark: bool
    ink: np.ndarray
    findings: Findings
    lines: int

    @property
    def score(self) -> float:
        if not self.findings.digits:
            return 0.0
        digit = self.findings.digits[self.findings.main]
        return digit.size * digit.dark


def read_photo(
    data: bytes,
    dataset: str = "mnist",
    limit: float | None = None,
    frame: Frame | None = None,
) -> PhotoReading:
    """Find the digits in an image file.

    data:    the file.
    dataset: in whose form the pieces are brought.
    limit:   how much darker than its paper ink has to be, LOWEST to HIGHEST; None finds out.
    frame:   top, left, bottom, right in shares of the photo: look only there; None looks everywhere.
    Raises StudentError for files that are not images, and where nothing stands out from the paper.
    """
    record = dataset_of(dataset)
    read = read_scene if record.is_colour else read_strokes if record.of_strokes else read_thing
    return read(data, record, limit, frame)


def read_strokes(
    data: bytes, record: Dataset, limit: float | None = None, frame: Frame | None = None
) -> PhotoReading:
    """`read_photo` for a data set whose images are lines: writing on paper, or on a board."""
    colours = _colours(data, record, frame)
    itself = _image_itself(colours, record, limit)
    if itself is not None:
        return itself
    attempt = _best_attempt(colours, limit, may_run_off=frame is not None)
    findings = attempt.findings
    pieces = tuple(_piece(digit, attempt, record) for digit in findings.digits)
    left_out = findings.left_out | ({"lines"} if attempt.lines else set())
    return PhotoReading(
        _as_bytes(colours),
        attempt.ink,
        pieces,
        findings.main,
        attempt.limit,
        attempt.light_on_dark,
        frozenset(left_out),
    )


def read_thing(
    data: bytes, record: Dataset, limit: float | None = None, frame: Frame | None = None
) -> PhotoReading:
    """`read_photo` for a data set whose images are surfaces: one thing on its ground."""
    colours = _colours(data, record, frame)
    itself = _image_itself(colours, record, limit)
    if itself is not None:
        return itself
    thing, is_thing, box = cut_out(colours @ LUMINANCE)
    top, left, bottom, right = box
    pixels = _placed(thing[top:bottom, left:right], record)
    return _single(_as_bytes(colours), is_thing, box, pixels)


def read_scene(
    data: bytes, record: Dataset, limit: float | None = None, frame: Frame | None = None
) -> PhotoReading:
    """`read_photo` for a data set of colour photos: the middle square, and nothing is cut out."""
    colours = _colours(data, record, frame)
    pixels, where = middle_square(colours, record.shape)
    return _single(_as_bytes(colours), np.zeros(colours.shape[:2], bool), where, pixels)


def _colours(data: bytes, record: Dataset, frame: Frame | None) -> np.ndarray:
    """(H, W, 3) in [0, 1]."""
    image = open_image(data, LONGEST if frame is None else 2 * LONGEST)
    if min(image.size) < _LEAST:
        raise StudentError(
            f"This image has {image.width}×{image.height} pixels, which is too little for a {record.singular}.",
            hint=f"Choose one with {_LEAST} pixels or more on its shorter side.",
        )
    return _framed(colours_of(image), frame)


def _as_bytes(colours: np.ndarray) -> np.ndarray:
    return (colours * 255).round().astype(np.uint8)


def _image_itself(colours: np.ndarray, record: Dataset, limit: float | None) -> PhotoReading | None:
    """An image of the data set itself, sent back; None where it is a photo."""
    grey = colours @ LUMINANCE
    whole = None if limit is not None else image_of_its_own(grey, record)
    if whole is None:
        return None
    return _single(
        _as_bytes(colours), np.abs(grey - np.median(grey)) > LOWEST, (0, 0, *grey.shape), whole[None]
    )


def _single(photo: np.ndarray, ink: np.ndarray, box: Box, pixels: np.ndarray) -> PhotoReading:
    """One thing, found without a limit."""
    return PhotoReading(photo, ink, (Piece(box, pixels, was_thin=False),), 0, None, False, frozenset())


def _placed(ink: np.ndarray, record: Dataset) -> np.ndarray:
    """As the data set's images are: (1, 28, 28) in [0, 1]."""
    if ink.max() < FAINTEST_DRAWING:
        raise StudentError("Nothing is drawn yet.", hint="Draw a digit, large and with a thick pen.")
    return placed_as(ink.clip(0, 1).astype(np.float32), record.is_centred_by_mass, record.margin)[None]


def digit_from_upload(data: bytes, dataset: str = "mnist") -> Tensor:
    """What a network gets of the digit that stands out most in an image file, or of a colour photo's middle.

    Returns (C, H, W) in [0, 1], of the data set's shape.

    Raises StudentError as `read_photo` does.
    """
    return read_photo(data, dataset).image


def _framed(colours: np.ndarray, frame: Frame | None) -> np.ndarray:
    if frame is None:
        return colours
    top, left, bottom, right = (min(max(float(share), 0.0), 1.0) for share in frame)
    height, width = colours.shape[:2]
    part = colours[round(top * height) : round(bottom * height), round(left * width) : round(right * width)]
    if min(part.shape[:2]) < 8:
        raise StudentError("The frame is too small to hold a digit.", hint="Make it larger.")
    return part


def _best_attempt(colours: np.ndarray, limit: float | None, may_run_off: bool) -> _Attempt:
    """Look for ink on paper and for chalk on a board, and take what shows a digit best."""
    grey = colours @ LUMINANCE
    for by_colour in (False, True):
        best: _Attempt | None = None
        for light_on_dark in (False, True):
            dark = darkness(colours, light_on_dark, by_colour)
            for attempt in _attempts(dark, light_on_dark, limit, may_run_off):
                if attempt.findings.digits and (
                    _ends(attempt, grey) if by_colour else _stands_alone(attempt, grey)
                ):
                    best = attempt if best is None or _is_better(attempt, best) else best
                    break
            if best is not None and float(np.median(grey)) > 0.6:
                return best  # bright paper: nobody writes on it in white
        if best is not None:
            return best
    raise _nothing(limit)


def _is_better(one: _Attempt, other: _Attempt) -> bool:
    inner, outer = one.findings.digits[one.findings.main], other.findings.digits[other.findings.main]
    if _lies_in(inner, outer):
        return _is_on_sheet(inner, outer, one.ink.shape)
    if _lies_in(outer, inner):
        return not _is_on_sheet(outer, inner, one.ink.shape)
    return one.score > other.score


def _is_on_sheet(writing: Thing, sheet: Thing, shape: tuple[int, ...]) -> bool:
    """Whether the outer of two things is a light sheet on a dark desk and not a digit with its hole."""
    # A sheet is large and nearly full; a hole is full, and writing is not.
    return sheet.size > 0.4 * max(shape) and sheet.fill > 0.45 and writing.fill < 0.68


def _lies_in(inner: Thing, outer: Thing) -> bool:
    starts = all(mine >= other for mine, other in zip(inner.box[:2], outer.box[:2], strict=True))
    return starts and all(mine <= other for mine, other in zip(inner.box[2:], outer.box[2:], strict=True))


def _attempts(
    dark: Darkness, light_on_dark: bool, limit: float | None, may_run_off: bool
) -> Iterator[_Attempt]:
    if limit is not None:
        yield _attempt(dark, limit, light_on_dark, may_run_off)
        return
    for first in _limits(dark):
        attempt = _attempt(dark, first, light_on_dark, may_run_off)
        if not attempt.findings.digits:
            continue
        own = _OF_INK * attempt.findings.digits[attempt.findings.main].dark
        better = _attempt(dark, own, light_on_dark, may_run_off)
        yield better if better.findings.digits and better.score > 0.6 * attempt.score else attempt


def _attempt(dark: Darkness, limit: float, light_on_dark: bool, may_run_off: bool) -> _Attempt:
    ink = dark.values > limit
    with_lines = _Attempt(dark, limit, light_on_dark, ink, find_digits(ink, dark.values, may_run_off), 0)
    rest, lines = without_lines(dark.values, limit)
    if not lines:
        return with_lines
    without = _Attempt(dark, limit, light_on_dark, ink, find_digits(rest, dark.values, may_run_off), lines)
    return with_lines if _needs_no_cutting(with_lines, without) else without


def _needs_no_cutting(with_lines: _Attempt, without: _Attempt) -> bool:
    """Whether the digit stands free of the lines: of a frame that is cut, a side may be left that looks like a 1."""
    if not with_lines.findings.digits or not without.findings.digits:
        return bool(with_lines.findings.digits)
    one, other = (attempt.findings.digits[attempt.findings.main] for attempt in (with_lines, without))
    if one.is_bar != other.is_bar:
        return other.is_bar
    if _lies_in(one, other):
        return one.size >= 0.6 * other.size
    return not _lies_in(other, one) and with_lines.score > without.score


def _limits(dark: Darkness) -> list[float]:
    """Where ink may begin, the likeliest first."""
    floor = max(FAINTEST, min(5 * dark.noise, _ROUGH))
    above = dark.values[dark.values > floor]
    if len(above) < 12:
        return []
    first = max(float(threshold_otsu(above)), floor) if np.ptp(above) > 0 else floor
    return sorted(
        {limit for limit in (first, 0.6 * first, 0.36 * first, 1.4 * first) if limit >= floor},
        key=lambda limit: abs(np.log(limit / first)),
    )


def _stands_alone(attempt: _Attempt, grey: np.ndarray) -> bool:
    """Whether the paper around the box is lighter (or the board darker) than the digit: not so for the hole of a 0."""
    digit = attempt.findings.digits[attempt.findings.main]
    room = max(3, digit.size // 4)
    top, left, bottom, right = digit.box
    rows, columns = slice(max(0, top - room), bottom + room), slice(max(0, left - room), right + room)
    around = grey.copy()
    around[top:bottom, left:right] = np.nan
    outside = float(np.nanmedian(around[rows, columns])) if around[rows, columns].size else 0.0
    mine = np.isin(attempt.findings.labelled[top:bottom, left:right], digit.labels)
    inside = float(np.median(grey[top:bottom, left:right][mine]))
    if attempt.light_on_dark:
        inside, outside = 1 - inside, 1 - outside
    return inside < (1 - 0.5 * digit.dark) * outside and _ends(attempt, grey)


def _ends(attempt: _Attempt, grey: np.ndarray) -> bool:
    """Whether it ends at most of its edge, as chalk does; of ink on paper nothing is asked."""
    if not attempt.light_on_dark or attempt.dark.is_even:
        return True
    return _open_edge(attempt.findings.digits[attempt.findings.main], attempt, 1 - grey) <= _MOST_OPEN


def _open_edge(digit: Thing, attempt: _Attempt, grey: np.ndarray) -> float:
    """The share of a thing's edge at which nothing ends: what lies beyond is as bright as the thing is there.

    Chalk ends at every side. Of a light sheet on a dark desk, the strip between a digit and the sheet's edge may look
    like a stroke, and goes on into the rest of the sheet.
    """
    reach = 4 + digit.size // 40  # pixels: beyond the blur of an edge
    top, left, bottom, right = digit.box
    rows = slice(max(0, top - reach - 1), bottom + reach + 1)
    columns = slice(max(0, left - reach - 1), right + reach + 1)
    labelled, here = attempt.findings.labelled[rows, columns], grey[rows, columns]
    mine = np.isin(labelled, digit.labels)
    away, (row, column) = ndimage.distance_transform_edt(~mine, return_indices=True)
    ring = (away > reach - 1) & (away <= reach) & (labelled == 0)
    if not ring.any():
        return 0.0
    within = ndimage.minimum_filter(
        np.where(mine, here, 1), 2 * (reach // 2) + 1
    )  # of the stroke, not of its edge
    contrast = 1 - within[row, column][ring] / np.maximum(here[ring], 0.02)
    return float((contrast < 0.35 * digit.dark).mean())


def _piece(digit: Thing, attempt: _Attempt, record: Dataset) -> Piece:
    room = 2 + digit.size // 12
    top, left, bottom, right = digit.box
    height, width = attempt.ink.shape
    rows, columns = (
        slice(max(0, top - room), min(height, bottom + room)),
        slice(max(0, left - room), min(width, right + room)),
    )
    dark = attempt.dark.values[rows, columns]
    labelled = attempt.findings.labelled[rows, columns]
    mine = np.isin(labelled, digit.labels)
    full = max(float(np.quantile(dark[mine], 0.7)), 1e-3)
    if attempt.dark.is_even:
        ink = np.clip(dark / max(float(dark[mine].max()), 1e-3), 0, 1)
    else:
        low = min(0.6 * attempt.limit, 0.9 * full)
        ink = np.clip((dark - low) / (full - low), 0, 1)
    ink = np.where(
        _near(mine, 2 if not attempt.dark.is_even else 6) & ~((labelled > 0) & ~mine), ink, 0
    ).astype(np.float32)
    width_share = stroke_width(_closed(mine)) / digit.size
    was_thin = record.of_strokes and width_share < THIN
    if was_thin:
        by = (USUAL - width_share) * digit.size / 2
        pad = int(by) + 2
        ink = thickened(np.pad(np.where(mine, np.maximum(ink, 0.6), ink), pad), by)
    pixels = _placed(ink, record)
    if not attempt.dark.is_even:
        # MNIST's strokes reach full white somewhere; a photo's do not, after the light and the paper's grain.
        pixels = pixels / max(float(pixels.max()), 0.5)
    return Piece(digit.box, pixels, was_thin)


def _closed(mine: np.ndarray) -> np.ndarray:
    """Without the gaps of a dry pen, or of a picture whose greys are dots."""
    bits = np.pad(mine.astype(np.uint8), 4)
    return np.asarray(ndimage.minimum_filter(ndimage.maximum_filter(bits, 5), 5)[4:-4, 4:-4] > 0)


def _near(mine: np.ndarray, reach: int) -> np.ndarray:
    return ndimage.binary_dilation(mine, np.ones((3, 3), bool), iterations=reach)


def _nothing(limit: float | None) -> StudentError:
    if limit is not None:
        return StudentError(
            f"With {limit:.0%} nothing stands out from its background as a digit does.",
            hint="Try another limit, or put a frame around the digit.",
        )
    return StudentError(
        "Nothing in this image stands out from its background as a digit does.",
        hint="Use one digit, large and with a plain background around it, or put a frame around it by hand.",
    )
