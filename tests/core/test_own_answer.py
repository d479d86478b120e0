"""What the net reads in its own pictures, a picture changed towards a class, and pictures of the data's fineness."""

from __future__ import annotations

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import (
    answers_to_pictures,
    compared,
    feature_maps,
    maco_pictures,
    maximize_filters,
    more_of,
)
from cnn_core.insight.filters.maco import fineness, mean_magnitudes
from cnn_core.model import PRESETS, ModelSpec
from tests.core.designs import design, lived_in


def images_for(net, count=6):
    return torch.rand(count, *net.spec.input_shape, generator=torch.Generator().manual_seed(0))


def test_the_answer_to_a_picture_is_that_to_the_picture_as_it_is_drawn():
    net = lived_in(PRESETS["mlp"])
    pictures = maximize_filters(net, "dense_2", [3, 8], steps=5, recipe="lesson")
    found = answers_to_pictures(net, pictures)
    assert pictures.images.abs().max() > 1  # raw numbers, which no page can draw
    drawn = net.predict(pictures.images.clamp(0, 1))
    assert found.probabilities.equal(drawn)
    assert found.answers.tolist() == drawn.argmax(1).tolist()
    assert found.certainty.equal(drawn.max(1).values)


@pytest.mark.parametrize("preset", ["lesson", "mlp", "modern"])
def test_a_picture_becomes_more_of_a_class_and_less_so_the_more_it_is_held(preset):
    net = lived_in(PRESETS[preset])
    image = images_for(net)[0]
    target = int(net.predict(image[None])[0].argsort(descending=True)[1])
    loose, held = (more_of(net, image, target, hold=hold, steps=20) for hold in (0.0, 50.0))
    assert loose.images[0].equal(image)
    assert 0 <= loose.images.min() <= loose.images.max() <= 1
    assert loose.probabilities[-1, target] > loose.probabilities[0, target]
    assert loose.change.square().sum() > held.change.square().sum()
    torch.testing.assert_close(loose.probabilities, net.predict(loose.images))
    read = loose.probabilities.argmax(1).eq(target).tolist()
    assert loose.reached == (read.index(True) if any(read) else None)


def test_its_first_step_goes_along_the_gradient_of_the_lead():
    net = lived_in(PRESETS["mlp"])
    image = images_for(net)[0]
    pixels = image[None].clone().requires_grad_()
    scores = net(pixels)[0]
    best = max(score for other, score in enumerate(scores) if other != 4)
    (slope,) = torch.autograd.grad(scores[4] - best, pixels)
    by_hand = (image + 0.03 * slope[0] / slope.square().mean().sqrt()).clamp(0, 1)
    torch.testing.assert_close(
        more_of(net, image, 4, steps=2).images[1], by_hand.detach(), atol=1e-6, rtol=1e-5
    )
    with pytest.raises(StudentError, match="no class 10"):
        more_of(net, image, 10)


def test_maco_holds_the_datas_magnitudes_and_excites_its_filter():
    net = lived_in(PRESETS["lesson"])
    images = images_for(net) * 0.3 + 0.35  # so faint that nothing is cut off at black and white
    found = maco_pictures(net, "conv2d_2", [5, 9], images, steps=30)
    held = torch.fft.fft2(images).abs().mean(0)[:, :, :15]
    torch.testing.assert_close(mean_magnitudes(images), held, atol=1e-3, rtol=1e-3)
    inside = (found.images.amin((1, 2, 3)) > 0) & (found.images.amax((1, 2, 3)) < 1)
    for picture in found.images[inside]:
        theirs = torch.fft.rfft2(picture).abs()[:, 1:14, 1:14]  # at the edges two phases must agree
        torch.testing.assert_close(theirs, held[:, 1:14, 1:14], atol=1e-3, rtol=1e-2)
    assert inside.any()
    begun = maco_pictures(net, "conv2d_2", [5, 9], images, steps=1)
    assert found.scores[0] > begun.scores[0]
    assert found.dead.tolist() == [
        False,
        True,
    ]  # nothing below white excites the second of this net drawn by lot
    for row, filter in enumerate((5, 9)):
        score = feature_maps(net, found.images[row], ["conv2d_2"])["conv2d_2"][filter].mean()
        assert found.scores[row].item() == pytest.approx(score.item(), abs=1e-4)
    assert found.importance.amax((1, 2)).eq(1).all()
    again = maco_pictures(net, "conv2d_2", [9], images, steps=30)
    torch.testing.assert_close(again.images[0], found.images[1], atol=1e-3, rtol=1e-2)


def test_recipes_stand_side_by_side_with_what_the_net_reads_in_each():
    layers = [
        {"type": "conv2d", "filters": 3, "activation": "relu"},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    ]
    net = lived_in(ModelSpec.from_dict(design(*layers) | {"input_shape": [3, 12, 12]}))
    rows = compared(net, "dense_1", [0, 1], images_for(net))
    assert [row.recipe for row in rows] == ["lesson", "clean", "maco"]
    for row in rows:
        assert row.images.shape == (2, 3, 12, 12)
        torch.testing.assert_close(row.scores, net(row.images).detach()[[0, 1], [0, 1]], atol=1e-4, rtol=1e-4)
        assert row.probabilities.equal(net.predict(row.images))
        assert (row.importance is None) == (row.recipe != "maco")


def test_a_chessboard_is_fine_and_a_slow_wave_is_not():
    board = (torch.arange(16)[:, None] + torch.arange(16)) % 2
    wave = torch.cos(2 * torch.pi * torch.arange(16) / 16).expand(16, 16)
    assert fineness(torch.stack([board.float(), wave])[:, None]).tolist() == pytest.approx(
        [1.0, 0.0], abs=1e-5
    )
