"""Printed lines: ruled and squared paper, the grid of a Sudoku. Taken out without cutting the digit they cross.

A printed line is straight, thin, and runs on: through the whole photo, or beside two others like it. Where a stroke
crosses it the ink is thicker than the line, and stays.
Source: lines are found by the Hough transform (Duda and Hart 1972); what is done along each is our own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage
from skimage.transform import hough_line, hough_line_peaks

LEAST = 0.4  # of the way across the photo: what is shorter may be a stroke
_LEAN = 17.0  # degrees to which a sheet may lie askew
_MOST = 90
_THICKEST = 1 / 60  # of the photo's shorter side
_REACH = 14  # pixels to either side of a line that are looked at
_BRIDGE = 7  # pixels
_PALER = 0.6
STEP = 0.7  # pixels between two places that are looked at: less than the side of one


@dataclass(frozen=True)
class _Strip:
    """What lies near a line: arrays (across, along)."""

    rows: np.ndarray
    columns: np.ndarray
    ink: np.ndarray
    steps: np.ndarray  # (along,), in pixels


@dataclass(frozen=True)
class _Line:
    """The pixels of a thin line, and whether it runs from border to border of the photo."""

    rows: np.ndarray
    columns: np.ndarray
    runs_through: bool


def without_lines(dark: np.ndarray, limit: float) -> tuple[np.ndarray, int]:
    """What is darker than a limit, without printed lines.

    dark:  float (H, W), as `Darkness.values`.
    limit: what is darker counts as ink.
    Returns bool (H, W), and how many lines were taken out.
    """
    ink = dark > limit
    # A line as thin as a pixel is paler at some places than at others; half as dark, it is still one line.
    pale = dark > _PALER * limit
    thickest = max(3, round(_THICKEST * min(ink.shape)))
    bits = pale.astype(np.uint8)
    thin = pale & (_grown(_shrunk(bits, thickest), thickest) == 0)
    if int(thin.sum()) < LEAST * min(ink.shape):
        return ink, 0
    printed = []
    for places in _places(thin):
        lines = [line for place in places if (line := _along(pale, *place, thickest)) is not None]
        # Two lines that end within the photo are two sides of a frame, which is left out as a whole.
        printed += [line for line in lines if line.runs_through or len(lines) >= 3]
    rest, count = ink.copy(), 0
    for line in printed:
        of_line = dark[line.rows, line.columns]
        count += float((of_line > limit).mean()) > 0.1
        is_paler = (
            of_line < 1.35 * float(np.median(of_line)) + 0.1
        )  # darker is a stroke that lies on the line
        rest[line.rows[is_paler], line.columns[is_paler]] = False
    if not count:
        return ink, 0
    # What was taken from within a stroke comes back: it lies between two parts of what is left.
    whole = _shrunk(_grown(rest.astype(np.uint8), _BRIDGE), _BRIDGE) > 0
    return rest | (whole & ink), count


def _grown(bits: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(ndimage.maximum_filter(bits, size))


def _shrunk(bits: np.ndarray, size: int) -> np.ndarray:
    return np.asarray(ndimage.minimum_filter(bits, size))


def _places(thin: np.ndarray) -> list[list[tuple[float, float]]]:
    """(angle, distance) of lines, as `hough_line` counts them: of the upright ones, then of those that lie."""
    lean = np.radians(np.arange(-_LEAN, _LEAN + 0.1, 0.5))
    found = []
    for middle, across in ((0.0, thin.shape[0]), (np.pi / 2, thin.shape[1])):
        votes, angles, distances = hough_line(thin, theta=lean + middle)
        _, best_angles, best_distances = hough_line_peaks(
            votes,
            angles,
            distances,
            min_distance=5,
            min_angle=20,
            threshold=LEAST * 0.6 * across,
            num_peaks=_MOST,
        )
        found.append(list(zip(best_angles, best_distances, strict=True)))
    return found


def _along(ink: np.ndarray, angle: float, distance: float, thickest: int) -> _Line | None:
    """What lies along a line, or None where no thin line runs there."""
    strip = _strip(ink, angle, distance, 0.0, 0.0)
    if strip is None:
        return None
    # The Hough transform knows the angle to a quarter of a degree; at the far end that is several pixels.
    on, place = _nearest(strip.ink, reach=9)
    if on.sum() < 20:
        return None
    slope, offset = np.polyfit(strip.steps[on], place[on], 1)
    strip = _strip(ink, angle, distance, float(slope), float(offset)) or strip
    on, place = _nearest(strip.ink, reach=4)
    runs = _runs(strip.ink, on, np.rint(place / STEP).astype(int) + len(strip.ink) // 2)
    thickness = runs.sum(axis=0) * STEP
    is_thin = (thickness > 0) & (thickness <= thickest)
    if is_thin.sum() < 20:
        return None
    is_thin &= thickness <= 1.6 * float(np.median(thickness[is_thin])) + 1.5
    # A stroke that crosses leaves a gap; a dark desk at which the line seems to go on is no part of it.
    gap = len(on) // 8
    start, stop = _longest(ndimage.binary_closing(np.pad(is_thin, gap), np.ones(gap | 1, bool))[gap:-gap])
    if stop - start < LEAST * len(on) or is_thin[start:stop].mean() < 0.5:
        return None
    near = 0.03 * len(on)
    taken = runs & is_thin[None]
    return _Line(strip.rows[taken], strip.columns[taken], bool(start <= near and stop >= len(on) - near))


def _strip(ink: np.ndarray, angle: float, distance: float, slope: float, offset: float) -> _Strip | None:
    """The ink near a line; slope and offset correct it, in pixels across for one along, and pixels across."""
    height, width = ink.shape
    cosine, sine = np.cos(angle), np.sin(angle)
    span = float(np.hypot(height, width))
    steps = np.arange(-span, span, STEP)
    shift = slope * steps + offset
    x, y = (distance + shift) * cosine - steps * sine, (distance + shift) * sine + steps * cosine
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    if inside.sum() < 20:
        return None
    x, y = x[inside], y[inside]
    away = np.arange(-_REACH, _REACH + STEP / 2, STEP)[:, None]
    columns, rows = np.rint(x + away * cosine).astype(int), np.rint(y + away * sine).astype(int)
    is_in = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
    columns, rows = columns.clip(0, width - 1), rows.clip(0, height - 1)
    return _Strip(rows, columns, ink[rows, columns] & is_in, steps[inside])


def _nearest(strip: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    """At each step along: whether there is ink within `reach` pixels, and how many pixels away the nearest is."""
    middle = len(strip) // 2
    on, place = strip[middle].copy(), np.zeros(strip.shape[1])
    for step in range(1, int(reach / STEP) + 1):
        for towards in (-step, step):
            new = strip[middle + towards] & ~on
            place[new] = towards * STEP
            on |= new
    return on, place


def _runs(strip: np.ndarray, on: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The ink that hangs together across with the place given for each step along."""
    runs, every = np.zeros_like(strip), np.arange(strip.shape[1])
    for way in (1, -1):
        at, going = place.copy(), on.copy()
        while going.any():
            runs[at[going], every[going]] = True
            at = at + way
            going &= (at >= 0) & (at < len(strip))
            going[going] = strip[at[going], every[going]]
    return runs


def _longest(on: np.ndarray) -> tuple[int, int]:
    """Where the longest run of True begins and ends (exclusive)."""
    steps = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    if not len(steps):
        return 0, 0
    starts, stops = steps[::2], steps[1::2]
    best = int(np.argmax(stops - starts))
    return int(starts[best]), int(stops[best])
