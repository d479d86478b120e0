"""Networks that look at colours: every sum over red, green and blue, by hand, by autograd, by captum and by torch."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from cnn_core.errors import StudentError
from cnn_core.insight import (
    attribute,
    dream,
    explain_pixel,
    feature_maps,
    first_kernels,
    maximize_filters,
    receptive_field,
    strongest_examples,
)
from cnn_core.insight.filters.response import Response
from cnn_core.model import ModelSpec, build

from .designs import lived_in

SHAPE = (3, 32, 32)


def colour_spec(*layers, shape=SHAPE, classes=10, last="softmax"):
    body = layers or (
        {"type": "conv2d", "filters": 6, "kernel_size": 3, "padding": "same", "activation": "relu"},
        {"type": "max_pooling2d"},
        {"type": "conv2d", "filters": 8, "kernel_size": 3, "activation": "relu"},
        {"type": "flatten"},
    )
    end = {"type": "dense", "units": classes, "activation": last}
    return ModelSpec.from_dict(
        {"name": "Colours", "input_shape": list(shape), "classes": classes, "layers": [*body, end]}
    )


@pytest.fixture(scope="module")
def net():
    return lived_in(colour_spec(), seed=3)


@pytest.fixture(scope="module")
def image():
    return torch.rand(SHAPE, generator=torch.Generator().manual_seed(1))


# ---------------------------------------------------------------- the arithmetic of a pixel


def test_each_colours_sum_is_the_one_added_up_by_hand(net, image):
    parts = explain_pixel(net, image, "conv2d_1", channel=2, row=5, column=7)
    weight, bias = net.conv2d_1.conv.weight[2].detach(), net.conv2d_1.conv.bias[2].detach()
    by_hand = []
    for colour in range(3):
        total = 0.0
        for down in range(3):
            for right in range(3):
                total += float(image[colour, 5 - 1 + down, 7 - 1 + right]) * float(
                    weight[colour, down, right]
                )
        by_hand.append(total)
    sums = {part.channel: part.total for part in parts.contributions}
    assert [sums[colour] for colour in range(3)] == pytest.approx(by_hand, abs=1e-6)
    assert parts.total == pytest.approx(sum(by_hand) + float(bias), abs=1e-6)
    assert (parts.reads_image, parts.channels_below, parts.channels) == (True, 3, (0, 1, 2))
    assert parts.value == pytest.approx(feature_maps(net, image)["conv2d_1"][2, 5, 7].item(), abs=1e-5)


@pytest.mark.parametrize("place", [(0, 0), (0, 31), (31, 31), (16, 0)])
def test_at_the_edge_the_cells_on_padding_are_the_same_ones_for_all_three_colours(net, image, place):
    parts = explain_pixel(net, image, "conv2d_1", 1, *place)
    conv = net.conv2d_1.conv
    by_torch = F.conv2d(image[None], conv.weight, conv.bias, padding=1)[0, 1][place]
    assert parts.total == pytest.approx(by_torch.item(), abs=1e-5)
    assert parts.patch[:, parts.padding].eq(0).all()
    assert int(parts.padding.sum()) == (5 if place != (16, 0) else 3)


def test_a_kernel_that_sees_red_only_takes_nothing_from_green_and_blue(image):
    net = build(colour_spec(), seed=0).eval()
    with torch.no_grad():
        net.conv2d_1.conv.weight.zero_()
        net.conv2d_1.conv.weight[0, 0] = 1.0
    parts = explain_pixel(net, image, "conv2d_1", 0, 10, 10)
    sums = {part.channel: part.total for part in parts.contributions}
    assert sums[0] == pytest.approx(float(image[0, 9:12, 9:12].sum()), abs=1e-5)
    assert (sums[1], sums[2]) == (0.0, 0.0)


def test_a_depthwise_filter_over_colours_reads_one_of_them(image):
    layers = (
        {"type": "depthwise_conv2d", "kernel_size": 3, "depth_multiplier": 2, "activation": "relu"},
        {"type": "global_average_pooling2d"},
    )
    net = lived_in(colour_spec(*layers))
    parts = explain_pixel(net, image, "depthwise_conv2d_1", channel=5, row=4, column=4)
    assert (parts.channels, parts.channels_below, parts.patch.shape[0]) == ((2,), 3, 1)
    torch.testing.assert_close(parts.patch[0], image[2, 4:7, 4:7])
    assert first_kernels(net) is None


def test_the_receptive_field_grows_on_32_pixels_as_it_does_on_28(net):
    assert receptive_field(net.spec, "conv2d_1", 0, 0).rows == (-1, 1)
    # a 3x3 kernel on maps of half the size: 2 * 2 + 2 rows of the first maps, and one more pixel on either side
    assert receptive_field(net.spec, "conv2d_2", 0, 0).rows == (-1, 6)


def test_first_kernels_are_copies_and_an_mlp_has_none(net):
    kernels = first_kernels(net)
    assert kernels.shape == (6, 3, 3, 3)
    kernels.zero_()
    assert not net.conv2d_1.conv.weight.eq(0).all()
    assert first_kernels(build(colour_spec({"type": "flatten"}))) is None


# ---------------------------------------------------------------- why this answer


def test_saliency_is_the_largest_of_the_three_colours_slopes(net, image):
    leaf = image.clone().requires_grad_()
    (slope,) = torch.autograd.grad(net(leaf[None])[0, 4], leaf)
    found = attribute(net, image, "saliency", target=4)
    torch.testing.assert_close(found.values, slope.abs().amax(0))


def test_a_slope_is_what_a_tiny_change_of_one_colour_changes(net, image):
    """Finite differences, in double precision, of the pixel and colour that saliency calls the steepest."""
    found = attribute(net, image, "saliency", target=4).values
    row, column = divmod(int(found.argmax()), 32)
    double = lived_in(colour_spec(), seed=3).double()
    changes = []
    for colour in range(3):
        scores = []
        for step in (-1e-6, 1e-6):
            changed = image.double().clone()
            changed[colour, row, column] += step
            scores.append(double(changed[None])[0, 4].item())
        changes.append(abs(scores[1] - scores[0]) / 2e-6)
    assert max(changes) == pytest.approx(found.max().item(), rel=1e-3)


def test_integrated_gradients_add_up_over_pixels_and_colours(net, image):
    found = attribute(net, image, "integrated_gradients", target=1)
    with torch.no_grad():
        whole = (net(image[None]) - net(torch.zeros(1, *SHAPE)))[0, 1].item()
    assert found.values.shape == (32, 32)
    assert found.values.sum().item() == pytest.approx(whole, abs=0.02)


def test_occlusion_of_a_colour_picture_is_what_the_score_loses_and_not_three_times_that(net, image):
    """By hand: all three colours of a 4×4 patch black, and each pixel the mean over the patches that cover it."""
    lost, covered = torch.zeros(32, 32), torch.zeros(32, 32)
    with torch.no_grad():
        score = net(image[None])[0, 2]
        for row in range(29):
            blacks = image.repeat(29, 1, 1, 1)
            for column in range(29):
                blacks[column, :, row : row + 4, column : column + 4] = 0
            for column, loss in enumerate((score - net(blacks)[:, 2]).tolist()):
                lost[row : row + 4, column : column + 4] += loss
                covered[row : row + 4, column : column + 4] += 1
    found = attribute(net, image, "occlusion", target=2)
    torch.testing.assert_close(found.values, lost / covered, atol=1e-4, rtol=1e-3)


def test_grad_cam_of_a_colour_picture_is_captums(net, image):
    from captum.attr import LayerAttribution, LayerGradCam

    leaf = image[None].clone().requires_grad_()
    coarse = LayerGradCam(net, net.conv2d_2).attribute(leaf, target=0, relu_attributions=True)
    theirs = LayerAttribution.interpolate(coarse, (32, 32), "bilinear")[0, 0].detach()
    found = attribute(net, image, "grad_cam", target=0)
    torch.testing.assert_close(found.values, theirs)
    assert (found.layer, found.places) == ("conv2d_2", (14, 14))


@pytest.mark.parametrize("classes", [2, 26])
def test_two_classes_and_twenty_six_can_be_asked_and_no_other(image, classes):
    net = lived_in(colour_spec(classes=classes))
    assert attribute(net, image, "saliency", target=classes - 1).target == classes - 1
    with pytest.raises(StudentError, match="no class"):
        attribute(net, image, "saliency", target=classes)
    pictures = maximize_filters(net, "dense_1", steps=3)
    assert pictures.images.shape == (classes, *SHAPE)


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize("layer", ["conv2d_1", "conv2d_2", "dense_1"])
def test_the_response_of_one_filter_and_its_slope_are_the_whole_networks(net, image, layer):
    """The quick way, one channel for each image, against running the net and asking autograd."""
    images = torch.stack([image, image.flip(2), image.flip(0)])
    filters = torch.tensor([0, 5, 3])
    quick = images.clone().requires_grad_()
    objective, score = Response(net, layer)(quick, filters)
    (slope,) = torch.autograd.grad(objective.sum(), quick)
    plain = images.clone().requires_grad_()
    x = plain
    for name, child in net.named_children():
        x = child(x)
        if name == layer:
            break
    means = x.flatten(2).mean(2) if x.ndim == 4 else x
    chosen = means[torch.arange(3), filters]
    (expected,) = torch.autograd.grad(chosen.sum(), plain)
    torch.testing.assert_close(score, chosen.detach(), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(slope, expected, atol=1e-6, rtol=1e-3)


@pytest.mark.parametrize("recipe", ["lesson", "clean"])
def test_filter_pictures_in_colour_rise_repeat_and_leave_the_network_alone(net, recipe):
    before = {name: value.clone() for name, value in net.state_dict().items()}
    first = maximize_filters(net, "conv2d_2", range(4), steps=10, recipe=recipe, keep_path=True)
    again = maximize_filters(net, "conv2d_2", range(4), steps=10, recipe=recipe)
    assert torch.equal(first.images, again.images)
    assert first.images.shape == (4, *SHAPE)
    assert first.path.shape == (4, 11, *SHAPE)
    alive = ~first.dead
    assert alive.any()
    assert (first.scores[alive, -1] > first.scores[alive, 0]).all()
    if recipe == "clean":
        assert first.images.min() >= 0
        assert first.images.max() <= 1
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert all(
        not child._forward_hooks and p.grad is None for child in net.modules() for p in net.parameters()
    )


def test_a_filter_that_likes_red_and_hates_blue_has_a_red_picture():
    net = build(colour_spec(), seed=0).eval()
    with torch.no_grad():
        net.conv2d_1.conv.weight.zero_()
        net.conv2d_1.conv.weight[0, 0], net.conv2d_1.conv.weight[0, 2] = 0.1, -0.1
    picture = maximize_filters(net, "conv2d_1", [0]).images[0]
    red, green, blue = picture[:, 4:-4, 4:-4].mean((1, 2)).tolist()
    assert red > 0.95
    assert blue < 0.05
    assert 0.3 < green < 0.7  # it does not care


def test_a_filter_that_answers_to_no_colour_has_no_picture():
    net = build(colour_spec(), seed=0).eval()
    with torch.no_grad():
        net.conv2d_1.conv.weight[1] = 0
        net.conv2d_1.conv.bias[1] = -1.0
    pictures = maximize_filters(net, "conv2d_1", [0, 1], steps=5, examples=torch.rand(8, *SHAPE))
    assert pictures.dead.tolist() == [False, True]
    assert pictures.why == [None, "no slope"]


def test_the_photos_that_excite_a_filter_most_are_those_of_a_plain_search(net):
    photos = torch.rand(40, *SHAPE, generator=torch.Generator().manual_seed(5))
    found = strongest_examples(net, photos, ["conv2d_1"], count=3)["conv2d_1"]
    with torch.no_grad():
        peaks = net.conv2d_1(photos).flatten(2).amax(2)
    for filter in range(6):
        best = sorted(range(40), key=lambda i: -peaks[i, filter])[:3]
        assert found.indices[filter].tolist() == best


# ---------------------------------------------------------------- dreams


def test_a_colour_network_dreams_of_a_photo_of_any_size_and_grows_what_it_sees(net):
    from cnn_core.insight import loudness

    photo = torch.rand(3, 50, 70, generator=torch.Generator().manual_seed(2))
    dreamt = dream(net, photo, ["conv2d_2"], octaves=2, steps=4, jitter=2)
    assert dreamt.shape == photo.shape
    assert loudness(net, dreamt, "conv2d_2") > loudness(net, photo, "conv2d_2")
    assert torch.equal(dreamt, dream(net, photo, ["conv2d_2"], octaves=2, steps=4, jitter=2))
    with pytest.raises(StudentError, match="1 channels, and this network sees 3"):
        dream(net, photo[:1], ["conv2d_2"])
