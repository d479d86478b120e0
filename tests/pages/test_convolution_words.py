"""The sentences of the Convolution page, and what is made of its widgets, without running the page."""

import pytest
import streamlit as st
import torch

from cnn_core.lesson import PoolingSaving, kept_by_max, named_kernel, pooling_saving, sweep, visits
from cnn_core.model import PRESETS
from pages.convolution import kernel_choice, words
from pages.convolution.pooling import brightest_pooled, pooled_layer


@pytest.fixture
def session(monkeypatch):
    """A visitor's session, as a plain dictionary."""
    values = {}
    monkeypatch.setattr(st, "session_state", values)
    return values


def swept(height=28, width=28, size=3, **how):
    return sweep(torch.zeros(1, height, width), named_kernel("blur", size)[None], **how)


def test_a_kernel_asks_every_place_and_the_products_are_counted():
    assert "**676 places**, 9 products each: 6,084 multiply-adds." in words.asks_every_place(swept())


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({}, "(28 + 0 − 3) / 1 + 1 = 26"),
        ({"padding": "same"}, "(28 + 2 − 3) / 1 + 1 = 28"),
        ({"stride": 2}, "(28 + 0 − 3) / 2 + 1 = 13, rounded down"),
        ({"dilation": 2}, "(28 + 0 − 5) / 1 + 1 = 24"),
    ],
)
def test_the_formula_of_the_size_has_this_sweeps_own_numbers(how, line):
    assert line in words.size_lines(swept(**how), how.get("padding", "valid"))


def test_both_sides_are_written_out_where_they_differ_and_only_there():
    assert len(words.size_lines(swept(), "valid")) == 2
    assert words.size_lines(swept(height=10), "valid")[1:] == [
        "(10 + 0 − 3) / 1 + 1 = 8",
        "(28 + 0 − 3) / 1 + 1 = 26",
    ]


def test_dilation_and_same_padding_are_explained():
    lines = words.size_lines(swept(dilation=3, padding="same"), "same")
    assert "kernel: 3 cells spread over 3 × (3 − 1) + 1 = 7 pixels" in lines
    assert lines[-1] == "With “same” a side of the output is 28 / 1, rounded up."


def test_pooling_is_said_in_this_networks_own_numbers():
    saving = pooling_saving(PRESETS["lesson"], "max_pooling2d_1")
    assert words.less_to_compute(saving, "max_pooling2d_1") == (
        "**Less to compute.** conv2d_2 needs 2.23 M multiply-adds; without max_pooling2d_1 it would need 10.6 M."
    )
    assert (
        "One value of conv2d_2 sees 8×8 pixels of the digit, though its kernel is only 3×3."
        in words.wider_view(saving)
    )
    assert isinstance(saving, PoolingSaving)


def test_a_maximum_keeps_and_an_average_makes_one_of_four():
    assert "it keeps one: **676** become **169**" in words.fewer_numbers("max", 676, 169)
    assert "it makes one: **676** become **169**" in words.fewer_numbers("average", 676, 169)


def test_only_pooling_is_said_to_forget_and_what_rises_is_said_to_rise():
    bars = [("digit", 0.36), ("conv2d_1", 0.39), ("max_pooling2d_1", 0.30), ("conv2d_2", 0.36)]
    assert words.what_pooling_forgets(bars) == (
        "The change falls at max_pooling2d_1 (0.39 to 0.30). Pooling forgets a part of the shift. "
        "The change rises at conv2d_1 (0.36 to 0.39), conv2d_2 (0.30 to 0.36). "
        "The pixels themselves change by 0.36, the last maps by 0.36."
    )


def test_where_a_pooling_layer_does_not_lower_the_bar_nothing_is_said_to_be_forgotten():
    said = words.what_pooling_forgets([("digit", 0.3), ("conv2d_1", 0.2), ("max_pooling2d_1", 0.204)])
    assert "The change does not fall at max_pooling2d_1 (0.20 to 0.20)." in said
    assert "The change also falls at conv2d_1 (0.30 to 0.20)." in said
    assert "forgets" not in said


def test_of_a_digit_that_was_not_moved_nothing_is_said_to_change():
    assert words.what_pooling_forgets([("digit", 0.0), ("max_pooling2d_1", 0.0)]).startswith(
        "Nothing was moved"
    )


def test_why_padding_counts_the_windows_of_a_corner_and_names_the_zeros():
    one = swept()
    corner, middle = int(visits(one)[0, 0]), int(visits(one).max())
    assert (corner, middle) == (1, 9)
    assert "lies in 1 window, a pixel in the middle in 9" in words.why_padding(one, "valid", corner, middle)
    assert "the output has 26×26 numbers, the image 28×28" in words.why_padding(one, "valid", corner, middle)
    same = words.why_padding(swept(padding="same"), "same", 4, 9)
    assert "The hatched cells are zeros. The output is as large as the image, 28×28." in same
    assert "TensorFlow" not in same


def test_with_strides_two_the_zeros_on_one_side_alone_are_explained_in_this_sweeps_numbers():
    said = words.why_padding(swept(padding="same", stride=2), "same", 1, 4)
    assert "The output has 14×14 numbers." in said
    assert (
        "only on the right and below: 14 places need (14 − 1) × 2 + 3 = 29 cells in a row, 1 more than 28"
        in said
    )


def test_an_even_kernel_gets_its_odd_zero_on_the_right_and_below():
    said = words.why_padding(swept(size=3, padding="same", stride=2, height=27, width=27), "same", 4, 4)
    assert "TensorFlow" not in said  # 14 places need 29 cells, 2 more than 27: one on each side
    four = sweep(torch.zeros(1, 28, 28), torch.zeros(1, 4, 4), padding="same")
    assert four.padding == (1, 2, 1, 2)
    assert (
        "one more on the right and below than on the left and above: 28 places need (28 − 1) × 1 + 4 = 31"
        in (words.why_padding(four, "same", 6, 16))
    )


def test_a_kernel_of_one_cell_needs_no_zeros_and_none_are_claimed():
    one = sweep(torch.zeros(1, 8, 8), torch.zeros(1, 1, 1), padding="same")
    assert "here it needs none" in words.why_padding(one, "same", 1, 1)
    assert "hatched" not in words.why_padding(one, "same", 1, 1)


def test_strides_save_numbers_and_cost_exactness():
    assert "169 numbers instead of 676" in words.why_strides(swept(stride=2), 676)
    assert "about a quarter of these 676 numbers" in words.why_strides(swept(), 676)


def test_what_a_window_of_two_by_two_leaves_out_is_said():
    assert "left out" not in words.fewer_numbers("max", 676, 169)
    assert "A last row or column that fills no window is left out." in words.fewer_numbers("max", 169, 36)


def test_what_never_reaches_the_answer_is_said_of_rows_and_columns_apart():
    assert words.left_over(0, 0) == ""
    assert "The last 2 rows and the last 2 columns of an image never change" in words.left_over(2, 2)
    assert "** The last column of an image never changes" in words.left_over(0, 1)


def test_of_values_below_zero_no_brightness_is_claimed():
    assert words.kept_by_maximum(4, 16, None) == "It keeps 4 of 16 values."
    assert words.one_scale("So.", 1.5, below_zero=True).endswith("Values below zero are black too.")


def test_the_brightest_map_is_pooled_and_scaled_to_its_own_top():
    maps = torch.zeros(3, 4, 4)
    maps[1, 0, 0] = 2.0
    one = brightest_pooled("conv2d_1", maps, "max")
    assert (one.name, one.top) == ("conv2d_1, map 1", 2.0)
    assert one.after.shape == (1, 2, 2)
    assert int(kept_by_max(one.before).sum()) == 4


def test_a_network_whose_pooling_takes_no_maps_pools_nothing():
    assert pooled_layer({"conv2d_1": torch.zeros(2, 4, 4), "max_pooling2d_1": torch.zeros(2, 2, 2)}) == (
        "conv2d_1",
        "max_pooling2d_1",
    )
    assert (
        pooled_layer({"conv2d_1": torch.zeros(2, 4, 4), "global_average_pooling2d_1": torch.zeros(2)}) is None
    )


def test_an_edited_kernel_becomes_the_visitors_own(session):
    session["convolution_sweep"] = {"edit": {"kernel": [[[0.0, 5.0, 0.0]] * 3]}}
    kernel_choice.adopt_edit()
    assert session["convolution_kernel"] == "my own"
    assert kernel_choice.kernel_of("my own", 3, 1, 0)[0, 0].tolist() == [0.0, 5.0, 0.0]
    torch.testing.assert_close(kernel_choice.kernel_of("my own", 3, 3, 0).sum(dim=0)[0, 1], torch.tensor(5.0))


@pytest.mark.parametrize(
    "edit", [None, "rubbish", {"kernel": None}, {"kernel": [[["x"]]]}, {"kernel": [[[1e9]]]}]
)
def test_a_kernel_that_is_none_is_refused_in_a_sentence_and_changes_nothing(session, edit):
    session["convolution_sweep"] = {"edit": edit}
    kernel_choice.adopt_edit()
    assert set(session) - {"visitor"} == {"convolution_sweep", "refusal_kernel"}
    assert session["refusal_kernel"].hint


def test_the_score_counts_first_tries():
    assert words.score_text(0, 0) == "Five kinds of questions, with new numbers each time."
    assert words.score_text(0, 1) == "**0 of 1** right at the first try."
