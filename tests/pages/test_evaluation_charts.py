"""The figures that say how well a network does: what they promise can be read off them."""

import numpy as np
import pytest

from pages.ui.drawing.evaluation_charts import (
    calibration_chart,
    confusion_chart,
    robustness_chart,
    scatter_of_images,
    two_curves,
)
from pages.ui.drawing.legend import colours
from pages.ui.drawing.palette import INK, WRONG

MATRIX = np.array([[90, 10, 0], [1, 80, 0], [0, 0, 70]])
DIGITS = ("0", "1", "2")
PLACES = np.array([[0.0, 0.1], [0.5, -0.5], [1.0, 1.0], [-1.0, 0.0]])


def scatter(answers=(0, 1, 2, 2), mode="light", classes=DIGITS):
    return scatter_of_images(PLACES, [0, 1, 2, 0], answers, classes, mode)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_plotly_finds_nothing_wrong_with_any_figure(mode):
    go = pytest.importorskip("plotly.graph_objects")
    for figure in (
        confusion_chart(MATRIX, DIGITS, mode),
        calibration_chart([(0.5, 0.4, 10), (0.9, 0.9, 1000)], mode),
        robustness_chart([0, 1, 2], [("A", [0.9, 0.8, 0.5]), ("B", [0.9, 0.7, 0.5])], "pixels", 0.1, mode),
        robustness_chart([0, 1], [("A", [0.9, 0.8])], "pixels", 0.1, mode, drawn=(80, 10)),
        two_curves([0, 10, 90], [[0.9, 0.9, 0.8], [0.9, 0.6, 0.1]], "degrees", 0.1, mode),
        scatter(mode=mode),
    ):
        go.Figure(figure)


def test_only_mistakes_are_coloured_and_only_cells_with_images_have_a_number():
    figure = confusion_chart(MATRIX, DIGITS, "light")
    heat, buttons = figure["data"]
    assert heat["z"] == [[0, 10, 0], [1, 0, 0], [0, 0, 0]]
    numbers = {(note["y"], note["x"]): note for note in figure["layout"]["annotations"]}
    assert {cell: note["text"] for cell, note in numbers.items()} == {
        (0, 0): "90", (0, 1): "10", (1, 0): "1", (1, 1): "80", (2, 2): "70",
    }  # fmt: skip
    muted = INK["light"][1]
    colors = [numbers[cell]["font"]["color"] for cell in ((0, 0), (0, 1), (1, 0))]
    assert colors == [muted, "#FFFFFF", "#000000"]  # the diagonal, a dark cell, a pale one
    assert len(buttons["x"]) == 9  # every cell can be clicked


def test_a_network_that_is_never_wrong_is_a_pale_picture():
    figure = confusion_chart(np.eye(3, dtype=int) * 5, DIGITS, "light")
    assert figure["data"][0]["zmax"] == 1.0


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_lines_have_the_colours_that_stand_before_their_names(mode):
    lines = [(name, [0.9, 0.5]) for name in "ABC"]
    charts = [robustness_chart([0, 1], lines, "pixels", 0.1, mode)]
    charts.append(two_curves([0, 1], [[0.9, 0.5], [0.9, 0.5]], "pixels", 0.1, mode))
    for chart in charts:
        names = [line["name"] for line in chart["data"]]
        assert [line["line"]["color"] for line in chart["data"]] == list(colours(names, mode).values())
        [guessing] = chart["layout"]["annotations"]
        assert (guessing["text"], guessing["y"]) == ("guessing", pytest.approx(10))


def test_what_a_student_drew_is_one_dotted_line_among_the_measured_ones():
    lines = [("A", [0.9, 0.5]), ("B", [0.8, 0.4])]
    plain = robustness_chart([0, 1], lines, "pixels", 0.1, "light")
    chart = robustness_chart([0, 1], lines, "pixels", 0.1, "light", drawn=(80.0, 10.0))
    *measured, drawn = chart["data"]
    assert measured == plain["data"]
    assert (drawn["x"], drawn["y"], drawn["line"]["dash"]) == ([0, 1], [80.0, 10.0], "dot")


def test_ticks_below_a_narrow_chart_leave_room_for_each_other():
    strengths = [0, 10, 20, 30, 45, 60, 75, 90]
    axis = two_curves(strengths, [[0.9] * 8, [0.8] * 8], "degrees", 0.1, "light")["layout"]["xaxis"]
    assert axis["tickvals"] == [0, 20, 45, 60, 75, 90]


def test_what_is_read_wrongly_is_red_and_says_as_what():
    groups = scatter()["data"]
    [wrong] = [group for group in groups if group["textfont"]["color"] == WRONG["light"]]
    assert wrong["customdata"] == [3]
    assert wrong["hovertemplate"] == ["no. 3: 0, read as 2<extra></extra>"]
    assert sum(len(group["x"]) for group in groups) == 4


def test_long_names_are_drawn_as_their_beginnings_or_as_numbers_where_two_begin_alike():
    groups = scatter(answers=(0, 1, 2, 0), classes=("T-shirt/top", "Trouser", "Ankle boot"))["data"]
    assert [group["text"][0] for group in groups] == ["T-s", "Tro", "Ank"]
    groups = scatter(answers=(0, 1, 2, 0), classes=("Trousers", "Trouser", "Ankle boot"))["data"]
    assert [group["text"][0] for group in groups] == ["0", "1", "2"]


@pytest.mark.parametrize("classes", [2, 10, 26])
def test_a_cell_of_the_matrix_can_be_clicked_and_no_marker_reaches_into_the_next(classes):
    names = [chr(65 + i) for i in range(classes)]
    chart = confusion_chart(np.full((classes, classes), 100), names, "light")
    marker = chart["data"][1]["marker"]["size"]
    assert len(chart["data"][1]["x"]) == classes**2
    assert marker * classes <= 400  # pixels of the figure without its margins
    assert marker >= 8
    # "100" is about 1.7 times as wide as its figures are high
    sizes = {note["font"]["size"] for note in chart["layout"]["annotations"]}
    assert max(sizes) * 1.7 < 500 / classes
