"""Nothing lost: what a student kept of an earlier version opens in this one, with the same numbers and pictures.

The files were made by tests/data/version_before/make.py, which says how. They are never made again.
"""

import hashlib
import io
import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from cnn_core.data import load_images
from cnn_core.insight import DreamSpec, dream, feature_maps, loudness, maximize_filters
from cnn_core.model import PRESETS, ModelSpec, build, inspect_draft, links
from cnn_core.runs import RunStore
from cnn_core.training import SnapshotDue, evaluate, load_model, load_training, train

KEPT = Path(__file__).parents[1] / "data" / "version_before"
EXPECTED = json.loads((KEPT / "expected.json").read_text("utf-8"))


def weights_hash(net) -> str:
    """What the version before kept of a network's weights: 16 letters, the same for the same bytes."""
    digest = hashlib.sha256()
    for name, tensor in net.state_dict().items():
        digest.update(name.encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()[:16]


OWNER = EXPECTED["owner"]
SNAPSHOTS = sorted(path.name for path in KEPT.glob("runs/*/snapshots/*"))


@pytest.fixture(scope="module")
def answers():
    """What the network said, each array by its name."""
    with np.load(KEPT / "answers.npz") as arrays:
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


@pytest.fixture
def store(tmp_path):
    """A copy of the runs folder: looking at it may leave marks."""
    return RunStore(shutil.copytree(KEPT / "runs", tmp_path / "runs"))


@pytest.fixture
def training(store):
    return store.run(EXPECTED["training"])


def same_bytes(tensors, others) -> bool:
    """Whether two sets of weights have the same names and, bit for bit, the same numbers."""
    return tensors.keys() == others.keys() and all(
        tensors[name].dtype == others[name].dtype
        and tensors[name].numpy().tobytes() == others[name].numpy().tobytes()
        for name in tensors
    )


def weights_in(path) -> dict[str, torch.Tensor]:
    """A file's weights, read by safetensors alone."""
    return {name: value for name, value in load_file(path).items() if not name.startswith("optimizer/")}


# Files


@pytest.mark.parametrize("name", [*SNAPSHOTS, "network.safetensors"])
def test_a_file_of_weights_opens_byte_for_byte(name):
    (path,) = KEPT.rglob(name)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == EXPECTED["files"][name]
    for source in (path, path.read_bytes()):
        net, spec = load_model(source)
        assert spec == PRESETS["tiny"]
        assert same_bytes(net.state_dict(), weights_in(path))
        assert weights_hash(net) == EXPECTED["weights"][name]


def test_a_saved_network_is_taken_in_and_keeps_its_weights(store):
    content = (KEPT / "network.safetensors").read_bytes()
    adopted = store.run(store.adopt(content, "From a file", owner=OWNER))
    net, spec = load_model(adopted.snapshot_path("last"))
    assert spec == PRESETS["tiny"]
    assert weights_hash(net) == EXPECTED["weights"]["network.safetensors"]


# Runs


def test_the_store_lists_what_its_owner_had(store):
    assert {run.id for run in store.runs(OWNER)} == {EXPECTED["training"], EXPECTED["dream"]}
    assert store.runs("somebody-else") == []
    assert all(run.is_owner(OWNER) for run in store.runs(OWNER))


def test_a_training_is_told_as_it_was(training):
    assert (training.kind, training.dataset, training.name) == ("training", "mnist", "Kept from before")
    assert training.spec == PRESETS["tiny"]
    recipe = training.recipe
    assert (recipe.train_size, recipe.epochs, recipe.seed, recipe.augment.rotation_range) == (600, 3, 3, 10)
    status = training.status
    assert (status.state, status.step, status.saved_step, status.epoch) == ("finished", 30, 30, 3.0)
    assert (status.result["count"], round(status.result["accuracy"] * 500)) == (500, 399)
    history = asdict(training.history())
    assert not history.pop("measured")["step"]  # nobody measured training images as validation images then
    assert history == EXPECTED["history"]
    assert asdict(training.sample()) == EXPECTED["sample"]


def test_the_snapshots_of_a_training_are_found_by_their_step(training):
    assert [snapshot.step for snapshot in training.snapshots()] == [0, 1, 2, 4, 8, 10, 16, 20, 30]
    for which in ("last", "best", 0, 8, 30):
        path = training.snapshot_path(which)
        assert weights_hash(load_model(path)[0]) == EXPECTED["weights"][path.name]


def test_asking_for_the_same_training_again_finds_it(store, training):
    assert store.submit(training.spec, training.recipe, training.dataset, owner=OWNER) == training.id


def test_a_training_goes_on_from_its_last_snapshot(training):
    net = build(training.spec)
    path = training.snapshot_path("last")
    state = load_training(path, net)
    assert (state.step, state.learning_rate) == (30, None)
    beside = {name: value for name, value in load_file(path).items() if name.startswith("optimizer/")}
    assert same_bytes({f"optimizer/{name}": value for name, value in state.optimizer.items()}, beside)
    assert same_bytes(net.state_dict(), weights_in(path))


def test_a_name_and_more_epochs_can_be_given(store, training):
    store.rename(training.id, OWNER, "Another name")
    store.extend(training.id, OWNER, 2)
    assert (training.name, training.recipe.epochs, training.status.state) == ("Another name", 5, "queued")


# The same numbers


def test_the_same_seed_gives_the_same_first_weights():
    assert {name: weights_hash(build(PRESETS[name], seed=3)) for name in EXPECTED["beginnings"]} == EXPECTED[
        "beginnings"
    ]
    assert {name: PRESETS[name].fingerprint for name in EXPECTED["fingerprints"]} == EXPECTED["fingerprints"]


def test_the_same_recipe_takes_the_same_steps(training):
    # On one kind of processor to the last bit; another may round a sum another way.
    learning, _ = load_images("mnist", "train", fetch=False).split_off(500)
    net = build(training.spec, seed=training.recipe.seed)
    for event in train(net, learning, training.recipe):
        if isinstance(event, SnapshotDue) and event.step == 8:
            break
    for name, value in weights_in(training.snapshot_path(8)).items():
        assert net.state_dict()[name].allclose(value, atol=1e-3), name


def test_the_network_says_the_same_of_the_same_digits(answers):
    net, _ = load_model(KEPT / "network.safetensors")
    # They stood in another order then; they are still among the digits that are tested with.
    test = load_images("mnist", "test", fetch=False)
    place = {image.tobytes(): i for i, image in enumerate(test.images.numpy())}
    places = [place[image.tobytes()] for image in answers["digits"].numpy()]
    then = replace(test, images=test.images[places], labels=test.labels[places])
    assert evaluate(net, then).probabilities.allclose(answers["probabilities"], atol=1e-6)


def test_its_maps_and_filter_pictures_are_the_same(answers):
    net, _ = load_model(KEPT / "network.safetensors")
    assert feature_maps(net, answers["digits"][0])["conv2d_2"].allclose(answers["maps"], atol=1e-5)
    pictures = maximize_filters(net, "conv2d_2", steps=20).images * 255
    difference = (pictures - answers["filters"].float()).abs().mean()
    assert difference < 0.5  # half a grey level: the kept ones were rounded to whole ones


# Dreams


def test_a_dream_is_told_as_it_was_and_dreams_the_same_again(store):
    kept = store.run(EXPECTED["dream"])
    assert (kept.kind, kept.status.state, kept.status.step) == ("dream", "finished", 8)
    assert [path.name for path in kept.frames()] == ["frame_0.png", "frame_1.png"]
    spec = DreamSpec.from_dict(kept.dream_settings)
    assert spec.to_dict() == kept.dream_settings
    _, run_id, step = spec.network.split(":")
    net, _ = load_model(store.run(run_id).snapshot_path(int(step)))
    photo = picture(kept.folder / "image.png")
    layers = dict(spec.layers)
    assert loudness(net, photo, layers) == pytest.approx(kept.status.result["before"], rel=1e-4)
    wishes = {name: value for name, value in spec.to_dict().items() if name not in ("network", "layers")}
    dreamt = dream(net, photo, layers=layers, **wishes)
    assert (dreamt - picture(kept.frames()[-1])).abs().mean() < 0.5 / 255


def picture(path) -> torch.Tensor:
    """A grey PNG as (1, H, W) in [0, 1]."""
    return torch.from_numpy(np.array(Image.open(io.BytesIO(path.read_bytes())).convert("L")))[None] / 255


# Links


@pytest.mark.parametrize("kept", EXPECTED["links"], ids=lambda kept: kept["design"]["name"])
def test_a_link_holds_the_same_design(kept):
    assert links.decode(kept["link"]) == kept["design"]


def test_what_could_be_built_from_a_link_can_be_built_still():
    whole, spelt_out, unfinished = EXPECTED["links"]
    spec = ModelSpec.from_link(whole["link"])
    assert spec.to_dict() == spelt_out["design"]
    assert spec.to_link() == spelt_out["link"]
    assert inspect_draft(links.decode(unfinished["link"])).problem is not None
