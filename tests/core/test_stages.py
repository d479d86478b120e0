"""Layers below a filter done as one stage give what they give one after the other, and the same gradient."""

import pytest
import torch

from cnn_core.insight.filters.stages import Block, stages
from cnn_core.insight.look.fields import windows
from cnn_core.insight.look.twin import frozen
from cnn_core.model import ModelSpec, build

RELU, NORM = {"type": "activation", "activation": "relu"}, {"type": "batch_normalization"}
POOL = {"type": "max_pooling2d"}


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("activation", "following"),
    [("relu", [NORM, POOL]), ("linear", [NORM, RELU, NORM, POOL]), ("relu", [POOL, NORM]), ("linear", [POOL, RELU]),
     ("tanh", [NORM, POOL])],
)  # fmt: skip
def test_a_stage_is_its_layers_one_after_the_other(padding, activation, following):
    conv = {"type": "conv2d", "filters": 6, "kernel_size": 3, "padding": padding, "activation": activation}
    layers = [conv, *following, {**conv, "kernel_size": 2, "strides": 2}, NORM]
    spec = ModelSpec.from_dict({"layers": [*layers, {"type": "flatten"}, {"type": "dense", "units": 10}]})
    net = build(spec, seed=1).double().eval()
    chance = torch.Generator().manual_seed(0)
    for child in net.children():
        if hasattr(child, "norm"):  # some scales below zero turn a filter's direction round
            for values in (child.norm.weight, child.norm.bias, child.norm.running_mean):
                values.data = torch.randn(6, generator=chance, dtype=torch.float64)
    children = [frozen(child) for child in list(net.children())[: len(layers)]]
    found = stages(children, windows(spec)[: len(layers)])
    assert sum(isinstance(stage, Block) for stage in found) == 2
    images = torch.rand(3, 1, 28, 28, generator=chance, dtype=torch.float64)
    plain, quick = images.clone().requires_grad_(), images.clone().requires_grad_()
    expected, x = torch.nn.Sequential(*children)(plain), quick
    for stage in found:
        x = stage(x)
    torch.testing.assert_close(x, expected)
    weights = torch.randn(expected.shape, generator=chance, dtype=torch.float64)
    (theirs,) = torch.autograd.grad((expected * weights).sum(), plain)
    (ours,) = torch.autograd.grad((x * weights).sum(), quick)
    torch.testing.assert_close(ours, theirs)
