"""Guess first: how much the last maps of a network change when its digit moves by a pixel. Only the bars tell it."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_core.lesson.guess_questions import NumberQuestion
from pages.convolution import words
from pages.ui.drawing.said_and_measured import unknown
from pages.ui.forms import guess
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording.numbers import number

ROW = 27  # height of a bar with its name, in CSS pixels


def may_tell(
    network: LoadedNetwork, digit: int, right: int, rows: Sequence[tuple[str, float]]
) -> NumberQuestion | None:
    """Draw the question, or what was said beside what was measured. Returns the question while it is open.

    digit: number of the test image.
    right: by how many pixels it moves; 0 is no question.
    rows:  (what, how much it changes) of the digit itself and of each layer with maps.
    """
    if not right or len(rows) < 2:
        return None
    pixels, (layer, measured) = number(rows[0][1]), rows[-1]
    asked = NumberQuestion(
        id="convolution.nudge",
        asked=words.how_much_do_they_change(right, pixels, layer),
        network=network.title,
        page="convolution",
        about=guess.about(network, digit, right),
        least=0,
        most=1,
        step=0.05,
    )
    if not guess.first(asked):
        unknown(words.BARS, ROW * len(rows))
        return asked
    guess.shown(asked, round(measured, 2), words.how_much_they_change(pixels, layer, number(measured)))
    return None
