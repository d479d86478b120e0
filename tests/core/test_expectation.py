"""What a visitor is told before pressing Train."""

import json
import time
from math import inf
from types import SimpleNamespace

import pytest

from cnn_core import pretrained
from cnn_core.data import load_sample, split_sizes
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, measured
from cnn_core.runs.expectation import expect, predicted_speed
from cnn_core.runs.jobs.measure import DESIGNS, measure
from cnn_core.runs.jobs.training_job import Stopwatch
from cnn_core.runs.measured import Measurement
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


@pytest.mark.parametrize(
    ("steps", "speed", "told"),
    [
        (2, 100.0, 5_000.0),  # 100 digits once: it was the start that took its time
        (2, 9_000.0, 9_000.0),  # and yet it was faster
        (500, 100.0, 100.0),  # the machine is busy
    ],
)
def test_a_training_of_two_steps_does_not_make_the_next_one_seem_slow(tmp_path, steps, speed, told):
    store = RunStore(tmp_path)
    recipe = RECIPES["lesson"]
    run = store.run(store.submit(PRESETS["tiny"], recipe, owner="a" * 22))
    store.remember_speed(run, 5_000.0)
    began = time.monotonic() - steps * recipe.batch_size / speed
    watch = Stopwatch(store)
    progress = SimpleNamespace(step=steps - 1, first_step=0)
    watch.learnt(SimpleNamespace(began=began, progress=progress, run=run))
    watch.remember(run, speed)
    assert store.speed_of(PRESETS["tiny"]) == told


def test_the_first_training_of_a_design_is_all_that_is_known_of_it(tmp_path):
    store = RunStore(tmp_path)
    run = store.run(store.submit(PRESETS["tiny"], RECIPES["lesson"], owner="a" * 22))
    Stopwatch(store).remember(run, 100.0)
    assert store.speed_of(PRESETS["tiny"]) == 100.0


def test_before_any_training_a_larger_network_is_expected_to_take_longer():
    assert (
        predicted_speed(PRESETS["tiny"])
        > predicted_speed(PRESETS["lesson"])
        > predicted_speed(PRESETS["modern"])
    )


def a_result(
    spec=PRESETS["tiny"], recipe=RECIPES["lesson"], images=4_000, accuracy=0.9, speed=5_000.0, sample=True
):
    return Measurement.of(spec, recipe, "mnist", sample, images, accuracy, speed)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A store of a server on which nothing was trained, without our table."""
    monkeypatch.setattr(measured, "table", lambda: ())
    return RunStore(tmp_path)


def test_where_nothing_like_it_was_trained_nothing_is_known(store):
    nothing = expect(store, PRESETS["tiny"], RECIPES["lesson"], "mnist", 4_000, True)
    assert (nothing.accuracy, nothing.low, nothing.high) == (None, None, None)
    assert (nothing.seconds, nothing.time_from) == (None, "nothing")


def test_our_tables_speeds_are_told_to_nobody(tmp_path):
    # They are of our machine. Its accuracies are known here all the same.
    told = expect(RunStore(tmp_path), PRESETS["lesson"], RECIPES["lesson"], "mnist", 4_000, True)
    assert told.accuracy is not None
    assert told.seconds is None


def test_whoever_waits_on_a_server_where_nothing_was_trained_is_told_no_time(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", "1")
    store = RunStore(tmp_path)
    ids = [store.submit(PRESETS["tiny"], RECIPES["lesson"], owner=owner * 22) for owner in "ab"]
    assert [store.expected_wait(run_id) for run_id in ids] == [0, inf]
    store.remember_result(
        a_result(PRESETS["lesson"], speed=predicted_speed(PRESETS["lesson"]) / 2, sample=False)
    )
    pace = predicted_speed(PRESETS["tiny"]) / 2  # half as fast as ours, whatever is trained
    assert store.expected_wait(ids[1]) == pytest.approx(5 * 60_000 / pace, rel=1e-3)


def test_a_training_of_the_same_design_here_is_what_to_expect(store):
    for seed, accuracy in enumerate((0.93, 0.95)):
        store.remember_result(a_result(recipe=RECIPES["lesson"].replace(seed=seed), accuracy=accuracy))
    told = expect(store, PRESETS["tiny"], RECIPES["lesson"].replace(seed=9), "mnist", 4_000, True)
    assert (told.low, told.high, told.trainings, told.from_here, told.like) == (0.93, 0.95, 2, True, "")
    assert told.accuracy == pytest.approx(0.94)


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": RECIPES["fast"]},
        {"recipe": RECIPES["lesson"].replace(epochs=1)},
        {"sample": False},
        {"images": 3_999},
        {"spec": PRESETS["mlp"]},
        {"spec": PRESETS["modern"]},
        {"spec": PRESETS["lenet5"]},
    ],
)
def test_another_recipe_number_of_images_or_kind_of_design_earns_nothing(store, change):
    store.remember_result(a_result(**change))
    assert expect(store, PRESETS["tiny"], RECIPES["lesson"], "mnist", 4_000, True).accuracy is None


def test_between_two_numbers_of_images_it_lies_between_their_accuracies(store):
    store.remember_result(a_result(images=1_000, accuracy=0.85))
    store.remember_result(a_result(images=4_000, accuracy=0.93))
    recipe = RECIPES["lesson"].replace(train_size=2_000)
    told = expect(store, PRESETS["tiny"], recipe, "mnist", 4_000, True)
    assert (told.low, told.high, told.images) == (0.85, 0.93, (1_000, 4_000))
    few = expect(store, PRESETS["tiny"], recipe.replace(train_size=500), "mnist", 4_000, True)
    assert few.accuracy is None


def test_designs_like_it_are_told_where_it_was_never_trained_itself(store):
    store.remember_result(a_result(PRESETS["tiny"], accuracy=0.93))
    store.remember_result(a_result(PRESETS["lesson"], accuracy=0.96))
    changed = PRESETS["tiny"].replace(layers=(*PRESETS["tiny"].layers[:1], *PRESETS["tiny"].layers[2:]))
    told = expect(store, changed, RECIPES["lesson"], "mnist", 4_000, True)
    assert (told.low, told.high, told.like) == (0.93, 0.96, "convnets with relu")


def test_what_was_trained_here_sets_the_pace_for_other_designs(store):
    half_as_fast = predicted_speed(PRESETS["tiny"]) / 2
    store.remember_result(a_result(speed=half_as_fast))
    told = expect(store, PRESETS["lesson"], RECIPES["lesson"], "mnist", 4_000, True)
    assert told.time_from == "machine"
    assert told.seconds == pytest.approx(5 * 4_000 / (predicted_speed(PRESETS["lesson"]) / 2), rel=1e-3)


def test_our_table_knows_a_convnet_an_mlp_and_one_dense_layer_apart(tmp_path):
    told = {
        name: expect(RunStore(tmp_path), spec, RECIPES["lesson"], "mnist", 4_000, True)
        for name, spec in DESIGNS.items()
    }
    assert told["one"].high < told["mlp"].high < told["lesson"].low
    assert told["one"].high < 0.92
    few = RECIPES["lesson"].replace(train_size=100)
    assert expect(RunStore(tmp_path), PRESETS["lesson"], few, "mnist", 4_000, True).high < 0.8


def test_with_all_of_mnist_the_lessons_convnet_is_expected_to_do_about_as_well_as_ours(tmp_path):
    told = expect(RunStore(tmp_path), PRESETS["lesson"], RECIPES["lesson"], "mnist", 55_000, False)
    assert told.high == pytest.approx(pretrained.card("lesson").test_accuracy, abs=0.004)
    assert not told.from_here


def test_of_another_data_set_our_table_knows_nothing(tmp_path):
    for dataset in ("kmnist", "fashion_mnist"):
        assert (
            expect(RunStore(tmp_path), PRESETS["lesson"], RECIPES["lesson"], dataset, 55_000, False).accuracy
            is None
        )


def test_a_row_of_our_table_is_what_a_training_comes_to(tmp_path):
    images, test = load_sample("train").split_off(500)[0], load_sample("test")
    recipe = RECIPES["lesson"].replace(train_size=100)
    row = measure(DESIGNS["one"], recipe, images, test)
    ours = measured.by_recipe(measured.table(), recipe, "mnist", True)
    known = [one.accuracy for one in measured.same_design(ours, DESIGNS["one"]) if one.images == 100]
    # Another kind of processor may round another way: a digit or two in five hundred.
    assert min(abs(row.accuracy - accuracy) for accuracy in known) < 0.01


def test_results_that_make_no_sense_are_passed_over(tmp_path):
    store = RunStore(tmp_path)
    store.remember_result(a_result())
    rows = json.loads((tmp_path / "results.json").read_text())["measurements"]
    spoiled = [*rows, {"design": 3}, rows[0] | {"accuracy": 7}, "x", None]
    (tmp_path / "results.json").write_text(json.dumps({"measurements": spoiled}))
    assert store.results() == (a_result(),)
