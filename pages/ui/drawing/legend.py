"""Which line is which: a name with its colour."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pages.ui.drawing.palette import RUNS
from pages.ui.wording.blocks import plain


def colours(curves: Iterable[str], mode: str) -> dict[str, str]:
    """{curve: its colour}, in the order of choosing. curves: what tells them apart."""
    return dict(zip(curves, RUNS[mode], strict=False))


DASHES = {"solid": "", "dot": "dotted", "dash": "dashed"}  # Plotly's word -> ours


def styles(lines: Sequence[str], mode: str) -> dict[str, tuple[str, str]]:
    """{line: (its colour, its dash in Plotly's word)}: the six colours, then the same dotted, then dashed.

    >>> [dash for _, dash in styles("abcdefg", "light").values()]
    ['solid', 'solid', 'solid', 'solid', 'solid', 'solid', 'dot']
    """
    colors, dashes = RUNS[mode], list(DASHES)
    return {
        line: (colors[i % len(colors)], dashes[i // len(colors) % len(dashes)])
        for i, line in enumerate(lines)
    }


def named_styles(lines: Sequence[str], mode: str) -> str:
    """Which line is which, of any number of them, in one line of Markdown that may fold."""
    return " &emsp; ".join(
        in_colour(color, line, DASHES[dash]) for line, (color, dash) in styles(lines, mode).items()
    )


def in_colour(color: str | None, name: str, value: str = "") -> str:
    """A run's name in Markdown behind a dash of its colour, and the last value of its line.

    >>> in_colour("#3B43C6", "a_b", "0.115")
    ':color[**━━**]{foreground="#3B43C6"} **a\\\\_b** 0.115'
    """
    dash = f':color[**━━**]{{foreground="{color}"}} ' if color else ""
    unbroken = value.replace(" ", "\u00a0")  # on a phone the line folds, and no number may
    return f"{dash}**{plain(name)}** {unbroken}".rstrip()


def names_in_colour(titles: Mapping[str, str], mode: str, values: Mapping[str, str] | None = None) -> str:
    """Which line is which, in one line of Markdown that may fold on a phone.

    titles: {curve: its title}.
    values: {curve: where it ends}.
    """
    colour = colours(titles, mode)
    return " &emsp; ".join(
        in_colour(colour[curve], title, (values or {}).get(curve, ""))
        for curve, title in titles.items()
        if curve in colour
    )
