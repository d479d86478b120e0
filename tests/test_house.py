"""The house stays one that can be lived in: no circle, nothing longer than a sitting, every arrow downwards.

`python -m tests.house` prints the figures that stand behind a failure here.
"""

import ast
from pathlib import Path

import pytest

from tests import conftest, house
from tests.house import PRODUCTION, functions_of, imports_of, is_page, lines_of, module_of, room_of, sources

UI_ORDER = {  # a room of pages/ui -> its floor; imports lead down, or along the floor
    "forms": 5,  # may use all below
    "trained": 4,
    "drawing": 3,
    "wording": 2,
    "visitor": 1,
    "frame": 1,
}


def test_no_import_leads_round_in_a_circle():
    assert house.circles() == []


@pytest.mark.parametrize("path", sources(*PRODUCTION), ids=module_of)
def test_a_module_can_be_read_in_one_sitting(path):
    assert lines_of(path) <= (house.MOST_PAGE_LINES if is_page(path) else house.MOST_LINES)


def test_the_functions_of_the_pages_are_short():
    lengths = {one: one.lines for path in sources("pages") for one in functions_of(path)}
    assert [one for one, lines in lengths.items() if lines > house.MOST_FUNCTION_LINES] == []
    assert house.p90(list(lengths.values())) <= house.P90_FUNCTION_LINES


@pytest.mark.parametrize("path", sources("pages/ui"), ids=module_of)
def test_in_what_pages_share_every_import_leads_down(path):
    if room_of(module_of(path)):
        floor = UI_ORDER[room_of(module_of(path))]
        shared = [name for name in imports_of(path) if name.startswith("pages.ui.") and room_of(name)]
        assert [name for name in shared if UI_ORDER[room_of(name)] > floor] == []


# The counting itself


def test_nine_in_ten_are_no_longer_than_the_p90():
    assert house.p90(list(range(1, 11))) == 9
    assert house.p90([5]) == 5
    assert house.p90([1] * 89 + [7] * 11) == 7


def test_the_lines_of_a_function_are_those_after_its_docstring(tmp_path, monkeypatch):
    monkeypatch.setattr(house, "ROOT", tmp_path)
    (tmp_path / "one.py").write_text(
        'def outer():\n    """Says\n    much."""\n    a = 1\n\n    def inner():\n        # why\n        return a\n'
    )
    assert {one.name: one.lines for one in functions_of(tmp_path / "one.py")} == {"outer": 5, "inner": 1}


def test_a_circle_is_seen_whoever_it_leads_by():
    arrows = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set(), "e": {"e"}}
    assert house.circles_in(arrows) == [["b", "c"], ["e"]]
    assert house.circles_in({"a": {"b"}, "b": set()}) == []


def test_a_name_that_a_package_hands_on_is_an_import_of_where_it_is_from():
    assert house.handed_on("cnn_core.training")["train"] == "cnn_core.training.loop"


def test_every_test_that_is_called_slow_exists():
    for file, names in conftest.SLOW_TESTS.items():
        tree = ast.parse((Path(conftest.__file__).parent / file).read_text("utf-8"))
        tests = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert (names or set()) <= tests, file
