"""A thing cut out of a drawing or a photo, scaled and placed as the images of a data set are. Arrays only, no torch:
exported programs bring this very code along.

Source: LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; for images that fill their square, Xiao,
Rasul and Vollgraf 2017, "Fashion-MNIST", section 2.
"""

from __future__ import annotations

import numpy as np

SIDE, BOX = 28, 20  # pixels: MNIST's images, and the square that a digit is fitted into
FAINTEST_DRAWING = 0.1  # a drawing whose brightest pixel is below this is empty
_EDGE = 0.25  # where a stroke begins in a large drawing, whose edges are blurred over several pixels


def placed_as(ink: np.ndarray, by_mass: bool, margin: int = 0) -> np.ndarray:
    """What is drawn, as the images of a data set have it.

    ink:     float32 (H, W) in [0, 1], 0 background to 1 ink; something is drawn.
    by_mass: fit into 20×20 and put the centre of mass into the middle, as MNIST's makers did; else the longer side
             becomes 28 pixels less the margins, and the box around the thing comes to the middle.
    margin:  pixels that stay free at each side, where it is not fitted by mass.
    Returns float32 (28, 28) in [0, 1]. A digit of MNIST comes back as it is.
    """
    thing = _scaled(ink, BOX if by_mass else SIDE - 2 * margin)
    if by_mass:
        # In MNIST the centre of mass lies at row 14 and column 14, counted from 0, and digits move by whole pixels.
        row, column = _first_pixel(thing.sum(axis=1)), _first_pixel(thing.sum(axis=0))
    else:
        row, column = (SIDE - thing.shape[0]) // 2, (SIDE - thing.shape[1]) // 2
    image = np.zeros((SIDE, SIDE), np.float32)
    image[row : row + thing.shape[0], column : column + thing.shape[1]] = thing
    return image


def _scaled(ink: np.ndarray, longest: int) -> np.ndarray:
    """What is drawn, cut out, `longest` pixels on its longer side."""
    # In an image of MNIST's size every grey pixel belongs to the digit; in a larger one it may be blur around it.
    is_inked = ink > (_EDGE * ink.max() if max(ink.shape) > SIDE else 0)
    rows, columns = (np.flatnonzero(is_inked.any(axis=axis)) for axis in (1, 0))
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = longest / max(cut.shape)
    return resized(cut, (max(1, round(cut.shape[0] * scale)), max(1, round(cut.shape[1] * scale))))


def resized(ink: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W) in [0, 1] at another size: smaller by the mean of what each pixel covers, larger by going between."""
    # Averaging areas makes the grey edges of MNIST's digits; enlarging that way would make blocks.
    weights = _areas if max(ink.shape) > max(size) else _between
    rows, columns = (weights(before, after) for before, after in zip(ink.shape, size, strict=True))
    return (rows @ ink @ columns.T).clip(0, 1).astype(np.float32)


def _areas(before: int, after: int) -> np.ndarray:
    """(after, before): each pixel is the mean of those it covers, as torch's "area"."""
    weights = np.zeros((after, before))
    for index in range(after):
        first, end = index * before // after, -(-(index + 1) * before // after)
        weights[index, first:end] = 1 / (end - first)
    return weights


def _between(before: int, after: int) -> np.ndarray:
    """(after, before): each pixel lies between two, as torch's "bilinear" without aligned corners."""
    places = np.maximum((np.arange(after) + 0.5) * before / after - 0.5, 0)
    left = np.minimum(places.astype(int), before - 1)
    weights, at = np.zeros((after, before)), np.arange(after)
    np.add.at(weights, (at, left), 1 - (places - left))
    np.add.at(weights, (at, np.minimum(left + 1, before - 1)), places - left)
    return weights


def _first_pixel(mass: np.ndarray) -> int:
    """Where on a side of 28 a digit with this mass per row (or column) has to begin."""
    centre = float((mass * np.arange(len(mass), dtype=np.float32)).sum() / mass.sum())
    return min(max(round(SIDE / 2 - centre), 0), SIDE - len(mass))  # nothing is cut off
