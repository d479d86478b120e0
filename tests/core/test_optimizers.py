"""Keras's RMSprop against arithmetic done by hand, and the optimisers a recipe can name."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from cnn_core.training import KerasRMSprop, TrainSpec
from cnn_core.training.optimizers import optimizer_for

ROOT = Path(__file__).parents[2]

# One weight that starts at 1, learning rate 0.1, gradients 1, 1, 0, -2, 0.001, 0. With rho = 0.9 and epsilon = 1e-7:
#   v = 0.1, 0.19, 0.171, 0.5539, 0.4985101, 0.44865909
#   step = 0.1 * g / sqrt(v + 1e-7)
BY_HAND = [
    (1.0, 1 - 0.31622761),
    (1.0, 0.68377239 - 0.22941567),
    (0.0, 0.45435672),
    (-2.0, 0.45435672 + 0.26872884),
    (0.001, 0.72308556 - 0.00014163),
    (0.0, 0.72294392),
]


def test_six_steps_of_rmsprop_are_those_done_by_hand():
    weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = KerasRMSprop([weight], lr=0.1)
    for gradient, expected in BY_HAND:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        assert weight.item() == pytest.approx(expected, abs=2e-8)


def test_epsilon_is_inside_the_root():
    # A gradient far below sqrt(epsilon): inside the root, epsilon is the larger and the step is tiny; outside
    # it, the step would be lr / sqrt(1 - rho), however small the gradient.
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    weight.grad = torch.tensor([1e-6], dtype=torch.float64)
    KerasRMSprop([weight], lr=1.0).step()
    assert weight.item() == pytest.approx(-1e-6 / math.sqrt(0.1 * 1e-12 + 1e-7), rel=1e-12)
    assert weight.item() > -0.0032


def test_a_weight_without_gradient_stays_and_gradients_are_not_touched():
    moving, resting = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(3))
    moving.grad = torch.full((3,), 0.5)
    KerasRMSprop([moving, resting]).step()
    assert moving.lt(1).all()
    assert resting.eq(1).all()
    assert moving.grad.eq(0.5).all()


def test_a_saved_state_goes_on_with_the_same_steps():
    torch.manual_seed(0)
    gradients = torch.randn(6, 4)
    undisturbed = nn.Parameter(torch.ones(4))
    one = KerasRMSprop([undisturbed])
    for gradient in gradients:
        undisturbed.grad = gradient.clone()
        one.step()

    resumed = nn.Parameter(torch.ones(4))
    first = KerasRMSprop([resumed])
    for gradient in gradients[:3]:
        resumed.grad = gradient.clone()
        first.step()
    second = KerasRMSprop([resumed])
    second.load_state_dict(first.state_dict())
    for gradient in gradients[3:]:
        resumed.grad = gradient.clone()
        second.step()
    assert resumed.equal(undisturbed)


def test_a_gradient_may_lie_in_memory_in_another_order():
    torch.manual_seed(0)
    gradient, weights = torch.randn(3, 4), [nn.Parameter(torch.ones(3, 4)) for _ in range(2)]
    for weight, grad in zip(weights, (gradient, gradient.t().contiguous().t()), strict=True):
        weight.grad = grad
        KerasRMSprop([weight]).step()
    assert weights[0].equal(weights[1])


def test_a_state_that_an_earlier_version_saved_goes_on_too():
    weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = KerasRMSprop([weight], lr=0.1)
    optimizer.state[weight]["mean_square"] = torch.full_like(weight, 0.19)  # after the two steps by hand
    weight.data.fill_(0.45435672)
    for gradient, expected in BY_HAND[2:4]:
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        assert weight.item() == pytest.approx(expected, abs=2e-8)


@pytest.mark.parametrize("name", ["rmsprop", "adam", "adamw", "sgd"])
def test_each_optimizer_of_a_recipe_walks_down_a_parabola(name):
    weight = nn.Parameter(torch.full((4,), 3.0))
    optimizer = optimizer_for(TrainSpec(optimizer=name, learning_rate=0.1), [weight])
    for _ in range(100):
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
    assert weight.abs().max() < 0.2


@pytest.mark.parametrize(
    ("name", "decay", "b1", "b2"),
    [("adam", 0.0, 0.9, 0.999), ("adamw", 0.1, 0.9, 0.999), ("adamw", 0.1, 0.7, 0.9)],
)
def test_adam_is_keras_s_formula_also_after_a_restart(name, decay, b1, b2):
    # Gradients as small as epsilon, where it matters beside which root epsilon stands.
    gradients = [3e-6, -1e-6, 2e-7, 0.0, 5.0, 1e-3]
    w, m, v, expected = 1.0, 0.0, 0.0, []
    for t, g in enumerate(gradients, start=1):
        rate = 0.01 * math.sqrt(1 - b2**t) / (1 - b1**t)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        w = w * (1 - 0.01 * decay) - rate * m / (math.sqrt(v) + 1e-7)
        expected.append(w)
    weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
    recipe = TrainSpec(optimizer=name, learning_rate=0.01, weight_decay=decay, beta_1=b1, beta_2=b2)
    optimizer = optimizer_for(recipe, [weight])
    for t, (gradient, value) in enumerate(zip(gradients, expected, strict=True)):
        if t == 3:  # as the loop restores it, tensor by tensor
            saved = dict(optimizer.state[weight])
            optimizer = optimizer_for(recipe, [weight])
            optimizer.state[weight].update(saved)
        weight.grad = torch.tensor([gradient], dtype=torch.float64)
        optimizer.step()
        assert weight.item() == pytest.approx(value, abs=1e-9)


def test_sgd_is_the_textbook_formula_with_momentum():
    weight = nn.Parameter(torch.ones(1))
    optimizer = optimizer_for(TrainSpec(optimizer="sgd", learning_rate=0.1, momentum=0.5), [weight])
    for expected in (0.9, 0.75):  # velocity 1, then 0.5 + 1
        weight.grad = torch.ones(1)
        optimizer.step()
        assert weight.item() == pytest.approx(expected)


def test_training_and_watching_a_step_do_not_import_torch_s_compiler_nor_sympy_and_leave_torch_as_it_was():
    code = """
import sys, torch
from cnn_core.data import ImageSet
from cnn_core.insight import one_step
from cnn_core.model import PRESETS, build
from cnn_core.training import TrainSpec, train
from cnn_core.training.optimizers import optimizer_for
weight = torch.nn.Parameter(torch.zeros(3))
weight.grad = torch.ones(3)
for name in ("rmsprop", "adam", "adamw", "sgd"):
    optimizer_for(TrainSpec(optimizer=name), [weight]).step()
images, classes = torch.zeros(4, 1, 28, 28, dtype=torch.uint8), tuple("0123456789")
digits = ImageSet("mnist", "train", images, torch.arange(4), classes, "none")
list(train(build(PRESETS["lenet5"]), digits, TrainSpec(epochs=1, batch_size=4)))  # whose layers torch goes back through
one_step(build(PRESETS["tiny"], 0), torch.zeros(1, 1, 28, 28), torch.zeros(1, dtype=torch.int64), TrainSpec())
print(weight.lt(0).all().item(), "torch._dynamo" in sys.modules, "sympy" in sys.modules)
torch.optim.Adam([weight])
print("torch._dynamo" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.split() == ["True", "False", "False", "True"]
