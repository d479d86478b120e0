"""Forward and backward by another way than calling the network: the same logits and gradients, wherever it leads."""

import gc

import pytest
import torch
from torch import nn

from cnn_core.data import AugmentSpec, load_images
from cnn_core.model import PRESETS, ModelSpec, build
from cnn_core.model.reach import read_of_image
from cnn_core.training import TrainSpec, train
from cnn_core.training.fast import onednn, passes
from cnn_core.training.fast.passes import FastNetwork
from cnn_core.training.inputs import as_input
from cnn_core.training.learner import cross_entropy
from tests.core.designs import design, random_spec

needs_onednn = pytest.mark.skipif(
    not onednn.can_run(torch.device("cpu")), reason="oneDNN cannot multiply bfloat16 here"
)
CONV = {"type": "conv2d", "filters": 6, "activation": "relu"}
POOL = {"type": "max_pooling2d"}
FLAT = {"type": "flatten"}
RELU, SOFTMAX = {"type": "activation", "activation": "relu"}, {"type": "activation", "activation": "softmax"}
OUT = {"type": "dense", "units": 10, "activation": "softmax"}
# Whole rows for oneDNN, and rows with something after them that is not.
DESIGNS = {
    "strides": [{**CONV, "strides": 2}, {**CONV, "kernel_size": 1, "padding": "same"}, FLAT, OUT],
    "a line after a line": [
        {**CONV, "activation": "linear"},
        POOL,
        {**CONV, "activation": "linear"},
        FLAT,
        OUT,
    ],
    "pooled apart": [{**CONV, "padding": "same"}, {**POOL, "pool_size": 2, "strides": 3}, FLAT, OUT],
    "pooled at once": [POOL, CONV, FLAT, OUT],
    "dropout": [CONV, {"type": "dropout", "rate": 0.3}, POOL, FLAT, {"type": "dropout", "rate": 0.5}, OUT],
    "many on small": [
        {**CONV, "filters": 64, "strides": 8},
        {**CONV, "filters": 64, "kernel_size": 2},
        FLAT,
        OUT,
    ],
    "small, then pooled": [
        {**CONV, "filters": 64, "strides": 8},
        {**CONV, "filters": 80, "kernel_size": 2},
        POOL,
        FLAT,
        OUT,
    ],
    "dense alone": [FLAT, {"type": "dense", "units": 9, "activation": "relu"}, OUT],
    "averaged": [CONV, POOL, {"type": "global_average_pooling2d"}, OUT],
    "tanh at the end": [CONV, FLAT, {"type": "dense", "units": 20, "activation": "tanh"}, OUT],
    "normed values": [
        CONV,
        FLAT,
        {"type": "dense", "units": 9, "activation": "relu"},
        {"type": "batch_normalization"},
        OUT,
    ],
    "relu after the norm": [
        {**CONV, "activation": "linear"},
        {"type": "batch_normalization"},
        RELU,
        POOL,
        FLAT,
        OUT,
    ],
    "relu of its own": [{**CONV, "activation": "linear"}, RELU, POOL, RELU, FLAT, OUT],
    "relu first": [RELU, CONV, FLAT, RELU, {"type": "dense", "units": 10}, SOFTMAX],
    "relu of a list": [FLAT, RELU, {"type": "dense", "units": 9}, RELU, OUT],
    "overlapping": [CONV, {**POOL, "pool_size": 3, "strides": 2}, FLAT, OUT],
}
SPECS = {
    **PRESETS,
    **{name: ModelSpec.from_dict(design(*layers)) for name, layers in DESIGNS.items()},
    **{f"drawn {seed}": random_spec(seed) for seed in range(40)},
}


def has_unread_pixels(spec):
    return read_of_image(spec, learning=True) != spec.input_shape[1:]


def batch(spec, count=12):
    chance = torch.Generator().manual_seed(1)
    images = torch.rand(count, *spec.input_shape, generator=chance)
    return images, torch.randint(spec.classes, (count,), generator=chance)


def by_calling(net, images, labels, half=False):
    """Logits and gradients as everybody gets them."""
    torch.manual_seed(0)
    with torch.autocast("cpu", torch.bfloat16, enabled=half):
        logits = net(images).float()
    logits.backward(cross_entropy(logits.detach(), labels)[1])
    return logits.detach(), taken(net)


@pytest.fixture(autouse=True)
def tried_at_once(monkeypatch):
    monkeypatch.setattr(passes, "TRIED_AT", 0)


def by_passes(net, images, labels, half=False):
    torch.manual_seed(0)
    network = FastNetwork(net, half)
    logits = network.forward(images)
    network.backward(cross_entropy(logits, labels)[1])
    return logits, taken(net)


def taken(net):
    grads = {name: weight.grad for name, weight in net.named_parameters()}
    net.zero_grad()
    return grads


@pytest.mark.parametrize("name", SPECS)
def test_in_float32_they_are_the_networks_own(name):
    images, labels = batch(SPECS[name])
    for like in (
        images,
        as_input(images),
    ):  # as callers have them; as a training has them, which may leave out some
        logits, grads = by_calling(build(SPECS[name]), like, labels)
        found, of_found = by_passes(build(SPECS[name]), like, labels)
        assert found.equal(logits)
        assert all(of_found[weight].equal(grad) for weight, grad in grads.items())


@pytest.mark.parametrize("name", SPECS)
def test_in_bfloat16_they_are_as_close_to_float32_as_the_networks_own(name):
    images, labels = batch(SPECS[name])
    exact = by_calling(build(SPECS[name]), images, labels)
    plain = by_calling(build(SPECS[name]), images, labels, half=True)
    quick = by_passes(build(SPECS[name]), images, labels, half=True)
    for one, two, three in zip(flat(exact), flat(plain), flat(quick), strict=True):
        assert three.dtype == torch.float32
        unit = one.norm() + 1e-12
        assert (three - one).norm() / unit < 1.5 * (two - one).norm() / unit + 4e-3


@pytest.mark.parametrize("name", [name for name in SPECS if has_unread_pixels(SPECS[name])])
def test_in_bfloat16_too_leaving_out_what_nobody_reads_changes_no_bit(name, monkeypatch):
    images, labels = batch(SPECS[name])
    images = as_input(images)
    part = by_passes(build(SPECS[name]), images, labels, half=True)
    monkeypatch.setattr(passes, "TRIED_AT", 1)
    whole = by_passes(build(SPECS[name]), images, labels, half=True)
    assert all(map(torch.equal, flat(whole), flat(part)))


@pytest.mark.parametrize("half", [pytest.param(True, marks=needs_onednn), False])
def test_the_lessons_last_two_rows_and_columns_are_left_out_from_the_tenth_batch(half, monkeypatch):
    monkeypatch.setattr(passes, "TRIED_AT", 9)
    network, sizes = FastNetwork(build(PRESETS["lesson"]), half), []
    first = network.short[0]
    forward = first.forward
    monkeypatch.setattr(
        first, "forward", lambda images, learn: (sizes.append(images.shape), forward(images, learn))[1]
    )
    for _ in range(11):
        network.logits(as_input(torch.rand(8, 1, 28, 28)))
    assert [tuple(size[2:]) for size in sizes] == [(28, 28)] * 9 + [(26, 26)] * 2


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_comes_to_the_weights_it_had_with_whole_images(precision, monkeypatch):
    data = load_images("mnist", "train", fetch=False).take(16 * 25 + 5)  # a smaller batch at the end
    recipe = TrainSpec(
        epochs=1, batch_size=16, precision=precision, augment=AugmentSpec.lesson(), adversarial=0.1
    )
    weights, asked = [], []
    trial = passes._part_is_exact
    monkeypatch.setattr(passes, "_part_is_exact", lambda *key: asked.append(trial(*key)) or asked[-1])
    for tried_at in (10, 10_000):
        monkeypatch.setattr(passes, "TRIED_AT", tried_at)
        net = build(PRESETS["tiny"], seed=0)
        list(train(net, data, recipe))
        weights.append(net.state_dict())
    assert asked == [True] * 15
    assert all(weight.equal(weights[1][name]) for name, weight in weights[0].items())


def test_where_a_trial_finds_another_bit_the_whole_image_is_computed(monkeypatch):
    spec = PRESETS["lesson"]
    assert passes._part_is_exact.__wrapped__(spec, False, True, True, 8, 1)
    pool = passes.F.max_pool2d
    # A library that adds up small maps in another order.
    monkeypatch.setattr(
        passes.F, "max_pool2d", lambda maps, *how: pool(maps, *how) * (1 + 1e-6 * (maps.shape[2] < 26))
    )
    assert not passes._part_is_exact.__wrapped__(spec, False, True, True, 8, 1)


def test_where_onednn_has_no_bfloat16_they_are_autocasts(monkeypatch):
    monkeypatch.setattr(onednn, "can_run", lambda device: False)
    spec = PRESETS["lesson"]
    logits, grads = by_calling(build(spec), *batch(spec), half=True)
    found, of_found = by_passes(build(spec), *batch(spec), half=True)
    assert torch.allclose(found, logits)
    assert all(torch.allclose(of_found[name], grad, atol=1e-3) for name, grad in grads.items())


@pytest.mark.parametrize("name", [*onednn.TORCH_INTERNALS, "_no_such_name"])
def test_where_torch_has_lost_a_private_name_autograd_does_the_work(name, monkeypatch):
    # The names that are here are found; the one that is not leaves oneDNN out.
    monkeypatch.setattr(onednn, "TORCH_INTERNALS", (name,))
    onednn._torch_has_all_names.cache_clear()
    assert onednn._torch_has_all_names() == (name != "_no_such_name")
    onednn._torch_has_all_names.cache_clear()


def flat(result):
    logits, grads = result
    return [logits, *grads.values()]


@needs_onednn
@pytest.mark.parametrize(
    ("name", "layers"),
    [
        ("lesson", 8),
        ("mlp", 3),
        ("strides", 4),
        ("dropout", 6),
        ("averaged", 2),
        ("relu of its own", 6),
        ("relu first", 6),
        ("relu of a list", 5),
        ("relu after the norm", 0),
        ("modern", 0),
        ("lenet5", 0),
    ],
)
def test_so_many_layers_are_left_to_onednn(name, layers):
    steps = FastNetwork(build(SPECS[name]), half=True).short
    rows = [step for step in steps if isinstance(step, onednn.Row)]
    weights = [weight for layer in list(build(SPECS[name]))[:layers] for weight in layer.parameters()]
    assert [len(row.weights) for row in rows] == ([len(weights)] if layers else [])
    assert len(steps) == len(rows) + (layers < len(SPECS[name].layers))


def test_logits_alone_are_those_of_the_way_forward():
    images, _ = batch(PRESETS["lesson"])
    for half in (False, True):
        network = FastNetwork(build(PRESETS["lesson"]), half)
        assert network.logits(images).equal(network.forward(images))


@pytest.mark.parametrize("half", [False, True])
def test_a_frozen_weight_gets_no_gradient_and_the_others_theirs(half):
    images, labels = batch(PRESETS["tiny"])
    free, frozen = build(PRESETS["tiny"]), build(PRESETS["tiny"])
    frozen[0].requires_grad_(False)
    frozen[-1].dense.bias.requires_grad_(False)
    _, expected = by_passes(free, images, labels, half)
    _, found = by_passes(frozen, images, labels, half)
    for name, grad in found.items():
        if name.startswith("conv2d_1.") or name == "dense_1.dense.bias":
            assert grad is None
        else:
            assert grad.equal(expected[name]), name


@pytest.mark.parametrize("half", [False, True])
def test_hooks_on_layers_and_weights_are_called(half):
    images, labels = batch(PRESETS["tiny"])
    for watch in (
        lambda net, saw: net[1].register_forward_hook(lambda *_: saw.append(1)),
        lambda net, saw: net[0].conv.register_forward_pre_hook(lambda *_: saw.append(1)),
        lambda net, saw: net[0].conv.weight.register_hook(lambda _: saw.append(1)),
    ):
        net, saw = build(PRESETS["tiny"]), []
        watch(net, saw)
        by_passes(net, images, labels, half)
        assert saw == [1]


@pytest.mark.parametrize("half", [False, True])
def test_nothing_of_a_step_outlives_it(half):
    images, labels = batch(PRESETS["lesson"])
    net = build(PRESETS["lesson"])
    network = FastNetwork(net, half)

    def step():
        network.backward(cross_entropy(network.forward(images), labels)[1])
        net.zero_grad()

    step()
    gc.collect()
    gc.disable()  # what only the garbage collector would find is to be found here
    try:
        before = living_tensors()
        step()
        assert living_tensors() == before
    finally:
        gc.enable()


def living_tensors():
    return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 1.0])
def test_the_gradient_of_the_loss_is_torch_s(smoothing):
    torch.manual_seed(0)
    logits, labels = torch.randn(7, 5, dtype=torch.float64, requires_grad=True), torch.randint(5, (7,))
    expected = nn.functional.cross_entropy(logits, labels, label_smoothing=smoothing)
    (gradient,) = torch.autograd.grad(expected, logits)
    loss, found = cross_entropy(logits.detach(), labels, smoothing)
    assert torch.allclose(found, gradient, rtol=1e-12, atol=1e-15)
    assert torch.allclose(loss, nn.functional.cross_entropy(logits, labels))  # told without the smoothing
