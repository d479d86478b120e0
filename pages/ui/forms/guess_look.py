"""What a question is drawn with, and a measured value in the form in which files hold it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cnn_core.lesson.guess_questions import CurveQuestion, GuessQuestion, NumberQuestion, PointQuestion
from pages.ui.drawing.contact_sheet import Sheet


@dataclass(frozen=True, eq=False)
class Look:
    """What a question is drawn with.

    pictures: of a choice one for each option, of a curve one for each of `marks`.
    image:    of a point: (H, W) floats, (H, W, 3) uint8, or a PNG's bytes.
    alt:      what the image or the pictures show.
    marks:    of a curve, which of its ticks are written out; None is five of them.
    px:       wished width of the image, or of a picture to choose, in CSS pixels.
    narrow:   it stands in a narrow column: its parts stand below each other.
    elsewhere: of a curve: what was drawn stands in a chart of the page's, and not in one more.
    is_open:  nobody knows the answer yet, so that there is none to be shown at once.
    is_whole: its words and these pictures are all that one needs to answer, so that a class can be asked elsewhere.
    """

    pictures: Sheet | None = None
    image: np.ndarray | bytes | None = None
    alt: str = ""
    marks: Sequence[int] | None = None
    px: int = 84
    narrow: bool = False
    elsewhere: bool = False
    is_open: bool = False
    is_whole: bool = False


def plain_value(question: GuessQuestion, measured: object) -> object:
    """A measured value as the file will give it back: no NumPy, and no digits that nobody reads."""
    if isinstance(question, NumberQuestion):
        return round(float(measured), 4)  # type: ignore[arg-type]
    if isinstance(question, CurveQuestion):
        return [round(float(one), 4) for one in measured]  # type: ignore[attr-defined]
    if isinstance(question, PointQuestion):
        return [int(one) for one in measured]  # type: ignore[attr-defined]
    return measured
