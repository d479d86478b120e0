"""The counting of tests/house.py is right, and so is the list of slow tests."""

import ast
from pathlib import Path

from tests import conftest, house
from tests.house import functions_of


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
