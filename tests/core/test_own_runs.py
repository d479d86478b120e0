"""A network is trained on own pictures by the worker that trains all others; what it came to is a test."""

import numpy as np
import pytest

from cnn_core.data import available, load_images
from cnn_core.data.own import NewPicture, Shelf, frozen_key, said_of
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, fitted
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec, load_model, save_model

OWNER = "o" * 22


def stripes(across, seed, colour):
    """A picture of broad stripes across or down, in noise: two things that a small network tells apart."""
    rng = np.random.default_rng(seed)
    side, channels = (32, 3) if colour else (28, 1)
    wave = 200 * ((np.arange(side) + rng.integers(4)) // 4 % 2)
    image = wave[:, None] if across else wave[None, :]
    image = np.broadcast_to(image, (channels, side, side)) + rng.integers(0, 50, (channels, side, side))
    return NewPicture(image.astype(np.uint8).tobytes(), "draw")


def two_things(count=16, colour=False):
    one = Shelf().make(OWNER, colour=colour, classes=("across", "down"))
    for number in range(2):
        one.add(OWNER, number, [stripes(number == 0, 100 * number + i, colour) for i in range(count)])
    return one


def trained(one, **recipe):
    store = RunStore()
    recipe = TrainSpec(**({"epochs": 12, "batch_size": 8, "learning_rate": 0.003} | recipe))
    spec = fitted(PRESETS["tiny"], one.shape, len(one.contents().classes))
    run = store.run(store.submit(spec, recipe, one.key, OWNER))
    assert store.take(store.next_ticket())
    assert work(store.path, run.id) == "done"
    store.done(run.id)
    return run


@pytest.mark.parametrize("colour", [False, True])
def test_a_few_dozen_pictures_are_learnt_and_tested_on_others(colour):
    one = two_things(colour=colour)
    run = trained(one)
    assert run.status.state == "finished", run.status.reason
    assert run.status.result["accuracy"] == 1.0
    assert (run.status.result["count"], run.status.result["seen"]) == (8, 0)
    learnt = run.learnt_from
    assert (learnt.count, learnt.is_known) == (
        22,
        True,
    )  # 32, of which 8 are for testing and 2 for validation
    assert learnt.overlap(load_images(run.dataset, "test")).is_test


def test_its_snapshot_remembers_nothing_of_the_set_but_the_key_of_its_classes():
    one = two_things()
    run = trained(one)
    assert run.dataset == frozen_key(one.key)
    one.remove(OWNER)
    net, spec = load_model(run.snapshot_path())
    assert spec.classes == 2
    assert net.predict(_grey()).shape == (1, 2)


def _grey():
    import torch

    return torch.full((1, 1, 28, 28), 0.5)


def test_after_the_pictures_have_changed_more_epochs_are_refused_with_a_sentence():
    one = two_things()
    run = trained(one)
    store = RunStore()
    store.extend(run.id, OWNER, 2)
    one.add(OWNER, 0, [stripes(True, 999, False)])
    assert store.take(store.next_ticket())
    work(store.path, run.id)
    assert run.status.state == "failed"
    assert "have changed since the run began" in run.status.reason


def test_more_epochs_on_the_same_pictures_go_on():
    one = two_things()
    run = trained(one)
    store = RunStore()
    store.extend(run.id, OWNER, 2)
    assert store.take(store.next_ticket())
    work(store.path, run.id)
    assert (run.status.state, run.status.epoch) == ("finished", 14.0)


def test_a_design_for_other_pictures_is_refused_before_it_waits():
    one = two_things()
    with pytest.raises(StudentError):
        RunStore().submit(PRESETS["tiny"], TrainSpec(), one.key, OWNER)


def test_a_set_that_is_too_small_or_gone_is_refused_before_it_waits():
    one = two_things(2)
    spec = fitted(PRESETS["tiny"], one.shape, 2)
    with pytest.raises(StudentError, match="too few to learn from"):
        RunStore().submit(spec, TrainSpec(), one.key, OWNER)
    one.remove(OWNER)
    with pytest.raises(StudentError, match="were removed from this server"):
        RunStore().submit(spec, TrainSpec(), one.key, OWNER)


def test_a_class_that_was_taken_out_since_is_named():
    one = two_things()
    key = frozen_key(one.key)
    one.add_class(OWNER, "dots")
    one.add(OWNER, 2, [stripes(True, 500 + i, False) for i in range(6)])
    one.take_out_class(OWNER, 1)
    with pytest.raises(StudentError, match="“down” was taken out of “My set 1”"):
        RunStore().submit(fitted(PRESETS["tiny"], one.shape, 2), TrainSpec(), key, OWNER)


# ---------------------------------------------------------------- on another server


def opened_elsewhere(path, tmp_path, monkeypatch):
    monkeypatch.setenv("CONVSCOPE_RUNS", str(tmp_path / "elsewhere"))
    store = RunStore()
    run_id = store.openings.ask(path.read_bytes(), "net.safetensors", OWNER, None)
    assert work(store.path, run_id) == "done"
    return store.run(run_id)


@pytest.mark.parametrize("says_names", [True, False])
def test_a_network_of_own_pictures_keeps_its_names_on_another_server(says_names, tmp_path, monkeypatch):
    one = two_things(colour=True)
    one.add_class(OWNER, "nothing")
    one.take_out_class(OWNER, 0)
    one.add(OWNER, 2, [stripes(True, i, True) for i in range(900, 910)])
    run = trained(one, epochs=1)
    net, spec = load_model(run.snapshot_path())
    own_set = said_of(run.dataset) if says_names else None
    save_model(tmp_path / "net", net, spec, learnt_from=run.learnt_from, dataset=run.dataset, own_set=own_set)
    again = opened_elsewhere(tmp_path / "net", tmp_path, monkeypatch)
    assert again.dataset == run.dataset
    record = dataset_of(again.dataset)
    assert record.shape == (3, 32, 32)
    assert record.classes == (("down", "nothing") if says_names else ("class 2", "class 3"))
    assert (again.status.result, again.status.state) == (None, "finished")
    sentence = available(again.dataset).source
    assert sentence == "“My set 1” is a data set of another server: its pictures are not on this one." or (
        sentence.startswith("“My set” is a data set of another server") and not says_names
    )
    with pytest.raises(StudentError, match="What needs no pictures still works"):
        load_images(again.dataset, "test")
    assert Shelf().of(OWNER) == []  # it is nobody's here, and takes no room
    assert Shelf().kept() == []


def test_names_in_a_file_from_anywhere_are_cleaned_and_change_no_set_that_is_here(tmp_path):
    one = two_things()
    key, shelf = one.frozen_key, Shelf()
    shelf.remember(key, one.shape, {"name": "mine now", "classes": ["x", "y"]})
    assert dataset_of(key).classes == ("across", "down")
    shelf.remember("own:a1B2c3D4e5F:02", (1, 28, 28), {"name": "<b>it</b>", "classes": ["<i>a</i>", 7]})
    assert dataset_of("own:a1B2c3D4e5F:02").classes == ("i a /i", "7")
    for number, said in enumerate(({"classes": "ab"}, {"classes": [[]] * 3}, {"name": None})):
        shelf.remember(f"own:a1B2c3D4e5{number}:02", (1, 28, 28), said)
        assert dataset_of(f"own:a1B2c3D4e5{number}:02").classes == ("class 1", "class 3")
    with pytest.raises(StudentError):
        shelf.get("a1B2c3D4e5F")
