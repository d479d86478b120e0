"""A network in plain numbers: what can be said, what is refused, and in which words."""

import json
import math
import random
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

from cnn_core.errors import StudentError
from cnn_core.model import (
    LAYER_TYPES,
    PRESETS,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    MaxPooling2D,
    ModelSpec,
    inspect_draft,
)
from tests.core.designs import LESSON_LAYERS, design, random_spec
from tests.core.work import counted

FLATTEN, ANSWER = {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}
NOT_COUNTS = [
    "3",
    "",
    2.5,
    3.0,
    None,
    math.nan,
    math.inf,
    -math.inf,
    True,
    False,
    [3],
    (3, 3),
    {"a": 1},
    3j,
    b"3",
]


def sized(value):
    """A short name for a test, also of a number that str() refuses to write."""
    return str(value) if abs(value) < 10**40 else f"{value.bit_length()} bits"


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def refusal(values):
    with pytest.raises(StudentError) as caught:
        ModelSpec.from_dict(values)
    return caught.value


# --- what can be said ---------------------------------------------------------------------------


def test_omitted_settings_are_keras_s():
    spec = ModelSpec.from_dict(design(*LESSON_LAYERS))
    assert spec.layers == PRESETS["lesson"].layers
    assert spec.layers[0] == Conv2D(32, kernel_size=3, strides=1, padding="valid", activation="relu")
    assert MaxPooling2D(3).strides == 3
    assert MaxPooling2D() == MaxPooling2D(2, 2, "valid")
    assert Dropout().rate == 0.5
    assert Dense(3).activation == "linear"


def test_layers_are_counted_per_type_from_one():
    assert PRESETS["lesson"].layer_names == (
        "conv2d_1", "max_pooling2d_1", "conv2d_2", "max_pooling2d_2", "conv2d_3", "flatten_1", "dense_1", "dense_2",
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_to_dict_and_back_is_the_same_network(seed):
    spec = random_spec(seed)
    assert ModelSpec.from_dict(spec.to_dict()) == spec
    assert ModelSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


def test_to_dict_has_every_setting_of_every_layer():
    assert PRESETS["lesson"].to_dict()["layers"][:2] == [
        {
            "type": "conv2d",
            "filters": 32,
            "kernel_size": 3,
            "strides": 1,
            "padding": "valid",
            "activation": "relu",
        },
        {"type": "max_pooling2d", "pool_size": 2, "strides": 2, "padding": "valid"},
    ]


def test_a_spec_is_a_value():
    spec = PRESETS["lesson"]
    assert hash(spec) == hash(ModelSpec.from_dict(spec.to_dict()))
    with pytest.raises(FrozenInstanceError):
        spec.classes = 3
    with pytest.raises(FrozenInstanceError):
        spec.layers[0].filters = 3


def test_whole_numbers_of_numpy_are_whole_numbers():
    spec = ModelSpec("x", (np.int64(1), 28, 28), np.int32(10), [Flatten(), Dense(np.int64(10))])
    assert spec == ModelSpec("x", (1, 28, 28), 10, (Flatten(), Dense(10)))
    json.dumps(spec.to_dict())


def test_the_fingerprint_is_of_the_network_and_not_of_its_name():
    lesson = PRESETS["lesson"]
    assert lesson.replace(name="Another").fingerprint == lesson.fingerprint
    assert lesson.fingerprint == "546e489658b25dec"  # run folders and cards hold it
    assert len({spec.fingerprint for spec in map(random_spec, range(40))}) == 40


def test_the_presets_are_what_they_are_called():
    assert {key: spec.name for key, spec in PRESETS.items()} == {
        "lesson": "Lesson convnet", "mlp": "MLP", "lenet5": "LeNet-5", "tiny": "Tiny convnet",
        "sprint": "Sprint convnet", "modern": "Modern convnet", "small_vgg": "Small VGG",
        "mnist_cnn": "Keras’s mnist_cnn", "simple_convnet": "Keras’s simple convnet",
    }  # fmt: skip


def test_presets_exist_on_the_smallest_server_but_may_not_be_trained_there(monkeypatch):
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "1000")
    lesson = PRESETS["lesson"]
    assert (
        ModelSpec("again", lesson.input_shape, 10, lesson.layers, check_limits=False).layers == lesson.layers
    )
    assert "93,322 parameters" in refusal(lesson.to_dict()).message


@pytest.mark.parametrize("name", ["Ümläut 网络 сеть", "a family 👨‍👩‍👧", "<b>bold</b> **so**", "x" * 80])
def test_a_name_may_be_in_any_writing(name):
    assert ModelSpec.from_dict(design(FLATTEN, ANSWER, name=name)).name == name


# --- what is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize("value", NOT_COUNTS, ids=repr)
@pytest.mark.parametrize(
    ("kind", "setting"),
    [("conv2d", "filters"), ("conv2d", "kernel_size"), ("conv2d", "strides"), ("max_pooling2d", "pool_size"),
     ("average_pooling2d", "strides"), ("dense", "units")],
)  # fmt: skip
def test_only_a_whole_number_counts(kind, setting, value):
    if kind == "average_pooling2d" and value is None:
        return  # strides null: as large as the pool
    needed = {"conv2d": {"filters": 3}, "dense": {"units": 10}}.get(kind, {})
    error = refusal(
        design(*[FLATTEN] * (kind == "dense"), {"type": kind, **needed, setting: value}, FLATTEN, ANSWER)
    )
    assert error.layer == f"{kind}_1"
    assert setting in error.message
    assert error.hint


@pytest.mark.parametrize("value", [0, -1, 10**9, 10**30, 10**5_000, -(10**5_000)], ids=sized)
@pytest.mark.parametrize("setting", ["filters", "kernel_size", "strides"])
def test_impossible_sizes_are_refused_without_memory(setting, value):
    layer = {"type": "conv2d", "filters": 3, "padding": "same", setting: value}
    with counted() as work:
        error = refusal(design(layer, FLATTEN, ANSWER))
    assert work.peak_bytes < 1_000_000
    assert setting in error.message
    assert len(str(error)) < 300


@pytest.mark.parametrize(
    "rate",
    [1, 1.0, 1.5, -0.1, 10**400, math.nan, math.inf, "0.5", None, True, [0.5]],
    ids=lambda rate: repr(rate)[:8],
)
def test_a_dropout_rate_is_a_share_below_one(rate):
    assert refusal(design(FLATTEN, {"type": "dropout", "rate": rate}, ANSWER)).layer == "dropout_1"


@pytest.mark.parametrize("rate", [0, 0.0, 0.999, np.float32(0.5)])
def test_a_rate_from_zero_to_just_below_one_is_fine(rate):
    ModelSpec.from_dict(design(FLATTEN, {"type": "dropout", "rate": rate}, ANSWER))


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (None, "null"), ([], "a list"), ("lesson", "“lesson”"), (3, "3"),
        (design(FLATTEN, ANSWER, colour="red"), "colour"),
        (design(FLATTEN, ANSWER, layers=None), "null"),
        (design(FLATTEN, ANSWER, layers={"type": "flatten"}), "named values"),
        (design(), "no layers"),
        (design(*[{"type": "dropout"}] * 65), "65 layers"),
        (design("flatten", ANSWER), "“flatten”"),
        (design(None, ANSWER), "null"),
        (design({}, ANSWER), "no type"),
        (design({"type": "conv3d"}, ANSWER), "conv3d"),
        (design({"type": ["conv2d"]}, ANSWER), "a list"),
        (design({"type": "conv2d"}, FLATTEN, ANSWER), "filters"),
        (design(FLATTEN, {"type": "dense"}), "units"),
        (design({"type": "conv2d", "filters": 3, "kernal_size": 3}, FLATTEN, ANSWER), "kernal_size"),
        (design({"type": "flatten", 3: 4}, ANSWER), "3"),
        (design({"type": "conv2d", "filters": 3, "padding": "full"}, FLATTEN, ANSWER), "full"),
        (design({"type": "conv2d", "filters": 3, "activation": "swish"}, FLATTEN, ANSWER), "swish"),
        (design({"type": "conv2d", "filters": 3, "activation": ["relu"]}, FLATTEN, ANSWER), "a list"),
        (design(FLATTEN, ANSWER, name=None), "null"),
        (design(FLATTEN, ANSWER, name=""), "empty"),
        (design(FLATTEN, ANSWER, name="x" * 81), "81 characters"),
        (design(FLATTEN, ANSWER, name="two\nlines"), "cannot be shown"),
        (design(FLATTEN, ANSWER, name="half \ud800"), "cannot be shown"),
        (design(FLATTEN, ANSWER, name="turned \u202e round"), "cannot be shown"),
        (design(FLATTEN, ANSWER, name="nul \0"), "cannot be shown"),
        (design(FLATTEN, ANSWER, classes=1), "1"),
        (design(FLATTEN, ANSWER, classes=10**9), "1,000,000,000"),
        (design(FLATTEN, ANSWER, classes="10"), "“10”"),
        (design(FLATTEN, ANSWER, input_shape=[28, 28]), "a list"),
        (design(FLATTEN, ANSWER, input_shape="28"), "“28”"),
        (design(FLATTEN, ANSWER, input_shape=[1, 1_000, 1_000]), "1,000"),
        (design(FLATTEN, ANSWER, input_shape=[1_000, 28, 28]), "1,000"),
        (design(FLATTEN, ANSWER, input_shape=[1, 0, 28]), "0"),
        (design(FLATTEN, ANSWER, input_shape=[1, 28.0, 28]), "28.0"),
        (design({"type": nested(100_000)}, ANSWER), "a list"),
        (design(FLATTEN, {"type": "dense", "units": nested(100_000)}), "a list"),
        (design(FLATTEN, ANSWER, name=nested(100_000)), "a list"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_not_a_network_is_refused_with_the_students_own_words(values, says):
    error = refusal(values)
    assert says in error.message
    assert error.hint
    assert len(str(error)) < 400


def test_a_misspelt_setting_is_recognised():
    error = refusal(design({"type": "conv2d", "filters": 3, "kernal_size": 3}, FLATTEN, ANSWER))
    assert (error.layer, error.hint) == ("conv2d_1", "Did you mean kernel_size?")


def test_a_stranger_s_text_is_shortened_and_cannot_hide_line_breaks():
    error = refusal(design({"type": "conv\n2d" + "x" * 10_000_000}, ANSWER))
    assert "\n" not in str(error)
    assert len(str(error)) < 300


def test_softmax_is_for_the_last_layer():
    for layer in ({"type": "dense", "units": 5, "activation": "softmax"},):
        error = refusal(design(FLATTEN, layer, ANSWER))
        assert (error.layer, error.hint) == ("dense_1", "Use relu here.")
    error = refusal(design({"type": "conv2d", "filters": 3, "activation": "softmax"}, FLATTEN, ANSWER))
    assert error.layer == "conv2d_1"


def test_what_is_wrong_further_up_is_said_first():
    too_large = {"type": "conv2d", "filters": 2, "kernel_size": 40}
    error = refusal(design(too_large, FLATTEN, {"type": "dense", "units": "ten"}))
    assert error.layer == "conv2d_1"


def test_a_layer_object_is_checked_when_it_is_made():
    with pytest.raises(StudentError, match="filters is 0"):
        Conv2D(0)
    with pytest.raises(StudentError, match="not a layer"):
        ModelSpec("x", (1, 28, 28), 10, ("flatten", Dense(10)))


# --- too much for this server -------------------------------------------------------------------


def test_more_parameters_than_allowed_are_refused_with_the_largest_layer(monkeypatch):
    error = refusal(design(FLATTEN, {"type": "dense", "units": 8_000, "activation": "relu"}, ANSWER))
    assert (error.layer, "6,360,010 parameters" in error.message) == ("dense_1", True)
    monkeypatch.setenv("CONVSCOPE_MAX_PARAMETERS", "6360010")
    ModelSpec.from_dict(design(FLATTEN, {"type": "dense", "units": 8_000, "activation": "relu"}, ANSWER))


def test_more_multiply_adds_than_allowed_are_refused(monkeypatch):
    layers = [{"type": "conv2d", "filters": 64, "padding": "same"}] * 2 + [
        {"type": "global_average_pooling2d"},
        ANSWER,
    ]
    ModelSpec.from_dict(design(*layers))
    monkeypatch.setenv("CONVSCOPE_MAX_MACS", "20000000")
    error = refusal(design(*layers))
    assert (error.layer, "multiply-adds" in error.message) == ("conv2d_2", True)


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "conv2d", "filters": 1_000, "kernel_size": 1},  # looks into 3 billion cells
         {"type": "max_pooling2d", "pool_size": 64, "strides": 1, "padding": "same"}],
        [{"type": "conv2d", "filters": 500, "kernel_size": 1},  # a border of 256 pixels round 500 maps
         {"type": "max_pooling2d", "pool_size": 256, "strides": 28, "padding": "same"}],
        [{"type": "conv2d", "filters": 1_200, "kernel_size": 1}, *[{"type": "batch_normalization"}] * 50],
    ],
    ids=["window", "border", "many wide layers"],
)  # fmt: skip
def test_work_and_memory_that_no_table_counts_are_bounded_too(layers):
    error = refusal(design(*layers, {"type": "global_average_pooling2d"}, ANSWER))
    assert "This server allows" in error.message


# --- rubbish ------------------------------------------------------------------------------------


def rubbish(chance, depth=0):
    """A JSON-like value drawn by lot; often nearly a network."""
    leaves = [
        None,
        True,
        0,
        1,
        -1,
        3,
        28,
        2.5,
        math.nan,
        math.inf,
        10**30,
        10**5_000,
        "",
        "same",
        "relu",
        "flatten",
        "x" * 500,
        "\ud800",
    ]
    keys = [
        "type",
        "layers",
        "name",
        "input_shape",
        "classes",
        "filters",
        "kernel_size",
        "units",
        "rate",
        "strides",
        "padding",
        "?",
        7,
    ]
    draw = chance.random()
    if depth > 4 or draw < 0.4:
        return chance.choice(leaves)
    if draw < 0.6:
        return [rubbish(chance, depth + 1) for _ in range(chance.randint(0, 5))]
    values = {chance.choice(keys): rubbish(chance, depth + 1) for _ in range(chance.randint(0, 5))}
    if chance.random() < 0.6:
        values["type"] = chance.choice(list(LAYER_TYPES))
    return values


def damaged(chance, values):
    """A good design with a few values replaced by rubbish."""
    for _ in range(chance.randint(1, 3)):
        where = chance.choice(
            [values, *[layer for layer in values.get("layers", []) if isinstance(layer, dict)]]
            if isinstance(values.get("layers"), list)
            else [values]
        )
        where[chance.choice([*where, "extra"])] = rubbish(chance, 3)
    return values


def is_further_down(after, before):
    """Is nothing wrong any more, or something that is nearer to the end of the network?"""
    if after.problem is None:
        return True
    if before.problem.layer is None:
        return after.problem.message != before.problem.message
    left = [len(one.names) - one.names.index(one.problem.layer) for one in (after, before)]
    return left[0] < left[1] or None not in after.rows


@pytest.mark.parametrize("block", range(10))
def test_whatever_comes_in_only_a_student_error_comes_out(block):
    for number in range(150):
        chance = random.Random(f"{block}/{number}")
        values = damaged(chance, random_spec(number).to_dict()) if chance.random() < 0.7 else rubbish(chance)
        draft = inspect_draft(values)
        if draft.problem is None:
            assert ModelSpec.from_dict(values) == draft.spec
        else:
            assert isinstance(draft.problem, StudentError)
            assert draft.spec is None
            assert draft.problem.hint
            for remedy in draft.remedies:
                assert is_further_down(inspect_draft(remedy.draft), draft)
            with pytest.raises(StudentError):
                ModelSpec.from_dict(values)
