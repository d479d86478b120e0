"""Figures are plain dictionaries, so what they promise can be read off them."""

import re
from dataclasses import replace

import pytest

from cnn_core.errors import StudentError
from cnn_core.runs import Curve, History
from pages.ui.drawing.answer_charts import bars, waterfall
from pages.ui.drawing.evaluation_charts import robustness_chart, two_curves
from pages.ui.drawing.figure import enlarged, template
from pages.ui.drawing.learning_charts import curves, last_value, loss_and_accuracy
from pages.ui.drawing.palette import RUNS, TRAINING, VALIDATION_TEXT

EMPTY = History()


def learning(points=400, epochs=5.0, low=0.1, high=0.99):
    at = [epochs * (i + 1) / points for i in range(points)]
    accuracy = [low + (high - low) * (i / points) ** 0.02 for i in range(points)]
    loss = [max(0.02, 2.3 / (1 + i)) for i in range(points)]
    return Curve(list(range(points)), at, loss, accuracy)


def full():
    return History(learning(), learning(points=20))


def test_plotly_finds_nothing_wrong_with_any_figure():
    go = pytest.importorskip("plotly.graph_objects")
    figures = [
        loss_and_accuracy(EMPTY, 5),
        loss_and_accuracy(full(), 5, "dark", images=55000),
        curves([("a", full()), ("b", full())]),
        curves([], measure="loss"),
        curves([("a", full())], measure="loss"),
        bars([0.1] * 10, list("0123456789"), truth=3),
        waterfall([("map 1", 0.4), ("bias", -0.1)], ("sum, relu", 0.3)),
    ]
    for figure in figures:
        go.Figure(figure)
        on_a_wall = enlarged(figure, 1.5)
        go.Figure(on_a_wall)
        for size, small in zip(font_sizes(on_a_wall), font_sizes(figure), strict=True):
            assert size == pytest.approx(1.5 * small, abs=0.5)
        assert [trace.get("x") for trace in on_a_wall["data"]] == [trace.get("x") for trace in figure["data"]]
        assert figure["layout"]["height"] <= on_a_wall["layout"]["height"] <= 1.5 * figure["layout"]["height"]


def font_sizes(part):
    """All sizes of letters in a figure, wherever they stand."""
    if isinstance(part, list | tuple):
        return [size for one in part for size in font_sizes(one)]
    if not isinstance(part, dict):
        return []
    own = [value["size"] for key, value in part.items() if key.endswith("font") and "size" in value]
    return own + [size for value in part.values() for size in font_sizes(value)]


def test_the_axes_are_the_same_before_the_first_step_and_after_the_last():
    before, after = (loss_and_accuracy(history, 5)["layout"] for history in (EMPTY, full()))
    for axis in ("xaxis", "yaxis", "yaxis2"):
        assert before[axis]["range"] == after[axis]["range"]
    assert before["xaxis"]["range"] == [0, 5]


def test_the_accuracy_is_shown_from_zero_so_that_the_learning_is_drawn_and_its_top_on_demand():
    poor = History(learning(high=0.4), learning(points=20, high=0.4))
    for history in (EMPTY, poor, full()):
        assert loss_and_accuracy(history, 5)["layout"]["yaxis"]["range"][0] == 0
        floor = 0 if history is poor else 88  # there is nothing of it above 88 %
        assert loss_and_accuracy(history, 5, enlarged=True)["layout"]["yaxis"]["range"][0] == floor
        clothes = loss_and_accuracy(history, 5, dataset="fashion_mnist", enlarged=True)
        assert clothes["layout"]["yaxis"]["range"][0] == (0 if history is poor else 76)


def test_training_can_be_drawn_as_it_is_measured_like_validation():
    alike = Curve([10, 20], [1.0, 2.0], [0.4, 0.3], [0.9, 0.95])
    history = replace(full(), measured=alike)
    usual, measured = (loss_and_accuracy(history, 5, alike=choice)["data"][0] for choice in (False, True))
    assert usual["x"] == list(history.train.epoch)
    assert (measured["x"], measured["y"]) == ([1.0, 2.0], [90.0, 95.0])


def test_a_loss_that_explodes_stays_in_the_picture():
    wild = History(Curve([1, 2], [0.1, 0.2], [2.3, 900.0], [0.1, 0.1]), Curve())
    bottom, top = loss_and_accuracy(wild, 5)["layout"]["yaxis2"]["range"]
    assert bottom <= -2
    assert 10**top >= 900
    assert loss_and_accuracy(wild, 5)["layout"]["yaxis2"]["ticktext"] == [
        "0.01",
        "0.1",
        "1",
        "10",
        "100",
        "1000",
    ]


PHONE = 390 - 2 * 16  # pixels of a chart on a phone, between the margins of the page
AXIS = 52  # pixels that the numbers of an axis need beside it


def test_on_a_phone_the_lines_have_all_of_the_width_but_for_the_numbers_of_the_axis():
    figures = [
        loss_and_accuracy(full(), 5),
        curves([("a", full()), ("b", full())]),
        robustness_chart([0, 1], [("A", [0.9, 0.5]), ("B", [0.9, 0.4])], "pixels", 0.1, "light"),
        two_curves([0, 1], [[0.9, 0.5], [0.9, 0.5]], "pixels", 0.1, "light"),
    ]
    for figure in figures:
        margin = figure["layout"]["margin"]
        assert margin["l"] <= AXIS
        assert PHONE - margin["l"] - margin["r"] >= 0.8 * PHONE


def test_the_last_values_stand_in_one_line_above_each_panel_in_the_colours_of_their_lines():
    # Both lines end at the very same accuracy and loss: nothing to overlap there.
    history = History(Curve([9], [3.0], [0.02], [0.99]), Curve([9], [3.0], [0.115], [0.985]))
    notes = loss_and_accuracy(history, 5)["layout"]["annotations"]
    said = [re.sub("<[^>]*>", "", note["text"]) for note in notes]
    assert said[1] == "Loss, cross-entropy, log scale"
    assert [" ".join(text.split()) for text in said[2:]] == [
        "training 99.0 % validation 98.5 %",
        "training 0.0200 validation 0.115",
    ]
    assert all(color in notes[2]["text"] for color in (TRAINING["light"], VALIDATION_TEXT["light"]))
    assert last_value(history) == "98.5 %"
    assert last_value(history, "loss") == "0.115"
    assert last_value(EMPTY) == ""


def test_hue_is_the_run_and_dots_are_training():
    traces = curves([("a", full()), ("b", full())], "light")["data"]
    assert [trace["line"]["color"] for trace in traces] == [RUNS["light"][0]] * 2 + [RUNS["light"][1]] * 2
    assert [trace["line"]["dash"] for trace in traces] == ["dot", "solid"] * 2


def test_a_seventh_run_asks_to_let_one_go():
    with pytest.raises(StudentError, match="Let one go"):
        curves([("run", EMPTY)] * 7)


def test_a_runs_name_cannot_write_into_the_chart():
    figure = curves([("<b>%{x}", full())])
    assert "<b>%{" not in str(figure["data"][0]["hovertemplate"])


def test_bars_mark_the_answer_and_never_say_100():
    figure = bars([0.0, 1.0], ["0", "1"])
    texts = [a["text"] for a in figure["layout"]["annotations"]]
    assert texts == ["<b>over 99.9 %</b>"]


def test_a_waterfall_begins_each_bar_where_the_one_before_ended():
    figure = waterfall([("a", 0.5), ("b", -0.25), ("bias", 0.1)], ("sum", 0.35))
    assert figure["data"][0]["base"] == pytest.approx([0, 0.5, 0.25, 0])


def test_both_themes_have_the_same_template_but_for_colours():
    light, dark = template("light")["layout"], template("dark")["layout"]
    assert light.keys() == dark.keys()
    assert light["font"]["color"] != dark["font"]["color"]
