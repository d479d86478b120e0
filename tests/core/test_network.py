"""From numbers to a torch module: the arithmetic of `summarize` is what torch does, and building leaves no trace."""

import copy
import math
import pickle
import threading

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from cnn_core.errors import StudentError
from cnn_core.model import ACTIVATIONS, PRESETS, ModelSpec, build, summarize
from tests.core.designs import LESSON_LAYERS, design, random_spec, same_weights


def images_for(spec, count=2):
    return torch.rand(count, *spec.input_shape, generator=torch.Generator().manual_seed(0))


def one_layer(layer, input_shape=(1, 28, 28)):
    """A network that begins with this layer; the rest only makes it complete."""
    return ModelSpec.from_dict(
        design(layer, {"type": "flatten"}, {"type": "dense", "units": 10}, input_shape=list(input_shape))
    )


@pytest.mark.parametrize("seed", range(40))
def test_the_summary_says_what_the_built_network_does(seed):
    spec = random_spec(seed)
    net = build(spec).eval()
    rows = summarize(spec)
    assert [name for name, _ in net.named_children()] == [row.name for row in rows] == list(spec.layer_names)
    values, multiply_adds = images_for(spec), {}

    def count(name):
        def hook(module, _inputs, output):
            per_output = module.weight[0].numel()  # one kernel, or one row of a matrix
            multiply_adds[name] = output[0].numel() * per_output

        return hook

    for name, module in net.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(count(name.split(".")[0]))
    for row, child in zip(rows, net.children(), strict=True):
        values = child(values)
        numbers = [tensor for name, tensor in child.state_dict().items() if not name.endswith("tracked")]
        assert tuple(values.shape[1:]) == row.output_shape
        assert sum(tensor.numel() for tensor in numbers) == row.parameters
        assert multiply_adds.get(row.name, 0) == row.macs


def seen(net, depth, shape):
    """Sides of the largest square of pixels that one value of layer `depth` depends on: where a NaN reaches it."""
    _, height, width = shape
    images = torch.rand(height * width, 1, height, width)
    places = torch.arange(height * width)
    images[places, 0, places // width, places % width] = math.nan
    with torch.no_grad():
        reached = net[:depth](images).isnan().any(dim=1)  # (pixel, row, column)
    extents = []
    for row in range(reached.shape[1]):
        for column in range(reached.shape[2]):
            pixels = reached[:, row, column].nonzero()[:, 0]
            rows, columns = pixels // width, pixels % width
            extents.append(max(int(rows.max() - rows.min()), int(columns.max() - columns.min())) + 1)
    return max(extents)


VALID_ONLY = [
    {"type": "conv2d", "filters": 2, "kernel_size": 4, "strides": 2, "activation": "relu"},
    {"type": "average_pooling2d", "pool_size": 2, "strides": 1},
    {"type": "conv2d", "filters": 2, "kernel_size": 2, "strides": 3, "activation": "tanh"},
    {"type": "batch_normalization"},
    {"type": "max_pooling2d", "pool_size": 2, "strides": 1},
]


LESSON = [{**layer, "filters": 2} if "filters" in layer else layer for layer in LESSON_LAYERS[:5]]


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("layers", [VALID_ONLY, LESSON], ids=["strides", "lesson"])
def test_the_receptive_field_is_what_one_value_depends_on(layers, depth):
    spec = ModelSpec.from_dict(design(*layers, {"type": "flatten"}, {"type": "dense", "units": 10}))
    assert seen(build(spec).eval(), depth, (1, 28, 28)) == summarize(spec)[depth - 1].receptive_field


def test_with_a_border_no_value_sees_more_than_its_receptive_field():
    spec = PRESETS["lenet5"]
    net = build(spec).eval()
    for depth, row in enumerate(summarize(spec)[:4], start=1):
        assert seen(net, depth, (1, 28, 28)) == row.receptive_field


@pytest.mark.parametrize("preset", ["lesson", "modern"])
def test_the_same_seed_gives_the_same_weights_and_another_seed_others(preset):
    spec = PRESETS[preset]
    assert same_weights(build(spec, seed=3), build(spec, seed=3))
    assert not same_weights(build(spec, seed=3), build(spec, seed=4))


def test_building_does_not_touch_the_global_random_state():
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    build(PRESETS["modern"], seed=1)
    assert torch.equal(torch.rand(3), expected)


def test_two_equal_layers_start_with_different_kernels():
    conv = {"type": "conv2d", "filters": 3, "padding": "same"}
    net = build(
        ModelSpec.from_dict(
            design(
                conv, conv, conv, {"type": "flatten"}, {"type": "dense", "units": 10}, input_shape=[3, 8, 8]
            )
        )
    )
    kernels = [net.get_submodule(f"conv2d_{i}.conv").weight for i in (1, 2, 3)]
    assert not torch.equal(kernels[0], kernels[1])
    assert not torch.equal(kernels[1], kernels[2])


def test_kernels_start_glorot_uniform_and_biases_zero():
    net = build(PRESETS["lesson"])
    kernel = net.conv2d_2.conv.weight.detach()  # (64, 32, 3, 3)
    limit = math.sqrt(6 / (32 * 9 + 64 * 9))
    assert kernel.abs().max() <= limit
    assert kernel.abs().max() > 0.999 * limit
    assert kernel.std().item() == pytest.approx(limit / math.sqrt(3), rel=0.02)
    assert all(not bias.any() for name, bias in net.named_parameters() if name.endswith("bias"))


def test_a_kernel_set_by_hand_gives_the_sum_one_can_work_out():
    net = build(one_layer({"type": "conv2d", "filters": 1, "kernel_size": 2}, (1, 2, 2)))
    with torch.no_grad():
        net.conv2d_1.conv.weight.copy_(torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
        net.conv2d_1.conv.bias.fill_(0.5)
        maps = net[:1](torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]]))
    assert maps.item() == pytest.approx(0.1 + 0.4 + 0.9 + 1.6 + 0.5)


def test_flatten_goes_channel_by_channel_also_for_channels_last_memory():
    net = build(
        ModelSpec.from_dict(
            design({"type": "flatten"}, {"type": "dense", "units": 10}, input_shape=[2, 2, 2])
        )
    )
    maps = torch.arange(8.0).view(1, 2, 2, 2)
    assert net[:1](maps).tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]
    assert net[:1](maps.contiguous(memory_format=torch.channels_last)).tolist() == [[0, 1, 2, 3, 4, 5, 6, 7]]


def test_a_mean_at_the_border_is_over_the_cells_that_are_there():
    net = build(one_layer({"type": "average_pooling2d", "pool_size": 2, "padding": "same"}, (1, 3, 3)))
    maps = net[:1](torch.arange(9.0).view(1, 1, 3, 3))
    assert maps.tolist() == [[[[2.0, 3.5], [6.5, 8.0]]]]  # (0+1+3+4)/4, (2+5)/2, (6+7)/2, 8/1


@pytest.mark.parametrize(("kind", "of"), [("max_pooling2d", "max"), ("average_pooling2d", "mean")])
@pytest.mark.parametrize(("pool_size", "strides"), [(2, 2), (3, 2), (4, 1), (5, 3), (1, 4), (9, 2), (20, 7)])
@pytest.mark.parametrize(("height", "width"), [(7, 8), (3, 11)])
def test_same_pooling_is_what_a_slow_loop_over_real_cells_gives(kind, of, pool_size, strides, height, width):
    layer = {"type": kind, "pool_size": pool_size, "strides": strides, "padding": "same"}
    maps = torch.randn(1, 2, height, width, generator=torch.Generator().manual_seed(0))
    pooled = build(one_layer(layer, (2, height, width)))[:1](maps)
    first_row, first_column = (
        -((max((-(-n // strides) - 1) * strides + pool_size - n, 0)) // 2) for n in (height, width)
    )
    for row in range(-(-height // strides)):
        for column in range(-(-width // strides)):
            top, left = first_row + row * strides, first_column + column * strides
            cells = maps[0, :, max(top, 0) : top + pool_size, max(left, 0) : left + pool_size].flatten(1)
            expected = cells.amax(dim=1) if of == "max" else cells.mean(dim=1)
            torch.testing.assert_close(pooled[0, :, row, column], expected)


def test_forward_gives_logits_and_predict_their_softmax():
    net = build(PRESETS["tiny"]).eval()
    images = images_for(net.spec, 3)
    with torch.no_grad():
        logits = net(images)
    assert not torch.allclose(logits.sum(dim=1), torch.ones(3))
    assert torch.equal(net.predict(images), F.softmax(logits, dim=1))


def test_predict_reads_raw_bytes_as_it_reads_fractions():
    net = build(PRESETS["tiny"])
    raw = torch.randint(0, 256, (2, 1, 28, 28), dtype=torch.uint8)
    assert torch.equal(net.predict(raw), net.predict(raw.float() / 255))


def test_predict_leaves_modes_gradients_and_images_as_found():
    net = build(PRESETS["modern"])
    net.batch_normalization_2.eval()
    modes = [module.training for module in net.modules()]
    statistics = net.batch_normalization_1.norm.running_mean.clone()
    images = images_for(net.spec)
    kept = images.clone()
    assert not net.predict(images).requires_grad
    assert [module.training for module in net.modules()] == modes
    assert torch.equal(net.batch_normalization_1.norm.running_mean, statistics)
    assert all(weights.grad is None for weights in net.parameters())
    assert torch.equal(images, kept)


def test_predict_restores_the_modes_after_an_error_too():
    net = build(PRESETS["tiny"])
    net.conv2d_1.register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        net.predict(images_for(net.spec))
    assert all(module.training for module in net.modules())


def test_many_images_are_predicted_in_parts_with_the_same_result():
    net = build(PRESETS["tiny"])
    images = images_for(net.spec, 1_203)
    with torch.no_grad():
        torch.testing.assert_close(net.predict(images), F.softmax(net.eval()(images), dim=1))


@pytest.mark.parametrize("shape", [(1, 28, 28), (2, 3, 28, 28), (2, 1, 27, 28), (28, 28)])
def test_images_of_another_size_are_refused_in_words(shape):
    with pytest.raises(StudentError, match="28×28×1"):
        build(PRESETS["tiny"]).predict(torch.zeros(shape))


def test_a_network_in_eval_mode_can_be_asked_by_many_threads():
    net = build(PRESETS["modern"]).eval()
    images = images_for(net.spec, 8)
    expected, found = net.predict(images), []
    threads = [threading.Thread(target=lambda: found.append(net.predict(images))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert all(torch.equal(one, expected) for one in found)


def test_prefixes_of_a_network_are_networks_up_to_a_layer():
    net = build(PRESETS["lesson"]).eval()
    images = images_for(net.spec)
    maps = net[:3](images)
    assert maps.shape == (2, 64, 11, 11)
    assert torch.equal(net[3:](maps), net(images))
    assert list(dict(net[:2].named_children())) == ["conv2d_1", "max_pooling2d_1"]


def test_each_layer_keeps_its_weights_in_one_submodule():
    for spec in PRESETS.values():
        for child in build(spec).children():
            assert {name.split(".")[0] for name in child.state_dict()} in (
                set(),
                {"conv"},
                {"norm"},
                {"dense"},
            )


@pytest.mark.parametrize("preset", list(PRESETS))
def test_memory_order_and_half_precision_change_nothing_that_matters(preset):
    net = build(PRESETS[preset]).eval()
    images = images_for(net.spec, 4)
    with torch.no_grad():
        expected = net(images)
        last = copy.deepcopy(net).to(memory_format=torch.channels_last)
        torch.testing.assert_close(
            last(images.to(memory_format=torch.channels_last)), expected, atol=1e-5, rtol=1e-4
        )
        with torch.autocast("cpu", dtype=torch.bfloat16):
            half = net(images).float()
    assert (half - expected).abs().max() < 0.05 * expected.abs().max() + 0.02


def test_averages_at_the_border_are_exact_in_half_precision():
    net = build(
        one_layer({"type": "average_pooling2d", "pool_size": 3, "strides": 1, "padding": "same"}, (1, 6, 6))
    )
    ones = torch.ones(1, 1, 6, 6, dtype=torch.bfloat16)
    assert torch.equal(net[:1](ones), ones)


@pytest.mark.parametrize("input_shape", [[3, 1, 1], [3, 4, 4]])
def test_a_last_batch_of_one_image_can_be_learnt_from(input_shape):
    spec = ModelSpec.from_dict(
        design(
            {"type": "flatten"},
            {"type": "batch_normalization"},
            {"type": "dense", "units": 10},
            input_shape=input_shape,
        )
    )
    net = build(spec)
    with torch.no_grad():
        net.batch_normalization_1.norm.bias.fill_(0.25)
    images = images_for(spec, 1)
    normalized = net[:2](images)
    assert torch.equal(normalized, torch.full_like(normalized, 0.25))  # a value is its own mean
    net(images).sum().backward()
    assert net.dense_1.dense.weight.grad.isfinite().all()
    norm = net.batch_normalization_1.norm
    torch.testing.assert_close(norm.running_mean, 2 * 0.01 * images.flatten() * 0.995)
    torch.testing.assert_close(norm.running_var, torch.full_like(norm.running_var, 0.99**2))


def test_batch_normalisation_has_the_gradients_of_torchs_own():
    net = build(
        ModelSpec.from_dict(
            design(
                {"type": "batch_normalization"},
                {"type": "flatten"},
                {"type": "dense", "units": 10},
                input_shape=[3, 4, 4],
            )
        )
    )
    own = nn.BatchNorm2d(3, eps=1e-3)
    values = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    results = []
    for layer in (net.batch_normalization_1, own):
        given = values.clone().requires_grad_()
        (layer(given) ** 3).sum().backward()
        results.append(given.grad)
    torch.testing.assert_close(*results)


@pytest.mark.parametrize("preset", list(PRESETS))
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copied_or_sent_network_is_the_same_network_and_independent(preset, copied):
    net = build(PRESETS[preset]).eval()
    again = copied(net)
    assert (again.spec, again.training) == (net.spec, False)
    assert same_weights(again, net)
    assert torch.equal(again.predict(images_for(net.spec)), net.predict(images_for(net.spec)))
    with torch.no_grad():
        next(again.parameters()).zero_()
    assert not same_weights(again, net)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_network_with_any_activation_can_be_sent(activation):
    layers = [{"type": "flatten"}, {"type": "dense", "units": 10, "activation": activation}]
    net = build(ModelSpec.from_dict(design(*layers)))
    images = images_for(net.spec)
    assert torch.equal(pickle.loads(pickle.dumps(net))(images), net(images))


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_predict_works_in_the_precision_of_the_weights(dtype):
    net = build(PRESETS["modern"])
    images = images_for(net.spec, 3)
    found = copy.deepcopy(net).to(dtype).predict(images)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, net.predict(images), atol=0.02, rtol=0.02)


def test_no_images_have_no_probabilities():
    assert build(PRESETS["modern"]).predict(torch.zeros(0, 1, 28, 28)).shape == (0, 10)


@pytest.mark.parametrize("training", [True, False])
def test_neither_predicting_nor_failing_moves_the_global_random_state(training):
    net = build(
        ModelSpec.from_dict(design({"type": "flatten"}, {"type": "dropout"}, {"type": "dense", "units": 10}))
    ).train(training)
    before = torch.get_rng_state()
    net.predict(images_for(net.spec))
    with pytest.raises(StudentError):
        net.predict(torch.zeros(1))
    assert torch.equal(torch.get_rng_state(), before)
    assert net.training is training
