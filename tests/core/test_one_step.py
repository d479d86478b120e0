"""One step in slow motion, against autograd on the whole net, against the training itself and rules by hand."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from cnn_core.data.datasets import ImageSet
from cnn_core.errors import StudentError
from cnn_core.insight import (
    Moment,
    farthest_weight,
    kernels_of,
    losses_of_steps,
    moment_after,
    one_step,
    rule_of,
    watched,
)
from cnn_core.looking.jobs import JOBS
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.training import SnapshotDue, TrainSpec, train
from tests.core.designs import design, lived_in, random_spec

RECIPES = {
    "rmsprop": TrainSpec(),
    "adam": TrainSpec(optimizer="adam", weight_decay=0.01, beta_1=0.7, beta_2=0.9),
    "adamw": TrainSpec(optimizer="adamw", weight_decay=0.1),
    "sgd": TrainSpec(optimizer="sgd", learning_rate=0.1),
    "momentum": TrainSpec(optimizer="sgd", learning_rate=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": TrainSpec(optimizer="sgd", learning_rate=0.1, momentum=0.9, nesterov=True),
    "adadelta": TrainSpec(optimizer="adadelta", learning_rate=1.0),
    "everything": TrainSpec(l2=0.01, label_smoothing=0.1),
}


@pytest.fixture
def digits_set():
    chance = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (64, 1, 28, 28), dtype=torch.uint8, generator=chance)
    return ImageSet(
        "mnist", "train", images, torch.arange(64) % 10, tuple("0123456789"), "drawn by lot", True
    )


def four(net, seed=0):
    images = torch.rand(4, *net.spec.input_shape, generator=torch.Generator().manual_seed(seed))
    return images, torch.tensor([0, 1, 1, 0])


@pytest.mark.parametrize("seed", range(6))
def test_maps_losses_and_gradients_are_autograds(seed):
    net = lived_in(random_spec(seed, last="softmax"), seed)
    images, labels = four(net, seed)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = one_step(net, images, labels, TrainSpec(optimizer="sgd", learning_rate=0.01))
    plain = copy.deepcopy(net)
    for module in plain.modules():
        module.training = not isinstance(module, nn.Dropout)
    kept = {}
    for name, layer in plain.named_children():
        layer.register_forward_hook(
            lambda _l, _i, output, name=name: kept.setdefault(name, output).retain_grad()
        )
    pixels = images.clone().requires_grad_()
    loss = F.cross_entropy(plain(pixels), labels)
    loss.backward()
    assert found.losses.mean().item() == pytest.approx(loss.item(), rel=1e-5)
    torch.testing.assert_close(found.pixels, pixels.grad, atol=1e-7, rtol=1e-4)
    for name, maps in kept.items():
        torch.testing.assert_close(found.maps[name], maps.detach())
        torch.testing.assert_close(found.gradients[name], maps.grad, atol=1e-7, rtol=1e-4)
    for name, weight in plain.named_parameters():
        torch.testing.assert_close(found.weights[name].gradient, weight.grad, atol=1e-7, rtol=1e-4)
        torch.testing.assert_close(
            found.weights[name].after, weight.detach() - 0.01 * weight.grad, atol=1e-7, rtol=1e-5
        )
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert not net.training


def test_at_the_last_layer_the_gradient_is_p_less_one_for_the_right_class_a_quarter_each():
    net = lived_in(PRESETS["lesson"])
    images, labels = four(net)
    found = one_step(net, images, labels, TrainSpec())
    by_head = found.probabilities.clone()
    by_head[range(4), labels] -= 1
    torch.testing.assert_close(found.gradients["dense_2"], by_head / 4)


@pytest.mark.parametrize("name", RECIPES)
def test_the_rule_by_hand_gives_what_the_optimiser_did(name, digits_set):
    recipe = RECIPES[name].replace(batch_size=16)
    moment = moment_after(build(PRESETS["lesson"], seed=2), digits_set, recipe, 3)
    images, labels = four(moment.net)
    for memory in ({}, moment.memory):
        step = one_step(moment.net, images, labels, recipe, memory=memory)
        for layer in ("conv2d_1", "conv2d_3", "dense_2"):
            weight, place = farthest_weight(step, layer)
            rule = rule_of(step, weight, place)
            assert rule.after == pytest.approx(rule.by_hand, rel=2e-6, abs=1e-8)
            assert abs(rule.after - rule.before) == step.weights[weight].move.abs().max()
            if rule.bound is not None:
                assert abs(rule.by_hand - rule.before) <= rule.bound
            assert [value for symbol, value in rule.lines[-1].inputs if symbol in ("w", "w₀")]


def test_the_rule_of_rmsprop_with_the_numbers_of_the_lecture():
    """v = 0.9·0 + 0.1·g², and the step −η·g / √(v + ε)."""
    net = build(PRESETS["mlp"], seed=0)
    step = one_step(net, *four(net), TrainSpec())
    rule = rule_of(step, *farthest_weight(step, "dense_2"))
    g = rule.gradient
    assert [line.symbol for line in rule.lines] == ["v'", "r", "w'"]
    assert rule.lines[0].value == pytest.approx(0.1 * g * g, rel=1e-6)
    assert rule.by_hand == pytest.approx(rule.before - 0.001 * g / (0.1 * g * g + 1e-7) ** 0.5, rel=1e-9)
    assert rule.bound == pytest.approx(0.001 / 0.1**0.5)


def test_a_step_of_the_slow_motion_is_a_step_of_the_training_to_the_bit(digits_set):
    recipe = TrainSpec(optimizer="adam", batch_size=16, epochs=1, precision="float32")
    net, states = build(PRESETS["mlp"], seed=4), {}
    for event in train(copy.deepcopy(net), digits_set, recipe):
        if isinstance(event, SnapshotDue):
            states[event.step] = event.state.optimizer
    moment = moment_after(net, digits_set, recipe, 2)
    assert states[2].keys() == moment.memory.keys()
    assert all(value.equal(moment.memory[name]) for name, value in states[2].items())
    assert moment.learning_rate == 0.001


def test_losses_of_further_steps_go_on_from_the_first_and_ten_times_the_rate_jumps(digits_set):
    moment = moment_after(build(PRESETS["lesson"], seed=0), digits_set, TrainSpec(batch_size=16), 2)
    images, labels = digits_set.images[:4], digits_set.labels[:4]
    losses = losses_of_steps(moment.net, images, labels, TrainSpec(), 8, memory=moment.memory)
    step = one_step(moment.net, images, labels, TrainSpec(), memory=moment.memory)
    torch.testing.assert_close(losses[0], step.losses)
    torch.testing.assert_close(losses[1], step.losses_after)
    assert step.fell.equal(losses[1] < losses[0])
    assert losses.shape == (9, 4)
    assert losses[-1].mean() < losses[0].mean()
    tenfold = one_step(moment.net, images, labels, TrainSpec(), memory=moment.memory, learning_rate=0.01)
    assert tenfold.moves["conv2d_1"] == pytest.approx(10 * step.moves["conv2d_1"], rel=1e-4)


def test_sizes_and_moves_are_of_each_layers_weights():
    layers = [{"type": "flatten"}, {"type": "dense", "units": 2}]
    net = lived_in(ModelSpec.from_dict(design(*layers) | {"classes": 2}))
    step = one_step(net, *four(net), TrainSpec(optimizer="sgd", learning_rate=0.5))
    weight, bias = step.weights["dense_1.dense.weight"], step.weights["dense_1.dense.bias"]
    together = torch.cat([weight.gradient.flatten(), bias.gradient])
    assert step.sizes == {"dense_1": pytest.approx(together.square().mean().sqrt().item())}
    assert step.moves == {"dense_1": pytest.approx(0.5 * weight.gradient.abs().mean().item())}


def test_refusals_name_what_is_wrong():
    net = build(PRESETS["mlp"])
    images, labels = four(net)
    step = one_step(net, images, labels, TrainSpec())
    with pytest.raises(StudentError, match="too many to watch"):
        one_step(net, torch.rand(65, 1, 28, 28), torch.zeros(65, dtype=torch.int64), TrainSpec())
    with pytest.raises(StudentError, match="as many labels"):
        one_step(net, images, labels[:2], TrainSpec())
    with pytest.raises(StudentError, match="no weights “conv”"):
        rule_of(step, "conv", (0,))
    with pytest.raises(StudentError, match="none at"):
        rule_of(step, "dense_1.dense.weight", (0,))
    with pytest.raises(StudentError, match="does not fit"):
        one_step(net, images, labels, TrainSpec(), memory={"nowhere/exp_avg": torch.zeros(2)})


# ---------------------------------------------------------------- what a page shows of it


def test_what_is_watched_is_the_steps_own_and_of_each_layer_the_largest_gradients(digits_set):
    recipe = TrainSpec(optimizer="adam", batch_size=16)
    net = build(PRESETS["lesson"], seed=1)
    moment = moment_after(net, digits_set, recipe, 2)
    found = watched(moment, digits_set.take(4, seed=5), recipe, weight=("conv2d_2", (3, 7, 1, 2)), times=10)
    images = digits_set.take(4, seed=5)
    step = one_step(
        moment.net, images.images, images.labels, recipe, memory=moment.memory, learning_rate=0.01
    )
    assert [layer.name for layer in found.layers] == ["conv2d_1", "conv2d_2", "conv2d_3", "dense_1"]
    for layer in found.layers:
        back = step.gradients[layer.name]
        for image in range(4):
            sums = sorted(range(layer.total), key=lambda one: -float(back[image, one].abs().sum()))
            assert layer.chosen[image].tolist() == sums[: layer.chosen.shape[1]]
            assert layer.values[image, 0].equal(step.maps[layer.name][image, sums[0]])
            assert layer.gradients[image, 0].equal(back[image, sums[0]])
    by_head = step.probabilities.clone()
    by_head[range(4), images.labels] -= 1
    torch.testing.assert_close(found.scores.gradients, by_head / 4)
    change = step.weights["conv2d_2.conv.weight"]
    assert found.kernel.before.equal(change.before[3, 7])
    assert found.kernel.gradient.equal(change.gradient[3, 7])
    assert found.kernel.move.equal(change.move[3, 7])
    assert (found.rule.before, found.rule.rate) == (change.before[3, 7, 1, 2].item(), 0.01)
    assert found.onwards[:2].tolist() == pytest.approx(
        [step.losses.mean().item(), step.losses_after.mean().item()]
    )
    changed = sum(int((one.before != one.after).sum()) for one in step.weights.values())
    assert (found.moved, found.weights) == (changed, 93_322)
    assert found.untouched == sum(int((one.gradient == 0).sum()) for one in step.weights.values()) > 0


@pytest.mark.parametrize("seed", range(4))
def test_any_network_can_be_watched_and_its_scores_stand_once(seed):
    net = lived_in(random_spec(seed, last="softmax"), seed)
    images, labels = four(net, seed)
    data = ImageSet("mnist", "train", (images * 255).byte(), labels, ("a", "b"), "drawn by lot", True)
    found = watched(Moment(0, net, {}, 0.001), data, TrainSpec())
    assert found.scores.name not in [layer.name for layer in found.layers]
    assert found.rule.weight.partition(".")[0] in kernels_of(net)
    shape = kernels_of(net)[found.rule.weight.partition(".")[0]]
    assert all(place < most for place, most in zip(found.rule.place, shape, strict=True))


def test_a_step_beside_the_server_follows_the_runs_own_training(digits_set, monkeypatch):
    """The images that a run learns from, without those it keeps aside; then the steps, and the four by their number."""
    monkeypatch.setattr("cnn_core.looking.one_step.load_images", lambda *_, **__: digits_set)
    recipe = TrainSpec(batch_size=16, train_size=40, seed=3)
    net = build(PRESETS["mlp"], seed=3)
    asked = {"data": "mnist", "here": 64, "recipe": recipe, "batch": 2, "weight": None, "times": 1.0}
    found = JOBS["one_step"](net, None, 0, lambda done: None, steps=3, **asked)
    learnt = digits_set.split_off(7)[0].take(40, seed=3)
    moment = moment_after(net, digits_set.split_off(7)[0], recipe, 3)
    images = learnt.take(4, seed=2)
    step = one_step(moment.net, images.images, images.labels, recipe, memory=moment.memory)
    assert found.images.equal(step.images)
    assert found.losses.equal(step.losses)
    assert found.losses_after.equal(step.losses_after)
    as_it_is = JOBS["one_step"](net, None, 0, lambda done: None, steps=None, **asked)
    assert as_it_is.losses.equal(one_step(net, images.images, images.labels, recipe).losses)
    assert not as_it_is.has_memory
