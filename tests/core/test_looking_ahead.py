"""What is asked of a network first is computed when its run ends: the same answers, by whoever has time for it."""

import multiprocessing
import os
import time
from types import SimpleNamespace

import pytest

from cnn_core.data import load_images
from cnn_core.looking import (
    FOLDER,
    Answers,
    Question,
    answers,
    clicks_on_filters,
    first_questions,
    hash_of,
    key_of,
)
from cnn_core.looking.ahead import look_ahead
from cnn_core.looking.jobs import answer
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore, is_wished
from cnn_core.runs.fairness import Room
from cnn_core.runs.jobs import looking_ahead
from cnn_core.runs.jobs.looking_ahead import MOST_NAMES, LookingAhead, is_free
from cnn_core.runs.jobs.looks import look_at
from cnn_core.runs.jobs.runner import Runner
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec, evaluate, load_model, save_model
from tests.core.test_looking import parts_of

TINY = PRESETS["tiny"]
IMAGES = 500  # test images of the sample


@pytest.fixture
def kept(tmp_path):
    return Answers(tmp_path / "runs")


def network(seed=3, spec=TINY):
    return build(spec, seed).eval().requires_grad_(False)


def files(kept):
    return {path.name for path in kept.folder.glob("*")}


def same(one, other):
    one, other = parts_of(one), parts_of(other)
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.equal(b) if hasattr(a, "equal") else a == b


# The answers


def test_what_was_computed_ahead_is_what_the_network_answers_on_the_spot_bit_for_bit(kept):
    net = network()
    assert look_ahead(net, "mnist", kept) == len(first_questions(TINY, "mnist", IMAGES)) + 1  # of before
    for question in first_questions(TINY, "mnist", IMAGES):
        there = kept.get(key_of(hash_of(net), IMAGES, question))
        here = answer(net, question, lambda fraction: None)
        assert type(there) is type(here)
        same(there, here)
    assert look_ahead(net, "mnist", kept) == 0
    again = look_ahead(
        network(seed=4), "mnist", kept
    )  # other weights; before their training they were the same
    assert again == len(first_questions(TINY, "mnist", IMAGES))


def test_equal_weights_share_their_answers_and_other_images_or_other_code_do_not(monkeypatch):
    question = Question.of("evaluation", "mnist", IMAGES)
    one = key_of(hash_of(network()), IMAGES, question)
    assert one == key_of(hash_of(network()), IMAGES, question)
    others = {
        key_of(hash_of(network(seed=4)), IMAGES, question),
        key_of(hash_of(network()), 10_000, question),
        key_of(hash_of(network()), IMAGES, Question.of("evaluation", "mnist", 10)),
    }
    monkeypatch.setattr(answers, "_edition", lambda: "after an update")
    others.add(key_of(hash_of(network()), IMAGES, question))
    assert len(others | {one}) == 5


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, b"\x02\0\0\0\0\0\0\0{}", b"torn"])
def test_a_file_that_is_torn_is_no_answer_and_is_gone(kept, content):
    kept.put("whole", {})
    (kept.folder / "torn").write_bytes(content)
    assert kept.get("torn") is None
    assert files(kept) == {"whole"}


def test_what_nobody_asked_for_longest_makes_room_and_nothing_stays_for_ever(kept, monkeypatch):
    monkeypatch.setattr(answers, "MOST_BYTES", 250)
    now = time.time()
    kept.folder.mkdir(parents=True)
    for name, age in (("old", 40 * 86_400), ("third", 300), ("second", 200), ("first", 100)):
        (kept.folder / name).write_bytes(bytes(100))
        os.utime(kept.folder / name, (now - age, now - age))
    kept.tidy()
    assert files(kept) == {"first", "second"}
    monkeypatch.setenv("CONVSCOPE_MAX_STORE_MB", "1")  # a tenth of it: 100 kB
    monkeypatch.setattr(answers, "MOST_BYTES", 10**9)
    (kept.folder / "first").write_bytes(bytes(99_950))
    kept.tidy()
    assert files(kept) == {"first"}


def test_an_answer_that_is_read_is_as_good_as_new(kept):
    kept.put("one", {})
    os.utime(kept.folder / "one", (1.0, 1.0))
    kept.get("one")
    assert time.time() - (kept.folder / "one").stat().st_mtime < 60


def test_a_network_without_test_images_here_and_a_run_that_is_gone_are_no_error(tmp_path):
    assert look_at(tmp_path, "run:AbCdEfGhIjK") == 0
    assert look_ahead(network(), "fashion_mnist", Answers(tmp_path)) == 0


def test_of_a_network_of_ours_every_sheet_is_asked_by_either_recipe_and_what_it_was_before_its_training(kept):
    net, spec = network(), TINY
    asked = {}
    for weights in (hash_of(net), hash_of(network(seed=0))):
        for question in (*first_questions(spec, "mnist", IMAGES), *clicks_on_filters(spec, "mnist", IMAGES)):
            asked[key_of(weights, IMAGES, question)] = question
    sheets = {
        (one.arguments["layer"], one.arguments["recipe"].leak > 0)
        for one in asked.values()
        if one.job == "pictures"
    }
    assert sheets == {
        (layer, clean) for layer in ("conv2d_1", "conv2d_2", "dense_1") for clean in (True, False)
    }
    calls = []
    new = look_ahead(net, "mnist", kept, every_sheet=True, before=lambda: calls.append(len(files(kept))))
    assert asked.keys() <= files(kept)
    assert len(calls) == new == len(files(kept))
    assert look_ahead(net, "mnist", kept, every_sheet=True) == 0


def test_whoever_waits_learns_how_the_one_that_computes_gets_on(kept):
    assert kept.worker("nobody") is None
    with kept.coming("one"):
        worker = kept.worker("one")
        assert worker.pid == os.getpid()
        before = worker.done
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        assert 0.05 < worker.done - before < 10
    (kept.folder / "two.at_work").write_text("another-machine 1 1.0")
    (kept.folder / "three.at_work").write_text("torn")
    assert kept.worker("one") is kept.worker("two") is kept.worker("three") is None


# Who computes them, and when


class Process:
    """One that does nothing, and ends when it is told to."""

    def __init__(self, target, args, **_):
        self.name, self.lives, self.killed = args[1], False, False

    def start(self):
        self.lives = True

    def is_alive(self):
        return self.lives

    def kill(self):
        self.lives, self.killed = False, True

    def join(self):
        assert not self.lives


@pytest.fixture
def begun():
    """Processes that were begun."""
    return []


@pytest.fixture
def ahead(tmp_path, begun, monkeypatch):
    monkeypatch.setattr(looking_ahead.pretrained, "names", lambda: ["lesson"])

    def begin(**how):
        begun.append(Process(**how))
        return begun[-1]

    return LookingAhead(tmp_path / "runs", SimpleNamespace(Process=begin))


def test_one_network_after_the_other_and_whoever_trains_has_the_processor_at_once(ahead, begun):
    ahead.add("AbCdEfGhIjK")
    ahead.add("AbCdEfGhIjK")
    ahead.go_on(False)
    assert not begun
    ahead.go_on(True)
    ahead.go_on(True)
    assert [one.name for one in begun] == ["pretrained:lesson"]
    ahead.go_on(False)  # a training came
    assert begun[0].killed
    ahead.go_on(True)
    assert [one.name for one in begun] == ["pretrained:lesson", "pretrained:lesson"]
    begun[1].lives = False  # it is done
    ahead.go_on(True)
    assert begun[2].name == "run:AbCdEfGhIjK"
    begun[2].lives = False
    ahead.go_on(True)
    assert not ahead.has_work
    assert len(begun) == 3


def test_no_more_wait_than_so_many_and_the_newest_are_kept(ahead):
    for number in range(MOST_NAMES + 5):
        ahead.add(f"{number:011d}")
    assert len(ahead.names) == MOST_NAMES
    assert ahead.names[-1] == f"run:{MOST_NAMES + 4:011d}"


@pytest.mark.parametrize(("workers", "free", "threads", "cores", "expected"), [
    (2, 2, 1, 2, True),
    (2, 1, 1, 2, True),  # one trains, on one of two processors
    (2, 0, 1, 2, False),
    (2, 1, 2, 2, False),  # it takes both
    (4, 2, 1, 2, False),  # two train, and there are no more processors
    (1, 1, 2, 1, True),
    (1, 0, 2, 2, False),
])  # fmt: skip
def test_a_processor_is_free_where_no_training_is_on_it(workers, free, threads, cores, expected, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WORKERS", str(workers))
    monkeypatch.setenv("CONVSCOPE_THREADS", str(threads))
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    assert is_free(Room(free=free, workers=workers)) is expected


def test_nothing_is_wished_on_a_small_machine_or_where_the_operator_is_against_it(monkeypatch):
    assert not is_wished()  # no test is
    monkeypatch.setenv("CONVSCOPE_WARM", "1")
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: 4_000_000_000)
    assert is_wished()
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: 1_000_000_000)
    assert not is_wished()


class AtOnce:
    """An engine that works at once, in this process."""

    trouble = ""

    def __init__(self, store):
        self.store, self.back = store, []

    def room(self):
        return Room(free=1 - len(self.back))

    def start(self, run_id):
        self.back.append((run_id, work(self.store.path, run_id)))

    def returned(self):
        back, self.back = self.back, []
        return back


@pytest.mark.parametrize("patience", [None, 1])
def test_a_training_leaves_its_own_test_for_the_page_and_its_run_is_looked_at(
    tmp_path, ahead, monkeypatch, patience
):
    """With patience other weights are put back at the end than those of the last step."""
    monkeypatch.setenv("CONVSCOPE_WARM", "1")
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: 4_000_000_000)
    store = RunStore(tmp_path / "runs")
    recipe = TrainSpec(epochs=3, train_size=200, learning_rate=0.05, patience=patience)
    run_id = store.submit(TINY, recipe, owner="a" * 22)
    runner = Runner(store, AtOnce(store), 0, ahead=ahead)
    ahead.names.clear()
    for _ in range(2):
        runner.tick()
    assert ahead.at_work == f"run:{run_id}"
    assert not runner._idle()
    run = store.run(run_id)
    net = load_model(run.snapshot_path(run.moment))[0].eval()
    there = Answers(store.path).get(key_of(hash_of(net), IMAGES, Question.of("evaluation", "mnist", IMAGES)))
    same(there, evaluate(net, load_images("mnist", "test", fetch=False)))


def test_on_a_small_machine_a_training_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_WARM", "1")
    monkeypatch.setattr("cnn_core.machine.memory_limit", lambda: 1_000_000_000)
    store = RunStore(tmp_path / "runs")
    run_id = store.submit(TINY, TrainSpec(epochs=1, train_size=100), owner="a" * 22)
    work(store.path, run_id)
    assert store.run(run_id).status.state == "finished"
    assert not (store.path / FOLDER).exists()


def test_killed_in_between_it_is_done_again_and_nobody_waits_for_the_one_that_is_gone(tmp_path):
    """The real thing: a process of its own, killed once it has begun, and whoever comes next."""
    store = RunStore(tmp_path / "runs")
    spec = PRESETS["modern"]  # long enough to be met in the middle of it
    run_id = store.submit(spec, TrainSpec(), owner="a" * 22)
    run = store.run(run_id)
    save_model(run.folder / "snapshots" / "last.safetensors", build(spec, 1), spec)
    store.set_status(run, state="finished")
    ahead, kept = LookingAhead(store.path, multiprocessing.get_context("spawn")), Answers(store.path)
    ahead.names.clear()
    ahead.add(run_id)
    ahead.go_on(True)
    net = load_model(run.snapshot_path("last"))[0].eval()
    keys = [key_of(hash_of(net), IMAGES, one) for one in first_questions(spec, "mnist", IMAGES)]
    end = time.monotonic() + 60
    while not any(map(kept.is_coming, keys)) and time.monotonic() < end:
        time.sleep(0.005)
    assert any(map(kept.is_coming, keys))
    ahead.end()
    assert not any(map(kept.is_coming, keys))
    assert not all(map(kept.has, keys))
    while ahead.has_work and time.monotonic() < end + 60:
        ahead.go_on(True)
        time.sleep(0.05)
    assert all(map(kept.has, keys))
    same(kept.get(keys[0]), evaluate(net, load_images("mnist", "test", fetch=False)))
