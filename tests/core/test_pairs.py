"""With and without: a pair is asked for whole, found again in the store, and compared with chance in mind."""

import pytest

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS
from cnn_core.runs import RunStore, find_pairs, gain, submit_pair
from cnn_core.training import RECIPES

OWNER, OTHER = "a" * 22, "b" * 22
TINY, LESSON_NET = PRESETS["tiny"], PRESETS["lesson"]
FAST, LESSON = RECIPES["fast"], AugmentSpec.lesson()


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


def test_a_pair_differs_in_nothing_but_the_changes(store):
    pair = submit_pair(store, TINY, FAST.replace(seed=5), LESSON, "mnist", OWNER)
    one, other = pair.runs
    assert one.spec == other.spec
    assert one.dataset == other.dataset == "mnist"
    assert one.recipe.augment == LESSON
    assert other.recipe.augment is None
    assert one.recipe.replace(augment=None) == other.recipe
    assert pair.unfinished
    assert not pair.finished


def test_a_pair_is_found_again_by_another_process(store):
    pair = submit_pair(store, TINY, FAST, LESSON, "mnist", OWNER)
    again = find_pairs(RunStore(store.path), OWNER, TINY)
    assert [found.key for found in again] == [pair.key]
    assert find_pairs(store, OTHER) == []
    assert find_pairs(store, OWNER, LESSON_NET) == []


def test_asking_twice_trains_nothing_twice(store):
    first = submit_pair(store, TINY, FAST, LESSON, "mnist", OWNER)
    assert submit_pair(store, TINY, FAST, LESSON, "mnist", OWNER).key == first.key
    assert len(store.runs(OWNER)) == 2
    gentle = submit_pair(store, TINY, FAST, AugmentSpec(rotation_range=10), "mnist", OWNER)
    assert gentle.plain.id == first.plain.id  # "without" is the same for both
    assert [found.key for found in find_pairs(store, OWNER)] == [gentle.key, first.key]


def test_two_runs_started_apart_are_a_pair_too(store):
    store.submit(TINY, FAST.replace(augment=LESSON), "mnist", OWNER)
    assert find_pairs(store, OWNER) == []
    store.submit(TINY, FAST.replace(seed=1), "mnist", OWNER)  # another seed proves nothing
    store.submit(TINY, FAST, "fashion_mnist", OWNER)
    assert find_pairs(store, OWNER) == []
    store.submit(TINY, FAST, "mnist", OWNER)
    assert len(find_pairs(store, OWNER)) == 1


def test_a_run_that_was_stopped_gives_way_to_a_whole_one(store):
    stopped = submit_pair(store, TINY, FAST, LESSON, "mnist", OWNER)
    store.control(stopped.augmented.id, OWNER, "stop")
    assert stopped.augmented.status.state == "stopped"
    again = submit_pair(store, TINY, FAST, LESSON, "mnist", OWNER)
    assert again.augmented.id != stopped.augmented.id
    assert [found.key for found in find_pairs(store, OWNER)] == [again.key]


def test_half_a_pair_is_not_left_behind(store, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_QUEUE", "1")
    with pytest.raises(StudentError, match="0 unfinished trainings; this server allows a visitor 1"):
        submit_pair(store, TINY, FAST, LESSON, "mnist", OWNER)
    assert store.runs(OWNER) == []
    assert not store.has_work()


def test_changes_that_change_nothing_are_refused(store):
    with pytest.raises(StudentError, match="change nothing"):
        submit_pair(store, TINY, FAST, AugmentSpec(fill_mode="wrap"), "mnist", OWNER)
    assert store.runs(OWNER) == []


def test_the_gain_is_read_where_it_is_largest_and_the_price_where_nothing_is_changed():
    found = gain([0, 30, 60, 90], [0.95, 0.93, 0.90, 0.80], [0.99, 0.90, 0.40, 0.20], count=2_000)
    assert (found.best.strength, found.best.difference) == (90, pytest.approx(0.6))
    assert found.untouched.difference == pytest.approx(-0.04)
    assert not found.untouched.is_chance


def test_half_a_point_on_two_thousand_images_is_chance():
    found = gain([0, 1], [0.970, 0.955], [0.972, 0.950], count=2_000)
    assert found.best.is_chance
    assert found.best.chance == pytest.approx(1.959964 * (2 * 0.9525 * 0.0475 / 2_000) ** 0.5)
