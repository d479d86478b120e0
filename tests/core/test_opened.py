"""A network opened from a file: whose weights it keeps, what it claims to know, and how it is trained on."""

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, build
from cnn_core.pretrained import load
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.training import RECIPES, load_model, save_model

OWNER = "a" * 22


@pytest.fixture
def store(tmp_path):
    return RunStore(tmp_path / "runs")


@pytest.fixture
def opened(store, tmp_path):
    """A run made of the lesson's trained convnet as a file."""
    save_model(tmp_path / "net.safetensors", load("lesson"), load("lesson").spec)
    return store.run(store.adopt((tmp_path / "net.safetensors").read_bytes(), "a friend’s", OWNER))


def test_nobody_knows_its_recipe_until_it_is_trained_here(store, opened):
    assert opened.is_opened
    assert not opened.has_recipe
    store.extend(opened.id, OWNER, 2)
    assert store.run(opened.id).has_recipe
    assert store.run(opened.id).recipe == RECIPES["lesson"].replace(epochs=2)  # all of them new
    begun_here = store.run(store.submit(PRESETS["lesson"], RECIPES["lesson"], "mnist", OWNER))
    assert begun_here.has_recipe
    assert not begun_here.is_opened


def test_a_network_with_weights_beyond_all_measure_is_refused(store, tmp_path):
    net = build(PRESETS["lesson"])
    with torch.no_grad():
        for weight in net.parameters():
            weight.fill_(1e30)
    save_model(tmp_path / "net.safetensors", net, net.spec)
    with pytest.raises(StudentError, match="so large"):
        store.adopt((tmp_path / "net.safetensors").read_bytes(), "a friend’s", OWNER)
    assert store.runs(owner=OWNER) == []


def test_more_epochs_begin_with_the_weights_of_the_file(store, opened):
    before = load("lesson").state_dict()
    store.extend(opened.id, OWNER, 1)
    store.take(store.next_ticket())
    assert work(store.path, opened.id) == "done"
    first, second, *_ = store.run(opened.id).snapshots()
    assert (first.step, second.step) == (0, 1)
    # Keras's RMSprop cannot move a weight by more than rate / sqrt(1 - rho) in its first step.
    farthest = 0.001 / 0.1**0.5 * 1.01
    for name, weight in load_model(second.path)[0].state_dict().items():
        torch.testing.assert_close(weight, before[name], atol=farthest, rtol=0)
    assert store.run(opened.id).status.result["accuracy"] > 0.97  # 4,500 digits from chance: about 0.93


def test_it_is_no_twin_of_a_training_that_begins_by_chance(store, opened):
    store.extend(opened.id, OWNER, 2)
    assert store.submit(PRESETS["lesson"], RECIPES["lesson"].replace(epochs=2), "mnist", OWNER) != opened.id
