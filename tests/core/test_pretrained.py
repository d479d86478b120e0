"""The networks that come with the project are what their cards say."""

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from cnn_core import pretrained
from cnn_core.data import Overlap, load_images, load_sample
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, build
from cnn_core.pretrained.__main__ import is_snapshot
from cnn_core.pretrained.cards import FOLDER, Card, weights_path
from cnn_core.training import RECIPES, evaluate

NAMES = ["lesson", "mlp", "modern"]


@pytest.fixture
def sample(monkeypatch, tmp_path):
    """The 500 digits that are tested with where there is no network; these networks have not seen them."""
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path))
    monkeypatch.setenv("CONVSCOPE_OFFLINE", "1")
    return load_images("mnist", "test")


@pytest.fixture
def full_test_set():
    folder = Path(os.environ.get("CONVSCOPE_DATA", "data")) / "MNIST" / "raw"
    if not any(folder.glob("t10k-images*")):
        pytest.skip("the full MNIST is not in CONVSCOPE_DATA")
    return load_images("mnist", "test")


def test_the_three_are_here_in_a_students_order():
    assert pretrained.names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_how_its_network_was_trained(name):
    card = pretrained.card(name)
    assert card.spec == PRESETS[name]
    assert card.seed == 0
    assert (card.images, card.test_images) == (59_500, 10_000)
    assert card.data_source.startswith("59,500 of MNIST’s 60,000 training images: without the 500")
    assert Card.from_dict(card.to_dict()) == card
    assert card.weights_sha256 == hashlib.sha256(weights_path(name).read_bytes()).hexdigest()


def test_the_recipes_are_the_promised_ones():
    assert pretrained.card("lesson").recipe == pretrained.card("mlp").recipe == RECIPES["lesson"]
    modern, fast = pretrained.card("modern").recipe, RECIPES["fast"]
    assert (modern.optimizer, modern.schedule) == (fast.optimizer, fast.schedule)


def test_a_convnet_beats_the_mlp_and_the_modern_one_beats_the_lessons():
    accuracy = {name: pretrained.card(name).test_accuracy for name in NAMES}
    assert 0.97 < accuracy["mlp"] < accuracy["lesson"] < accuracy["modern"]
    assert accuracy["lesson"] > 0.988
    assert accuracy["modern"] > 0.993


def test_without_a_network_too_the_lessons_convnet_is_ahead_of_the_mlp(sample):
    accuracy = {name: evaluate(pretrained.load(name), sample).accuracy for name in NAMES}
    assert accuracy["mlp"] < accuracy["lesson"] < accuracy["modern"]


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_as_good_on_the_digits_at_hand_as_chance_lets_its_card_say(name, sample):
    net, card = pretrained.load(name), pretrained.card(name)
    assert not net.training
    assert sum(weight.numel() for weight in net.parameters()) == card.parameters
    chance = math.sqrt(card.test_accuracy * (1 - card.test_accuracy) / len(sample))
    assert evaluate(net, sample).accuracy == pytest.approx(card.test_accuracy, abs=3 * chance)


@pytest.mark.parametrize("name", NAMES)
def test_no_test_digit_of_the_sample_is_among_what_a_network_learnt_from(name, sample):
    learnt_from = pretrained.card(name).learnt_from
    assert learnt_from.count == pretrained.card(name).images
    assert learnt_from.overlap(sample) == Overlap(count=500, seen=0, is_known=True)


@pytest.mark.full_mnist
@pytest.mark.parametrize("name", NAMES)
def test_no_image_that_a_page_tests_with_has_the_bytes_of_one_that_a_network_learnt_from(name, full_test_set):
    [portion] = pretrained.card(name).learnt_from.portions
    images = portion.images()
    assert images is not None, "the images on this machine are not those that the card describes"
    everything = {image.tobytes() for image in load_images("mnist", "train").images.numpy()}
    learnt = {image.tobytes() for image in images.images.numpy()}
    sample = {image.tobytes() for image in load_sample("test").images.numpy()}
    assert learnt == everything - sample
    assert len(learnt) == 59_500
    assert learnt.isdisjoint(image.tobytes() for image in full_test_set.images.numpy())


@pytest.mark.full_mnist
@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_exact_on_the_full_test_set(name, full_test_set):
    result, card = evaluate(pretrained.load(name), full_test_set), pretrained.card(name)
    # Rounding differs from one machine to the next; one doubtful digit in ten thousand may tip.
    assert result.accuracy == pytest.approx(card.test_accuracy, abs=1.5e-4)
    assert result.loss == pytest.approx(card.test_loss, rel=1e-3)


def test_each_load_is_a_copy_of_its_own():
    one, other = pretrained.load("lesson"), pretrained.load("lesson")
    with torch.no_grad():
        next(one.parameters()).zero_()
    assert next(other.parameters()).abs().sum() > 0
    net, spec = pretrained.load_pretrained("lesson")
    assert spec == net.spec == PRESETS["lesson"]


def test_the_replay_begins_with_the_untrained_network_and_ends_with_the_trained_one(sample):
    replay, trained = pretrained.replay("lesson"), pretrained.load("lesson")
    assert replay.steps[:6] == (0, 1, 2, 4, 8, 16)
    assert replay.steps[-1] == 5 * 930
    assert list(replay.steps) == sorted(replay.steps)
    first, last = replay.load(0), replay.load(replay.steps[-1])
    assert evaluate(first, sample).accuracy < 0.3
    for rounded, exact in zip(first.parameters(), build(PRESETS["lesson"], seed=0).parameters(), strict=True):
        torch.testing.assert_close(rounded, exact, rtol=1e-3, atol=1e-6)
    for rounded, exact in zip(last.parameters(), trained.parameters(), strict=True):
        torch.testing.assert_close(rounded, exact, rtol=1e-3, atol=1e-6)


def test_the_replay_knows_how_good_each_moment_was(sample):
    replay = pretrained.replay("lesson")
    for step in (0, 64, 512):
        told = replay.moments.accuracy[replay.steps.index(step)]
        assert evaluate(replay.load(step), sample).accuracy == pytest.approx(told, abs=0.06)
    assert replay.moments.accuracy[-1] == pytest.approx(pretrained.card("lesson").test_accuracy, abs=3e-4)


@pytest.mark.parametrize(("name", "epochs"), [("lesson", 5), ("mlp", 5), ("modern", 8)])
def test_the_history_is_a_thinned_curve_of_the_whole_training(name, epochs):
    train, test = pretrained.history(name).train, pretrained.history(name).validation
    for curve in (train, test):
        assert len(curve.step) == len(curve.epoch) == len(curve.loss) == len(curve.accuracy) <= 400
        assert list(curve.step) == sorted(curve.step)
        assert curve.epoch[-1] == epochs
    assert train.loss[0] > 2
    assert train.loss[-1] < train.loss[0] / 20
    assert test.accuracy[-1] == pytest.approx(pretrained.card(name).test_accuracy, abs=3e-4)


def test_the_folder_stays_small():
    assert (FOLDER / "lesson_replay.safetensors").stat().st_size < 8_000_000
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 12_000_000


@pytest.mark.parametrize("name", ["", "resnet", "../settings", "lesson_replay", "lesson/../mlp", None, 3])
def test_a_name_that_is_not_here_is_refused(name):
    for ask in (pretrained.card, pretrained.load, pretrained.history, pretrained.replay):
        with pytest.raises(StudentError, match="no ready trained network"):
            ask(name)


def test_what_was_not_kept_is_refused():
    with pytest.raises(StudentError, match="not kept"):
        pretrained.replay("mlp")
    with pytest.raises(StudentError, match="not kept"):
        pretrained.replay("lesson").load(3)


def test_limits_smaller_than_these_networks_neither_hide_them_nor_the_recipes():
    code = (
        "import cnn_core.pretrained.__main__; from cnn_core import pretrained as p; "
        "from cnn_core.training import RECIPES; "
        "assert [p.load(n).spec == p.card(n).spec for n in p.names()] == [True] * 3; "
        "assert p.card('lesson').recipe == RECIPES['lesson']; p.replay('lesson').load(0)"
    )
    limits = {"CONVSCOPE_MAX_EPOCHS": "1", "CONVSCOPE_MAX_PARAMETERS": "99", "CONVSCOPE_MAX_MACS": "99"}
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | limits)


def test_snapshots_are_kept_at_powers_of_two_and_each_quarter_epoch():
    kept = [step for step in range(2 * 938 + 1) if is_snapshot(step, per_epoch=938)]
    assert kept == [0, 1, 2, 4, 8, 16, 32, 64, 128, 235, 256, 469, 512, 704, 938, 1173, 1407, 1642, 1876]
