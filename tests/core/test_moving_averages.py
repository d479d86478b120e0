"""How a training went, and when batch normalisation's young averages make a network read worse than it has learnt."""

import doctest

import pytest

from cnn_core.model import PRESETS
from cnn_core.model.network import NORM_MOMENTUM
from cnn_core.training import history as histories
from cnn_core.training.history import Curve, History
from cnn_core.training.moving_averages import averages_mislead, share_left


def at_step(step: int, learnt: float, read: float) -> History:
    return History(
        Curve([step], [step / 938], [0.2], [learnt]), Curve([step], [step / 938], [0.4], [read]), [0.001]
    )


def test_after_300_steps_a_twentieth_of_the_beginning_is_left():
    assert share_left(0) == 1
    assert share_left(1) == pytest.approx(1 - NORM_MOMENTUM)
    assert share_left(300) == pytest.approx(0.05, abs=0.002)
    assert share_left(299) <= 0.05 < share_left(298)


@pytest.mark.parametrize(
    ("preset", "step", "read", "expected"),
    [
        ("modern", 100, 0.11, True),
        ("modern", 100, 0.91, False),  # within 5 points of what it has learnt
        ("modern", 500, 0.11, False),  # too late for that excuse
        ("modern", 0, 0.11, False),  # nothing was learnt yet
        ("lesson", 100, 0.11, False),  # has no batch normalisation
    ],
)
def test_averages_are_to_blame_only_where_they_can_be(preset, step, read, expected):
    assert averages_mislead(PRESETS[preset], at_step(step, 0.95, read), step) is expected


def test_before_the_first_measurement_they_may_mislead():
    assert averages_mislead(PRESETS["modern"], History(), 10)


def test_a_curve_knows_what_its_last_epoch_brought():
    assert doctest.testmod(histories).failed == 0
    assert Curve().change_in_last_epoch() is None
    assert Curve([1], [0.5], [2.0], [0.3]).change_in_last_epoch() is None
