"""Files of ours, and of programs that we export: they say their design, their data set and what they learnt from."""

import json
import os
import re
import subprocess
import sys
import types

import pytest
import torch
from safetensors.torch import save_file

from cnn_core.data import ImagesLearntFrom, load_images
from cnn_core.data.learnt_from import Portion
from cnn_core.errors import StudentError
from cnn_core.export import export_pytorch
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.opening import open_network
from cnn_core.opening.design_file import NOT_TRAINED, design_in
from cnn_core.runs import RunStore
from cnn_core.training import (
    TrainSpec,
    dataset_of_file,
    evaluate,
    images_learnt_from,
    save_model,
    save_training,
)
from cnn_core.training.events import TrainState
from tests.core.designs import lived_in
from tests.core.test_export import DEEP

TINY = PRESETS["tiny"]
MIXED = ModelSpec.from_dict(
    {
        "name": "mixed",
        "layers": [
            {"type": "conv2d", "filters": 4, "strides": 2, "padding": "same", "activation": "relu"},
            {"type": "batch_normalization"},
            {"type": "depthwise_conv2d", "activation": "relu"},
            {"type": "flatten"},
            {"type": "dense", "units": 10, "activation": "softmax"},
        ],
    }
)


def run_source(source: str) -> dict:
    """The names in an exported program, without its main part; its dataclasses want it to be a module."""
    module = sys.modules["exported_for_home"] = types.ModuleType("exported_for_home")
    exec(compile(source, "exported_for_home.py", "exec"), module.__dict__)
    return module.__dict__


# --- what the exported program trains at home -------------------------------------------------------


@pytest.mark.parametrize("spec", [TINY, MIXED, DEEP], ids=lambda spec: spec.name)
def test_what_an_exported_program_saves_opens_as_the_network_it_is(spec, tmp_path):
    exported = run_source(export_pytorch(spec, TrainSpec(epochs=1), dataset="fashion_mnist"))
    net = exported["build"]().eval()
    exported["save_weights"](net, tmp_path / "trained.safetensors")
    content = (tmp_path / "trained.safetensors").read_bytes()
    opened = open_network(content, "trained.safetensors")
    given = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(5))
    torch.testing.assert_close(opened.net(given), net(given), atol=1e-5, rtol=1e-5)
    assert opened.spec.layers == spec.layers
    assert (opened.dataset, opened.remarks, opened.guesses) == ("fashion_mnist", (), ())
    again = exported["build"]().eval()
    exported["load_weights"](again, tmp_path / "trained.safetensors")
    assert torch.equal(again(given), net(given))


def test_a_network_trained_by_its_exported_program_comes_back_with_its_accuracy(tmp_path, monkeypatch):
    """The whole way, in a process of its own: 400 digits, one epoch, tested there and here."""
    monkeypatch.setenv("CONVSCOPE_DATA", str(tmp_path / "nothing"))
    recipe = TrainSpec(epochs=1, optimizer="adam", learning_rate=0.005, batch_size=20, train_size=400)
    source = export_pytorch(TINY, recipe, dataset="mnist_sample")
    (tmp_path / "net.py").write_text(source, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "net.py"], cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"}, capture_output=True,
        text=True, timeout=200,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    there = float(re.search(r"Test accuracy: (0\.\d{4})", done.stdout)[1])
    content = (tmp_path / "trained.safetensors").read_bytes()
    opened = open_network(content, "trained.safetensors")
    here = evaluate(opened.net, load_images("mnist", "test", fetch=False))
    assert f"{here.accuracy:.4f}" == f"{there:.4f}"
    assert there > 0.3  # it has learnt something
    learnt_from = images_learnt_from(content)
    assert opened.dataset == "mnist"
    [portion] = learnt_from.portions
    assert (portion.source, portion.count, portion.chosen) == ("sample", 400, 400)
    assert learnt_from.overlap(load_images("mnist", "test", fetch=False)).is_test
    exported = run_source(source)
    images, _ = exported["read"](train=True)
    chosen = torch.randperm(4000, generator=torch.Generator().manual_seed(recipe.seed))[:400]
    theirs = {bytes(row) for row in (images[:-500][chosen] * 255).round().byte().flatten(1).numpy()}
    ours = {bytes(row) for row in portion.images().images.flatten(1).numpy()}
    assert ours == theirs  # the very images of the program, found again here


@pytest.mark.parametrize(
    ("recipe", "portion"),
    [
        (TrainSpec(epochs=1), Portion("kmnist", "complete", 55_000, 5_000)),
        (TrainSpec(train_size=300, seed=7), Portion("kmnist", "complete", 300, 5_000, 300, 7)),
        (TrainSpec(train_size=55_000, seed=7), Portion("kmnist", "complete", 55_000, 5_000)),
    ],
)
def test_an_exported_program_says_which_images_it_learns_from(recipe, portion):
    about = run_source(export_pytorch(TINY, recipe, dataset="kmnist"))["ABOUT"]
    assert ImagesLearntFrom.from_dict(json.loads(about["learnt_from"])) == ImagesLearntFrom((portion,))


# --- files that we save -----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["fashion_mnist", "kmnist", "own:a1B2c3D4e5F", "own:a1B2c3D4e5F:02"])
def test_a_saved_file_says_its_data_set(key, tmp_path):
    net = lived_in(TINY)
    save_model(tmp_path / "weights", net, TINY, dataset=key)
    save_training(tmp_path / "training", net, TINY, TrainState(), dataset=key)
    for name in ("weights", "training"):
        assert dataset_of_file(tmp_path / name) == key
        opened = open_network((tmp_path / name).read_bytes(), "net.safetensors")
        assert (opened.dataset, opened.spec) == (key, TINY)


@pytest.mark.parametrize("key", ["fashion_mnist", "kmnist"])
def test_a_network_of_clothes_that_is_opened_again_is_a_network_of_clothes(key, tmp_path):
    """It was tested on digits once, and read 10 % of them."""
    portion = Portion(key, "complete", 55_000, 5_000)
    save_model(tmp_path / "net", lived_in(TINY), TINY, learnt_from=ImagesLearntFrom((portion,)), dataset=key)
    store = RunStore(tmp_path / "runs")
    run = store.run(store.adopt((tmp_path / "net").read_bytes(), "clothes", "a" * 22))
    assert run.dataset == key
    assert run.learnt_from.portions == (portion,)
    assert dataset_of_file(run.snapshot_path("last")) == key
    again = store.run(store.adopt(run.snapshot_path("last").read_bytes(), "once more", "a" * 22))
    assert again.dataset == key


def test_a_file_of_before_says_it_by_the_images_it_learnt_from_or_not_at_all(tmp_path):
    net, portion = lived_in(TINY), Portion("fashion_mnist", "complete", 55_000, 5_000)
    save_model(tmp_path / "by images", net, TINY, learnt_from=ImagesLearntFrom((portion,)))
    save_model(tmp_path / "silent", net, TINY)
    assert dataset_of_file(tmp_path / "by images") == "fashion_mnist"
    assert dataset_of_file(tmp_path / "silent") is None


@pytest.mark.parametrize("key", ["../../etc", "<b>mnist</b>", "mnist\n", "x" * 200, "own:", ""])
def test_a_data_set_that_can_be_none_counts_as_unsaid(key, tmp_path):
    save_file(
        lived_in(TINY).state_dict(), tmp_path / "net",
        {"format": "1", "spec": json.dumps(TINY.to_dict()), "dataset": key},
    )  # fmt: skip
    assert dataset_of_file(tmp_path / "net") is None


# --- a design alone ---------------------------------------------------------------------------------


def test_a_design_in_json_opens_as_a_design_that_has_learnt_nothing():
    content = json.dumps(PRESETS["modern"].to_dict()).encode()
    assert design_in(content, "modern.json") == PRESETS["modern"]
    assert design_in(b"\xef\xbb\xbf" + content, "modern.json") == PRESETS["modern"]
    assert open_network(content, "modern.json").remarks == (NOT_TRAINED,)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b'{"layers": [', "no sound JSON"),
        (b'{"layers": NaN}', "no sound JSON"),
        (b'{"layers": "\xff"}', "no sound JSON"),
        (b'{"a": ' * 100_000, "bytes, and a design has"),
        (b'{"a": ' * 20_000, "no sound JSON"),
        (b"{}", "no design of Convscope: it has no layers"),
        (b'{"class_name": "Sequential", "config": {}}', "looks like Keras"),
        (b'{"layers": [{"type": "lambda"}]}', "no layer type “lambda”"),
        (b'{"layers": [{"type": "dense", "units": -3}]}', "units is"),
        (b'{"layers": [], "name": "<script>"}', "has no layers"),
    ],
)
def test_what_is_no_design_is_refused_in_a_sentence(content, sentence):
    with pytest.raises(StudentError, match=sentence) as told:
        open_network(content, "net.json")
    assert told.value.hint
