"""Each place of a photo beside the paper around it: a shadow, a lamp at one side or a dark table then do no harm.

The paper at a place is what is left when everything thin and dark is filled up (a morphological closing of the
brightness). A shadow or a table is wider than a stroke, so it stays part of the paper; a stroke does not.
Source: the black top-hat transform, e.g. Gonzalez and Woods, "Digital Image Processing", section 9.6. Its use here, and
its constants, are our own: they were chosen with the photos of tests/benchmarks/photos.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
WIDEST_STROKE = 0.26  # of the photo's shorter side: what is wider is not filled up
EVEN = 0.03  # a border whose brightness differs by less than this is a screen's or a scanner's, not a photo's
FAINTEST = 0.05  # how much darker than the paper anything has to be


@dataclass(frozen=True)
class Darkness:
    """How much darker than the paper each place is.

    values: float32 (H, W), 0 for paper, 1 for no light at all. Of chalk on a board it is how much lighter.
    noise:  its typical size where there is nothing.
    is_even: whether one brightness was the paper of the whole picture.
    """

    values: np.ndarray
    noise: float
    is_even: bool


def darkness(colours: np.ndarray, light_on_dark: bool, by_colour: bool = False) -> Darkness:
    """Compare each pixel with the paper around it.

    colours:       (H, W, 3) in [0, 1].
    light_on_dark: chalk on a board instead of ink on paper.
    by_colour:     take the colour channel that differs most, for ink that is as bright as its paper.
    """
    side = 1 - colours if light_on_dark else colours
    if by_colour:
        parts = [_beside_paper(side[..., channel]) for channel in range(3)]
        return max(parts, key=lambda part: float(np.quantile(part.values, 0.995)) - 4 * part.noise)
    return _beside_paper(side @ LUMINANCE)


def _beside_paper(grey: np.ndarray) -> Darkness:
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    ground = float(np.median(border))
    spread = float(np.quantile(np.abs(border - ground), 0.9))
    if spread < EVEN and ground > 0.4 and float((np.abs(grey - ground) < 2 * EVEN).mean()) > 0.4:
        values = np.clip(1 - grey / max(ground, 1e-3), 0, 1)
        return Darkness(values.astype(np.float32), spread / ground, True)
    smooth = ndimage.gaussian_filter(grey, 0.6 + 12 * _grain(grey))
    paper = _paper(smooth)
    values = 1 - smooth / np.maximum(paper, 0.02)
    lift = float(np.median(values))  # grain lifts the highest values, and with them the paper
    lift = lift if lift < 0.3 else 0.0  # so much is no grain
    noise = float(np.median(np.abs(values - lift))) * 1.5
    return Darkness(np.clip((values - lift) / (1 - lift), 0, 1).astype(np.float32), noise, False)


def _paper(smooth: np.ndarray) -> np.ndarray:
    size = max(3, round(WIDEST_STROKE * min(smooth.shape))) | 1
    return ndimage.minimum_filter(ndimage.maximum_filter(smooth, size, mode="nearest"), size, mode="nearest")


def _grain(grey: np.ndarray) -> float:
    """Typical difference between neighbours that comes from noise.

    Source: Immerkær 1996, "Fast noise variance estimation", with the median in place of the mean.
    """
    rows = grey[::3]
    return float(np.median(np.abs(rows[:, 2:] - 2 * rows[:, 1:-1] + rows[:, :-2]))) / 1.65
