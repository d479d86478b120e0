"""A network of ours and the same network in Keras, with the same weights, give the same numbers."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from cnn_core.model import ACTIVATIONS, LAYER_TYPES, PRESETS, AveragePooling2D, ModelSpec, build, summarize
from cnn_core.model.shapes import same_padding
from tests.core.designs import INNER, design, lived_in, random_spec
from tests.core.keras_twin import keras_outputs, to_keras

if importlib.util.find_spec("keras") is None:
    pytest.skip("Keras is not installed, and it is the oracle here", allow_module_level=True)
os.environ.setdefault("KERAS_BACKEND", "torch")
# Keras's torch backend hands NumPy its tensors in a way of which NumPy 2 says that it will go.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def keras_on_torch_errs(spec):
    """Where the border is wider at one side, Keras's torch backend takes it into the mean; on TensorFlow it does not.

    Seen in Keras 3.15. Averages at such borders are tested without Keras in test_network.py.
    """
    sides = [spec.input_shape, *(row.output_shape for row in summarize(spec))]
    return any(
        isinstance(layer, AveragePooling2D)
        and layer.padding == "same"
        and any(
            before != after
            for before, after in (same_padding(n, layer.pool_size, layer.strides) for n in shape[1:])
        )
        for layer, shape in zip(spec.layers, sides, strict=False)
    )


DRAWN = [spec for spec in map(random_spec, range(60)) if not keras_on_torch_errs(spec)][:30]


def case_of(net, seed=0, count=5):
    """(images, what the network says, its weights) as arrays. A softmax in the last layer is applied, as in Keras."""
    spec = net.spec
    images = torch.rand(count, *spec.input_shape, generator=torch.Generator().manual_seed(seed))
    says_probabilities = getattr(spec.layers[-1], "activation", "") == "softmax"
    with torch.no_grad():
        outputs = net.predict(images) if says_probabilities else net(images)
    return images.numpy(), outputs.numpy(), {name: value.numpy() for name, value in net.state_dict().items()}


def save_cases(folder: Path, count: int = 60) -> None:
    """For a Keras that lives in another environment; see keras_twin.py."""
    for seed in range(count):
        images, outputs, weights = case_of(lived_in(random_spec(seed), seed), seed)
        spec = json.dumps(random_spec(seed).to_dict())
        np.savez(folder / f"{seed:03d}.npz", spec=spec, images=images, outputs=outputs, **weights)


def difference_from_keras(spec, seed=0):
    images, outputs, weights = case_of(lived_in(spec, seed), seed)
    return np.abs(keras_outputs(spec.to_dict(), weights, images) - outputs).max()


@pytest.mark.parametrize("number", range(len(DRAWN)))
def test_a_network_drawn_by_lot_gives_the_numbers_of_its_keras_twin(number):
    assert difference_from_keras(DRAWN[number], number) < 1e-4


def test_the_networks_drawn_have_every_layer_and_every_activation():
    layers = [layer for spec in DRAWN for layer in spec.layers]
    assert len(DRAWN) == 30
    assert {layer.type for layer in layers} == set(LAYER_TYPES)
    assert {getattr(layer, "activation", "linear") for layer in layers} == set(ACTIVATIONS)
    assert {("same", True), ("same", False)} <= {
        (getattr(layer, "padding", ""), getattr(layer, "strides", 1) > 1) for layer in layers
    }


@pytest.mark.parametrize("preset", list(PRESETS))
def test_every_preset_gives_the_numbers_of_its_keras_twin(preset):
    assert difference_from_keras(PRESETS[preset]) < 1e-5


@pytest.mark.parametrize("activation", INNER)
def test_each_activation_is_keras_s_after_a_convolution_and_after_a_dense_layer(activation):
    layers = [
        {"type": "conv2d", "filters": 4, "activation": activation},
        {"type": "flatten"},
        {"type": "dense", "units": 10, "activation": activation},
    ]
    assert difference_from_keras(ModelSpec.from_dict(design(*layers, input_shape=[1, 6, 6]))) < 1e-5


@pytest.mark.parametrize("activation", INNER)
def test_an_activation_of_its_own_is_keras_s_on_maps_and_on_lists(activation):
    bent = {"type": "activation", "activation": activation}
    layers = [
        {"type": "conv2d", "filters": 4},
        {"type": "batch_normalization"},
        bent,
        {"type": "flatten"},
        bent,
        {"type": "dense", "units": 10},
        {"type": "activation", "activation": "softmax"},
    ]
    assert difference_from_keras(ModelSpec.from_dict(design(*layers, input_shape=[1, 6, 6]))) < 1e-5


@pytest.mark.parametrize("multiplier", [1, 2, 3])
@pytest.mark.parametrize(("strides", "padding"), [(1, "valid"), (1, "same"), (2, "valid"), (2, "same")])
def test_a_depthwise_convolution_keeps_keras_s_order_of_maps(multiplier, strides, padding):
    sizes = {"kernel_size": 3, "strides": strides, "padding": padding, "depth_multiplier": multiplier}
    layers = [
        {"type": "conv2d", "filters": 4, "activation": "relu"},
        {"type": "depthwise_conv2d", **sizes, "activation": "elu"},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    ]
    assert difference_from_keras(ModelSpec.from_dict(design(*layers, input_shape=[3, 9, 8]))) < 1e-5


@pytest.mark.parametrize(("channels", "multiplier"), [(1, 1), (1, 3), (16, 1), (16, 4)])
def test_a_depthwise_kernel_starts_within_keras_s_glorot_limit(channels, multiplier):
    from keras.src.initializers.random_initializers import compute_fans

    layers = [
        {"type": "depthwise_conv2d", "kernel_size": 5, "depth_multiplier": multiplier},
        {"type": "global_average_pooling2d"},
        {"type": "dense", "units": 10},
    ]
    net = build(ModelSpec.from_dict(design(*layers, input_shape=[channels, 9, 9])))
    limit = np.sqrt(6 / sum(compute_fans((5, 5, channels, multiplier))))
    kernel = net.depthwise_conv2d_1.conv.weight.detach()
    assert kernel.shape == (channels * multiplier, 1, 5, 5)
    assert 0.9 * limit < kernel.abs().max() <= limit


@pytest.mark.parametrize("kind", ["conv2d", "max_pooling2d"])
@pytest.mark.parametrize(
    ("side", "window", "strides"),
    [(28, 3, 2), (27, 3, 2), (28, 2, 2), (7, 2, 2), (7, 4, 1), (5, 5, 3), (6, 1, 4), (5, 9, 2), (3, 20, 7)],
)
def test_same_padding_puts_the_odd_pixel_where_keras_does(kind, side, window, strides):
    sizes = {"filters": 3, "kernel_size": window} if kind == "conv2d" else {"pool_size": window}
    layers = [
        {"type": kind, **sizes, "strides": strides, "padding": "same"},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    ]
    spec = ModelSpec.from_dict(design(*layers, input_shape=[2, side, side + 1]))
    assert difference_from_keras(spec) < 1e-5


def test_padding_is_neither_the_largest_value_nor_part_of_a_mean():
    # Only negative values come in: a zero from the border would win every maximum and raise every mean.
    layers = [
        {"type": "conv2d", "filters": 2, "kernel_size": 1},
        {"type": "max_pooling2d", "pool_size": 3, "strides": 1, "padding": "same"},
        {"type": "average_pooling2d", "pool_size": 3, "strides": 1, "padding": "same"},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    ]
    net = build(ModelSpec.from_dict(design(*layers, input_shape=[1, 8, 8])))
    with torch.no_grad():
        net[0].conv.bias.fill_(-5.0)
    images, outputs, weights = case_of(net)
    with torch.no_grad():
        assert (net[:3](torch.from_numpy(images)) < -1).all()
    assert np.abs(keras_outputs(net.spec.to_dict(), weights, images) - outputs).max() < 1e-5


@pytest.mark.parametrize("shape", [(6, 3, 4, 5), (7, 3)], ids=["maps", "lists"])
def test_one_step_of_batch_normalisation_moves_its_statistics_as_keras_does(shape):
    import keras

    layers = [{"type": "flatten"}] if len(shape) == 2 else []
    last = (
        [{"type": "dense", "units": 10}]
        if len(shape) == 2
        else [{"type": "flatten"}, {"type": "dense", "units": 10}]
    )
    spec = ModelSpec.from_dict(
        design(*layers, {"type": "batch_normalization"}, *last, input_shape=[3, *(shape[2:] or (1, 1))])
    )
    ours = build(spec).get_submodule("batch_normalization_1")
    values = torch.randn(shape, generator=torch.Generator().manual_seed(0)) * 3 + 1
    normalized = ours(values).detach()
    theirs = keras.layers.BatchNormalization()
    given = to_keras(values.numpy()) if len(shape) == 4 else values.numpy()
    expected = np.asarray(keras.ops.convert_to_numpy(theirs(given, training=True)))
    assert (
        np.abs((to_keras(normalized.numpy()) if len(shape) == 4 else normalized.numpy()) - expected).max()
        < 1e-5
    )
    _, _, mean, variance = theirs.get_weights()
    np.testing.assert_allclose(ours.norm.running_mean.numpy(), mean, rtol=1e-5)
    np.testing.assert_allclose(ours.norm.running_var.numpy(), variance, rtol=1e-5)
