"""What is said of a race: the verdict held against sums done by hand, for one seed and for three. No page is drawn."""

import doctest
from dataclasses import replace

import pytest

from cnn_core.model import PRESETS
from cnn_core.training import RECIPES
from cnn_core.training.history import Curve, History
from pages.runs import race_words as words
from pages.runs.band import POINTS, band, bands
from pages.runs.race_words import Ended
from pages.ui.drawing.palette import RUNS
from pages.ui.trained.trained import Trained

CURVE = Curve([100, 200], [0.5, 1.0], [0.3, 0.1], [0.9, 0.98])
ONE = Trained(
    "run:1", "One", PRESETS["lesson"], RECIPES["lesson"], "mnist", History(CURVE, CURVE), 0.99, count=10_000
)


def racer(title, *accuracies, lost=0, count=10_000):
    return Ended(title, tuple(replace(ONE, accuracy=one, count=count) for one in accuracies), lost)


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(words).failed == 0


def test_the_best_of_one_seed_each_is_named_with_its_lead_and_whether_it_is_chance():
    # 100 against 150 mistakes: z = 50 / sqrt(250) = 3.2; 100 against 120: 20 / sqrt(220) = 1.35
    far, near = racer("Two", 0.985), racer("Two", 0.988)
    assert words.verdict([far, racer("One", 0.99)], True) == (
        "**One**: 99.0 %, **Two**: 98.5 % of MNIST’s 10,000 test digits. One reads 50 more of the 10,000 test images "
        "rightly than Two. That is more than chance."
    )
    assert words.verdict([near, racer("One", 0.99)], True).endswith("20 more of the 10,000 test images rightly than "
                                                                  "Two. That may be chance.")  # fmt: skip
    assert (words.winner([far, racer("One", 0.99)]), words.winner([near, racer("One", 0.99)])) == (
        "One",
        words.NOBODY,
    )
    assert "fewer than one of twenty" in words.why([far, racer("One", 0.99)])
    assert words.verdict([far, racer("One", 0.99)], False) == "The race is over."


def test_of_three_seeds_the_mean_and_the_ends_are_told_and_none_may_overlap():
    best, apart, over = (
        racer("A", 0.98, 0.981, 0.982), racer("B", 0.97, 0.971, 0.972), racer("C", 0.95, 0.96, 0.9805)
    )  # fmt: skip
    assert words.verdict([apart, best], True) == (
        "**A**: 98.1 % on average (98.0 % to 98.2 %), **B**: 97.1 % on average (97.0 % to 97.2 %) of MNIST’s 10,000 "
        "test digits. On average A reads 100 more of the 10,000 test images rightly than B. That is more than chance."
    )
    assert words.why([apart, best]) == "Each seed of A reads more than each seed of B."
    assert words.winner([best, over]) == words.NOBODY
    assert "Their seeds overlap" in words.why([best, over])
    few = [racer("A", 0.98, 0.981, 0.982, count=500), racer("B", 0.97, 0.971, 0.972, count=500)]
    assert "a test of 500 images cannot tell" in words.why(few)


def test_one_whose_loss_became_infinite_has_lost_and_the_others_are_compared():
    said = words.verdict([racer("A", 0.9), racer("B", lost=1)], True)
    assert said == "**A**: 90.0 % of MNIST’s 10,000 test digits. B has lost: its loss became infinite."
    assert words.winner([racer("A", 0.9), racer("B", lost=1)]) == "A"
    assert "the loss of 1 of its 3 seeds became infinite" in words.verdict(
        [racer("B", 0.9, 0.91, lost=1)], True
    )
    assert words.winner([racer("A", lost=1), racer("B", lost=1)]) == words.NOBODY
    assert words.verdict([racer("A", lost=1), racer("B", lost=1)], True).startswith(
        "No network came to an end."
    )


def test_a_lead_that_would_be_written_as_nothing_is_called_the_same():
    same = [racer("A", 0.99), racer("B", 0.9899)]
    assert "A reads the same share as B." in words.verdict(same, True)
    assert words.winner(same) == words.NOBODY


def test_a_name_cannot_act():
    assert r"\*\*x\*\*" in words.verdict([racer("**x**", 0.9), racer("B", 0.8)], True)


def test_each_racer_has_a_band_of_its_own_from_its_worst_to_its_best_seed():
    lower = Curve([100, 200], [0.5, 1.0], [0.3, 0.1], [0.8, 0.9])
    group = [ONE, replace(ONE, history=History(lower, lower))]
    figure = bands([group, [ONE], []], "light", epochs=5.0)
    upper, under, mean, *single = figure["data"]
    assert (upper["y"][-1], under["y"][-1], mean["y"][-1]) == (
        pytest.approx(98),
        pytest.approx(90),
        pytest.approx(94),
    )
    assert (mean["line"]["color"], single[-1]["line"]["color"]) == tuple(RUNS["light"][:2])
    assert figure["layout"]["xaxis"]["range"] == [0, 5.0]
    assert len(mean["x"]) == POINTS
    assert band(group, "light") == bands([group], "light", 300)
