"""Which mistakes a network makes, counted by hand on three classes."""

import pytest
import torch

from cnn_core.training import (
    ClassScore,
    class_scores,
    commonest_mistake,
    commonest_mistakes,
    images_in_cell,
    surest_mistakes,
)

CONFUSION = torch.tensor([[50, 0, 3], [7, 40, 0], [1, 0, 0]])
PROBABILITIES = torch.tensor([[0.8, 0.1, 0.1], [0.6, 0.4, 0.0], [0.9, 0.05, 0.05], [0.1, 0.2, 0.7]])
LABELS = torch.tensor([0, 1, 1, 2])


def test_mistakes_come_commonest_first_and_the_diagonal_is_none():
    assert commonest_mistakes(CONFUSION) == [(1, 0), (0, 2), (2, 0)]
    assert commonest_mistakes(CONFUSION, most=1) == [(1, 0)]
    assert commonest_mistake(CONFUSION) == (1, 0)


def test_a_network_that_is_never_wrong_has_no_mistake_and_its_first_cell_is_shown():
    never_wrong = torch.eye(3, dtype=torch.int64) * 9
    assert commonest_mistakes(never_wrong) == []
    assert commonest_mistake(never_wrong) == (0, 0)


def test_the_confusion_is_left_as_it_was():
    before = CONFUSION.clone()
    commonest_mistakes(CONFUSION)
    assert CONFUSION.equal(before)


def test_a_cell_holds_the_images_of_its_row_that_were_taken_for_its_column():
    assert images_in_cell(PROBABILITIES, LABELS, true=1, taken_for=0) == [1, 2]
    assert images_in_cell(PROBABILITIES, LABELS, true=2, taken_for=2) == [3]
    assert images_in_cell(PROBABILITIES, LABELS, true=0, taken_for=1) == []


def test_the_surest_mistake_comes_first_and_what_is_right_is_left_out():
    assert surest_mistakes(PROBABILITIES, LABELS) == [2, 1]


def test_recall_is_read_along_a_row_and_precision_along_a_column():
    first, second, third = class_scores(CONFUSION)
    assert (first.images, second.images, third.images) == (53, 47, 1)
    assert first.recall == pytest.approx(50 / 53)
    assert first.precision == pytest.approx(50 / 58)
    assert second == ClassScore(47, 40 / 47, 1.0)
    assert third == ClassScore(1, 0.0, 0.0)


def test_a_class_without_images_and_one_that_is_never_answered_have_no_fraction():
    scores = class_scores(torch.tensor([[0, 0], [0, 0]]))
    assert scores == [ClassScore(0, None, None)] * 2
