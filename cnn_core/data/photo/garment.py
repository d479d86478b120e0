"""A thing with a surface, such as a garment: cut out of its ground with its grey levels, as Fashion-MNIST's were.

The ground is cut off at the sides, light becomes dark where the ground is light, and a thing that does not differ from
its ground is nothing.
Source: Xiao, Rasul and Vollgraf 2017, "Fashion-MNIST", section 2: trimmed where a pixel is within 5 % of the ground,
longest side to 28, negated, centred. A shadow on the ground is taken off as well, which their photos did not need.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from cnn_core.errors import StudentError

TRIM = 0.05  # of full contrast
_SMALLEST = 0.03  # of the picture's area


def cut_out(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int, int]]:
    """The thing on its ground.

    grey: (H, W) in [0, 1].
    Returns the thing, (H, W), 0 where there is ground; bool (H, W), where it is; and top, left, bottom, right.
    Raises StudentError where nothing differs from the ground.
    """
    ground = _ground(grey)
    difference = ndimage.gaussian_filter(np.abs(grey - ground), 1)
    noise = float(np.median(difference[_frame(grey.shape)]))
    is_thing = difference > max(TRIM, 4 * noise)
    is_thing = ndimage.binary_opening(is_thing, iterations=2)
    labelled, count = ndimage.label(is_thing)
    areas = np.bincount(labelled.ravel(), minlength=count + 1)
    areas[0] = 0
    if areas.max(initial=0) < _SMALLEST * grey.size:
        raise StudentError(
            "Nothing in this image stands out from its ground.",
            hint="Put one thing on a plain ground of another brightness, and let it fill the picture.",
        )
    # Two trainers, or a bag and its strap: what is nearly as large as the largest belongs to the picture.
    mine = np.isin(labelled, np.flatnonzero(areas > 0.25 * areas.max()))
    mine = ndimage.binary_fill_holes(mine)
    rows, columns = np.nonzero(mine)
    box = int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1
    is_light = float(np.median(ground)) > 0.5
    values = np.clip(ground - grey if is_light else grey - ground, 0, 1)
    room = float(np.median(ground)) if is_light else 1 - float(np.median(ground))
    return np.where(mine, values / max(room, 0.3), 0).clip(0, 1).astype(np.float32), mine, box


def _ground(grey: np.ndarray) -> np.ndarray:
    """A plane through the brightness of the border: the ground, with the lamp at one side."""
    where = _frame(grey.shape)
    rows, columns = np.nonzero(where)
    values = grey[where]
    near = np.abs(values - np.median(values)) < 0.2  # a thing may touch the border
    design = np.stack(
        [np.ones(near.sum()), rows[near] / grey.shape[0], columns[near] / grey.shape[1]], axis=1
    )
    level, down, across = np.linalg.lstsq(design, values[near], rcond=None)[0]
    every_row, every_column = np.mgrid[0 : grey.shape[0], 0 : grey.shape[1]]
    return np.asarray(
        level + down * every_row / grey.shape[0] + across * every_column / grey.shape[1], np.float32
    )


def _frame(shape: tuple[int, ...]) -> np.ndarray:
    where = np.ones(shape, bool)
    width = max(1, min(shape) // 40)
    where[width:-width, width:-width] = False
    return where
