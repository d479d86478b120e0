"""Activations with a number of their own: what they compute, how they are kept, and what is none."""

import pytest
import torch
import torch.nn.functional as F

from cnn_core.doctor import bent_scores
from cnn_core.errors import StudentError
from cnn_core.export import export_keras, export_keras_r, export_pytorch
from cnn_core.insight.look.silence import can_be_silent
from cnn_core.model import Conv2D, Dense, Flatten, ModelSpec, build
from cnn_core.model.activations import with_number
from cnn_core.model.layers import Activation
from cnn_core.model.links import decode, encode
from cnn_core.training import TrainSpec

LAYERS = (
    Conv2D(4, activation="leaky_relu(0.01)"),
    Activation("elu(0.5)"),
    Flatten(),
    Dense(10, "leaky_relu(0.3)"),
)
SPEC = ModelSpec("bent", (1, 6, 6), 10, LAYERS)


@torch.no_grad()
def test_a_number_in_parentheses_is_the_slope_or_the_alpha():
    net = build(SPEC, seed=1)
    images = torch.rand(3, 1, 6, 6) - 0.5
    sums = F.conv2d(images, net.conv2d_1.conv.weight, net.conv2d_1.conv.bias)
    leaky = torch.where(sums < 0, 0.01 * sums, sums)
    bent = torch.where(leaky < 0, 0.5 * (leaky.exp() - 1), leaky)
    scores = net.dense_1.dense(bent.flatten(1))
    torch.testing.assert_close(net(images), torch.where(scores < 0, 0.3 * scores, scores))


def test_the_number_is_in_files_and_links_and_the_usual_one_is_not():
    assert ModelSpec.from_dict(SPEC.to_dict()) == SPEC
    assert ModelSpec.from_dict(decode(encode(SPEC.to_dict()))) == SPEC
    assert Activation("leaky_relu(0.20)").activation == "leaky_relu"
    assert Activation("elu(1.0)").activation == "elu"
    for number in torch.rand(200).tolist():  # with 32 bits, as files of weights have them
        name = Activation(with_number("leaky_relu", max(number, 1e-6))).activation
        kept = 0.2 if name == "leaky_relu" else float(name.removeprefix("leaky_relu(").rstrip(")"))
        assert torch.tensor(kept) == torch.tensor(max(number, 1e-6))


@pytest.mark.parametrize(
    "name",
    [
        "leaky_relu(1.5)",
        "leaky_relu(-0.1)",
        "leaky_relu(0)",
        "elu(1e9)",
        "elu(.)",
        "relu(6)",
        "elu(0.5",
        "elu()",
    ],
)
def test_what_is_another_activation_is_refused(name):
    with pytest.raises(StudentError):
        Activation(name)


def test_each_language_says_the_number():
    recipe = TrainSpec()
    assert '"conv2d_1_leaky_relu", nn.LeakyReLU(0.01)' in export_pytorch(SPEC, recipe)
    assert "activation=layers.LeakyReLU(0.01)" in export_keras(SPEC, recipe)
    assert 'layers.ELU(0.5, name="activation_1")' in export_keras(SPEC, recipe)
    assert "layer_activation_elu(0.5, name = 'activation_1')" in export_keras_r(SPEC, recipe)


def test_what_is_said_of_an_activation_is_true_of_its_number():
    assert not can_be_silent(SPEC, "conv2d_1")
    relu = ModelSpec("r", (1, 6, 6), 10, (Conv2D(4, activation="relu"), *LAYERS[1:]))
    assert can_be_silent(relu, "activation_1")  # it leaves the zeros of the relu before it
    finding = bent_scores(SPEC)
    assert finding is not None
    assert "below zero 0.3 times as large" in finding.sentence
