"""Between layers: sums taken apart and put together again, and edges against what each map adds alone."""

from __future__ import annotations

import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import (
    IMAGE,
    around,
    explain_pixel,
    flows_to,
    given_to_classes,
    mixing_layers,
    reading,
    relevance,
    source_of_layer,
    strongest_paths,
)
from cnn_core.insight.between.sources import maps_of
from cnn_core.model import PRESETS, ModelSpec
from tests.core.designs import design, lived_in, random_spec

DEPTHWISE = ModelSpec.from_dict(
    design(
        {"type": "conv2d", "filters": 4, "padding": "same", "activation": "relu"},
        {
            "type": "depthwise_conv2d",
            "depth_multiplier": 2,
            "strides": 2,
            "padding": "same",
            "activation": "relu",
        },
        {"type": "batch_normalization"},
        {"type": "conv2d", "filters": 5, "dilation_rate": 2, "activation": "relu"},
        {"type": "global_average_pooling2d"},
        {"type": "dense", "units": 10},
    )
    | {"input_shape": [3, 20, 20]}
)


def images_for(net, count=5, seed=0):
    return torch.rand(count, *net.spec.input_shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("seed", range(8))
def test_what_the_maps_give_and_the_bias_add_up_to_the_largest_sums_there_are(seed):
    net = lived_in(random_spec(seed) if seed else DEPTHWISE, seed)
    images = images_for(net)
    for layer in mixing_layers(net.spec):
        filter = maps_of(net.spec, layer) - 1
        found = reading(net, images, layer, filter, places=6)
        x = images
        for name, child in net.named_children():
            if name == layer:
                sums = child.before(x)[:, filter].detach()
                break
            x = child(x)
        best = sums.flatten().topk(min(6, sums.numel())).values
        torch.testing.assert_close(found.strength, best, atol=1e-4, rtol=1e-4)
        assert found.total == pytest.approx(best.mean().item(), abs=1e-4, rel=1e-4)
        assert found.given.sum().item() + found.bias == pytest.approx(found.total, abs=1e-5, rel=1e-5)
        assert found.weight.sum().item() == pytest.approx(1, abs=1e-5)
        at = sums.unsqueeze(-1).unsqueeze(-1) if sums.ndim == 1 else sums
        torch.testing.assert_close(at[found.images, found.rows, found.columns], best, atol=1e-4, rtol=1e-4)


def test_each_map_gives_what_the_arithmetic_of_that_one_number_says():
    """`explain_pixel` takes one number of a map apart, in another way."""
    net = lived_in(PRESETS["lesson"])
    images = images_for(net, 1)
    found = reading(net, images, "conv2d_2", 11, places=1)
    row, column = found.rows.item(), found.columns.item()
    told = explain_pixel(net, images[0], "conv2d_2", 11, row, column)
    assert found.total == pytest.approx(told.total, abs=1e-5)
    torch.testing.assert_close(found.given, told.products.sum((1, 2)), atol=1e-5, rtol=1e-5)
    assert found.heaviest[0] == told.kernel.square().sum((1, 2)).argmax()


def test_whose_maps_a_layer_reads():
    spec = PRESETS["modern"]
    assert source_of_layer(spec, mixing_layers(spec)[0]) == IMAGE
    assert source_of_layer(PRESETS["lesson"], "dense_1") == "conv2d_3"
    with pytest.raises(StudentError, match="no weights that read"):
        source_of_layer(PRESETS["lesson"], "flatten_1")


@pytest.mark.parametrize("seed", range(6))
def test_all_edges_that_leave_a_map_add_up_to_its_activation_times_gradient(seed):
    """Where nothing stands between two layers, what leaves the lower is what the upper reads."""
    net = lived_in(random_spec(seed) if seed else DEPTHWISE, seed)
    images = images_for(net, 3, seed)
    flows = flows_to(net, images, 1)
    mixing = mixing_layers(net.spec)
    names = net.spec.layer_names
    x = images.clone().requires_grad_()
    kept = {}
    for name, child in net.named_children():
        if name in mixing:
            kept[name] = x
            x.retain_grad()
        x = child(x)
    others = x.clone()
    others[:, 1] = -torch.inf
    (x[:, 1] - others.amax(1)).sum().backward()
    for layer, below in kept.items():
        maps = maps_of(net.spec, source_of_layer(net.spec, layer))
        own = (below.detach() * below.grad).sum(0).flatten().unflatten(0, (maps, -1)).sum(1) / 3
        torch.testing.assert_close(flows.between[layer].sum(0).float(), own, atol=1e-4, rtol=1e-3)
    assert set(flows.onward) == {IMAGE, *mixing}
    assert names.index(mixing[0]) >= 0
    assert flows.lead == pytest.approx((x[:, 1] - others.amax(1)).mean().item(), abs=1e-4, rel=1e-4)


def test_an_edge_is_what_the_map_gives_alone_times_the_slope_of_the_sum():
    net = lived_in(PRESETS["lesson"])
    image = images_for(net, 1)
    flows = flows_to(net, image, 3)
    x = image
    for name, child in net.named_children():
        if name == "conv2d_2":
            below = x.detach()
            sums = child.before(below).detach().requires_grad_()
            x = child.activation(sums)
        else:
            x = child(x)
    rival = int(x[0].detach().scatter(0, torch.tensor(3), -torch.inf).argmax())
    (slope,) = torch.autograd.grad(x[0, 3] - x[0, rival], sums)
    kernel = net.conv2d_2.conv.weight.detach()
    alone = torch.nn.functional.conv2d(below[:, 7:8], kernel[20:21, 7:8])
    assert flows.between["conv2d_2"][20, 7].item() == pytest.approx(
        (alone * slope[:, 20:21]).sum().item(), rel=1e-3, abs=1e-6
    )
    by_relevance = relevance(net, image[0], "conv2d_3", 3, rival).values
    torch.testing.assert_close(flows.onward["conv2d_3"].float(), by_relevance, atol=1e-4, rtol=1e-3)


def test_the_graph_keeps_the_strongest_and_leads_through_the_filter_that_was_asked_for():
    net = lived_in(PRESETS["lesson"])
    flows = flows_to(net, images_for(net), 3)
    graph = strongest_paths(flows, width=4)
    assert [column[0].layer for column in graph.columns] == [
        IMAGE,
        "conv2d_1",
        "conv2d_2",
        "conv2d_3",
        "class",
    ]
    assert [len(column) for column in graph.columns] == [1, 4, 4, 4, 1]
    top = {node.filter for node in graph.columns[3]}
    assert top == set(flows.onward["conv2d_3"].abs().topk(4).indices.tolist())
    into = flows.between["conv2d_3"][sorted(top)].abs().sum(0)
    assert {node.filter for node in graph.columns[2]} == set(into.topk(4).indices.tolist())
    edge = next(one for one in graph.edges if one.end[0] == "conv2d_2")
    assert edge.flow == flows.between["conv2d_2"][edge.end[1], edge.start[1]].item()
    narrow = strongest_paths(flows, width=4, through=("conv2d_2", 41))
    assert [node.filter for node in narrow.columns[2]] == [41]
    with pytest.raises(StudentError, match="no filter 64 of conv2d_2"):
        strongest_paths(flows, through=("conv2d_2", 64))


def test_units_take_the_place_of_filters_and_a_single_layer_has_nothing_between():
    net = lived_in(PRESETS["mlp"])
    graph = strongest_paths(flows_to(net, images_for(net), 0), depth=2)
    assert graph.columns[0][0].layer == IMAGE
    assert graph.columns[-2][0].layer.startswith("dense")
    alone = lived_in(ModelSpec.from_dict(design({"type": "flatten"}, {"type": "dense", "units": 10})))
    with pytest.raises(StudentError, match="a single layer"):
        strongest_paths(flows_to(alone, images_for(alone), 0))
    with pytest.raises(StudentError, match="no class 10"):
        flows_to(net, images_for(net), 10)


def test_around_a_filter_stand_those_that_give_most_and_nothing_is_lost():
    net = lived_in(PRESETS["lesson"])
    images = images_for(net)
    read, flows = reading(net, images, "conv2d_2", 41), flows_to(net, images, 3)
    near = around(read, flows, below=6, above=64)
    given = read.given.tolist()
    assert [one.filter for one in near.below] == sorted(range(32), key=lambda row: -abs(given[row]))[:6]
    assert {one.layer for one in near.below} == {"conv2d_1"}
    assert sum(one.flow for one in near.below) + near.others + read.bias == pytest.approx(
        read.total, abs=1e-5
    )
    # All that leaves a filter reaches the next layer: poolings between them pass it on.
    assert sum(one.flow for one in near.above) == pytest.approx(near.onward, abs=1e-5, rel=1e-3)
    assert near.onward == flows.onward["conv2d_2"][41].item()
    assert near.above[0].onward == flows.onward["conv2d_3"][near.above[0].filter].item()
    few = around(read, flows)
    assert few.above == near.above[:5]


def test_before_the_classes_there_is_nobody_between_and_a_depthwise_filter_reads_one_map():
    net = lived_in(PRESETS["lesson"])
    images = images_for(net)
    flows = flows_to(net, images, 3)
    for layer in ("dense_1", "dense_2"):
        assert around(reading(net, images, layer, 3), flows).above == ()
    net = lived_in(DEPTHWISE)
    images = images_for(net)
    near = around(reading(net, images, "depthwise_conv2d_1", 5), flows_to(net, images, 3))
    assert [(one.layer, one.filter) for one in near.below] == [("conv2d_1", 2)]
    assert near.others == pytest.approx(0, abs=1e-6)


def test_what_is_given_to_each_class_is_that_of_its_own_images_alone():
    net = lived_in(PRESETS["mlp"])
    images, labels = images_for(net, 6), torch.tensor([3, 1, 3, 3, 1, 9])
    told = []
    given = given_to_classes(net, images, labels, each=2, tell=told.append)
    torch.testing.assert_close(
        given["dense_1"][3], flows_to(net, images[[0, 2]], 3).onward["dense_1"], atol=1e-6, rtol=1e-5
    )
    assert given["dense_1"].shape == (10, 512)
    assert given["dense_1"].isnan().any(1).tolist() == [number not in (1, 3, 9) for number in range(10)]
    assert told[-1] == 1
