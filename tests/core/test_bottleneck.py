"""The parts of the photo network against the plain layers they stand for, and the memory that a dream holds on to."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F

from cnn_core.insight import photo_network
from cnn_core.insight.dream.bottleneck import mixed

SIZES = [(12, 16), (13, 16), (12, 17), (11, 13), (33, 7), (67, 45)]


def plain(convolution, x):
    """With the package's own border of zeros, as the network was published."""
    return F.relu6(
        F.conv2d(
            convolution.static_padding(x),
            convolution.weight,
            convolution.bias,
            convolution.stride,
            groups=convolution.groups,
        )
    )


def with_gradient(layer, x, towards):
    """(what comes out, the gradient of its product with `towards`)."""
    leaf = x.clone().requires_grad_()
    maps = layer(leaf)
    (gradient,) = torch.autograd.grad((maps * towards(maps)).sum(), leaf)
    return maps.detach(), gradient


def lookings():
    net = photo_network()
    return [net.stem, *(block.depthwise for block in net.blocks)]


def noise_like(maps):
    return torch.randn(maps.shape, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("size", SIZES)
def test_a_border_that_costs_no_copy_changes_no_map_and_no_gradient(size):
    generator = torch.Generator().manual_seed(0)
    for looking in lookings():  # bit for bit: a dream makes another picture of another last digit
        convolution = looking.convolution
        channels = convolution.in_channels
        x = 4 * torch.randn(1, channels, *size, generator=generator).contiguous(
            memory_format=torch.channels_last
        )
        ours = with_gradient(looking, x, noise_like)
        theirs = with_gradient(lambda x, of=convolution: plain(of, x), x, noise_like)
        for mine, other in zip(ours, theirs, strict=True):
            torch.testing.assert_close(mine, other, atol=0, rtol=0)


def test_both_kinds_of_border_are_met():
    places = [looking.place for looking in lookings()[1:]]
    assert {(one.size, one.stride, one.before, one.after) for one in places} == {
        (3, 1, 1, 1), (3, 2, 0, 1), (5, 1, 2, 2), (5, 2, 1, 2)
    }  # fmt: skip


@pytest.mark.parametrize("is_bounded", [True, False])
def test_mixing_channels_is_a_convolution_of_one_pixel(is_bounded):
    project = photo_network().blocks[1].expand
    x = 4 * torch.randn(1, 16, 9, 11, generator=torch.Generator().manual_seed(0))
    x = x.contiguous(memory_format=torch.channels_last)

    def theirs(x):
        maps = F.conv2d(x, project.weight, project.bias)
        return F.relu6(maps) if is_bounded else maps

    mine, other = (
        with_gradient(layer, x, noise_like) for layer in (lambda x: mixed(project, x, is_bounded), theirs)
    )
    assert 0 < (mine[0] == 0).float().mean() < 1 or not is_bounded
    for ours, plainly in zip(mine, other, strict=True):
        torch.testing.assert_close(ours, plainly, atol=1e-4, rtol=1e-4)


def test_a_picture_is_not_written_on():
    net = photo_network()
    picture = torch.rand(1, 3, 96, 97)
    before = picture.clone()
    net(picture)
    net.maps_at(picture, ("lines", "scales"))
    assert picture.equal(before)


def test_maps_that_were_asked_for_are_those_of_each_depth_alone():
    net = photo_network()
    picture = torch.rand(1, 3, 96, 128, generator=torch.Generator().manual_seed(0))
    together = net.maps_at(picture, net.depths)
    assert tuple(together) == net.depths
    for depth, other in itertools.pairwise(net.depths):
        alone = net.maps_at(picture, (depth,))[depth]
        torch.testing.assert_close(alone, together[depth])
        assert alone.shape != together[other].shape or not alone.equal(together[other])
