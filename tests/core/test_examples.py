"""The digits that excite a filter most: found in batches, the same as by looking at each."""

from __future__ import annotations

import copy

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import (
    card_of,
    feature_maps,
    feature_maps_batch,
    heaviest_kernels,
    maximize_filters,
    receptive_field,
    strongest_examples,
    strongest_for_units,
)
from cnn_core.insight.look.fields import clip
from cnn_core.model import ModelSpec, build
from cnn_core.model.layer_files import kind_named


def filter_card(net, layer, filter, images, *, examples=None, **ascent):
    """The card of one filter or unit, from nothing: its picture, and the nine images that excite it most."""
    pictures = maximize_filters(net, layer, [filter], examples=images, **ascent)
    if examples is None and kind_named(layer).has_filters:
        examples = strongest_examples(net, images, [layer], 9)[layer]
    elif examples is None:
        examples = strongest_for_units(net, images, layer, 9)
    return card_of(net, filter, pictures, examples)


def test_the_strongest_are_what_sorting_every_map_finds(lesson_net, digits):
    images = digits[0][:150]
    found = strongest_examples(lesson_net, images, count=4)
    assert list(found) == ["conv2d_1", "conv2d_2", "conv2d_3"]
    for layer, examples in found.items():
        maps = torch.stack(
            [feature_maps(lesson_net, image, [layer])[layer] for image in images]
        )  # (N, F, H, W)
        peaks = maps.amax((2, 3))
        torch.testing.assert_close(
            examples.values, peaks.sort(0, descending=True)[0][:4].T, atol=1e-4, rtol=1e-4
        )
        torch.testing.assert_close(examples.mean, maps.mean((0, 2, 3)), atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(examples.maximum, peaks.amax(0), atol=1e-4, rtol=1e-4)
        assert examples.fires.equal(peaks.gt(0).sum(0))
        assert examples.count == 150
        for filter in range(0, len(examples.values), 7):
            for place in range(4):
                row, column = examples.positions[filter, place].tolist()
                value = maps[examples.indices[filter, place], filter, row, column]
                torch.testing.assert_close(value, examples.values[filter, place], atol=1e-4, rtol=1e-4)
                field = receptive_field(lesson_net.spec, layer, row, column)
                assert examples.box(filter, place) == clip(field, (1, 28, 28))


def test_padding_does_not_push_a_box_out_of_the_image(modern_net, digits):
    for examples in strongest_examples(modern_net, digits[0][:50]).values():
        top, bottom, left, right = examples.boxes.unbind(-1)
        assert (top >= 0).all()
        assert (bottom <= 27).all()
        assert (left <= right).all()
        assert (top <= bottom).all()


def test_a_depthwise_convolution_has_examples_and_a_card(digits):
    layers = [{"type": "depthwise_conv2d", "depth_multiplier": 4}, {"type": "max_pooling2d"}]
    layers += [{"type": "depthwise_conv2d"}, {"type": "flatten"}, {"type": "dense", "units": 10}]
    net = build(ModelSpec.from_dict({"layers": layers})).eval()
    every = strongest_examples(net, digits[0][:60])
    assert list(every) == ["depthwise_conv2d_1", "depthwise_conv2d_2"]
    maps = feature_maps_batch(net, digits[0][:60], every)
    for layer, examples in every.items():
        torch.testing.assert_close(examples.maximum, maps[layer].amax((0, 2, 3)), atol=1e-5, rtol=1e-4)
    card = filter_card(net, "depthwise_conv2d_2", 3, digits[0][:60], steps=4)
    assert card.kernel.equal(net.depthwise_conv2d_2.conv.weight[3])


def test_pools_have_examples_too_and_plain_numbers_do_not(lesson_net, digits):
    assert strongest_examples(lesson_net, digits[0][:20], ["max_pooling2d_1"])[
        "max_pooling2d_1"
    ].values.shape == (32, 9)
    with pytest.raises(StudentError, match="no place"):
        strongest_examples(lesson_net, digits[0][:20], ["dense_1"])


def test_a_units_strongest_digits_are_those_with_the_largest_number(lesson_net, digits):
    images = digits[0][:120]
    found = strongest_for_units(lesson_net, images, "dense_2", count=5)
    logits = torch.stack([lesson_net(image[None])[0] for image in images]).detach()
    assert found.count == 120
    for unit in range(10):
        best = sorted(range(120), key=lambda i: -logits[i, unit].item())[:5]
        assert found.indices[unit].tolist() == best
        torch.testing.assert_close(found.values[unit], logits[best, unit])
        assert found.box(unit, 0) == ((0, 27), (0, 27))  # a unit sees the whole image
    torch.testing.assert_close(found.mean, logits.mean(0))
    assert found.fires.equal((logits > 0).sum(0))


def test_only_a_layer_of_plain_numbers_has_units(lesson_net, digits):
    with pytest.raises(StudentError, match="outputs maps"):
        strongest_for_units(lesson_net, digits[0][:20], "conv2d_1")
    with pytest.raises(StudentError, match="no layer"):
        strongest_for_units(lesson_net, digits[0][:20], "dense_9")


def test_few_images_give_few_examples_and_an_mlp_gives_none(lesson_net, mlp_net, digits):
    assert strongest_examples(lesson_net, digits[0][:3])["conv2d_1"].indices.shape == (32, 3)
    assert strongest_examples(mlp_net, digits[0][:3]) == {}


@pytest.mark.parametrize(
    "images", [torch.rand(0, 1, 28, 28), torch.rand(1, 28, 28), torch.rand(2, 1, 28, 28) * 9]
)
def test_images_that_are_none_are_refused(images, lesson_net):
    with pytest.raises(StudentError):
        strongest_examples(lesson_net, images)


def test_a_card_gathers_what_is_known_of_a_filter(lesson_net, digits):
    images = digits[0][:200]
    card = filter_card(lesson_net, "conv2d_2", 11, images)
    assert card.kernel.equal(lesson_net.conv2d_2.conv.weight[11])
    assert card.bias == lesson_net.conv2d_2.conv.bias[11].item()
    every = strongest_examples(lesson_net, images, ["conv2d_2"])["conv2d_2"]
    assert card.examples.indices[0].equal(every.indices[11])
    assert card.example_peak == every.maximum[11].item()
    peak = feature_maps(lesson_net, card.pictures.images[0])["conv2d_2"][11].max().item()
    assert card.picture_peak == pytest.approx(peak, abs=1e-4)
    assert card.ratio == pytest.approx(peak / every.maximum[11].item(), abs=1e-4)
    known = filter_card(lesson_net, "conv2d_2", 11, images, examples=every)
    assert known.examples.boxes.equal(card.examples.boxes)


def test_the_card_of_a_silent_filter_says_so(lesson_net, digits):
    net = copy.deepcopy(lesson_net)
    with torch.no_grad():
        net.conv2d_2.conv.bias[1] = -1_000
    card = filter_card(net, "conv2d_2", 1, digits[0][:50])
    assert card.silent
    assert card.ratio is None
    assert card.picture_peak is None
    assert card.pictures.why == ["never fires"]


def test_a_card_of_many_is_the_card_of_one(lesson_net, digits):
    images = digits[0][:100]
    every = strongest_examples(lesson_net, images, ["conv2d_2"])["conv2d_2"]
    pictures = maximize_filters(lesson_net, "conv2d_2", [3, 11, 40], examples=images)
    card, alone = (
        card_of(lesson_net, 11, pictures, every),
        filter_card(lesson_net, "conv2d_2", 11, images),
    )
    assert card.pictures.filters == (11,)
    assert card.pictures.images.equal(pictures.images[1:2])
    assert card.kernel.equal(alone.kernel)
    assert card.picture_peak == pytest.approx(alone.picture_peak, abs=1e-4)
    assert (card.bias, card.example_peak, card.silent) == (alone.bias, alone.example_peak, alone.silent)


def test_a_unit_has_a_card_too_and_its_kernel_is_a_list(lesson_net, digits):
    card = filter_card(lesson_net, "dense_2", 7, digits[0][:60], steps=5)
    assert card.kernel.equal(lesson_net.dense_2.dense.weight[7])
    logits = lesson_net(digits[0][:60]).detach()
    assert card.example_peak == pytest.approx(logits[:, 7].max().item(), abs=1e-4)
    assert card.picture_peak == pytest.approx(lesson_net(card.pictures.images)[0, 7].item(), abs=1e-4)


def test_a_picture_that_runs_off_is_judged_as_it_is_drawn(lesson_net, digits):
    card = filter_card(lesson_net, "conv2d_1", 0, digits[0][:20], recipe="lesson", steps=10)
    assert card.pictures.images.max() > 1
    drawn = card.pictures.images[0].clamp(0, 1)
    peak = feature_maps(lesson_net, drawn)["conv2d_1"][0].max().item()
    assert card.picture_peak == pytest.approx(peak, abs=1e-4)


def test_the_heaviest_kernels_come_first_whatever_their_sign():
    kernel = torch.zeros(4, 2, 2)
    kernel[1, 0, 0], kernel[2], kernel[3, 1, 1] = 0.5, -1.0, 3.0
    assert heaviest_kernels(kernel) == [2, 3, 1, 0]
    assert heaviest_kernels(kernel, count=2) == [2, 3]
