"""Surgery on networks drawn by lot: the quick way against hooks on the whole network, and against its weights."""

from __future__ import annotations

import copy
import random

import pytest
import torch
import torch.nn.functional as F

from cnn_core.errors import StudentError
from cnn_core.insight import (
    NOTHING,
    Damage,
    OperatingTable,
    Outcome,
    accuracies_at_random,
    as_many_at_random,
    carried_out,
    feature_maps,
    need_of_layer,
    operable_layers,
    operation_from,
    pruning,
    weights_of,
    with_operation,
    without_filters,
    written_operation,
)
from cnn_core.insight.look import twin
from cnn_core.insight.surgery.operation import filters_of
from cnn_core.kept import Kept
from cnn_core.model import PRESETS, ModelSpec
from cnn_core.training import load_model, save_model
from tests.core.designs import LESSON_LAYERS, design, lived_in, random_spec

SEEDS = range(12)


def images_for(spec: ModelSpec, count: int = 7, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, *spec.input_shape, generator=torch.Generator().manual_seed(seed))


def labels_for(spec: ModelSpec, count: int = 7) -> torch.Tensor:
    return torch.arange(count) % spec.classes


def with_hooks(net, operation, images):
    """The logits by the slow obvious way: a copy with the edited weights, and a hook at each touched layer."""
    net = copy.deepcopy(net)
    for edit in operation.edits:
        part = next(getattr(net, edit.layer).children())
        with torch.no_grad():
            if edit.place == ():
                part.bias[edit.filter] = edit.value
            elif len(edit.place) == 2:
                part.weight[edit.filter, 0, edit.place[0], edit.place[1]] = edit.value
            else:
                part.weight[(edit.filter, *edit.place)] = edit.value
    for touch in operation.touches:

        def change(_layer, _inputs, output, touch=touch):
            planes = list(output.unbind(1))
            new = torch.full_like(planes[0], 0.0 if touch.held is None else touch.held)
            planes[touch.filter] = new if touch.held is not None else planes[touch.filter] * touch.factor
            return torch.stack(planes, 1)

        getattr(net, touch.layer).register_forward_hook(change)
    with torch.no_grad():
        return net(images)


def drawn_operation(spec: ModelSpec, seed: int):
    """Several layers, several filters, muted, scaled and held; and weights of one filter."""
    chance = random.Random(seed)
    operation = NOTHING
    for layer in operable_layers(spec):
        if chance.random() < 0.3:
            continue
        count = filters_of(spec, layer)
        for filter in chance.sample(range(count), chance.randint(1, max(1, count // 2))):
            kind = chance.choice(("mute", "scale", "hold"))
            if kind == "mute":
                operation = operation.mute(layer, [filter])
            elif kind == "scale":
                operation = operation.scale(layer, [filter], chance.choice((0.5, 3.0)))
            else:
                operation = operation.hold(layer, {filter: chance.uniform(-1, 1)})
    convolving = [
        name for name, layer in zip(spec.layer_names, spec.layers, strict=True) if layer.type == "conv2d"
    ]
    if convolving:
        operation = operation.edit(convolving[0], 0, (0, 0, 0), 1.5).edit(convolving[0], 0, (), -0.25)
    return operation


@pytest.mark.parametrize("seed", SEEDS)
def test_an_outcome_is_what_hooks_on_the_whole_network_give(seed):
    spec = random_spec(seed)
    net, images = lived_in(spec, seed), images_for(spec, seed=seed)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    table = OperatingTable(net, images, labels_for(spec))
    operation = drawn_operation(spec, seed)
    for one in (operation, *single_cuts(spec)):
        slow = with_hooks(net, one, images)
        torch.testing.assert_close(table.outcome(one).logits, slow, atol=2e-4, rtol=2e-4)
        torch.testing.assert_close(with_operation(net, one)(images), slow, atol=1e-5, rtol=1e-5)
    assert all(value.equal(before[name]) for name, value in net.state_dict().items())
    assert not any(module._forward_hooks for module in net.modules())


def single_cuts(spec):
    """In each layer its last filter alone: the way by differences, where there is one."""
    return [NOTHING.mute(layer, [filters_of(spec, layer) - 1]) for layer in operable_layers(spec)]


@pytest.mark.parametrize("preset", ["lesson", "mlp", "modern"])
def test_it_works_for_maps_units_and_batch_normalisation(preset):
    net = lived_in(PRESETS[preset])
    images = images_for(net.spec, 3)
    table = OperatingTable(net, images, torch.tensor([0, 1, 2]))
    for layer in operable_layers(net.spec):
        cut = NOTHING.mute(layer, range(0, filters_of(net.spec, layer), 3))
        torch.testing.assert_close(
            table.outcome(cut).logits, with_hooks(net, cut, images), atol=1e-4, rtol=1e-4
        )


def test_an_edited_filter_changes_its_own_map_and_no_other():
    net = lived_in(PRESETS["lesson"])
    image = images_for(net.spec, 1)[0]
    edited = with_operation(net, NOTHING.edit("conv2d_1", 4, (0, 1, 1), 2.0))
    before, after = (feature_maps(one, image, ["conv2d_1"])["conv2d_1"] for one in (net, edited))
    assert (before != after).flatten(1).any(1).nonzero().flatten().tolist() == [4]


def test_the_weights_of_a_filter_are_read_with_what_was_changed_of_them():
    net = lived_in(PRESETS["lesson"])
    edited = (
        NOTHING.edit("conv2d_2", 4, (3, 1, 2), 2.0)
        .edit("conv2d_2", 4, (), -1.0)
        .edit("dense_1", 0, (7,), 3.0)
    )
    kernel, bias = weights_of(net, "conv2d_2", 4, edited)
    assert (kernel[3, 1, 2].item(), bias) == (2.0, -1.0)
    kernel[3, 1, 2] = net.conv2d_2.conv.weight[4, 3, 1, 2]
    assert kernel.equal(net.conv2d_2.conv.weight[4])
    assert weights_of(net, "dense_1", 0, edited)[0].shape == (576,)
    with pytest.raises(StudentError, match="no kernels"):
        weights_of(lived_in(PRESETS["modern"]), "batch_normalization_1", 0, NOTHING)


def test_little_memory_gives_the_same_numbers():
    net = lived_in(PRESETS["lesson"])
    images, labels = images_for(net.spec, 5), torch.arange(5)
    cut = NOTHING.mute("conv2d_1", [1, 2])
    roomy, narrow = (OperatingTable(net, images, labels, most_bytes=most) for most in (10**9, 1000))
    torch.testing.assert_close(roomy.outcome(cut).logits, narrow.outcome(cut).logits, atol=1e-4, rtol=1e-4)
    assert narrow.nbytes == 0


def test_a_few_images_at_a_time_give_the_same_numbers_and_never_large_maps(monkeypatch):
    net = lived_in(PRESETS["lesson"])
    images, labels = images_for(net.spec, 7), torch.arange(7)
    operation = NOTHING.mute("conv2d_1", [1, 2]).edit("conv2d_2", 4, (3, 1, 2), 2.0)
    at_once = OperatingTable(net, images, labels).outcome(operation).logits
    monkeypatch.setattr(
        twin, "MAPS_BYTES", 2 * 32 * 26 * 26 * 4
    )  # of two digits, in the lesson's first layer
    assert twin.at_a_time(net.spec, 250) == 2
    entered = []
    net.conv2d_1.register_forward_hook(lambda module, inputs, output: entered.append(len(output)))
    few = OperatingTable(net, images, labels)
    few.children[0].register_forward_hook(lambda module, inputs, output: entered.append(len(output)))
    torch.testing.assert_close(few.outcome(operation).logits, at_once, atol=1e-4, rtol=1e-4)
    assert max(entered) == 2
    monkeypatch.setattr(twin, "MAPS_BYTES", 1)
    assert twin.at_a_time(net.spec, 250) == 1  # one at least, however large


def test_which_digits_broke_is_counted_by_class():
    labels = torch.tensor([0, 0, 1, 1, 2])
    before = Outcome(torch.eye(3)[torch.tensor([0, 0, 1, 2, 2])], labels)
    after = Outcome(torch.eye(3)[torch.tensor([0, 1, 2, 1, 1])], labels)
    damage = Damage.between(before, after)
    assert (damage.broken.tolist(), damage.mended.tolist()) == ([1, 2, 4], [3])
    assert damage.broken_of.tolist() == [1, 1, 1]
    assert damage.some_broken(labels, classes=2, each=1).tolist() == [1, 2]
    assert (before.accuracy, after.accuracy) == (0.8, 0.4)
    assert before.loss == pytest.approx(F.cross_entropy(before.logits, labels).item())


def test_the_need_of_a_filter_is_the_rise_of_the_loss_without_it():
    net = lived_in(PRESETS["lesson"])
    images, labels = images_for(net.spec, 40), torch.arange(40) % 10
    need = need_of_layer(OperatingTable(net, images, labels), "conv2d_3")
    with torch.no_grad():
        whole = F.cross_entropy(net(images), labels).item()
    for filter in (0, 17, 63):
        alone = F.cross_entropy(with_hooks(net, NOTHING.mute("conv2d_3", [filter]), images), labels).item()
        assert need.rises[filter].item() == pytest.approx(alone - whole, abs=1e-5)
    assert need.most_needed[0] == need.losses.argmax().item() == need.least_needed[-1]
    assert need.images == 40


def test_pruning_stands_beside_chance_and_says_which_images_were_seen():
    net = lived_in(PRESETS["lesson"])
    images, labels = images_for(net.spec, 30), torch.arange(30) % 10
    need = need_of_layer(OperatingTable(net, images[:20], labels[:20]), "dense_1")
    judged = OperatingTable(net, images[15:], labels[15:])
    curve = pruning(judged, need, [0, 8, 64], tries=2)
    assert curve.in_both == 5
    assert curve.least[0] == curve.most[0] == judged.whole.accuracy == curve.mean_of_chance[0]
    assert curve.least[2] == curve.most[2] == curve.mean_of_chance[2]  # all are out, whatever the order
    slow = with_hooks(net, NOTHING.mute("dense_1", need.least_needed[:8]), images[15:])
    assert curve.least[1] == slow.argmax(1).eq(labels[15:]).double().mean().item()
    assert pruning(judged, need, [8], tries=2).chance.equal(curve.chance[1:2])


def test_as_many_at_random_are_drawn_in_each_layer_and_judged_one_by_one():
    net = lived_in(PRESETS["lesson"])
    images, labels = images_for(net.spec, 12), torch.arange(12) % 10
    operation = NOTHING.mute("conv2d_1", range(20)).mute("dense_1", [1, 2, 3])
    drawn = [as_many_at_random(operation, net.spec, attempt=attempt) for attempt in range(3)]
    assert [(len(one.muted("conv2d_1")), len(one.muted("dense_1"))) for one in drawn] == [(20, 3)] * 3
    assert len(set(drawn)) == 3
    slow = [with_hooks(net, one, images).argmax(1).eq(labels).double().mean().item() for one in drawn]
    assert accuracies_at_random(OperatingTable(net, images, labels), operation, tries=3) == tuple(slow)


@pytest.mark.parametrize("layer", ["conv2d_1", "dense_1", "dense_2"])
def test_the_whole_by_way_of_a_layer_is_the_whole_and_the_cut_there_finds_its_maps(layer):
    net = lived_in(PRESETS["lesson"])
    images, labels = images_for(net.spec, 5), torch.arange(5)
    table = OperatingTable(net, images, labels)
    if layer == "dense_2":
        with pytest.raises(StudentError, match="the answers themselves"):
            table.whole_by(layer)
        return
    torch.testing.assert_close(table.whole_by(layer).logits, net(images), atol=1e-5, rtol=1e-5)
    assert table.nbytes > 0


def test_tables_are_given_up_the_longest_unused_first_by_what_they_keep():
    net = lived_in(PRESETS["tiny"])
    images, labels = images_for(net.spec, 4), torch.arange(4)
    one, other = (OperatingTable(net, images, labels) for _ in range(2))
    one.whole_by("conv2d_1")
    tables = Kept(one.nbytes + 1)
    assert tables.of("a", lambda: one) is one
    assert tables.of("b", lambda: other) is other  # it keeps nothing yet
    assert len(tables) == 2
    assert tables.bytes == one.nbytes > 0
    other.whole_by("conv2d_1")
    tables.put("b", other)
    assert (tables.get("a"), tables.get("b")) == (None, other)
    assert tables.bytes == other.nbytes


def test_an_operation_is_written_for_a_link_and_read_again():
    edited = NOTHING.edit("conv2d_2", 41, (3, 0, 2), -1 / 3).edit("conv2d_2", 41, (), 0.0)
    for operation in (
        NOTHING,
        NOTHING.mute("conv2d_2", [0, 1, 2, 7, 9]),
        edited.mute("conv2d_1", [3]).scale("conv2d_1", [1, 2], 0.3).hold("dense_1", {5: 1e-7, 6: -2.0}),
    ):
        assert operation_from(written_operation(operation)) == operation
    assert written_operation(NOTHING.mute("dense_1", range(0, 4096, 2))) == ""  # longer than a link may be
    assert operation_from("conv2d_1:out:3~conv2d_1:x2:3") == NOTHING.scale("conv2d_1", [3], 2.0)


@pytest.mark.parametrize(
    "text",
    [
        "conv2d_1", "conv2d_1:out:", "conv2d_1:out:5-3", "conv2d_1:out:0-99999999", "conv2d_1:out2:3", "conv2d_1:x:3",
        "conv2d_1:x11:3", "conv2d_1:x-1:3", "conv2d_1:at1e99:3", "conv2d_1:w1:", "conv2d_1:w1:3_-1", "a:out:1~", "~",
        "conv2d_1:out:1_" * 2, "conv2d_1:out:0~" * 400, "Conv:out:1", "conv2d_1:out:²", "conv2d_1:w1.2.3:1",
    ],
)  # fmt: skip
def test_a_text_that_is_no_operation_is_refused(text):
    with pytest.raises(StudentError):
        operation_from(text)


@pytest.mark.parametrize(
    "activation", ["linear", "relu", "leaky_relu(0.01)", "elu", "gelu", "tanh", "sigmoid"]
)
def test_what_is_carried_out_in_the_weights_computes_the_same_and_can_be_saved(activation, tmp_path):
    layers = [
        layer | ({"activation": activation} if layer.get("activation") == "relu" else {})
        for layer in LESSON_LAYERS
    ]
    net = lived_in(ModelSpec.from_dict(design(*layers)))
    images = images_for(net.spec, 4)
    operation = NOTHING.mute("conv2d_1", [3]).hold("conv2d_2", {5: 0.25}).edit("dense_1", 2, (7,), 0.5)
    if activation in ("linear", "relu", "leaky_relu(0.01)"):
        operation = operation.scale("conv2d_3", [1], 2.5)
    new = carried_out(net, operation)
    torch.testing.assert_close(new(images), with_hooks(net, operation, images), atol=1e-4, rtol=1e-4)
    save_model(tmp_path / "mine", new, new.spec)
    assert load_model(tmp_path / "mine")[0](images).equal(new(images))


def test_a_strength_that_no_weights_give_is_refused():
    layers = [
        {"type": "conv2d", "filters": 2, "activation": "tanh"},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    ]
    net = lived_in(ModelSpec.from_dict(design(*layers)))
    with pytest.raises(StudentError, match="tanh"):
        carried_out(net, NOTHING.scale("conv2d_1", [0], 2.0))
    with pytest.raises(StudentError, match="never gives 3"):
        carried_out(net, NOTHING.hold("conv2d_1", {0: 3.0}))


@pytest.mark.parametrize(
    ("preset", "layer"), [("lesson", "conv2d_1"), ("lesson", "conv2d_3"), ("mlp", "dense_1")]
)
def test_a_network_without_filters_answers_as_the_one_with_them_muted(preset, layer):
    net = lived_in(PRESETS[preset])
    images = images_for(net.spec, 3)
    smaller = without_filters(net, layer, [0, 2, 5])
    torch.testing.assert_close(
        smaller(images), with_hooks(net, NOTHING.mute(layer, [0, 2, 5]), images), atol=1e-4, rtol=1e-4
    )
    assert sum(p.numel() for p in smaller.parameters()) < sum(p.numel() for p in net.parameters())


def test_filters_before_batch_normalisation_are_muted_and_not_taken_out():
    with pytest.raises(StudentError, match="batch_normalization_1 makes another number"):
        without_filters(lived_in(PRESETS["modern"]), "conv2d_1", [0])


def test_operations_are_values_and_the_later_change_of_a_filter_counts():
    one = NOTHING.mute("conv2d_1", [3, 1]).scale("conv2d_1", [3], 2.0)
    assert one == NOTHING.scale("conv2d_1", [3], 2.0).mute("conv2d_1", [1])
    assert one.muted("conv2d_1") == {1}
    assert one.put_back("conv2d_1", [1, 3]) == NOTHING == one.scale("conv2d_1", [1, 3], 1.0)
    assert len({one, NOTHING}) == 2
    assert [each.only_mutes for each in (NOTHING, one, NOTHING.mute("a", [1]), NOTHING.hold("a", {1: 0.0}))] == [
        False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (NOTHING.mute("conv2d_9", [0]), "no layer"),
        (NOTHING.mute("conv2d_1", [32]), "no filter 32"),
        (NOTHING.mute("max_pooling2d_1", [0]), "no filters or units of its own"),
        (NOTHING.mute("dense_2", [0]), "the answers themselves"),
        (NOTHING.edit("conv2d_1", 0, (1, 0, 0), 1.0), "1×3×3 weights"),
        (NOTHING.edit("flatten_1", 0, (0,), 1.0), "no kernels"),
    ],
)
def test_what_cannot_be_operated_says_why(operation, said):
    with pytest.raises(StudentError, match=said):
        with_operation(lived_in(PRESETS["lesson"]), operation)


def test_a_depthwise_layer_and_colour_pictures_are_operated_too():
    layers = [
        {"type": "conv2d", "filters": 4, "activation": "relu"},
        {"type": "depthwise_conv2d", "depth_multiplier": 2, "activation": "relu"},
        {"type": "max_pooling2d"},
        {"type": "flatten"},
        {"type": "dense", "units": 10},
    ]
    net = lived_in(ModelSpec.from_dict(design(*layers) | {"input_shape": [3, 32, 32]}))
    images = images_for(net.spec, 3)
    operation = NOTHING.mute("depthwise_conv2d_1", [7]).edit("depthwise_conv2d_1", 3, (2, 1), 0.75)
    assert weights_of(net, "depthwise_conv2d_1", 3, operation)[0][2, 1] == 0.75
    table = OperatingTable(net, images, torch.tensor([0, 1, 2]))
    for one in (operation, operation.mute("conv2d_1", [1])):
        slow = with_hooks(net, one, images)
        torch.testing.assert_close(table.outcome(one).logits, slow, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(carried_out(net, one)(images), slow, atol=1e-4, rtol=1e-4)
    mean = feature_maps(net, images[0], ["conv2d_1"])["conv2d_1"].mean((1, 2))
    torch.testing.assert_close(OperatingTable(net, images[:1], torch.tensor([0])).mean_of("conv2d_1"), mean)
