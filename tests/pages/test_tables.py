"""Curves and the list of runs as CSV: what R or a spreadsheet reads is what was measured."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from cnn_core import pretrained
from cnn_core.data.learnt_from import NOT_KNOWN
from cnn_core.training.history import Curve, History
from pages.ui.trained.tables import CURVES, RUNS, curves_csv, runs_csv
from pages.ui.trained.trained import Trained


def read(text: str) -> list[dict[str, str]]:
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def test_each_measurement_is_a_line_with_its_images_and_unrounded_numbers():
    history = History(
        Curve([1, 2], [0.5, 1.0], [2.25, 1.123456789], [0.1, 0.2]),
        Curve([2], [1.0], [1.5], [0.3]),
        [0.001, 0.002],
    )
    lines = read(curves_csv(history))
    assert tuple(lines[0]) == CURVES
    assert [line["measured on"] for line in lines] == ["images being learnt"] * 2 + ["images kept aside"]
    assert [line["learning rate"] for line in lines] == ["0.001", "0.002", ""]
    assert lines[1]["loss"] == "1.123456789"
    assert (lines[2]["step"], lines[2]["accuracy"]) == ("2", "0.3")


def test_curves_without_learning_rates_have_none_and_no_curve_is_a_head_alone():
    lines = read(curves_csv(History(Curve([1], [0.5], [2.0], [0.1]))))
    assert [line["learning rate"] for line in lines] == [""]
    assert read(curves_csv(History())) == []


def test_the_list_tells_a_network_as_its_card_does():
    card = pretrained.card("lesson")
    (line,) = read(runs_csv([Trained.of_card(card)]))
    assert tuple(line) == RUNS
    assert float(line["accuracy"]) == card.test_accuracy
    assert (line["test images"], line["parameters"], line["of them learnt from"]) == ("10000", "93322", "0")
    assert (line["optimizer"], line["learning rate"]) == (
        card.recipe.optimizer,
        str(card.recipe.learning_rate),
    )


def test_what_is_not_known_is_empty_and_a_name_is_never_computed():
    opened = replace(
        Trained.of_card(pretrained.card("lesson")),
        name="run:AbCdEfGhIjK", title='=HYPERLINK("x"),\n"y"', recipe=None, accuracy=None, loss=None, count=0, steps=0,
    )  # fmt: skip
    (line,) = read(runs_csv([opened]))
    assert line["name"] == '\'=HYPERLINK("x"),\n"y"'
    assert {line[name] for name in ("accuracy", "loss", "of them learnt from", "optimizer", "steps")} == {""}


def test_of_a_file_nobody_knows_how_many_test_images_it_learnt_from_and_the_list_does_not_say_none():
    from_a_file = replace(Trained.of_card(pretrained.card("lesson")), learnt_from=NOT_KNOWN)
    (line,) = read(runs_csv([from_a_file]))
    assert (line["test images"], line["of them learnt from"]) == ("10000", "")
    (line,) = read(runs_csv([replace(from_a_file, seen=12)]))  # so many at least
    assert line["of them learnt from"] == "12"
