"""A function of our core as it stands in its file, for whoever wants to read what a page has just done.

The code is course material: what is shown is what ran, read by `inspect.getsource`. A long docstring is cut to its
first sentences, because beside a page the lines that work are what one looks for.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from types import FunctionType

_ROOT = Path(__file__).parents[2]
LONGEST_DOCSTRING = 3  # lines


@dataclass(frozen=True)
class CoreSource:
    """A function as its file has it.

    name: "sweep", "Learner.step".
    path: of its file in the project, "cnn_core/lesson/convolution.py".
    line: where it begins there, from 1.
    text: its lines, without the indentation of a class around it.
    """

    name: str
    path: str
    line: int
    text: str

    def address(self, base: str) -> str:
        """Where the file can be read on the web; "" where no such place is known.

        base: what comes before the path there, "https://example.org/convscope/blob/main/".

        >>> CoreSource("pool", "cnn_core/lesson/convolution.py", 310, "").address("https://example.org/main/")
        'https://example.org/main/cnn_core/lesson/convolution.py#L310'
        """
        return f"{base.rstrip('/')}/{self.path}#L{self.line}" if base else ""


@cache
def source_of(name: str) -> CoreSource:
    """The function of that name.

    name: module and function, "cnn_core.training.learner:Learner.step"; of a property it is what computes it.
    Raises ImportError or AttributeError where there is none.
    """
    function = function_of(name)
    lines, line = inspect.getsourcelines(function)
    path = Path(inspect.getsourcefile(function) or "").relative_to(_ROOT)
    text = without_long_docstring(textwrap.dedent("".join(lines)))
    return CoreSource(name.partition(":")[2], path.as_posix(), line, text)


def function_of(name: str) -> FunctionType:
    """The Python function itself, free of decorators. Raises as `source_of` does."""
    module, _, parts = name.partition(":")
    found: object = import_module(module)
    for part in parts.split("."):
        found = inspect.getattr_static(found, part)
        found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    function = inspect.unwrap(found)  # type: ignore[arg-type]
    assert isinstance(function, FunctionType)
    return function


def without_long_docstring(text: str) -> str:
    """A function's source, its docstring cut to the first paragraph where it is longer than three lines.

    >>> print(without_long_docstring("def one():\\n    'One.\\\\n\\\\n    And\\\\n    more.'\\n    return 1"))
    def one():
        'One.\\n\\n    And\\n    more.'
        return 1
    """
    body = ast.parse(text).body[0].body  # type: ignore[attr-defined]
    first = body[0]
    said = (
        first.value.value if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) else None
    )
    if not isinstance(said, str) or (first.end_lineno or 0) - first.lineno < LONGEST_DOCSTRING:
        return text
    lines = text.splitlines()
    indent = " " * first.col_offset
    paragraph = inspect.cleandoc(said).split("\n\n")[0].splitlines()
    kept = "\n".join(indent + line if number else line for number, line in enumerate(paragraph))
    lines[first.lineno - 1 : first.end_lineno] = [f'{indent}"""{kept}"""']
    return "\n".join(lines)
