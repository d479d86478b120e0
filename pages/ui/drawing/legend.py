"""Which line is which: a name with its colour."""

from __future__ import annotations

from collections.abc import Sequence

from pages.ui.drawing.palette import RUNS
from pages.ui.trained.trained import Contender
from pages.ui.wording.blocks import plain


def colours(runs: Sequence[Contender], mode: str) -> dict[str, str]:
    """{key: the colour of its curve}, for those of the runs that have one; in the order of choosing."""
    drawn = [run.key for run in runs if run.has_curve]
    return dict(zip(drawn, RUNS[mode], strict=False))


def in_colour(color: str | None, name: str) -> str:
    """A run's name in Markdown behind a dash of its colour.

    >>> in_colour("#3B43C6", "a_b")
    ':color[**━━**]{foreground="#3B43C6"} **a\\\\_b**'
    """
    dash = f':color[**━━**]{{foreground="{color}"}} ' if color else ""
    return f"{dash}**{plain(name)}**"


def names_in_colour(runs: Sequence[Contender], mode: str) -> str:
    """Which line is which, in one line of Markdown that may fold on a phone."""
    colour = colours(runs, mode)
    return " &emsp; ".join(in_colour(colour[run.key], run.name) for run in runs if run.key in colour)
