"""Adadelta, momentum, Nesterov and L2: against Keras and torch step by step, and arithmetic done by hand."""

import os

import pytest
import torch
from torch import nn

from cnn_core.data import ImageSet
from cnn_core.doctor import Case, findings
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.layers import (
    Activation,
    BatchNormalization,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
)
from cnn_core.runs.submission import training_twin
from cnn_core.training import EXAMPLES, RECIPES, SnapshotDue, TrainSpec, train
from cnn_core.training.learner import Learner, Task
from cnn_core.training.optimizers import optimizer_for

GRADIENTS = [torch.linspace(-1, 1, 5) * scale for scale in (1.0, 0.3, -2.0, 1e-4, 0.0, 5.0, 1e-7, -0.5)]
START = torch.linspace(-0.4, 0.9, 5)


def steps_of_ours(recipe: TrainSpec) -> torch.Tensor:
    weight = nn.Parameter(START.clone())
    optimizer = optimizer_for(recipe, [weight])
    for gradient in GRADIENTS:
        weight.grad = gradient.clone()
        optimizer.step()
    return weight.detach()


@pytest.mark.parametrize(
    ("recipe", "name", "settings"),
    [
        (TrainSpec(optimizer="adadelta", learning_rate=1.0), "Adadelta", {}),
        (TrainSpec(optimizer="adadelta", learning_rate=0.001), "Adadelta", {}),
        (TrainSpec(optimizer="sgd", learning_rate=0.05, momentum=0.9), "SGD", {"momentum": 0.9}),
        (
            TrainSpec(optimizer="sgd", learning_rate=0.05, momentum=0.9, nesterov=True),
            "SGD",
            {"momentum": 0.9, "nesterov": True},
        ),
    ],
)
def test_eight_steps_are_keras_s(recipe, name, settings):
    os.environ.setdefault("KERAS_BACKEND", "torch")
    keras = pytest.importorskip("keras")
    variable = keras.Variable(START.numpy())
    optimizer = getattr(keras.optimizers, name)(recipe.learning_rate, **settings)
    for gradient in GRADIENTS:
        optimizer.apply([keras.ops.convert_to_tensor(gradient.numpy())], [variable])
    theirs = variable.value.detach().cpu()
    torch.testing.assert_close(steps_of_ours(recipe), theirs, atol=1e-6, rtol=1e-5)


def test_two_steps_of_adadelta_are_those_done_by_hand():
    # A slope of 1 twice. v = 0.05, d = sqrt(1e-7 / 0.0500001) = 0.00141421, u = 0.05 * 0.000002 = 1e-7;
    # then v = 0.0975, d = sqrt(2e-7 / 0.0975001) = 0.00143223.
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = optimizer_for(TrainSpec(optimizer="adadelta", learning_rate=1.0), [weight])
    for expected in (-0.00141421, -0.00284644):
        weight.grad = torch.ones(1, dtype=torch.float64)
        optimizer.step()
        assert weight.item() == pytest.approx(expected, abs=2e-8)


def test_two_steps_of_nesterov_are_those_done_by_hand():
    # Velocity 1, then 1.5; the step goes on by half of it: 1 + 0.5, then 1 + 0.75; each times 0.1.
    weight = nn.Parameter(torch.ones(1))
    recipe = TrainSpec(optimizer="sgd", learning_rate=0.1, momentum=0.5, nesterov=True)
    optimizer = optimizer_for(recipe, [weight])
    for expected in (0.85, 0.675):
        weight.grad = torch.ones(1)
        optimizer.step()
        assert weight.item() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"nesterov": True, "optimizer": "sgd"}, "there is none"),
        ({"beta_1": 0.7, "optimizer": "rmsprop"}, "rmsprop has no beta_1"),
        ({"beta_2": 1.0, "optimizer": "adam"}, "beta_2 is 1"),
        ({"nesterov": 1, "optimizer": "sgd", "momentum": 0.9}, "nesterov is 1"),
        ({"optimizer": "adadelta", "momentum": 0.9}, "takes no momentum"),
        ({"optimizer": "adadelta", "weight_decay": 0.1}, "has no weight decay"),
        ({"l2": -1.0}, "l2"),
        ({"l2": float("nan")}, "l2"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(recipe, words):
    with pytest.raises(StudentError, match=words):
        TrainSpec(**recipe)


# ---------------------------------------------------------------- L2

WITH_NORM = ModelSpec(
    "With norm",
    (1, 12, 12),
    3,
    (
        Conv2D(4, activation="relu"),
        MaxPooling2D(),
        BatchNormalization(),
        Conv2D(3, dilation_rate=2, activation="relu"),
        Flatten(),
        Dropout(0.2),
        Dense(3, activation="softmax"),
    ),
)


def few(count: int = 48) -> ImageSet:
    chance = torch.Generator().manual_seed(1)
    images = torch.randint(0, 256, (count, 1, 12, 12), dtype=torch.uint8, generator=chance)
    return ImageSet("made", "train", images, torch.arange(count) % 3, ("a", "b", "c"), "made for a test")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_l2_takes_the_step_along_the_slope_of_the_loss_with_all_squares_of_kernels_in_it(precision):
    recipe = TrainSpec(optimizer="sgd", learning_rate=1.0, batch_size=48, l2=0.03, precision=precision)
    moved = {}
    for name, spec in (("plain", recipe.replace(l2=0.0)), ("l2", recipe)):
        net = build(WITH_NORM)
        before = {key: value.detach().clone() for key, value in net.named_parameters()}
        Learner(Task.of(net, few(), spec), torch.device("cpu"), {}).step(1, 1.0)
        moved[name] = {key: before[key] - value.detach() for key, value in net.named_parameters()}
    start = {
        key: value.detach().clone().requires_grad_() for key, value in build(WITH_NORM).named_parameters()
    }
    kernels = [key for key, value in start.items() if value.dim() > 1]
    assert len(kernels) == 3
    (0.03 * sum(start[key].square().sum() for key in kernels)).backward()
    for key, value in moved["l2"].items():
        more = (
            start[key].grad if key in kernels else torch.zeros_like(value)
        )  # biases and norms are left alone
        torch.testing.assert_close(value, moved["plain"][key] + more, atol=1e-6, rtol=1e-5)


def test_l2_is_not_adamw_s_weight_decay():
    ends = []
    for settings in ({"l2": 0.01}, {"weight_decay": 0.01}):
        net = build(WITH_NORM)
        for _ in train(net, few(), TrainSpec(optimizer="adamw", epochs=1, batch_size=16, **settings)):
            pass
        ends.append(torch.cat([weight.detach().flatten() for weight in net.parameters()]))
    assert not torch.allclose(ends[0], ends[1], atol=1e-5)


@pytest.mark.parametrize(
    "recipe",
    [
        TrainSpec(optimizer="adadelta", learning_rate=1.0, epochs=2, batch_size=16),
        TrainSpec(
            optimizer="sgd", learning_rate=0.1, momentum=0.9, nesterov=True, epochs=2, batch_size=16, l2=1e-3
        ),
    ],
    ids=["adadelta", "nesterov and l2"],
)
def test_a_training_that_was_interrupted_goes_on_to_the_same_weights(recipe):
    whole, parts = build(WITH_NORM), build(WITH_NORM)
    for _ in train(whole, few(), recipe):
        pass
    first = train(parts, few(), recipe)
    for event in first:
        if isinstance(event, SnapshotDue) and event.step == 2:
            state, weights = event.state, {key: value.clone() for key, value in parts.state_dict().items()}
            break
    first.close()
    again = build(WITH_NORM, seed=9)
    again.load_state_dict(weights)
    for _ in train(again, few(), recipe, state=state):
        pass
    assert all(
        a.equal(b) for a, b in zip(whole.state_dict().values(), again.state_dict().values(), strict=True)
    )


# ---------------------------------------------------------------- recipes of before, and two examples


def test_a_recipe_of_before_is_the_same_recipe():
    old = RECIPES["fast"].to_dict()
    for name in ("nesterov", "l2", "adversarial", "patience", "monitor", "beta_1", "beta_2"):
        del old[name]
    assert TrainSpec.from_dict(old) == RECIPES["fast"]
    assert RECIPES["fast"].identity() == old
    twins = {training_twin(PRESETS["tiny"], recipe, "mnist") for recipe in (TrainSpec(), TrainSpec(l2=1e-4))}
    assert len(twins) == 2


def test_the_examples_are_keras_s():
    first, second = PRESETS["mnist_cnn"], PRESETS["simple_convnet"]
    assert sum(weight.numel() for weight in build(first).parameters()) == 1_199_882  # as Keras's summary says
    assert sum(weight.numel() for weight in build(second).parameters()) == 34_826
    recipe = EXAMPLES["mnist_cnn"]
    assert (recipe.optimizer, recipe.learning_rate, recipe.batch_size, recipe.epochs) == (
        "adadelta",
        1.0,
        128,
        12,
    )
    recipe = EXAMPLES["simple_convnet"]
    assert (recipe.optimizer, recipe.learning_rate, recipe.batch_size, recipe.epochs) == (
        "adam",
        0.001,
        128,
        15,
    )
    assert EXAMPLES.keys() <= PRESETS.keys()
    assert not isinstance(first.layers[0], Activation)


# ---------------------------------------------------------------- what the doctor says


def said(spec: ModelSpec, recipe: TrainSpec, images: int = 55_000) -> dict[str, str]:
    """{rule: its sentence} before a training."""
    case = Case(spec, recipe, images, "digits", tuple("0123456789"))
    return {finding.rule: finding.sentence for finding in findings(case)}


@pytest.mark.parametrize("images", [4_000, 55_000])
@pytest.mark.parametrize("name", EXAMPLES)
def test_nothing_is_remarked_on_an_example_by_its_own_recipe(name, images):
    assert said(PRESETS[name], EXAMPLES[name], images) == {}


def test_keras_s_default_rate_of_adadelta_is_told_to_be_too_low_with_what_was_measured():
    slow = EXAMPLES["mnist_cnn"].replace(learning_rate=0.001)
    sentence = said(PRESETS["mnist_cnn"], slow)["low_rate"]
    assert "makes them 1,000 times shorter" in sentence
    assert "with a rate of 1 it read 94 %" in sentence
    [finding] = findings(Case(PRESETS["mnist_cnn"], slow, 55_000, "digits", tuple("0123456789")))
    assert finding.cure.recipe == EXAMPLES["mnist_cnn"]


def test_no_rate_of_adadelta_is_called_too_high():
    assert said(PRESETS["lesson"], TrainSpec(optimizer="adadelta", learning_rate=10.0)) == {}


def test_a_large_dense_layer_is_remarked_on_unless_dropout_stands_beside_it():
    example = PRESETS["mnist_cnn"]
    bare = example.replace(layers=tuple(layer for layer in example.layers if not isinstance(layer, Dropout)))
    assert "one_dense_layer" in said(bare, EXAMPLES["mnist_cnn"])
    before_alone = example.replace(layers=(*example.layers[:6], example.layers[7]))
    assert said(before_alone, EXAMPLES["mnist_cnn"]) == {}
