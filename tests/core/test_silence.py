"""Silent is not below zero: which layers can have dead filters, and what is told of the others."""

from __future__ import annotations

import pytest
import torch

from cnn_core.insight import (
    can_be_silent,
    card_of,
    maximize_filters,
    never_fires,
    ranges,
    silent_in,
    strongest_examples,
    strongest_for_units,
    unchanging_in,
)
from cnn_core.model import PRESETS, ModelSpec, build


def conv_net(activation, *between, last="softmax"):
    """A convolution with this activation, then `between`, then ten answers."""
    return ModelSpec.from_dict(
        {
            "name": "Net",
            "input_shape": [1, 28, 28],
            "classes": 10,
            "layers": [
                {"type": "conv2d", "filters": 4, "kernel_size": 3, "activation": activation},
                *between,
                {"type": "flatten"},
                {"type": "dense", "units": 10, "activation": last},
            ],
        }
    )


def net_with_low_bias(activation, *between):
    """Filter 2 has a bias of −3: whatever the picture, its sum stays below zero; its weights still count."""
    net = build(conv_net(activation, *between), seed=0).eval()
    with torch.no_grad():
        net.conv2d_1.conv.weight.mul_(0.2)
        net.conv2d_1.conv.bias[2] = -3.0
    return net


IMAGES = torch.rand(30, 1, 28, 28, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("activation", ["linear", "leaky_relu", "elu", "gelu", "tanh", "sigmoid"])
def test_a_filter_below_zero_is_not_silent_unless_a_relu_makes_it_so(activation):
    net = net_with_low_bias(activation)
    assert not can_be_silent(net.spec, "conv2d_1")
    assert never_fires(net, IMAGES)["conv2d_1"].tolist() == [False] * 4
    examples = strongest_examples(net, IMAGES, ["conv2d_1"])["conv2d_1"]
    assert examples.silent.tolist() == [False] * 4
    pictures = maximize_filters(net, "conv2d_1", [2], steps=2)
    assert not card_of(net, 2, pictures, examples).silent
    assert "never fires" not in pictures.why


def test_under_a_relu_the_same_filter_is_silent():
    net = net_with_low_bias("relu")
    assert can_be_silent(net.spec, "conv2d_1")
    assert never_fires(net, IMAGES)["conv2d_1"].tolist() == [False, False, True, False]
    assert strongest_examples(net, IMAGES)["conv2d_1"].silent.tolist() == [False, False, True, False]


POOL, AVERAGE, NORM, DROP = (
    {"type": "max_pooling2d"},
    {"type": "average_pooling2d"},
    {"type": "batch_normalization"},
    {"type": "dropout", "rate": 0.5},
)


@pytest.mark.parametrize(
    ("activation", "between", "layer", "expected"),
    [
        ("relu", [POOL, AVERAGE, DROP], "max_pooling2d_1", True),  # zeros pass through poolings
        ("relu", [POOL, AVERAGE, DROP], "average_pooling2d_1", True),
        ("relu", [POOL, AVERAGE, DROP], "dropout_1", True),
        ("relu", [POOL, AVERAGE, DROP], "flatten_1", True),
        ("tanh", [POOL], "max_pooling2d_1", False),
        ("relu", [NORM], "batch_normalization_1", False),  # it moves the zeros
        ("relu", [NORM, POOL], "max_pooling2d_1", False),
        ("linear", [NORM, {"type": "activation", "activation": "relu"}], "activation_1", True),
        ("linear", [NORM, {"type": "activation", "activation": "relu"}], "conv2d_1", False),
        ("linear", [NORM, {"type": "activation", "activation": "elu"}], "activation_1", False),
        ("relu", [{"type": "activation", "activation": "tanh"}], "activation_1", True),  # tanh of 0 is 0
        (
            "relu",
            [{"type": "activation", "activation": "sigmoid"}],
            "activation_1",
            False,
        ),  # ... sigmoid's is 0.5
        (
            "relu",
            [{"type": "depthwise_conv2d", "kernel_size": 3, "activation": "elu"}],
            "depthwise_conv2d_1",
            False,
        ),
        (
            "elu",
            [{"type": "depthwise_conv2d", "kernel_size": 3, "activation": "relu"}],
            "depthwise_conv2d_1",
            True,
        ),
        ("relu", [], "dense_1", False),  # the scores of the answers
    ],
)
def test_what_can_be_silent_in_a_mixed_net(activation, between, layer, expected):
    spec = conv_net(activation, *between)
    assert can_be_silent(spec, layer) is expected
    if expected:  # a black picture through weights without bias: what can be silent is
        net = build(spec, seed=0).eval()
        with torch.no_grad():
            for name, parameter in net.named_parameters():
                if name.endswith("bias"):
                    parameter.fill_(-0.01)
        assert never_fires(net, torch.zeros(1, 1, 28, 28), [layer])[layer].all()


def test_the_range_of_a_filter_is_that_of_all_its_numbers_on_all_images():
    net = net_with_low_bias("tanh")
    with torch.no_grad():
        maps = net.conv2d_1(IMAGES)
    low, high = maps.amin((0, 2, 3)), maps.amax((0, 2, 3))
    extremes = ranges(net, IMAGES, ["conv2d_1"])["conv2d_1"]
    torch.testing.assert_close(extremes, torch.stack([low, high], 1))
    assert extremes[2, 1] < 0
    examples = strongest_examples(net, IMAGES)["conv2d_1"]
    torch.testing.assert_close(examples.minimum, low)
    torch.testing.assert_close(examples.maximum, high)


def test_a_filter_that_says_the_same_of_everything_hardly_changes():
    net = net_with_low_bias("tanh")
    with torch.no_grad():
        net.conv2d_1.conv.bias[1] = -30.0  # tanh: −1 for every picture
    extremes = ranges(net, IMAGES)["conv2d_1"]
    assert unchanging_in(net.spec, "conv2d_1", extremes).tolist() == [False, True, False, False]
    assert not silent_in(net.spec, "conv2d_1", extremes).any()
    assert strongest_examples(net, IMAGES)["conv2d_1"].unchanging.tolist() == [False, True, False, False]


def test_a_relu_that_is_silent_is_called_silent_and_not_unchanging():
    net = net_with_low_bias("relu")
    extremes = ranges(net, IMAGES)["conv2d_1"]
    assert silent_in(net.spec, "conv2d_1", extremes).tolist() == [False, False, True, False]
    assert not unchanging_in(net.spec, "conv2d_1", extremes).any()


def test_a_class_whose_score_is_never_above_zero_is_not_silent():
    net = build(PRESETS["lesson"], seed=0).eval()
    with torch.no_grad():
        net.dense_2.dense.bias[3] = -1_000
    examples = strongest_for_units(net, IMAGES, "dense_2")
    assert examples.fires[3] == 0
    assert not examples.silent.any()
    assert strongest_for_units(net, IMAGES, "dense_1").can_be_silent
