"""Shapes, parameters, multiply-adds and receptive fields, by numbers one can work out on paper."""

import pytest

from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, ModelSpec, summarize
from cnn_core.model.shapes import output_size, same_padding
from tests.core.designs import design

FLATTEN, ANSWER = {"type": "flatten"}, {"type": "dense", "units": 10, "activation": "softmax"}


def refusal(*layers):
    with pytest.raises(StudentError) as caught:
        ModelSpec.from_dict(design(*layers))
    return caught.value


def test_the_lesson_s_table():
    rows = summarize(PRESETS["lesson"])
    assert [(r.name, r.output_shape, r.parameters, r.macs, r.receptive_field) for r in rows] == [
        ("conv2d_1", (32, 26, 26), 320, 26 * 26 * 32 * 9, 3),
        ("max_pooling2d_1", (32, 13, 13), 0, 0, 4),
        ("conv2d_2", (64, 11, 11), 18_496, 11 * 11 * 64 * 32 * 9, 8),
        ("max_pooling2d_2", (64, 5, 5), 0, 0, 10),
        ("conv2d_3", (64, 3, 3), 36_928, 3 * 3 * 64 * 64 * 9, 18),
        ("flatten_1", (576,), 0, 0, 18),
        ("dense_1", (64,), 36_928, 576 * 64, 28),
        ("dense_2", (10,), 650, 640, 28),
    ]
    assert sum(row.parameters for row in rows) == 93_322
    assert [row.type for row in rows][:2] == ["conv2d", "max_pooling2d"]


def test_a_depthwise_convolution_costs_what_its_kernels_cost():
    layers = [{"type": "conv2d", "filters": 8}, {"type": "depthwise_conv2d", "depth_multiplier": 2}]
    row = summarize(ModelSpec.from_dict(design(*layers, FLATTEN, ANSWER)))[1]
    assert row.output_shape == (16, 24, 24)
    assert row.parameters == 8 * 2 * (3 * 3 + 1)
    assert row.macs == 24 * 24 * 16 * 9  # not times the 8 maps that come in
    assert row.receptive_field == 5


def total(preset, what):
    return sum(getattr(row, what) for row in summarize(PRESETS[preset]))


def test_the_presets_are_as_large_as_their_sources_say():
    assert total("mlp", "parameters") == 407_050  # 784·512 + 512 + 512·10 + 10
    assert total("lenet5", "parameters") == 61_706
    assert total("tiny", "parameters") < 5_000
    assert total("modern", "parameters") <= 150_000
    assert total("modern", "macs") <= 15_000_000


@pytest.mark.parametrize(
    ("size", "window", "stride", "padding", "expected"),
    [
        (28, 3, 1, "valid", 26),  # without padding the border is lost
        (28, 3, 1, "same", 28),  # with it, the size is kept
        (28, 2, 2, "valid", 14),  # stride 2 halves
        (5, 2, 2, "valid", 2),  # what does not fill a window is left out
        (5, 2, 2, "same", 3),  # or filled up
        (5, 5, 1, "valid", 1),  # an exact fit leaves one number
        (3, 20, 7, "same", 1),  # with padding nothing is too large
    ],
)
def test_output_size_counts_the_places_a_window_fits(size, window, stride, padding, expected):
    assert output_size(size, window, stride, padding) == expected


def test_a_window_larger_than_the_map_has_no_place():
    with pytest.raises(StudentError):
        output_size(4, 5, 1, "valid")


@pytest.mark.parametrize(
    ("size", "window", "stride", "expected"),
    [(28, 3, 1, (1, 1)), (28, 4, 1, (1, 2)), (28, 3, 2, (0, 1)), (7, 2, 2, (0, 1)), (6, 1, 4, (0, 0)),
     (3, 20, 7, (8, 9))],
)  # fmt: skip
def test_the_odd_pixel_of_padding_goes_after(size, window, stride, expected):
    assert same_padding(size, window, stride) == expected


def test_batch_normalisation_counts_four_numbers_a_channel():
    rows = summarize(
        ModelSpec.from_dict(
            design(
                {"type": "conv2d", "filters": 7},
                {"type": "batch_normalization"},
                FLATTEN,
                {"type": "batch_normalization"},
                ANSWER,
            )
        )
    )
    assert rows[1].parameters == 28
    assert rows[3].parameters == 4 * 7 * 26 * 26


def test_oblong_images_keep_their_sides_and_the_field_ends_at_the_longer_one():
    layers = [{"type": "conv2d", "filters": 2, "kernel_size": 9, "padding": "same"}] * 3
    rows = summarize(ModelSpec.from_dict(design(*layers, FLATTEN, ANSWER, input_shape=[1, 5, 20])))
    assert [row.output_shape for row in rows[:3]] == [(2, 5, 20)] * 3
    assert [row.receptive_field for row in rows] == [9, 17, 20, 20, 20]


def test_the_words_for_a_kernel_that_does_not_fit_are_the_agreed_ones():
    layers = [{"type": "conv2d", "filters": 4}, {"type": "max_pooling2d"}] * 3  # 28 26 13 11 5 3 1
    error = refusal(*layers, {"type": "conv2d", "filters": 4}, FLATTEN, ANSWER)
    assert error.layer == "conv2d_4"
    assert error.message == "a 3×3 kernel does not fit on a 1×1 map."
    assert error.hint == "Use a smaller kernel, padding “same”, or remove max_pooling2d_3."


def test_advice_names_only_a_layer_whose_removal_helps():
    pool = {"type": "max_pooling2d"}
    error = refusal(pool, {"type": "conv2d", "filters": 4, "kernel_size": 27}, FLATTEN, ANSWER)
    assert "remove max_pooling2d_1" in error.hint
    error = refusal(pool, {"type": "conv2d", "filters": 4, "kernel_size": 29}, FLATTEN, ANSWER)
    assert "remove" not in error.hint


def test_a_pool_that_does_not_fit_is_called_a_pool():
    error = refusal(
        {"type": "conv2d", "filters": 4, "kernel_size": 28}, {"type": "max_pooling2d"}, FLATTEN, ANSWER
    )
    assert error.message == "a 2×2 pool does not fit on a 1×1 map."


def test_a_dense_layer_wants_a_list():
    error = refusal({"type": "conv2d", "filters": 4}, ANSWER)
    assert error.layer == "dense_1"
    assert "26×26×4" in error.message
    assert error.hint == "Add flatten before dense_1."


@pytest.mark.parametrize(
    "layer",
    [{"type": "conv2d", "filters": 4}, {"type": "max_pooling2d"}, {"type": "global_average_pooling2d"}],
)
def test_what_looks_at_neighbours_wants_a_map(layer):
    error = refusal(FLATTEN, layer, ANSWER)
    assert error.layer == f"{layer['type']}_1"
    assert "784 numbers" in error.message
    assert "flatten_1" in error.hint


@pytest.mark.parametrize(
    ("layers", "numbers"),
    [([FLATTEN, {"type": "dense", "units": 12}], "12"), ([FLATTEN], "784"),
     ([{"type": "conv2d", "filters": 10}], "26×26×10")],
)  # fmt: skip
def test_the_last_layer_gives_one_number_a_class(layers, numbers):
    error = refusal(*layers)
    assert numbers in error.message
    assert "10" in error.message
    assert error.layer.startswith(layers[-1]["type"])


def test_any_layer_may_be_the_last_if_it_gives_one_number_a_class():
    ModelSpec.from_dict(design({"type": "conv2d", "filters": 10}, {"type": "global_average_pooling2d"}))
    ModelSpec.from_dict(design({"type": "conv2d", "filters": 10, "kernel_size": 28}, FLATTEN))
