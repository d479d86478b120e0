"""A network knows which images it learnt from, and how many of a test are among them: counted byte by byte."""

import json
from dataclasses import replace

import pytest
import torch

from cnn_core.data import NOT_KNOWN, ImageSet, ImagesLearntFrom, Overlap, Portion, load_images, load_sample
from cnn_core.data import learnt_from as learnt_from_module
from cnn_core.data.learnt_from import digest_of, sample_places
from cnn_core.model import PRESETS, build
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.training_job import learning_images, train_run
from cnn_core.training import RECIPES, images_learnt_from, save_model

OWNER = "a" * 22
LEARN, _ = load_sample("train").split_off(500)
TEST = load_sample("test")


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")


def in_common(one: ImageSet, other: ImageSet) -> int:
    """The slow obvious way."""
    return sum(any(image.equal(another) for another in other.images) for image in one.images)


def test_a_portion_finds_its_images_again():
    portion = Portion.of(LEARN, kept_aside=500)
    assert (portion.source, portion.count, portion.chosen) == ("sample", 4000, None)
    assert portion.images().images.equal(LEARN.images)


def test_a_choice_is_found_again_by_its_seed():
    portion = Portion.of(LEARN, kept_aside=500, chosen=120, seed=7)
    assert portion.count == 120
    assert portion.images().images.equal(LEARN.take(120, 7).images)
    assert replace(portion, seed=8).images() is None  # other images have another digest


def test_a_stretch_of_a_data_set_is_read_once_for_its_digest_and_another_has_its_own(monkeypatch):
    read = []
    whole, by_hand = load_sample("train"), learnt_from_module._digest
    monkeypatch.setattr(learnt_from_module, "_digests", {})
    monkeypatch.setattr(learnt_from_module, "_digest", lambda images: read.append(1) or by_hand(images))
    stretches = [whole.split_off(500)[0], whole.split_off(500)[1], whole.split_off(600)[0]]
    every_second = replace(whole, images=whole.images[::2][:2000], labels=whole.labels[::2][:2000])
    stretches += [every_second, whole.split_off(2500)[0]]  # as many images, from the same place on
    found = [digest_of(one) for one in stretches * 2]
    assert found == [by_hand(one) for one in stretches] * 2
    assert len(set(found)) == len(stretches)
    copies = [digest_of(replace(one, images=one.images.clone())) for one in stretches]
    assert copies == found[: len(stretches)]
    before = len(read)
    assert digest_of(whole.split_off(2500)[0]) == found[-1]
    assert len(read) == before


def test_images_in_common_are_counted_by_their_bytes():
    portion = Portion.of(LEARN, kept_aside=500, chosen=120, seed=7)
    some = LEARN.take(60, seed=3)
    assert portion.count_among(some) == in_common(LEARN.take(120, 7), some)
    assert portion.count_among(TEST) == 0


def test_all_of_mnist_holds_the_samples_test_digits_and_it_is_known_without_mnist_too():
    everything = Portion("mnist", "complete", 55_000, kept_aside=5_000, digest="not here")
    assert ImagesLearntFrom((everything,)).overlap(TEST) == Overlap(500, 500, True)
    without = Portion("mnist", "complete", 59_500, left_out=500, digest="not here")
    assert ImagesLearntFrom((without,)).overlap(TEST) == Overlap(500, 0, True)


def test_of_a_choice_of_mnist_those_are_counted_that_chance_chose():
    portion = Portion("mnist", "complete", 12_000, kept_aside=5_000, chosen=12_000, seed=3, digest="not here")
    order = torch.randperm(55_000, generator=torch.Generator().manual_seed(3))[:12_000].tolist()
    assert portion.count_among(TEST) == len(set(order) & set(sample_places()))


@pytest.mark.full_mnist
def test_the_samples_test_digits_are_where_they_are_said_to_be(monkeypatch):
    monkeypatch.undo()
    images = load_images("mnist", "train", fetch=False)
    if images.is_sample:
        pytest.skip("the full MNIST is not in CONVSCOPE_DATA")
    assert images.images[list(sample_places())].equal(TEST.images)
    portion = Portion.of(images.split_off(5000)[0], 5000, 12_000, 3)
    learnt = {image.tobytes() for image in images.split_off(5000)[0].take(12_000, 3).images.numpy()}
    assert portion.count_among(TEST) == sum(image.tobytes() in learnt for image in TEST.images.numpy())
    assert portion.count_among(load_images("mnist", "test", fetch=False)) == 0


def test_what_is_not_known_is_no_test():
    assert NOT_KNOWN.overlap(TEST) == Overlap(500, 0, False)
    assert not NOT_KNOWN.overlap(TEST).is_test
    assert ImagesLearntFrom((Portion.of(LEARN, 500),)).overlap(TEST).is_test


def test_images_of_another_data_set_are_none_of_these():
    clothes = replace(TEST, name="fashion_mnist")
    assert ImagesLearntFrom((Portion.of(LEARN, 500),)).overlap(clothes) == Overlap(500, 0, True)


def test_it_comes_back_from_json_as_it_was():
    known = ImagesLearntFrom((Portion.of(LEARN, 500, 120, 7), Portion("kmnist", "complete", 55_000, 5_000)))
    assert ImagesLearntFrom.from_dict(json.loads(json.dumps(known.to_dict()))) == known
    assert known.with_portion(known.portions[0]) == known


@pytest.mark.parametrize(
    "spoiled",
    [
        None,
        3,
        [],
        {"portions": 3},
        {"portions": [{"dataset": "imagenet"}], "is_known": True},
        {"portions": [{"dataset": "mnist", "source": "complete", "count": -1}], "is_known": True},
        {"portions": [{"dataset": "mnist", "source": "complete", "count": True}], "is_known": True},
    ],
)
def test_what_makes_no_sense_is_not_known(spoiled):
    assert ImagesLearntFrom.from_dict(spoiled) == NOT_KNOWN


def test_a_file_says_which_images_its_network_learnt_from(tmp_path):
    known, net = ImagesLearntFrom((Portion.of(LEARN, 500),)), build(PRESETS["tiny"])
    save_model(tmp_path / "with", net, net.spec, learnt_from=known)
    save_model(tmp_path / "without", net, net.spec)
    assert images_learnt_from(tmp_path / "with") == known
    assert images_learnt_from(tmp_path / "without") == NOT_KNOWN


def test_a_run_writes_down_which_images_it_learns_from_and_so_do_its_files(tmp_path):
    store = RunStore(tmp_path / "runs")
    run = store.run(
        store.submit(PRESETS["tiny"], RECIPES["fast"].replace(epochs=1, train_size=256, seed=5), owner=OWNER)
    )
    assert run.learnt_from == ImagesLearntFrom()
    train_run(store, run)
    expected = ImagesLearntFrom((Portion.of(learning_images("mnist")[0], 500, 256, 5),))
    assert run.learnt_from == expected
    assert {images_learnt_from(snapshot.path) for snapshot in run.snapshots()} == {expected}
    assert images_learnt_from(run.snapshot_path("last")) == expected
    assert (run.status.result["seen"], run.status.result["is_sample"]) == (0, True)
    [result] = store.results()
    assert (result.images, result.accuracy) == (256, round(run.status.result["accuracy"], 4))


def test_a_file_from_a_machine_with_all_of_mnist_is_opened_and_its_test_told_to_be_none(tmp_path):
    elsewhere, net = Portion("mnist", "complete", 55_000, 5_000, digest="elsewhere"), build(PRESETS["tiny"])
    save_model(tmp_path / "net", net, net.spec, learnt_from=ImagesLearntFrom((elsewhere,)))
    store = RunStore(tmp_path / "runs")
    run = store.run(store.adopt((tmp_path / "net").read_bytes(), "from elsewhere", OWNER))
    assert run.learnt_from.portions == (elsewhere,)
    assert run.status.result["seen"] == 500


def test_an_opened_network_that_is_trained_on_learnt_from_both(tmp_path):
    elsewhere, net = Portion("mnist", "complete", 55_000, 5_000, digest="elsewhere"), build(PRESETS["tiny"])
    save_model(tmp_path / "net", net, net.spec, learnt_from=ImagesLearntFrom((elsewhere,)))
    store = RunStore(tmp_path / "runs")
    run = store.run(store.adopt((tmp_path / "net").read_bytes(), "from elsewhere", OWNER))
    store.extend(run.id, OWNER, 1)
    train_run(store, run)
    assert run.learnt_from.portions == (elsewhere, Portion.of(LEARN, 500))
    assert run.status.result["seen"] == 500
    assert store.results() == ()  # its accuracy is nobody's expectation


def test_a_run_of_a_version_before_is_known_by_what_that_version_did(tmp_path):
    store = RunStore(tmp_path / "runs")
    run = store.run(store.submit(PRESETS["tiny"], RECIPES["lesson"], owner=OWNER))
    for result, source, learnt in (
        ({"is_sample": True, "accuracy": 0.9, "count": 500}, "sample", 4_000),
        ({"is_sample": False, "accuracy": 0.9, "count": 10_000}, "complete", 55_000),
    ):
        store.set_status(run, state="finished", step=40, result=result)
        [portion] = run.learnt_from.portions
        assert (portion.source, portion.count) == (source, learnt)
    store.set_status(run, state="stopped", step=40, result=None)
    assert run.learnt_from == NOT_KNOWN


def test_images_that_come_later_are_found(monkeypatch):
    learnt_from_module._remembered.clear()
    assert Portion("kmnist", "complete", 55_000, 5_000).images() is None
