"""What each layer sees, and the manners of looking: nothing of the net may be touched."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from cnn_core.errors import StudentError
from cnn_core.insight import (
    METHODS,
    attribute,
    dark,
    dream,
    explain_pixel,
    feature_maps,
    feature_maps_batch,
    frozen,
    maximize_filters,
    never_fires,
    replay,
    strongest_examples,
)
from cnn_core.model import PRESETS, ModelSpec, build, summarize


def test_maps_are_what_hooks_on_the_layers_would_see(lesson_net, digits):
    image = digits[0][0]
    seen = {}
    handles = [
        child.register_forward_hook(lambda _l, _i, output, name=name: seen.update({name: output[0].detach()}))
        for name, child in lesson_net.named_children()
    ]
    lesson_net(image[None])
    for handle in handles:
        handle.remove()
    maps = feature_maps(lesson_net, image)
    assert list(maps) == [row.name for row in summarize(lesson_net.spec)]
    for layer, map in maps.items():
        assert map.equal(seen[layer])


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_preset_gives_the_shapes_its_summary_promises(preset):
    net = build(PRESETS[preset])
    maps = feature_maps(net, torch.rand(net.spec.input_shape))
    assert {name: tuple(map.shape) for name, map in maps.items()} == {
        row.name: row.output_shape for row in summarize(net.spec)
    }


def test_many_images_give_what_each_gives_alone(lesson_net, digits):
    batch = feature_maps_batch(lesson_net, digits[0][:5], ["conv2d_2"])
    alone = [feature_maps(lesson_net, image, ["conv2d_2"])["conv2d_2"] for image in digits[0][:5]]
    torch.testing.assert_close(batch["conv2d_2"], torch.stack(alone), atol=1e-5, rtol=0)
    assert list(batch) == ["conv2d_2"]


def test_a_wish_for_one_layer_gives_that_layer_alone_in_the_nets_order(lesson_net, digits):
    maps = feature_maps(lesson_net, digits[0][0], ["dense_1", "conv2d_1"])
    assert list(maps) == ["conv2d_1", "dense_1"]


def test_a_channel_is_dark_if_it_is_zero_everywhere():
    maps = torch.zeros(3, 2, 2)
    maps[1, 0, 1] = -0.5
    maps[2, 1, 1] = 0.5
    assert dark(maps).tolist() == [True, False, False]


def test_a_filter_never_fires_if_its_bias_forbids_it(lesson_net, digits):
    net = copy.deepcopy(lesson_net)
    with torch.no_grad():
        net.conv2d_2.conv.bias[7] = -1_000
    silent = never_fires(net, digits[0][:300])
    assert silent["conv2d_2"][7]
    everything = feature_maps_batch(net, digits[0][:300])
    for layer, map in everything.items():
        assert silent[layer].equal(map.flatten(2).amax((0, 2)).le(0) if map.ndim > 2 else map.amax(0).le(0))


def test_raw_bytes_are_the_same_image(lesson_net, digits):
    image = digits[0][0]
    raw = (image * 255).round().to(torch.uint8)
    torch.testing.assert_close(
        feature_maps(lesson_net, raw)["conv2d_3"], feature_maps(lesson_net, image)["conv2d_3"]
    )


# The manners ----------------------------------------------------------------------------------------------------

LOOKS = {
    "feature_maps": lambda net, images: feature_maps(net, images[0])["conv2d_2"],
    "feature_maps_batch": lambda net, images: feature_maps_batch(net, images)["conv2d_2"],
    "never_fires": lambda net, images: never_fires(net, images)["conv2d_2"],
    "explain_pixel": lambda net, images: explain_pixel(net, images[0], "conv2d_2", 3, 4, 5).products,
    "lesson": lambda net, _images: maximize_filters(net, "conv2d_2", [1, 2], 3, recipe="lesson").images,
    "clean": lambda net, images: maximize_filters(net, "conv2d_2", [1, 2], 3, examples=images).images,
    "strongest_examples": lambda net, images: strongest_examples(net, images, count=2)["conv2d_2"].values,
    "dream": lambda net, images: dream(net, images[0], "conv2d_2", octaves=2, steps=2),
    "replay": lambda net, images: next(replay([(0, net)], images[0], "conv2d_2", 1)).picture,
    **{
        method: lambda net, images, method=method: attribute(net, images[0], method).values
        for method in METHODS
    },
}

FAILS = {
    "feature_maps": lambda net, images: feature_maps(net, images[0], ["conv2d_9"]),
    "feature_maps_batch": lambda net, images: feature_maps_batch(net, images, ["conv2d_9"]),
    "never_fires": lambda net, images: never_fires(net, images, ["conv2d_9"]),
    "explain_pixel": lambda net, images: explain_pixel(net, images[0], "conv2d_2", 3, 99, 5),
    "lesson": lambda net, _images: maximize_filters(net, "conv2d_2", [999], 3, recipe="lesson"),
    "clean": lambda net, _images: maximize_filters(net, "conv2d_2", [1], 10**9),
    "strongest_examples": lambda net, images: strongest_examples(net, images, ["dense_1"]),
    "dream": lambda net, images: dream(net, images[0], "dense_1"),
    "replay": lambda net, images: next(replay([(0, net)], images[0], "conv2d_2", -1)),
    **{
        method: lambda net, images, method=method: attribute(net, images[0], method, target=10)
        for method in METHODS
    },
}


def state_of(net: nn.Module) -> dict:
    return {
        "modes": [module.training for module in net.modules()],
        "hooks": [
            len(value)
            for module in net.modules()
            for name, value in vars(module).items()
            if "hooks" in name and isinstance(value, dict)
        ],
        "wishes": [p.requires_grad for p in net.parameters()],
        "gradients": [None if p.grad is None else p.grad.clone() for p in net.parameters()],
        "weights": {name: value.clone() for name, value in net.state_dict().items()},
        "layouts": [p.stride() for p in net.parameters()],
        "identities": [id(p) for p in net.parameters()],
        "chance": torch.get_rng_state(),
    }


def assert_same(before: dict, after: dict) -> None:
    for key in ("modes", "hooks", "wishes", "layouts", "identities"):
        assert before[key] == after[key], key
    assert before["chance"].equal(after["chance"])
    for name, value in before["weights"].items():
        assert value.equal(after["weights"][name]), name
    for mine, theirs in zip(before["gradients"], after["gradients"], strict=True):
        assert (mine is None and theirs is None) or mine.equal(theirs)


@pytest.fixture
def mixed_net(lesson_net):
    """A net as a visitor may leave it: some layers train, one weight is frozen, one has a gradient, one a hook."""
    net = copy.deepcopy(lesson_net).train()
    net.conv2d_2.eval()
    net.conv2d_1.conv.weight.requires_grad_(False)
    net.dense_1.dense.bias.grad = torch.ones(64)
    net.conv2d_3.register_forward_hook(lambda *_: pytest.fail("a visitor's hook must not see our images"))
    return net


@pytest.mark.parametrize("name", LOOKS)
def test_looking_leaves_no_trace_in_the_net(name, mixed_net, digits):
    images = digits[0][:6].clone()
    before, copied = state_of(mixed_net), images.clone()
    LOOKS[name](mixed_net, images)
    assert_same(before, state_of(mixed_net))
    assert images.equal(copied)
    assert not images.requires_grad
    assert images.grad is None


@pytest.mark.parametrize("name", FAILS)
def test_a_wrong_question_leaves_no_trace_either(name, mixed_net, digits):
    before = state_of(mixed_net)
    with pytest.raises(StudentError):
        FAILS[name](mixed_net, digits[0][:6])
    assert_same(before, state_of(mixed_net))


@pytest.mark.parametrize("name", LOOKS)
def test_the_answer_is_the_same_in_every_mode_and_every_time(name, digits):
    spec = ModelSpec.from_dict({"name": "with dropout", "layers": [
        {"type": "conv2d", "filters": 4, "activation": "relu"},
        {"type": "batch_normalization"},
        {"type": "dropout", "rate": 0.5},
        {"type": "conv2d", "filters": 6, "activation": "relu"},
        {"type": "global_average_pooling2d"},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ]})  # fmt: skip
    net, images = build(spec, seed=1), digits[0][:6]
    with torch.no_grad():
        resting = LOOKS[name](net.eval(), images)
    torch.manual_seed(5)
    training = LOOKS[name](net.train(), images)
    assert resting.equal(training)
    assert training.isfinite().all()


@pytest.mark.parametrize(
    ("image", "word"),
    [
        (torch.rand(1, 27, 28), "shape"),
        (torch.rand(28, 28), "shape"),
        (torch.rand(3, 28, 28), "shape"),
        (torch.rand(2, 1, 28, 28), "shape"),
        (torch.rand(1, 28, 28) * 255, "255"),
        (torch.full((1, 28, 28), float("nan")), "nan"),
        (torch.full((1, 28, 28), float("inf")), "inf"),
        (torch.zeros(1, 28, 28, dtype=torch.int64), "type"),
        ([[0.0]], "tensor"),
    ],
)
@pytest.mark.parametrize(
    "look",
    [
        lambda net, image: feature_maps(net, image),
        lambda net, image: explain_pixel(net, image, "conv2d_1", 0, 0, 0),
        lambda net, image: attribute(net, image),
        lambda net, image: next(replay([(0, net)], image, "conv2d_1", 0)),
    ],
    ids=["feature_maps", "explain_pixel", "attribute", "replay"],
)
def test_an_image_that_is_none_is_refused_with_a_sentence(look, image, word, lesson_net):
    with pytest.raises(StudentError, match=word):
        look(lesson_net, image)


def test_an_unknown_layer_is_answered_with_the_layers_there_are(lesson_net, digits):
    with pytest.raises(StudentError, match="conv2d_1, max_pooling2d_1, conv2d_2"):
        feature_maps(lesson_net, digits[0][0], ["conv2d_7"])


def test_the_twin_sees_later_training_steps(lesson_net):
    net = copy.deepcopy(lesson_net)
    twin = frozen(net)
    with torch.no_grad():
        net.conv2d_1.conv.bias += 1
    assert twin.conv2d_1.conv.bias.equal(net.conv2d_1.conv.bias)
    assert not twin.training
    assert not any(p.requires_grad for p in twin.parameters())
