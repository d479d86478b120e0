"""A second thread beside a training of one: the same weights to the bit, and only where it was allowed.

And beside whoever climbs to pictures of filters: the same pictures.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
import torch

from cnn_core.data import ImageSet
from cnn_core.insight import dream, maximize_filters, photo_network
from cnn_core.model import PRESETS, build
from cnn_core.training import RECIPES, train
from cnn_core.training.fast import aside, onednn
from cnn_core.training.fast.passes import FastNetwork

CPU = torch.device("cpu")
RECIPE = RECIPES["lesson"].replace(epochs=1, precision="bfloat16")
needs_bfloat16 = pytest.mark.skipif(not onednn.can_run(CPU), reason="oneDNN has no bfloat16 here")


@pytest.fixture(autouse=True)
def one_of_two_cores(monkeypatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr(aside, "_allowed", False)
    yield
    torch.set_num_threads(before)


def trained(preset):
    chance = torch.Generator().manual_seed(3)
    images = torch.randint(0, 256, (150, 1, 28, 28), dtype=torch.uint8, generator=chance)
    digits = ImageSet("noise", "train", images, torch.arange(150) % 10, tuple("0123456789"), "noise")
    net, before, threads = build(PRESETS[preset], seed=0), set(threading.enumerate()), set()
    for _ in train(net, digits, RECIPE):
        threads |= set(threading.enumerate()) - before  # one of an earlier training may not have ended yet
    return net.state_dict(), any(thread.name.startswith("aside") for thread in threads)


@needs_bfloat16
@pytest.mark.parametrize("preset", ["lesson", "tiny"])
def test_the_weights_are_those_of_one_thread_to_the_bit(preset):
    alone, alone_had_help = trained(preset)
    aside.use_idle_core()
    together, had_help = trained(preset)
    assert (alone_had_help, had_help) == (False, True)
    assert all(torch.equal(alone[name], together[name]) for name in alone)


@needs_bfloat16
def test_an_error_in_the_second_thread_reaches_the_first(monkeypatch):
    network = FastNetwork(build(PRESETS["lesson"]), half=True)
    aside.use_idle_core()
    network.share_with(aside.second_thread())
    monkeypatch.setattr(onednn._Convolution, "of_weights", lambda *_: 1 / 0)
    logits = network.forward(torch.rand(4, 1, 28, 28))
    with pytest.raises(ZeroDivisionError):
        network.backward(torch.ones_like(logits))


def test_there_is_none_where_nobody_allowed_it_or_torch_has_more_threads_or_there_is_one_core(monkeypatch):
    assert aside.second_thread() is None
    aside.use_idle_core()
    assert aside.second_thread() is not None
    torch.set_num_threads(2)
    assert aside.second_thread() is None
    torch.set_num_threads(1)
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert aside.second_thread() is None


def who_worked(tasks, work=lambda task: task):
    """(answers, ids of the threads that worked); each waits until a second one is there, or a moment."""
    workers, both = set(), threading.Event()

    def noted(task):
        workers.add(threading.get_ident())
        if len(workers) > 1:
            both.set()
        both.wait(0.2)
        return work(task)

    return aside.side_by_side(noted, tasks), workers


def test_tasks_are_shared_where_a_second_thread_is_allowed_and_answered_in_their_order():
    assert who_worked(range(4)) == ([0, 1, 2, 3], {threading.get_ident()})
    aside.use_idle_core()
    answers, workers = who_worked(range(9), lambda task: (task, torch.get_num_threads()))
    assert answers == [(task, 1) for task in range(9)]
    assert len(workers) == 2
    assert who_worked([7]) == ([7], {threading.get_ident()})
    assert who_worked([]) == ([], set())


def test_as_many_work_side_by_side_as_torch_has_threads_and_it_has_them_again_afterwards():
    torch.set_num_threads(2)
    answers, workers = who_worked(range(4), lambda task: torch.get_num_threads())
    assert (answers, len(workers)) == ([1, 1, 1, 1], 2)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("failing", [0, 5])
def test_an_error_of_a_task_ends_the_others_and_reaches_who_asked(failing):
    begun = []

    def work(task):
        begun.append(task)
        if task == failing:
            raise ZeroDivisionError
        return task

    aside.use_idle_core()
    with pytest.raises(ZeroDivisionError):
        aside.side_by_side(work, range(1_000_000))
    assert len(begun) < 1_000_000
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("recipe", ["lesson", "clean"])
@pytest.mark.parametrize("layer", ["conv2d_2", "conv2d_3"])
def test_the_pictures_are_those_of_one_thread_to_the_bit(layer, recipe):
    net = build(PRESETS["lesson"], seed=2).eval()
    asked = {"filters": range(19), "steps": 6, "recipe": recipe, "keep_path": True}
    alone = maximize_filters(net, layer, **asked)
    aside.use_idle_core()
    together = maximize_filters(net, layer, **asked)
    for name in ("images", "scores", "path", "gradients"):
        assert getattr(together, name).equal(getattr(alone, name)), name


def test_the_photo_networks_dream_is_that_of_one_thread_to_the_bit(monkeypatch):
    net, threads = photo_network(), []
    picture = torch.rand(3, 140, 210, generator=torch.Generator().manual_seed(0))
    maps_at = type(net).maps_at

    def noted(self, *asked):
        threads.append(torch.get_num_threads())
        return maps_at(self, *asked)

    monkeypatch.setattr(type(net), "maps_at", noted)
    alone = dream(net, picture, "animals", octaves=2, steps=2)
    aside.use_idle_core()
    for is_idle in (True, False):
        monkeypatch.setattr(aside, "_is_a_core_idle", lambda is_idle=is_idle: is_idle)
        assert dream(net, picture, "animals", octaves=2, steps=2).equal(alone)
    assert threads == [1] * 4 + [2] * 4 + [1] * 4
    assert torch.get_num_threads() == 1
