"""Is a difference of accuracies luck?"""

import pytest

from cnn_core import runs, significance, training
from cnn_core.significance import NORMAL_95, beyond_chance, chance_difference


def test_a_hundred_images_prove_less_than_ten_thousand():
    assert not beyond_chance(0.97, 0.98, 100, 100)
    assert beyond_chance(0.97, 0.98, 10_000, 10_000)


def test_a_difference_is_measured_in_deviations_of_the_pooled_fraction():
    # 30 of 100 and 150 of 300: pooled 0.45, and 0.45 x 0.55 x (1/100 + 1/300) = 0.0033
    assert chance_difference(0.3, 0.5, 100, 300) == pytest.approx(NORMAL_95 * 0.0033**0.5)
    assert chance_difference(0.5, 0.3, 300, 100) == chance_difference(0.3, 0.5, 100, 300)


def test_two_that_are_always_right_do_not_differ():
    assert not beyond_chance(1.0, 1.0, 500, 500)


def test_the_packages_still_offer_what_they_did():
    assert training.wilson_interval is significance.wilson_interval
    assert (runs.gain, runs.Gain, runs.Gap) == (significance.gain, significance.Gain, significance.Gap)
