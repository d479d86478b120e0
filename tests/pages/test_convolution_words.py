"""The sentences of the Convolution page, and what is made of its widgets, without running the page."""

import pytest
import streamlit as st
import torch

from cnn_core.lesson import PoolingSaving, kept_by_max, named_kernel, pooling_saving, sweep
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
    assert lines[-1] == "“same” adds just enough for 28 / 1, rounded up."


def test_pooling_is_said_in_this_networks_own_numbers():
    saving = pooling_saving(PRESETS["lesson"], "max_pooling2d_1")
    assert words.less_to_compute(saving, "max_pooling2d_1") == (
        "**Less to compute.** conv2d_2 needs 2.23 M multiply-adds; without max_pooling2d_1 it would need 10.6 M."
    )
    assert "One value of conv2d_2 sees 8×8 pixels of the digit with 3×3 weights." in words.wider_view(saving)
    assert isinstance(saving, PoolingSaving)


def test_a_maximum_keeps_and_an_average_makes_one_of_four():
    assert "it keeps one: **676** become **169**" in words.fewer_numbers("max", 676, 169)
    assert "it makes one: **676** become **169**" in words.fewer_numbers("average", 676, 169)


def test_the_first_layer_that_pools_is_the_one_that_is_named():
    bars = [("digit", 0.5), ("conv2d_1", 0.4), ("max_pooling2d_1", 0.25), ("max_pooling2d_2", 0.1)]
    said = words.forgets_a_little(bars)
    assert said.startswith("The pixels themselves change by 0.50, the last map by 0.10;")
    assert "after the first pooling it is 0.25." in said


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
    assert set(session) == {"convolution_sweep", "refusal_kernel"}
    assert session["refusal_kernel"].hint


def test_the_score_counts_first_tries():
    assert words.score_text(0, 0) == "Five kinds of questions, with new numbers each time."
    assert words.score_text(0, 1) == "**0 of 1** right at the first try."
