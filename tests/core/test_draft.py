"""A design while it is being edited: how far it works, what is wrong, and which button mends it."""

import copy
import json

import pytest

from cnn_core.model import PRESETS, inspect_draft, summarize
from tests.core.designs import LESSON_LAYERS, design, random_spec

FLATTEN, ANSWER = {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}
POOL, CONV = {"type": "max_pooling2d"}, {"type": "conv2d", "filters": 8, "activation": "relu"}


def offers(*layers, **others):
    """(layer with the problem, labels of the buttons), after checking that each button does what it promises."""
    draft = design(*layers, **others)
    before = copy.deepcopy(draft)
    found = inspect_draft(draft)
    assert draft == before
    assert found.problem is not None
    for remedy in found.remedies:
        json.dumps(remedy.draft)
        mended = inspect_draft(remedy.draft)
        assert mended.problem is None or str(mended.problem) != str(found.problem)
    return found.problem.layer, [remedy.label for remedy in found.remedies]


def works_after(label, *layers, **others):
    """The layers after pressing that button, which must leave nothing wrong."""
    found = inspect_draft(design(*layers, **others))
    (mended,) = [remedy.draft for remedy in found.remedies if remedy.label == label]
    after = inspect_draft(mended)
    assert after.problem is None
    return [layer["type"] for layer in mended["layers"]]


@pytest.mark.parametrize("preset", list(PRESETS))
def test_a_design_that_works_is_summarised_in_full(preset):
    spec = PRESETS[preset]
    found = inspect_draft(spec.to_dict())
    assert (found.problem, found.remedies, found.spec) == (None, (), spec)
    assert list(found.rows) == summarize(spec)
    assert found.names == spec.layer_names


def test_rows_end_at_the_layer_that_cannot_stand_there():
    found = inspect_draft(design(CONV, POOL, {**CONV, "kernel_size": 20}, FLATTEN, ANSWER))
    assert found.names == ("conv2d_1", "max_pooling2d_1", "conv2d_2", "flatten_1", "dense_1")
    assert [row.output_shape if row else None for row in found.rows] == [
        (8, 26, 26),
        (8, 13, 13),
        None,
        None,
        None,
    ]
    assert found.problem.layer == "conv2d_2"


def test_removing_flatten_is_mended_by_adding_it():
    layers = [layer for layer in LESSON_LAYERS if layer["type"] != "flatten"]
    assert offers(*layers) == ("dense_1", ["Add flatten", "Add global average pooling"])
    assert works_after("Add flatten", *layers) == [layer["type"] for layer in LESSON_LAYERS]


def test_maps_that_shrink_to_nothing_are_mended_by_removing_the_last_pool():
    layers = [CONV, POOL, CONV, POOL, CONV, POOL, CONV, FLATTEN, ANSWER]
    layer, labels = offers(*layers)
    assert (layer, labels) == ("conv2d_4", ["Remove max_pooling2d_3", "Remove max_pooling2d_2"]) or labels[
        1
    ] == "Use padding “same”"
    assert works_after(labels[0], *layers) == ["conv2d", "max_pooling2d"] * 2 + [
        "conv2d",
        "conv2d",
        "flatten",
        "dense",
    ]
    assert works_after(labels[1], *layers)


def test_one_pool_too_many_can_go_again():
    layers = [{"type": "max_pooling2d", "pool_size": 28}, POOL, FLATTEN, ANSWER]
    layer, labels = offers(*layers)
    assert layer == "max_pooling2d_2"
    assert works_after(labels[0], *layers)


def test_a_convolution_after_flatten_moves_above_it():
    layers = [*LESSON_LAYERS[:6], CONV, *LESSON_LAYERS[6:]]
    assert offers(*layers) == ("conv2d_4", ["Move conv2d_4 above flatten_1", "Remove conv2d_4"])
    moved = works_after("Move conv2d_4 above flatten_1", *layers)
    assert moved == [
        "conv2d",
        "max_pooling2d",
        "conv2d",
        "max_pooling2d",
        "conv2d",
        "conv2d",
        "flatten",
        "dense",
        "dense",
    ]


def test_a_convolution_at_the_very_end_can_be_mended_too():
    layer, labels = offers(*LESSON_LAYERS[:-1], ANSWER | {"activation": "linear"}, CONV)
    assert layer == "conv2d_4"
    assert "Remove conv2d_4" in labels


@pytest.mark.parametrize("units", [1, 9, 11, 64])
def test_a_last_layer_of_another_width_gets_ten_units(units):
    layers = [*LESSON_LAYERS[:-1], {"type": "dense", "units": units, "activation": "softmax"}]
    layer, labels = offers(*layers)
    assert (layer, labels[0]) == ("dense_2", "Use 10 units")
    assert works_after("Use 10 units", *layers)


def test_removing_the_last_layer_is_mended_by_adding_one():
    assert offers(*LESSON_LAYERS[:-1]) == ("dense_1", ["Add a dense layer with 10 units", "Use 10 units"])
    assert works_after("Add a dense layer with 10 units", *LESSON_LAYERS[:-1])[-2:] == ["dense", "dense"]


def test_a_network_that_ends_with_maps_gets_an_end():
    layer, labels = offers(*LESSON_LAYERS[:5])
    assert (layer, labels[0]) == ("conv2d_3", "Add flatten and a dense layer")
    assert works_after(labels[0], *LESSON_LAYERS[:5])[-2:] == ["flatten", "dense"]


def test_an_empty_list_of_layers_gets_the_shortest_network_or_the_lesson_s():
    assert offers() == (None, ["Add flatten and a dense layer", "Use the lesson’s layers"])
    assert works_after("Add flatten and a dense layer") == ["flatten", "dense"]


def test_a_layer_added_after_the_softmax_takes_it_over_or_goes():
    layers = [*LESSON_LAYERS, ANSWER]
    assert offers(*layers) == ("dense_2", ["Use relu", "Remove dense_3"])
    assert works_after("Use relu", *layers)


@pytest.mark.parametrize(
    ("wrong", "label"),
    [
        ({"type": "conv2d", "filters": 0}, "Set filters to 32"),
        ({"type": "conv2d"}, "Set filters to 32"),
        ({"type": "conv2d", "filters": 8, "kernel_size": "3"}, "Set kernel_size to 3"),
        ({"type": "conv2d", "filters": 8, "padding": "full"}, "Set padding to valid"),
        ({"type": "conv2d", "filters": 8, "kernal_size": 5}, "Remove the unknown setting"),
        ({"type": "dropout", "rate": 1}, "Set rate to 0.25"),
        ({"type": "max_pooling2d", "pool_size": 0}, "Set pool_size to 2"),
    ],
)
def test_a_setting_that_cannot_be_is_set_to_the_usual_one(wrong, label):
    layer, labels = offers(CONV, wrong, FLATTEN, ANSWER)
    assert layer.startswith(wrong["type"])
    assert labels[0] == label
    assert works_after(label, CONV, wrong, FLATTEN, ANSWER)


def test_an_unknown_layer_can_only_go():
    assert offers(CONV, {"type": "attention"}, FLATTEN, ANSWER) == ("layer_2", ["Remove layer_2"])


def test_two_problems_are_mended_one_after_the_other():
    draft = design({**CONV, "kernel_size": 30}, FLATTEN, {"type": "dense", "units": 11})
    presses = 0
    while (found := inspect_draft(draft)).problem is not None:
        draft = found.remedies[0].draft
        presses += 1
        assert presses < 4
    assert presses == 2


def test_a_network_too_large_for_the_server_is_made_smaller():
    layers = [CONV, FLATTEN, {"type": "dense", "units": 2_048, "activation": "relu"}, ANSWER]
    layer, labels = offers(*layers)
    assert layer == "dense_1"
    assert labels[0] == "Use 512 units"
    for label in labels:
        works_after(label, *layers)


def test_a_convolution_too_costly_for_the_server_is_made_smaller():
    layers = [
        {**CONV, "filters": 128, "padding": "same"},
        {**CONV, "filters": 512},
        {"type": "global_average_pooling2d"},
        ANSWER,
    ]
    layer, labels = offers(*layers)
    assert layer == "conv2d_2"
    for label in labels:
        works_after(label, *layers)


@pytest.mark.parametrize(
    ("others", "label"),
    [
        ({"name": ""}, "Call it “My design”"),
        ({"classes": 1}, "Use 10 classes"),
        ({"colour": "red"}, "Remove the unknown setting"),
        ({"input_shape": [1, 9_999, 28]}, "Use images of 28×28 pixels"),
    ],
)
def test_what_is_wrong_with_the_whole_can_be_mended_too(others, label):
    layer, labels = offers(*LESSON_LAYERS, **others)
    assert (layer, labels[0]) == (None, label)


@pytest.mark.parametrize("name", ["", "x" * 1_000, None])
def test_a_bad_name_hides_no_rows(name):
    assert None not in inspect_draft(design(*LESSON_LAYERS, name=name)).rows


@pytest.mark.parametrize("seed", range(40))
def test_whatever_layer_is_lost_there_is_a_way_back(seed):
    layers = random_spec(seed).to_dict()["layers"]
    draft = random_spec(seed).to_dict()
    for lost in range(len(layers)):
        found = inspect_draft({**draft, "layers": layers[:lost] + layers[lost + 1 :]})
        if found.problem is not None:
            assert found.remedies, found.problem
            assert inspect_draft(found.remedies[0].draft).problem is None


@pytest.mark.parametrize(
    "draft", [None, 3, "x", [], {}, {"layers": 3}, {"layers": [None]}, {3: 4}, {"layers": [{}] * 100_000}]
)
def test_whatever_it_is_it_is_looked_at_calmly(draft):
    found = inspect_draft(draft)
    assert found.problem is not None
    assert len(found.rows) == len(found.names)


def test_a_button_s_words_say_what_it_changes():
    (remedy, *_) = inspect_draft({**PRESETS["lesson"].to_dict(), "colour": "red"}).remedies
    assert remedy.label == "Remove the unknown setting"
    assert remedy.draft == PRESETS["lesson"].to_dict()


def test_a_fresh_start_is_offered_last_even_if_only_it_mends_everything():
    broken = design({"type": "attention"}, FLATTEN, ANSWER, name="")
    labels = [remedy.label for remedy in inspect_draft(broken).remedies]
    assert labels == ["Call it “My design”", "Start from the lesson’s convnet"]


def test_two_wrong_settings_are_both_named():
    _, labels = offers({"type": "conv2d", "filters": "8", "kernel_size": 3.0}, FLATTEN, ANSWER)
    assert labels[0] == "Set filters to 32 and kernel_size to 3"


@pytest.mark.parametrize("layer", [None, 3, {"type": "attention"}, {}])
def test_where_no_single_change_helps_the_lesson_s_convnet_is_offered(layer):
    assert offers(layer) == ("layer_1", ["Start from the lesson’s convnet"])


def test_a_depthwise_convolution_is_mended_as_a_convolution_is():
    deep = {"type": "depthwise_conv2d", "kernel_size": 3}
    assert works_after("Move depthwise_conv2d_1 above flatten_1", FLATTEN, deep, ANSWER) == [
        "depthwise_conv2d",
        "flatten",
        "dense",
    ]
    works_after("Use padding “same”", {**deep, "kernel_size": 40}, FLATTEN, ANSWER)
    _, buttons = offers({**deep, "depth_multiplier": 65}, FLATTEN, ANSWER)
    assert buttons[0] == "Set depth_multiplier to 1"


def test_a_softmax_of_its_own_belongs_at_the_end():
    softmax = {"type": "activation", "activation": "softmax"}
    works = inspect_draft(design(FLATTEN, {"type": "dense", "units": 10}, softmax))
    assert works.problem is None
    layer, buttons = offers(FLATTEN, softmax, ANSWER)
    assert (layer, buttons[0]) == ("activation_1", "Use relu")
    _, buttons = offers(FLATTEN, {"type": "activation", "activation": "swish"}, ANSWER)
    assert buttons[0] == "Set activation to relu"
    assert str(inspect_draft(design(FLATTEN, {"type": "activation"}, ANSWER)).problem) == (
        "activation_1: it does not say which activation it has. Add activation."
    )


def test_softmaxes_in_the_middle_are_mended_one_by_one():
    draft = design(FLATTEN, ANSWER, ANSWER, ANSWER)
    assert inspect_draft(draft).problem.layer == "dense_1"
    draft = inspect_draft(draft).remedies[0].draft
    assert inspect_draft(draft).problem.layer == "dense_2"
    assert inspect_draft(inspect_draft(draft).remedies[0].draft).problem is None
