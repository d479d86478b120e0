"""Examples in docstrings are promises: each is run, wherever its module stands."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLE = ">>> "
SOURCES = {
    path: path.read_text("utf-8")
    for room in ("cnn_core", "pages")
    for path in sorted((ROOT / room).rglob("*.py"))
}
WITH_EXAMPLES = [path for path, source in SOURCES.items() if EXAMPLE in source]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_page(path: Path) -> bool:
    """Whether it is a page's script (pages/2_train.py), which Streamlit runs and nobody can import."""
    return path.name[0].isdigit()


def test_both_the_core_and_the_screen_give_examples():
    assert {path.relative_to(ROOT).parts[0] for path in WITH_EXAMPLES} == {"cnn_core", "pages"}


@pytest.mark.parametrize("path", [path for path in WITH_EXAMPLES if not is_page(path)], ids=module_of)
def test_the_examples_of_a_module_are_true(path):
    ran = doctest.testmod(importlib.import_module(module_of(path)))
    assert ran.failed == 0
    assert ran.attempted == SOURCES[path].count(EXAMPLE), "an example stands where nobody runs it"


def test_no_page_gives_an_example_for_it_would_never_be_run():
    assert [path.name for path in WITH_EXAMPLES if is_page(path)] == []
