"""Filters under each other: what each looks for, its map, a bar to either side, its number. A click chooses one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.ui.drawing.palette import SIGNED
from pages.ui.drawing.sheets import component_key, component_source, tiles_data

if TYPE_CHECKING:
    from pages.ui.drawing.contact_sheet import Sheet


@dataclass(frozen=True)
class FilterRow:
    """One filter, or what many others come to together.

    value: to the right of zero, or to the left.
    label: all of it in words, for those who cannot see it.
    tile:  its place in the sheets; None of a row without pictures, which cannot be clicked.
    why:   what stands in place of a picture: "no slope".
    given: what stands in place of a map, of a unit: its number.
    """

    name: str
    value: float
    text: str
    label: str
    tile: int | None
    why: str = ""
    given: str = ""


_rows = st.components.v2.component(
    "filter_rows",
    html='<div class="root"><div class="head" aria-hidden="true"><span></span><span data-head></span>'
    '<span data-head></span><span class="sides"><span data-head></span><span data-head></span></span><span></span>'
    '</div><div class="rows" role="group"></div></div>',
    css=component_source("css", "filter_rows"),
    js=component_source("js", "filter_rows"),
)


def filter_rows(
    rows: Sequence[FilterRow],
    key: str,
    *,
    heads: tuple[str, str, str, str],
    alt: str,
    pictures: Sheet | None,
    maps: Sheet | None,
    clickable: bool = True,
    on_click: Callable[[int], None],
) -> None:
    """Put the rows on the page.

    heads:    over the pictures, the maps, the bars to the left and those to the right.
    alt:      what the rows are.
    pictures: None while they are not computed yet.
    maps:     None of units, which have none.
    on_click: called with the place of the row clicked, before the page runs again.
    """
    key = component_key(key)
    low, span = _scale([row.value for row in rows])
    data: dict[str, Any] = {
        "rows": [_told(row, low, span, has_picture=pictures is not None) for row in rows],
        "zero": -low / span,
        "heads": list(heads),
        "alt": alt,
        "pictures": None if pictures is None else tiles_data(pictures),
        "maps": None if maps is None else tiles_data(maps),
        "boxes": {"picture": True, "map": maps is not None},
        "colours": [SIGNED[5], SIGNED[1]],
        "clickable": clickable,
    }

    def changed() -> None:
        place = _place(st.session_state[key].get("clicked"), rows)
        if place is not None:
            on_click(place)

    _rows(key=key, data=[data], on_clicked_change=changed)


def _scale(values: Sequence[float]) -> tuple[float, float]:
    """What stands at the left end, and from there to the right end; zero is never in the outer quarters.

    >>> _scale([1.8, -0.4]), _scale([-3.0]), _scale([0.0])
    ((-0.6, 2.4), (-3.0, 4.0), (0.0, 1.0))
    """
    low, high = -min(0.0, *values), max(0.0, *values)
    low, high = max(low, high / 3), max(high, low / 3)
    return -low if low else 0.0, (low + high) or 1.0


def _told(row: FilterRow, low: float, span: float, *, has_picture: bool) -> dict[str, Any]:
    return {
        "name": row.name,
        "text": row.text,
        "label": row.label,
        "tile": row.tile,
        "why": row.why if has_picture else "",
        "given": row.given,
        "from": (min(0.0, row.value) - low) / span,
        "wide": abs(row.value) / span,
    }


def _place(value: Any, rows: Sequence[FilterRow]) -> int | None:
    # What comes from a browser is a wish.
    is_one = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(rows)
    return value if is_one and rows[value].tile is not None else None
