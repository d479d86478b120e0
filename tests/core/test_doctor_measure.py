"""What the doctor measures of a network: right, on a copy, without the training noticing; and kept in the run."""

import copy

import pytest
import torch
import torch.nn.functional as F

from cnn_core.data import load_images
from cnn_core.doctor import Check, CheckImages, Comparison, check, compare_with_relu
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import BatchNormalization, Conv2D, Dense, Dropout, Flatten
from cnn_core.runs import RunStore
from cnn_core.runs.jobs.examiner import Examiner
from cnn_core.runs.jobs.training_job import learning_images
from cnn_core.runs.jobs.worker import work
from cnn_core.training import TrainSpec, load_model
from tests.core.designs import same_weights
from tests.core.doctor_cases import SIGMOID_MLP, SMALL

RECIPE = TrainSpec(epochs=2, train_size=320)
UNSTEADY = ModelSpec(  # all that draws numbers or keeps averages
    "Unsteady",
    (1, 28, 28),
    10,
    (
        Conv2D(4, strides=4, activation="relu"),
        BatchNormalization(),
        Dropout(0.3),
        Flatten(),
        Dense(10, activation="softmax"),
    ),
)


@pytest.fixture(scope="module")
def images():
    return load_images("mnist", "train", fetch=False)


def test_the_gradient_of_a_layer_is_autograds_by_its_root_mean_square(images):
    net, few = build(SMALL, seed=1), CheckImages.of(images, RECIPE)
    measured = check(net, few, 1, 0.1)
    twin = copy.deepcopy(net)
    loss = F.cross_entropy(twin(few.images.float() / 255), few.labels)
    loss.backward()
    assert measured.loss == pytest.approx(loss.item(), rel=1e-5)
    for name, weights in (("conv2d_1", twin.conv2d_1.conv.weight), ("dense_2", twin.dense_2.dense.weight)):
        assert measured.gradients[name] == pytest.approx(weights.grad.square().mean().sqrt().item(), rel=1e-4)
    assert list(measured.gradients) == ["conv2d_1", "conv2d_2", "dense_1", "dense_2"]


def test_a_filter_is_silent_when_it_gives_zero_everywhere_for_every_image(images):
    net = build(SMALL)
    with torch.no_grad():
        net.conv2d_1.conv.weight[:3] = -1  # ink is positive, so these three only see less than nothing
        net.conv2d_1.conv.bias[:3] = -0.1
        net.dense_1.dense.bias.fill_(5)  # no unit of this layer is silent
    assert check(net, CheckImages.of(images, RECIPE), 1, 0.1).silent == {
        "conv2d_1": pytest.approx(3 / 8),
        "conv2d_2": pytest.approx(0, abs=0.3),
        "dense_1": 0.0,
    }


def test_only_a_relu_can_silence():
    few = CheckImages(torch.zeros(4, 1, 28, 28, dtype=torch.uint8), torch.zeros(4, dtype=torch.int64))
    assert (
        check(build(PRESETS["lenet5"]), few, 1, 0.1).silent == {}
    )  # tanh gives 0 here, and has its full slope


def test_a_check_leaves_the_network_and_the_random_state_as_they_were(images):
    net = build(UNSTEADY).eval()
    before, state = copy.deepcopy(net), torch.get_rng_state()
    first = check(net, CheckImages.of(images, RECIPE), 5, 0.5)
    assert same_weights(net, before)
    assert torch.get_rng_state().equal(state)
    assert not any(module.training for module in net.modules())
    assert all(weight.grad is None for weight in net.parameters())
    assert check(net, CheckImages.of(images, RECIPE), 5, 0.5) == first


def test_answers_and_labels_are_counted_class_by_class(images):
    few = CheckImages.of(images, RECIPE)
    measured = check(build(SMALL), few, 1, 0.1)
    assert sum(measured.answers) == sum(measured.labels) == len(few.labels) == 256
    assert list(measured.labels) == [int((few.labels == digit).sum()) for digit in range(10)]


def test_the_images_of_a_check_are_among_those_that_are_learnt(images):
    learnt = images.take(100, seed=3)
    few = CheckImages.of(images, TrainSpec(train_size=100, seed=3))
    known = {image.numpy().tobytes() for image in learnt.images}
    assert len(few.labels) == 100
    assert all(image.numpy().tobytes() in known for image in few.images)


def test_the_net_with_relu_is_trained_by_the_same_recipe_for_as_long(images):
    learn, validation = images.split_off(500)
    compared = compare_with_relu(SIGMOID_MLP, TrainSpec(epochs=5), learn, validation, steps=60)
    assert compared is not None
    assert compared.steps == 60
    assert compared.images == 500
    assert compared.accuracy > 0.3  # in sigmoids it guesses: 10 %
    assert list(compared.gradients) == [f"dense_{i}" for i in range(1, 8)]
    assert compare_with_relu(SMALL, RECIPE, learn, validation, steps=60) is None  # it has relu already


def test_measurements_come_back_from_a_file_and_a_torn_line_is_none(images):
    measured = check(build(SMALL), CheckImages.of(images, RECIPE), 7, 0.7)
    assert Check.from_dict(measured.to_dict()) == measured
    compared = Comparison(100, 0.9, 500, {"conv2d_1": 0.1})
    assert Comparison.from_dict(compared.to_dict()) == compared
    for torn in ({}, {"step": "x"}, {**measured.to_dict(), "layers": [3]}):
        assert Check.from_dict(torn) is None
    assert Comparison.from_dict({"gradients": 3}) is None


# In a run


def trained_run(tmp_path, spec, recipe=RECIPE, name="runs"):
    store = RunStore(tmp_path / name)
    run_id = store.submit(spec, recipe, owner="ada")
    assert store.take(store.next_ticket())
    assert work(store.path, run_id) == "done"
    run = store.run(run_id)
    assert run.status.state == "finished", run.status.reason
    return run


@pytest.mark.parametrize("spec", [UNSTEADY, SIGMOID_MLP], ids=["unsteady", "starved"])
def test_with_and_without_measuring_the_weights_are_the_same_bit_for_bit(tmp_path, monkeypatch, spec):
    recipe = TrainSpec(epochs=6, train_size=1_500)
    measured = trained_run(tmp_path, spec, recipe)
    assert len(measured.health().checks) >= 2
    monkeypatch.setattr(Examiner, "examine", lambda *_args, **_others: None)
    plain = trained_run(tmp_path, spec, recipe, "plain")
    assert plain.health().checks == ()
    assert (measured.health().with_relu is not None) is (
        spec is SIGMOID_MLP
    )  # the costlier measurement was made
    assert same_weights(*(load_model(run.snapshot_path("last"))[0] for run in (measured, plain)))


def test_a_run_keeps_its_checks_in_order_and_the_last_step_is_among_them(tmp_path):
    run = trained_run(tmp_path, SMALL, TrainSpec(epochs=4, train_size=640))
    steps = [one.step for one in run.health().checks]
    assert steps == sorted(set(steps))
    assert steps[-1] == run.status.steps == 40
    assert run.at_once().health() == run.health()


def test_a_run_keeps_how_large_gradients_were_and_how_far_single_steps_moved_each_layer(tmp_path):
    recipe = TrainSpec(epochs=2, train_size=640, batch_size=16, optimizer="sgd", learning_rate=0.1)
    run = trained_run(tmp_path, SMALL, recipe)
    sizes = run.step_sizes()
    assert [one.step for one in sizes.gradients][:4] == [0, 1, 4, 16]
    assert [one.step for one in sizes.gradients][4:] == [one.step for one in run.health().checks]
    # Each is of the step after a measurement, and after the last step there is none.
    assert [one.step for one in sizes.moved] == [one.step + 1 for one in sizes.gradients if one.step < 80]
    assert list(sizes.moved[0].layers) == list(sizes.gradients[0].layers)
    net, few = build(SMALL, seed=recipe.seed), CheckImages.of(learning_images("mnist")[0], recipe)
    assert sizes.gradients[0].layers == pytest.approx(check(net, few, 0, 0.0).gradients, rel=1e-4)
    by_step = {snapshot.step: load_model(snapshot.path)[0] for snapshot in run.snapshots()}
    apart = by_step[2].conv2d_2.conv.weight - by_step[1].conv2d_2.conv.weight
    assert sizes.moved[1].layers["conv2d_2"] == pytest.approx(apart.square().mean().sqrt().item(), rel=1e-5)
    with open(run.folder / "health.jsonl", "ab") as file:
        file.write(b'{"kind": "moved", "step": 90, "epoch": 1, "layers": {"a": null, "b": true, "c": -1}}\n')
        file.write(b'{"kind": "gradient", "step": "x", "epoch": 1, "layers": {"a": 1}}\n{"kind": "moved"}\n')
    assert run.step_sizes() == sizes


def test_what_was_before_the_first_step_is_kept_also_of_a_run_that_was_killed_then(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    def kill(*_):
        raise Killed

    store = RunStore(tmp_path / "runs")
    run = store.run(store.submit(SMALL, RECIPE, owner="ada"))
    with monkeypatch.context() as patch:
        patch.setattr(Examiner, "stepped", kill)
        with pytest.raises(Killed):
            work(store.path, run.id)
    assert run.status.saved_step == 0
    assert run.step_sizes().gradients == ()  # the first step did not wait for them
    assert work(store.path, run.id) == "done"
    whole = trained_run(tmp_path, SMALL, name="whole").step_sizes()
    assert run.step_sizes().gradients[:2] == whole.gradients[:2]
    assert run.step_sizes().moved[0] == whole.moved[0]


def test_a_run_without_measurements_or_with_a_torn_file_opens(tmp_path):
    run = trained_run(tmp_path, SMALL)
    checks = run.health().checks
    with open(run.folder / "health.jsonl", "ab") as file:
        file.write(b'{"kind": "check", "step": 1}\nnot json\n{"kind": "check", "st')
    assert run.health().checks == checks
    (run.folder / "health.jsonl").unlink()
    assert run.health().checks == ()
    assert run.health().with_relu is None
