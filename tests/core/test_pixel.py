"""One pixel's arithmetic: it must add up to torch's own number, everywhere, and say truly where it looked."""

from __future__ import annotations

import random

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import explain_pixel, feature_maps, receptive_field
from cnn_core.model import PRESETS, ModelSpec, build
from tests.core.designs import lived_in, random_spec


@pytest.mark.parametrize("seed", range(25))
def test_the_sum_is_torchs_own_number_in_any_net_at_any_place(seed):
    rng = random.Random(seed)
    net = lived_in(random_spec(seed), seed)
    image = torch.rand(net.spec.input_shape, generator=torch.Generator().manual_seed(seed))
    for layer, map in feature_maps(net, image).items():
        shape = (*map.shape, 1, 1)[:3]
        for _ in range(4):
            place = tuple(rng.randrange(size) for size in shape)
            found = explain_pixel(net, image, layer, *place)
            theirs = map[place] if map.ndim == 3 else map[place[0]]
            assert found.value == pytest.approx(theirs.item(), abs=1e-5)
            assert found.products.sum().item() + found.bias == pytest.approx(found.total, abs=1e-5)
            assert sum(part.total for part in found.contributions) + found.bias == pytest.approx(found.total)
            assert found.products.equal(found.patch * found.kernel)


@pytest.mark.parametrize("seed", range(12))
def test_only_pixels_of_the_field_matter(seed):
    """Independent of the formula: where the gradient of the number reaches."""
    rng = random.Random(100 + seed)
    spec = random_spec(100 + seed)
    net = build(spec, seed).eval()
    image = torch.rand(spec.input_shape, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    x, maps = image[None], {}
    for name, child in net.named_children():
        x = maps[name] = child(x)
    for layer, map in maps.items():
        if map.ndim != 4:
            continue
        channel, row, column = (rng.randrange(size) for size in map.shape[1:])
        (gradient,) = torch.autograd.grad(map[0, channel, row, column], image, retain_graph=True)
        rows, columns = gradient.abs().sum(0).nonzero().T
        field = explain_pixel(net, image.detach(), layer, channel, row, column).field
        if len(rows):
            assert field.rows[0] <= rows.min() <= rows.max() <= field.rows[1]
            assert field.columns[0] <= columns.min() <= columns.max() <= field.columns[1]


def test_in_the_lessons_net_the_fields_are_the_textbooks():
    spec = PRESETS["lesson"]
    assert receptive_field(spec, "conv2d_1", 0, 0) == ((0, 2), (0, 2))
    assert receptive_field(spec, "conv2d_2", 3, 4) == ((6, 13), (8, 15))  # 8×8, moved by 2
    assert receptive_field(spec, "conv2d_3", 2, 0) == ((8, 25), (0, 17))  # 18×18, moved by 4


def edge_net(**first):
    spec = ModelSpec.from_dict({"name": "hand", "input_shape": [1, 5, 5], "classes": 2, "layers": [
        {"type": "conv2d", "filters": 1, "kernel_size": 3, "activation": "relu", **first},
        {"type": "max_pooling2d", "pool_size": 2, "strides": 2, "padding": "same"},
        {"type": "flatten"}, {"type": "dense", "units": 2, "activation": "softmax"},
    ]})  # fmt: skip
    net = build(spec)
    with torch.no_grad():
        net.conv2d_1.conv.weight.copy_(torch.arange(9.0).view(1, 1, 3, 3))
        net.conv2d_1.conv.bias.fill_(-1)
    return net


def test_a_hand_chosen_kernel_gives_the_hand_computed_sum():
    found = explain_pixel(edge_net(), torch.full((1, 5, 5), 0.5), "conv2d_1", 0, 1, 1)
    assert found.total == 0.5 * 36 - 1 == found.value
    assert found.products[0].tolist() == [[0, 0.5, 1], [1.5, 2, 2.5], [3, 3.5, 4]]


def test_padding_is_shown_as_zeros_and_marked():
    net = edge_net(padding="same", strides=2)  # 5 pixels, stride 2: one pixel of padding on each side
    found = explain_pixel(net, torch.ones(1, 5, 5), "conv2d_1", 0, 0, 0)
    assert found.padding.tolist() == [[True, True, True], [True, False, False], [True, False, False]]
    assert found.patch[0].tolist() == [[0, 0, 0], [0, 1, 1], [0, 1, 1]]
    assert found.unclipped == ((-1, 1), (-1, 1))
    assert found.field == ((0, 1), (0, 1))


def test_a_max_pooling_names_the_winner_and_padding_never_wins():
    net = edge_net(padding="valid")
    net.conv2d_1.conv.weight.data.zero_()
    net.conv2d_1.conv.weight.data[0, 0, 1, 1] = 1
    net.conv2d_1.conv.bias.data.zero_()
    image = torch.zeros(1, 5, 5)
    image[0, 2, 3] = (
        0.75  # at (1, 2) of the 3×3 map, the right column, where the last pool sees one real column
    )
    found = explain_pixel(net, image, "max_pooling2d_1", 0, 0, 1)
    assert found.winner == (1, 2)
    assert found.value == 0.75
    assert found.padding.tolist() == [[False, True], [False, True]]
    assert explain_pixel(net, image, "max_pooling2d_1", 0, 1, 1).winner == (
        2,
        2,
    )  # all zero: still a real cell


def test_a_dense_layer_on_maps_shows_its_weights_as_maps(lesson_net, digits):
    found = explain_pixel(lesson_net, digits[0][0], "dense_1", 5)
    assert found.patch.shape == found.kernel.shape == (64, 3, 3)
    assert found.kernel.flatten().equal(lesson_net.dense_1.dense.weight[5])
    assert found.field == ((0, 25), (0, 25))  # floors: the last two rows and columns are seen by nobody


def test_the_largest_contribution_comes_first_whatever_its_sign(lesson_net, digits):
    parts = explain_pixel(lesson_net, digits[0][0], "conv2d_2", 5, 4, 4).contributions
    sizes = [abs(part.total) for part in parts]
    assert sizes == sorted(sizes, reverse=True)
    assert {part.channel for part in parts} == set(range(32))


def test_the_pixels_of_an_mlp_add_up_too(mlp_net, digits):
    image = digits[0][0]
    found = explain_pixel(mlp_net, image, "dense_1", 3)
    assert found.patch.equal(image)
    assert found.value == pytest.approx(feature_maps(mlp_net, image)["dense_1"][3].item(), abs=1e-5)
    assert explain_pixel(mlp_net, image, "flatten_1", 28 * 3 + 7).field == ((3, 3), (7, 7))


@pytest.mark.parametrize("place", [(64, 0, 0), (0, 11, 0), (0, 0, 11), (-1, 0, 0), (0, 1.5, 0), (True, 0, 0)])
def test_a_place_that_is_not_there_is_refused_with_the_true_size(place, lesson_net, digits):
    with pytest.raises(StudentError, match="64 maps of 11×11"):
        explain_pixel(lesson_net, digits[0][0], "conv2d_2", *place)
    with pytest.raises(StudentError, match="64 numbers"):
        explain_pixel(lesson_net, digits[0][0], "dense_1", 0, 1)
