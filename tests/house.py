"""Counts the house: how long its modules and functions are, and whether an import leads round in a circle.

`python -m tests.house` prints the table; test_house.py holds it to its limits. Nothing is imported, only read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
MOST_LINES = 480  # of a production module: one sitting
MOST_PAGE_LINES = 250  # of a page's script
MOST_FUNCTION_LINES = 60  # of a function of the pages
P90_FUNCTION_LINES = 20  # nine in ten functions of the pages are no longer


@dataclass(frozen=True)
class Function:
    """A function or method, and how many lines its body has: from its first statement after the docstring to its end.

    Comments and blank lines in between count, as they do for a reader; a function inside another counts in both.
    """

    module: str
    name: str
    line: int
    lines: int


def sources(*rooms: str) -> list[Path]:
    """All Python files of the rooms ("cnn_core", "pages", "dashboard.py")."""
    found = [[ROOT / room] if room.endswith(".py") else sorted((ROOT / room).rglob("*.py")) for room in rooms]
    return [path for paths in found for path in paths]


PRODUCTION = ("cnn_core", "pages", "dashboard.py")


def module_of(path: Path) -> str:
    """ "pages.ui.forms.sidebar" of its file, "cnn_core.model" of that package's __init__.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_page(path: Path) -> bool:
    """Whether it is a page's script, which Streamlit runs: pages/2_train.py."""
    return path.parent == ROOT / "pages" and path.name[0].isdigit()


def room_of(module: str) -> str:
    """ "forms" of "pages.ui.forms.sidebar", "train" of "pages.train.words", "" where a module stands in no room."""
    parts = module.split(".")
    parts = parts[2:-1] if parts[:2] == ["pages", "ui"] else parts[1:-1]
    return parts[0] if parts else ""


# Lengths


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def functions_of(path: Path) -> Iterator[Function]:
    """All functions and methods of a file, those inside others too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            yield Function(module_of(path), node.name, node.lineno, lines)


def p90(lengths: list[int]) -> int:
    """Nine in ten are no longer than this."""
    return sorted(lengths)[-(-9 * len(lengths) // 10) - 1]


# Imports


@cache
def modules() -> frozenset[str]:
    """Full names of all production modules."""
    return frozenset(module_of(path) for path in sources(*PRODUCTION))


def imports_of(path: Path) -> set[str]:
    """The production modules a file names in an import: at its top, inside functions, and for types alone.

    A name that a package only hands on (by its __init__.pyi) counts as an import of the module that it is from.
    """
    package = module_of(path) if path.name == "__init__.py" else module_of(path).rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            found |= {_home_of(base, alias.name) for alias in node.names}
    return (found & modules()) - {module_of(path)}


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """The module named after `from`, spelt out."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join([*parts[: len(parts) - node.level + 1], *([node.module] if node.module else [])])


def _home_of(base: str, name: str) -> str:
    """The module that `from base import name` reads."""
    if f"{base}.{name}" in modules():
        return f"{base}.{name}"
    return handed_on(base).get(name, base)


@cache
def handed_on(package: str) -> dict[str, str]:
    """{name: the module it is from} of a package's __init__.pyi, if it has one."""
    stub = ROOT.joinpath(*package.split("."), "__init__.pyi")
    if not stub.is_file():
        return {}
    return {
        alias.asname or alias.name: _home_of(_absolute(node, package), alias.name)
        for node in ast.parse(stub.read_text("utf-8")).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def circles() -> list[list[str]]:
    """The import circles among the production modules."""
    return circles_in({module_of(path): imports_of(path) for path in sources(*PRODUCTION)})


def circles_in(arrows: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules each of which leads to every other of its group; [] where there are none.

    arrows: {module: the modules it imports}.
    """
    reached = {start: _reached(start, arrows) for start in arrows}
    groups = {
        frozenset(other for other in reached[one] if one in reached[other])
        for one in arrows
        if one in reached[one]
    }
    return sorted(sorted(group) for group in groups)


def _reached(start: str, arrows: dict[str, set[str]]) -> set[str]:
    """All modules that `start` leads to; itself only where it stands in a circle."""
    seen: set[str] = set()
    ahead = list(arrows[start])
    while ahead:
        one = ahead.pop()
        if one not in seen:
            seen.add(one)
            ahead += arrows[one]
    return seen


# The table


def table() -> str:
    """What there is, beside what it may be at most."""
    pages = [function for path in sources("pages") for function in functions_of(path)]
    lengths = [function.lines for function in pages]
    scripts = {path.name: lines_of(path) for path in sources("pages") if is_page(path)}
    longest = sorted(sources(*PRODUCTION), key=lines_of, reverse=True)[:5]
    rows = [
        ("import circles", len(circles()), 0, ", ".join(" ↔ ".join(circle) for circle in circles())),
        (
            "longest module",
            lines_of(longest[0]),
            MOST_LINES,
            ", ".join(f"{module_of(path)} {lines_of(path)}" for path in longest),
        ),
        (
            "longest page script",
            max(scripts.values()),
            MOST_PAGE_LINES,
            ", ".join(f"{name} {lines}" for name, lines in scripts.items()),
        ),
        ("functions of pages, median", median(lengths), "", f"{len(lengths)} functions"),
        ("functions of pages, p90", p90(lengths), P90_FUNCTION_LINES, ""),
        (
            "functions of pages, longest",
            max(lengths),
            MOST_FUNCTION_LINES,
            ", ".join(
                f"{one.module}.{one.name} {one.lines}"
                for one in sorted(pages, key=lambda one: -one.lines)[:5]
            ),
        ),
    ]
    head = "| | is | at most | |\n|---|---|---|---|\n"
    return head + "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


if __name__ == "__main__":
    print(table())
