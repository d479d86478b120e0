"""What a network from a file expects of its images: measured, and then put into its weights."""

import pytest
import torch

from cnn_core.data import load_images
from cnn_core.errors import StudentError
from cnn_core.model import ModelSpec
from cnn_core.opening import PREPARATIONS, Trial, fitting, tried, verdict, with_input, with_scale
from cnn_core.opening.input_scale import taken_up
from cnn_core.pretrained import load
from tests.core.designs import design, lived_in, random_spec, same_weights


def prepared(images, key):
    way = PREPARATIONS[key]
    images = images.transpose(2, 3) if way.is_exchanged else images
    return way.factor * images + way.offset


def images_of(spec, exchanged=False, count=4):
    channels, height, width = spec.input_shape
    sides = (width, height) if exchanged else (height, width)
    return torch.rand(count, channels, *sides, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("preparation", PREPARATIONS)
def test_what_was_done_to_an_image_can_be_part_of_any_network(preparation, seed):
    net = lived_in(random_spec(seed), seed)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    other = with_input(net, preparation)
    images = images_of(net.spec, PREPARATIONS[preparation].is_exchanged)
    with torch.no_grad():
        expected = net(prepared(images, preparation))
        difference = (other(images) - expected).abs().max()
    assert difference <= 1e-4 * (1 + expected.abs().max())
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())


@pytest.mark.parametrize("seed", range(10))
def test_channels_may_have_factors_and_offsets_of_their_own(seed):
    net = lived_in(random_spec(seed, input_shape=[3, 17, 14]), seed)
    factor, offset = [0.5, 2.0, 1.5], [0.1, -1.0, 0.0]
    taken = taken_up(net, factor, offset).net
    images = images_of(net.spec)
    with torch.no_grad():
        expected = net(images * torch.tensor(factor).view(3, 1, 1) + torch.tensor(offset).view(3, 1, 1))
        assert (taken(images) - expected).abs().max() <= 1e-4 * (1 + expected.abs().max())


def first_layer(padding, *above):
    conv = {"type": "conv2d", "filters": 3, "padding": padding}
    layers = [*above, conv, {"type": "flatten"}, {"type": "dense", "units": 10}]
    return lived_in(ModelSpec.from_dict(design(*layers, input_shape=[1, 9, 9])))


def test_a_layer_goes_in_front_only_where_a_border_of_zeros_or_a_turned_pooling_stands_in_the_way():
    pool = {"type": "max_pooling2d"}
    for net, preparation, layers in [
        (first_layer("valid"), "signed", 3),
        (first_layer("same"), "signed", 4),
        (first_layer("same"), "bytes", 3),
        (first_layer("valid", pool), "signed", 4),
        (first_layer("valid", pool), "inverted", 5),
        (first_layer("valid", {"type": "activation", "activation": "tanh"}), "bytes", 5),
    ]:
        assert len(with_input(net, preparation).spec.layers) == layers


def test_nothing_is_done_where_nothing_is_to_do():
    net = load("lesson")
    assert with_input(net, "unit") is net
    assert with_scale(net, 1) is net


def test_a_scale_and_its_inverse_leave_the_network_as_it_was():
    net = load("modern")
    back = with_scale(with_scale(net, 255), 1 / 255)
    for name, value in back.state_dict().items():
        torch.testing.assert_close(value, net.state_dict()[name], rtol=1e-5, atol=1e-6)
    assert not same_weights(with_scale(net, 255), net)


def test_a_network_that_ends_with_a_list_of_places_cannot_exchange_them():
    layers = [{"type": "conv2d", "filters": 1, "kernel_size": 1}, {"type": "flatten"}]
    net = lived_in(ModelSpec.from_dict(design(*layers, input_shape=[1, 2, 5])))
    with pytest.raises(StudentError, match="cannot be exchanged"):
        with_input(net, "exchanged")


@pytest.fixture(scope="module")
def digits():
    return load_images("mnist", "test", fetch=False).take(200)


def test_the_preparation_a_network_learnt_with_shows_itself(digits):
    trained = load("modern")
    for preparation, undone in [("bytes", (1 / 255, 0)), ("inverted", (-1, 1)), ("signed", (0.5, 0.5))]:
        foreign = taken_up(
            trained, [undone[0]], [undone[1]]
        ).net  # as if it had learnt from images prepared so
        best = verdict(tried(foreign, digits)).best
        assert (best.preparation, best.dataset, best.count) == (preparation, "mnist", 200)
        assert best.accuracy > 0.97
    foreign = with_input(trained, "exchanged")
    assert verdict(tried(foreign, digits)).best.preparation == "exchanged"


def test_a_relu_net_with_small_biases_hardly_minds_a_factor_and_the_tie_is_told(digits):
    told = verdict(tried(load("lesson"), digits))
    assert told.best.preparation == "unit"
    assert "bytes" in [trial.preparation for trial in told.ties]
    assert "inverted" not in [trial.preparation for trial in told.ties]


def test_of_a_network_that_reads_nothing_nothing_is_said(digits):
    assert verdict(tried(lived_in(load("mlp").spec), digits)).best is None
    assert verdict([]).best is None


def test_a_way_that_the_design_does_not_allow_is_left_out_and_the_others_are_tried(digits):
    ends_with_places = [{"type": "conv2d", "filters": 1, "strides": 8}, {"type": "flatten"}]
    net = lived_in(ModelSpec.from_dict(design(*ends_with_places, classes=16)))
    assert [trial.preparation for trial in tried(net, digits)] == [
        key for key in PREPARATIONS if key != "exchanged"
    ]


def test_ties_are_those_of_the_same_data_set_that_luck_may_have_put_behind():
    trials = [
        Trial("mnist", "unit", 0.10, 1_000),
        Trial("fashion_mnist", "unit", 0.88, 1_000),
        Trial("fashion_mnist", "bytes", 0.90, 1_000),
        Trial("fashion_mnist", "signed", 0.80, 1_000),
        Trial("kmnist", "unit", 0.895, 1_000),
    ]
    told = verdict(trials)  # two standard deviations of a difference near 0.9 are 0.027
    assert told.best is trials[2]
    assert told.ties == (trials[1],)


def test_the_data_sets_that_fit_have_its_images_and_its_classes():
    assert {"mnist", "fashion_mnist", "kmnist"} <= set(fitting(load("lesson").spec))
    assert "mnist" not in fitting(random_spec(0, input_shape=[3, 32, 32], classes=10))
    assert fitting(random_spec(0, input_shape=[1, 28, 28], classes=3)) == []
