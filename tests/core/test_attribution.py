"""Why this answer: captum's numbers, against the same methods written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from cnn_core.errors import StudentError
from cnn_core.insight import METHODS, attribute, default_layer
from cnn_core.model import PRESETS, build


@pytest.fixture
def net(lesson_net):
    return lesson_net.eval()


def test_saliency_is_the_size_of_the_logits_gradient(net, digits):
    image = digits[0][0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(net(image[None])[0, 3], image)
    found = attribute(net, digits[0][0], "saliency", target=3)
    torch.testing.assert_close(found.values, gradient[0].abs())


def test_integrated_gradients_are_the_mean_gradient_from_black_and_nearly_complete(net, digits):
    image = digits[0][0]
    points, weights = np.polynomial.legendre.leggauss(50)
    path = torch.stack([image * float((1 + point) / 2) for point in points]).requires_grad_()
    (gradients,) = torch.autograd.grad(net(path)[:, 2].sum(), path)
    shares = torch.tensor(weights / 2, dtype=torch.float32).view(-1, 1, 1, 1)
    by_hand = (gradients * shares).sum(0)[0] * image[0]
    found = attribute(net, image, "integrated_gradients", target=2)
    torch.testing.assert_close(found.values, by_hand, atol=1e-4, rtol=1e-3)
    with torch.no_grad():
        whole = (net(image[None]) - net(torch.zeros(1, 1, 28, 28)))[0, 2]
    assert found.completeness_error == pytest.approx((found.values.sum() - whole).item(), abs=1e-4)
    assert abs(found.completeness_error) < 0.1 * abs(whole)


def test_occlusion_is_what_the_logit_loses_when_a_patch_is_black(net, digits):
    """Captum gives each pixel the mean loss over all patches that cover it."""
    image = digits[0][0]
    covered = []
    for row in range(25):
        for column in range(25):
            black = image.clone()
            black[:, row : row + 4, column : column + 4] = 0
            covered.append(black)
    with torch.no_grad():
        losses = (net(image[None])[0, 4] - net(torch.stack(covered))[:, 4]).view(1, 1, 25, 25)
    patch = torch.ones(1, 1, 4, 4)
    by_hand = F.conv_transpose2d(losses, patch) / F.conv_transpose2d(torch.ones_like(losses), patch)
    found = attribute(net, image, "occlusion", target=4)
    torch.testing.assert_close(found.values, by_hand[0, 0], atol=1e-4, rtol=1e-3)


def test_grad_cam_weighs_the_maps_by_their_mean_gradient(net, digits):
    image = digits[0][0]
    x, found_maps = image[None], None
    for name, child in net.named_children():
        x = child(x)
        if name == "conv2d_3":
            x = found_maps = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(x[0, 6], found_maps)
    coarse = (gradient.mean((2, 3), keepdim=True) * found_maps).sum(1, keepdim=True).relu()
    by_hand = F.interpolate(coarse, (28, 28), mode="bilinear")[0, 0]
    found = attribute(net, image, "grad_cam", target=6)
    assert found.layer == "conv2d_3"
    torch.testing.assert_close(found.values, by_hand.detach(), atol=1e-5, rtol=1e-4)
    assert attribute(net, image, "grad_cam", layer="conv2d_3").layer == "conv2d_3"


def test_it_looks_at_the_last_convolution_and_says_how_coarse_its_maps_are(net, digits):
    assert default_layer(build(PRESETS["lesson"])) == "conv2d_3"
    found = attribute(net, digits[0][0], "grad_cam")
    assert (found.layer, found.places) == ("conv2d_3", (3, 3))
    assert attribute(net, digits[0][0], "saliency").places is None
    assert default_layer(build(PRESETS["mlp"])) is None
    assert default_layer(build(PRESETS["lenet5"])).startswith("conv2d_")


@pytest.mark.parametrize("method", METHODS)
def test_without_a_wish_the_nets_own_answer_is_explained(method, net, digits):
    found = attribute(net, digits[0][3], method)
    assert found.target == net.predict(digits[0][3][None]).argmax().item()
    assert found.values.shape == (28, 28)
    assert found.values.isfinite().all()
    assert not found.values.requires_grad
    assert (found.completeness_error is None) == (method != "integrated_gradients")


@pytest.mark.parametrize("preset", ["mlp", "modern", "lenet5", "tiny"])
@pytest.mark.parametrize("method", METHODS)
def test_every_net_can_be_asked_and_an_mlp_says_why_it_has_no_grad_cam(preset, method):
    net, image = build(PRESETS[preset]), torch.rand(1, 28, 28)
    if (preset, method) == ("mlp", "grad_cam"):
        with pytest.raises(StudentError, match="no maps"):
            attribute(net, image, method)
    else:
        assert attribute(net, image, method).values.shape == (28, 28)


def test_it_works_where_the_caller_has_switched_gradients_off(net, digits):
    with torch.no_grad():
        first = attribute(net, digits[0][0], "integrated_gradients")
    assert first.values.equal(attribute(net, digits[0][0], "integrated_gradients").values)


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"method": "magic"}, "saliency"),
        ({"target": 10}, "from 0 to 9"),
        ({"target": -1}, "from 0 to 9"),
        ({"target": 1.5}, "from 0 to 9"),
        ({"method": "grad_cam", "layer": "dense_1"}, "plain numbers"),
        ({"method": "grad_cam", "layer": "conv2d_9"}, "no layer"),
        ({"method": "saliency", "layer": "conv2d_1"}, "whole net"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong, word, net):
    with pytest.raises(StudentError, match=word):
        attribute(net, torch.rand(1, 28, 28), **wrong)
