"""What a visitor is told before pressing Train."""

import pytest

from cnn_core import pretrained
from cnn_core.data import split_sizes
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore
from cnn_core.runs.expectation import expect, predicted_speed
from cnn_core.training import RECIPES


def test_five_thousand_of_sixty_are_kept_aside_and_a_ninth_of_the_sample():
    assert split_sizes(60_000) == (55_000, 5_000)
    assert split_sizes(4_500) == (4_000, 500)
    assert split_sizes(2) == (1, 1)


def test_the_time_is_that_of_the_last_training_of_the_same_design(tmp_path):
    store = RunStore(tmp_path)
    run = store.run(store.submit(PRESETS["tiny"], RECIPES["fast"], owner="a" * 22))
    store.remember_speed(run, 10_000.0)
    told = expect(store, PRESETS["tiny"], RECIPES["fast"], "mnist", 55_000, False)
    assert told.seconds == pytest.approx(2 * 55_000 / 10_000)


def test_before_any_training_a_larger_network_is_expected_to_take_longer():
    assert (
        predicted_speed(PRESETS["tiny"])
        > predicted_speed(PRESETS["lesson"])
        > predicted_speed(PRESETS["modern"])
    )


def test_the_lesson_s_accuracy_is_that_of_ours_and_of_an_unknown_design_nobody_s(tmp_path):
    store = RunStore(tmp_path)
    told = expect(store, PRESETS["lesson"], RECIPES["lesson"], "mnist", 55_000, False)
    assert told.accuracy == pretrained.card("lesson").test_accuracy
    assert expect(store, PRESETS["tiny"], RECIPES["lesson"], "mnist", 55_000, False).accuracy is None
    assert expect(store, PRESETS["lesson"], RECIPES["lesson"], "kmnist", 55_000, False).accuracy is None


def test_the_sample_promises_about_96_per_cent(tmp_path):
    told = expect(RunStore(tmp_path), PRESETS["tiny"], RECIPES["lesson"], "mnist", 4_000, True)
    assert told.accuracy == 0.96
