"""What the view "Take filters out" makes of numbers before anything is drawn."""

import numpy as np
import pytest
import torch

from cnn_core.errors import StudentError
from cnn_core.insight import NOTHING, Need
from cnn_core.model import PRESETS, build
from pages.break_it.keep import kept_network
from pages.break_it.layers import feeds_averages, layers_of, word
from pages.break_it.ranking import rows_of
from pages.break_it.sheet import marks_of
from pages.break_it.surgery import which_they_are
from pages.break_it.taking_out import chosen_filters, offers

NEED = Need("conv2d_1", 1.0, torch.tensor([1.5, 0.5, 1.0, 2.0] * 3), torch.zeros(12), 50, ())


def test_a_tile_says_what_is_done_to_its_filter():
    operation = NOTHING.mute("a", [0]).scale("a", [1], 0.5).hold("a", {2: 1.5, 3: 0.0}).edit("a", 4, (), 1.0)
    assert marks_of(operation.mute("b", [9]), "a") == {0: "out", 1: "×0.5", 2: "held", 3: "out", 4: "edited"}


def test_those_needed_most_are_named_so_and_others_are_not():
    assert which_they_are(frozenset({3, 7, 11}), NEED) == "most"
    assert which_they_are(frozenset({1, 5}), NEED) == "least"
    assert [which_they_are(frozenset({0, 1}), need) for need in (NEED, None, StudentError("no"))] == [
        "",
        "",
        "",
    ]


def test_the_menu_offers_ranks_once_they_are_known_and_takes_so_many():
    assert list(offers(12, True)) == ["most 1", "most 6", "least 1", "least 6", "random 1", "random 6"]
    assert chosen_filters("most 6", 12, NEED) == [3, 7, 11, 0, 4, 8]
    assert chosen_filters("least 1", 12, NEED) == [1]
    assert len(set(chosen_filters("random 6", 12, NEED))) == 6


def test_the_rows_are_the_head_and_the_foot_of_the_order():
    rows = rows_of(NEED, {3: np.zeros((1, 4, 4))})
    assert [row if isinstance(row, str) else row.name for row in rows] == [
        "3", "7", "11", "0", "4", "8", "… 4 others …", "5", "9",
    ]  # fmt: skip
    assert (rows[0].said, rows[-1].said) == ("+1.0000", "−0.5000")
    assert rows[0].picture is not None
    assert rows[1].picture is None


def test_what_is_kept_is_smaller_where_that_is_asked_for_and_can_be():
    net, operation = build(PRESETS["lesson"]).eval(), NOTHING.mute("conv2d_2", range(32)).mute("dense_1", [3])
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    smaller, muted = (kept_network(net, operation, way) for way in ("smaller", "muted"))
    torch.testing.assert_close(smaller(images), muted(images), atol=1e-5, rtol=1e-5)
    sizes = [sum(weight.numel() for weight in one.parameters()) for one in (smaller, muted, net)]
    assert sizes[0] < sizes[1] == sizes[2]
    with pytest.raises(StudentError, match="makes another number"):
        kept_network(build(PRESETS["modern"]).eval(), NOTHING.mute("conv2d_1", [0]), "smaller")


def test_a_layer_s_own_are_called_by_what_leaves_it():
    modern = PRESETS["modern"]
    assert [word(modern, layer) for layer in ("conv2d_1", "batch_normalization_1")] == ["filter", "map"]
    assert word(PRESETS["mlp"], "dense_1") == "unit"
    assert [feeds_averages(modern, layer) for layer in ("conv2d_1", "batch_normalization_1")] == [True, False]
    assert "dense_1" not in layers_of(modern)  # its units are the answers
