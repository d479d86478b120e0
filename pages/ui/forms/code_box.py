"""Code beside a page: a folded box with a tab for each way to write it; and the notebook's lines of a step.

One box for all code of a picture: what makes this very picture, and what the lesson's notebook has for the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from cnn_core.lesson.core_source import CoreSource, source_of
from cnn_core.lesson.notebook_lines import lines_of
from cnn_core.settings import settings
from pages.ui.wording import notebook
from pages.ui.wording.blocks import caption


@dataclass(frozen=True)
class Piece:
    """Some code.

    about: what is said above it, as Markdown; may be empty.
    """

    text: str
    about: str = ""
    language: str = "python"


@dataclass(frozen=True)
class Program:
    """One way to write it.

    how:    what its tab is called.
    pieces: one below the other.
    """

    how: str
    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, how: str, text: str, about: str = "", language: str = "python") -> Program:
        """A way that is one piece."""
        return cls(how, (Piece(text, about, language),))


def folded(title: str, key: str, write: Callable[[], Sequence[Program]]) -> None:
    """Draw the way to the code, closed; it is written when somebody opens it.

    key:   tells it from another on the page.
    """
    with st.popover(
        title, icon=":material/code:", type="tertiary", key=f"code_{key}", on_change="rerun"
    ) as way:
        if way.open:
            tabs(write())


def tabs(programs: Sequence[Program]) -> None:
    """Draw each program in a tab of its own."""
    for tab, program in zip(st.tabs([one.how for one in programs]), programs, strict=True):
        with tab:
            for piece in program.pieces:
                if piece.about:
                    caption(piece.about)
                st.code(piece.text, language=piece.language, wrap_lines=True)


def beside_the_notebook(step: str) -> None:
    """Draw the way to the notebook's lines of a step, closed.

    step: its id in the lesson, "kernel".
    """
    folded(notebook.TITLE, f"notebook_{step}", lambda: of_the_notebook(step))


def of_the_notebook(step: str) -> list[Program]:
    """The same in R, in Python, and the functions of ours that do it.  step: its id in the lesson."""
    lines = lines_of(step)
    return [
        Program.of(notebook.IN_R, lines.r, notebook.about_r(lines), "r"),
        Program.of(notebook.IN_PYTHON, lines.python, notebook.about_python(lines)),
        ours(lines.ours),
    ]


def ours(names: Sequence[str]) -> Program:
    """Functions of our core as they stand in their files.  names: as `source_of` takes them."""
    base = settings().source_url
    pieces = tuple(_piece(source_of(name), base) for name in names)
    return Program(notebook.OURS, pieces)


def _piece(source: CoreSource, base: str) -> Piece:
    return Piece(source.text.rstrip(), notebook.where(source, base))
