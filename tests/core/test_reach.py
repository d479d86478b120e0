"""What of an image reaches the output: pixels outside it may be anything, and no number changes."""

import pytest
import torch

from cnn_core.model import PRESETS, ModelSpec
from cnn_core.model.reach import read_of_image, read_sizes
from tests.core.designs import design, lived_in, random_spec

FLAT, OUT = {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}
CONV, POOL, NORM = (
    {"type": "conv2d", "filters": 3},
    {"type": "max_pooling2d"},
    {"type": "batch_normalization"},
)
GLOBAL, DROP = {"type": "global_average_pooling2d"}, {"type": "dropout"}
# Worked out by hand, for 28×28 pixels: (layers, read while learning, read in use).
BY_HAND = {
    "3 leaves one over": ([{**POOL, "pool_size": 3}, FLAT, OUT], 27, 27),
    "one of three": (
        [{**CONV, "kernel_size": 1, "strides": 3}, FLAT, OUT],
        28,
        28,
    ),
    "moves by 2": ([{**CONV, "strides": 2}, FLAT, OUT], 27, 27),
    "a wide kernel": ([{**CONV, "dilation_rate": 4}, {**POOL, "pool_size": 3}, FLAT, OUT], 26, 26),
    "a mean of all places": ([CONV, POOL, CONV, GLOBAL, OUT], 28, 28),
    "norm over whole maps": ([CONV, NORM, {**POOL, "pool_size": 4}, FLAT, OUT], 28, 26),
    "norm after the pool": ([CONV, {**POOL, "pool_size": 4}, NORM, FLAT, OUT], 26, 26),
    "dropout of whole maps": ([CONV, DROP, {**POOL, "pool_size": 4}, FLAT, OUT], 28, 26),
    "a border of zeros": ([{**CONV, "padding": "same"}, {**POOL, "pool_size": 5}, FLAT, OUT], 28, 28),
    "same, and no border needed": (
        [{**CONV, "kernel_size": 1, "padding": "same", "strides": 3}, FLAT, OUT],
        28,
        28,
    ),
    "a pool with a border": ([{**POOL, "pool_size": 3, "padding": "same"}, FLAT, OUT], 28, 28),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_so_many_rows_and_columns_are_read(name):
    layers, learning, in_use = BY_HAND[name]
    spec = ModelSpec.from_dict(design(*layers))
    assert read_of_image(spec, learning=True) == (learning, learning)
    assert read_of_image(spec) == (in_use, in_use)


@pytest.mark.parametrize("name", [*PRESETS, *range(15)])
def test_what_lies_outside_the_part_may_be_anything(name):
    spec = PRESETS[name] if name in PRESETS else random_spec(name)
    net = lived_in(spec)
    chance = torch.Generator().manual_seed(0)
    images = torch.rand(2, *spec.input_shape, generator=chance)
    answers = net(images)
    for learning in (False, True):
        rows, columns = read_of_image(spec, learning=learning)
        other = images.clone()
        other[:, :, rows:] = other[:, :, :, columns:] = 0.5
        assert net(other).equal(answers)
        # A layer alone: the part of what comes in is enough for the part of what it leaves.
        sizes = read_sizes(spec, learning=learning)
        values = images
        for child, size, above in zip(net, sizes, sizes[1:], strict=False):
            whole = child(values)
            if len(size) == 2 == len(above) and size != values.shape[2:]:
                part = child(values[:, :, : size[0], : size[1]])
                assert torch.allclose(part, whole[:, :, : above[0], : above[1]], atol=1e-5)
            values = whole


def test_the_last_row_and_column_of_the_part_are_read():
    images = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    for name in ("lesson", "tiny", "lenet5", "modern", "small_vgg"):
        rows, columns = read_of_image(PRESETS[name])
        pixels = images.clone().requires_grad_()
        lived_in(PRESETS[name])(pixels).square().sum().backward()
        assert pixels.grad[..., rows - 1, :].any()
        assert pixels.grad[..., columns - 1].any()
        assert not pixels.grad[..., rows:, :].any()
