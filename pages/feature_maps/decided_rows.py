"""The rows of the view: each filter with what it looks for, its map of this image, and how much it speaks for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from pages.feature_maps import decided_words as words
from pages.feature_maps.deciding import Decision, pictures_of
from pages.feature_maps.maps import Reading, scale_of
from pages.ui.drawing.contact_sheet import Sheet, contact_sheet, image_sheet
from pages.ui.drawing.filter_rows import FilterRow, filter_rows
from pages.ui.frame import held, shell
from pages.ui.wording.numbers import number

if TYPE_CHECKING:
    from cnn_core.insight import FilterPictures

_OPENED = "decided_opened"  # the filter whose card was asked for, until the next run


def rows(reading: Reading, decision: Decision) -> None:
    """Draw the rows; those of a network whose pictures take long stand there before they have them.

    A click opens the filter's card, on the page Filters.
    """
    if (opened := st.session_state.pop(_OPENED, None)) is not None:
        shell.turn_to("filters", filter=opened)
    found, place = decision.found, st.empty()
    filters = [one for part in decision.shown for one in part]
    asked = reading.network, found.layer, len(found.values), filters
    pictures = pictures_of(*asked, now=True)
    if pictures is None:
        with place:
            _draw("decided_rows_at_first", reading, decision, None)
        pictures = pictures_of(*asked)
    with place:
        _draw("decided_rows", reading, decision, pictures)


def _draw(key: str, reading: Reading, decision: Decision, pictures: FilterPictures | None) -> None:
    found, names = decision.found, reading.classes
    top, bottom = decision.shown
    filters = [*top, *bottom]
    answer, rival = names[found.answer], names[found.rival]
    opens = "filters" not in held.closed()
    drawn = [_row(reading, decision, i, filter, pictures, opens) for i, filter in enumerate(filters)]
    if bottom:
        drawn.insert(len(top), _others(decision, filters))
    layer, numbers = found.layer, [row.name for row in drawn]
    filter_rows(
        drawn,
        key,
        heads=words.heads(found.layer, answer, rival),
        alt=words.rows_alt(found.layer, answer, rival),
        pictures=None if pictures is None else _sheet_of(pictures, filters),
        maps=_maps_of(decision, filters),
        clickable=opens,
        on_click=lambda row: _open(f"{layer}.{numbers[row]}"),
    )


def _open(filter: str) -> None:
    # Not by what the rows return: those that have no pictures yet are gone in the next run, and the click with them.
    st.session_state[_OPENED] = filter


def _row(
    reading: Reading, decision: Decision, tile: int, filter: int, pictures: FilterPictures | None, opens: bool
) -> FilterRow:
    found = decision.found
    part, largest = float(found.values[filter]), float(found.values.abs().max())
    text = words.value(part, largest)
    side = reading.classes[found.answer if part >= 0 else found.rival]
    why = None if pictures is None else pictures.why[pictures.filters.index(filter)]
    return FilterRow(
        str(filter),
        part,
        text,
        words.row_label(found.layer, filter, text, side, opens),
        tile,
        why or "",
        number(float(found.maps[filter])) if found.maps.ndim == 1 else "",
    )


def _others(decision: Decision, shown: list[int]) -> FilterRow:
    """What all that have no row come to together."""
    values = decision.found.values
    rest = float(values.sum() - values[shown].sum())
    text, name = words.value(rest, float(values.abs().max())), words.others(len(values) - len(shown))
    return FilterRow(name, rest, text, f"{name}: {text}", None)


def _sheet_of(pictures: FilterPictures, filters: list[int]) -> Sheet:
    return image_sheet(pictures.images[[pictures.filters.index(filter) for filter in filters]].numpy(), "own")


def _maps_of(decision: Decision, filters: list[int]) -> Sheet | None:
    maps = decision.found.maps
    if maps.ndim == 1:
        return None
    chosen = maps[filters].numpy()
    return contact_sheet(chosen, scale_of(chosen))
