"""Which filters decided: against captum's relevance propagation and ablation, and against sums by hand."""

from __future__ import annotations

import copy
import warnings

import pytest
import torch
from torch import nn

from cnn_core.errors import StudentError
from cnn_core.insight import (
    NOTHING,
    close_calls,
    feature_maps,
    leaning,
    muting_check,
    relevance,
    speaking_layers,
    strongest_examples,
    with_operation,
)
from cnn_core.insight.decided.lrp import stabilised
from cnn_core.model import PRESETS, ModelSpec
from tests.benchmarks.peers import same_weights
from tests.core.designs import design, lived_in, random_spec

# A relu hands relevance on as it is, so the convolution before it has the same.
IN_TORCH = {"conv2d_1": "0", "conv2d_2": "3", "max_pooling2d_2": "5", "conv2d_3": "6", "dense_1": "9"}


def an_image(net, seed=0):
    return torch.rand(net.spec.input_shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(6))
def test_activation_times_gradient_is_autograds_on_the_whole_network(seed):
    net = lived_in(random_spec(seed), seed)
    image = an_image(net, seed)
    layer = net.spec.layer_names[0]
    found = relevance(net, image, layer, 0, 1)
    x = image[None]
    for name, child in net.named_children():
        x = child(x)
        if name == layer:
            x = maps = x.detach().requires_grad_()
    (slope,) = torch.autograd.grad(x[0, 0] - x[0, 1], maps)
    by_hand = (maps * slope).detach()[0]
    torch.testing.assert_close(found.places, by_hand)
    torch.testing.assert_close(found.values, by_hand.flatten(1).sum(1) if by_hand.ndim > 1 else by_hand)
    assert found.lead == pytest.approx((x[0, 0] - x[0, 1]).item(), abs=1e-6)


@pytest.mark.parametrize("layer", IN_TORCH)
def test_relevance_propagation_is_captums_with_the_same_epsilons(layer):
    from captum.attr import LayerLRP
    from captum.attr._utils.lrp_rules import EpsilonRule

    net = lived_in(PRESETS["lesson"])
    image = an_image(net)
    peer, x = same_weights(net), image[None]
    for module in peer:
        x = module(x).detach()
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.rule = EpsilonRule(epsilon=(stabilised(x, 0.25) - x).abs().max().item())
        elif isinstance(module, nn.MaxPool2d | nn.Flatten):
            module.rule = EpsilonRule()
    found = relevance(net, image, layer, 4, 9, way="lrp")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for_class = [_captums(LayerLRP, peer, IN_TORCH[layer], image, one) for one in (4, 9)]
    torch.testing.assert_close(found.places, for_class[0] - for_class[1], atol=1e-5, rtol=1e-3)


def _captums(kind, peer, name, image, target):
    peer = copy.deepcopy(peer)
    return kind(peer, dict(peer.named_children())[name]).attribute(image[None], target=target)[0].detach()


def test_with_a_tiny_epsilon_propagation_is_activation_times_gradient_in_a_net_of_relus():
    net = lived_in(PRESETS["lesson"])
    for layer in ("conv2d_2", "dense_1"):
        one, two = (relevance(net, an_image(net), layer, way=way, epsilon=0.0) for way in ("gradient", "lrp"))
        torch.testing.assert_close(one.places, two.places, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("preset", ["mlp", "modern", "lesson"])
def test_without_biases_above_all_filters_together_make_the_lead(preset):
    net = lived_in(PRESETS[preset])
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if name.endswith(("bias", "running_mean")):
                value.zero_()
    layer = "dense_1" if preset == "mlp" else "conv2d_1"
    found = relevance(net, an_image(net), layer)
    assert found.total == pytest.approx(found.lead, rel=1e-3)
    assert found.answer == found.scores.argmax()
    assert found.rival == found.scores.topk(2).indices[1]


def test_the_muting_check_is_surgery_one_filter_after_the_other():
    net = lived_in(PRESETS["lesson"])
    image = an_image(net)
    found = relevance(net, image, "conv2d_2")
    check = muting_check(net, image, found, most=3, tries=2, seed=5)
    for count in range(4):
        muted = with_operation(net, NOTHING.mute("conv2d_2", found.order[:count]))
        torch.testing.assert_close(check.top[count], muted(image[None])[0], atol=1e-5, rtol=1e-5)
        assert check.certainty[count].item() == pytest.approx(
            muted.predict(image[None])[0, found.answer].item(), rel=1e-4
        )
    assert check.chance.shape == (2, 4, 10)
    assert check.lead[0].item() == pytest.approx(found.lead, abs=1e-5)
    assert check.lead_by_chance[:, 0].eq(check.lead[0]).all()
    assert muting_check(net, image, found, most=3, tries=2, seed=5).chance.equal(check.chance)


def test_muting_the_relevant_filters_takes_more_of_the_lead_than_muting_others(lesson_net, digits):
    """Over some digits: the top five of conv2d_2, and five by lot."""
    top, chance = [], []
    for image in digits[0][:12]:
        found = relevance(lesson_net, image, "conv2d_2")
        check = muting_check(lesson_net, image, found, most=5, tries=5)
        top.append(check.lead[0] - check.lead[5])
        chance.append(check.lead[0] - check.lead_by_chance[:, 5].mean())
    assert torch.stack(top).mean() > 2 * torch.stack(chance).mean()


def test_images_that_lean_on_a_filter_are_found_by_looking_at_each_alone():
    net = lived_in(PRESETS["lesson"])
    images = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    found = leaning(net, images, "conv2d_3", count=3)
    each = torch.stack([relevance(net, image, "conv2d_3").values for image in images])
    best = each[:, 7].argsort(descending=True)[:3]
    assert found.indices[7].tolist() == best.tolist()
    torch.testing.assert_close(found.values[7], each[best, 7], atol=1e-5, rtol=1e-4)
    assert found.leads[7, 0].item() == pytest.approx(
        relevance(net, images[best[0]], "conv2d_3").lead, abs=1e-5
    )
    excite = strongest_examples(net, images, ["conv2d_3"], count=3)["conv2d_3"].indices
    shared = set(excite[7].tolist()) & set(best.tolist())
    assert found.shared_with(excite)[7] == len(shared)


def test_close_calls_are_right_and_sure_and_each_leads_by_more_than_the_one_before(lesson_net, digits):
    images, labels = digits[0][:200], digits[1][:200]
    chosen = close_calls(lesson_net, images, labels)
    leads, wrong = [], labels.clone()
    for i in chosen:
        sure = lesson_net.predict(images[i][None])[0]
        assert sure.argmax() == labels[i]
        assert sure.max() >= 0.95
        leads.append((sure.sort().values[-1] / sure.sort().values[-2]).log().item())  # of probabilities
    assert leads == sorted(leads)
    wrong[chosen[0]] = (wrong[chosen[0]] + 1) % 10  # what is not read rightly is no close call
    assert close_calls(lesson_net, images, wrong, count=3) == chosen[1:4]
    untrained = lived_in(PRESETS["tiny"])  # sure of nothing: the closest all the same
    first, second = untrained(images[:20]).topk(2, dim=1).values.T
    assert close_calls(untrained, images[:20], labels[:20], count=1) == [int((first - second).argmin())]


def test_what_can_speak_are_filters_and_units_below_the_answers():
    assert speaking_layers(PRESETS["lesson"]) == ("conv2d_1", "conv2d_2", "conv2d_3", "dense_1")
    assert speaking_layers(PRESETS["mlp"]) == ("dense_1",)
    one = design({"type": "flatten"}, {"type": "dense", "units": 10})
    assert speaking_layers(ModelSpec.from_dict(one)) == ()


def test_it_works_for_depthwise_layers_other_activations_and_colour():
    layers = [
        {"type": "conv2d", "filters": 4, "activation": "tanh"},
        {"type": "depthwise_conv2d", "depth_multiplier": 2, "activation": "gelu"},
        {"type": "batch_normalization"},
        {"type": "average_pooling2d"},
        {"type": "activation", "activation": "elu"},
        {"type": "global_average_pooling2d"},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ]
    net = lived_in(ModelSpec.from_dict(design(*layers) | {"input_shape": [3, 32, 32]}))
    for way in ("gradient", "lrp"):
        found = relevance(net, an_image(net), "conv2d_1", way=way)
        assert found.maps.equal(feature_maps(net, an_image(net), ["conv2d_1"])["conv2d_1"])
        assert found.places.shape == (4, 30, 30)
        assert found.values.isfinite().all()
        assert found.values.abs().sum() > 0


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"layer": "dense_2"}, "gives the scores themselves"),
        ({"layer": "conv2d_9"}, "no layer"),
        ({"layer": "conv2d_1", "answer": 10}, "no class 10"),
        ({"layer": "conv2d_1", "answer": 3, "rival": 3}, "no rival of itself"),
        ({"layer": "conv2d_1", "way": "guess"}, "no way “guess”"),
    ],
)
def test_what_cannot_be_asked_says_why(asked, said):
    net = lived_in(PRESETS["lesson"])
    with pytest.raises(StudentError, match=said):
        relevance(net, an_image(net), **asked)
