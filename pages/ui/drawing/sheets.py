"""Pictures of numbers on the page: a contact sheet of many tiles, one enlarged picture, a small grid with its values.

They are crisp: one image pixel is a whole number of the screen's pixels, so nothing blurs. `st.image` could be neither
clicked nor re-flowed, and 64 of them would be 64 files. How numbers become colours is contact_sheet.py; what runs in
the browser lies in components/.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

from cnn_core.kept import Kept
from pages.ui.drawing.contact_sheet import Limits, Sheet, as_picture, colour, ink_on, png
from pages.ui.drawing.palette import INK, MARK, MARK_EDGE
from pages.ui.frame.components import component_file
from pages.ui.wording.numbers import number
from pages.ui.wording.picture_words import in_rows

# First row, first column, row after, column after; in pixels of the tile.
Rectangle = tuple[int, int, int, int]

# ---------------------------------------------------------------- what components are given


def component_source(kind: str, name: str) -> str:
    """The source of a component of ours: "js" or "css".

    What a component is told goes to it in a list of one. In a dictionary Streamlit would look for data frames, and
    import pandas and PyArrow to know one: 70 MB of each server, and half a second of its first page.
    """
    parts = [component_file(f"{part}.{kind}") for part in ("common", name)]
    return "\n".join([_COLOURS, *parts] if kind == "css" else parts)


# The colours that Streamlit's own theme has no name for.
_COLOURS = f":host {{ --mark: {MARK}; --mark-edge: {MARK_EDGE}; --on-black: {INK['dark'][1]} }}"


def data_uri(content: bytes) -> str:
    """A PNG as an address that a browser can show."""
    return "data:image/png;base64," + base64.b64encode(content).decode()


def component_key(key: str) -> str:
    """A key that Streamlit takes for a component: it refuses two underscores in a row, which a run's id may have.

    >>> component_key("twelve__a__b-c_"), component_key("maps_conv2d_1")
    ('twelve-a-b-c-', 'maps_conv2d_1')
    """
    return re.sub("_{2,}|_$", "-", key)


def tiles_data(tiles: Sheet) -> dict[str, Any]:
    """A sheet in the words that the components in the browser know: its picture, and how to cut it."""
    return {
        "src": data_uri(tiles.png),
        "tw": tiles.tile_width,
        "th": tiles.tile_height,
        "across": tiles.columns,
        "count": tiles.count,
    }


# ---------------------------------------------------------------- a sheet on the page


_sheet = st.components.v2.component(
    "contact_sheet",
    html='<div class="root"><div class="tiles" role="group"></div>\n'
    '<div class="tip" role="status"></div></div>',
    css=component_source("css", "sheet"),
    js=component_source("js", "sheet"),
)


def sheet(
    tiles: Sheet,
    key: str,
    *,
    alt: str,
    tile_px: int = 52,
    labels: Sequence[str] | None = None,
    selected: int | None = None,
    states: Sequence[str | None] | None = None,
    badges: Sequence[str] | None = None,
    captions: Sequence[tuple[str, str]] | None = None,
    wrong: Collection[int] = (),
    struck: Collection[int] | None = None,
    columns: str | int = "auto",
    keeps_gap: bool = False,
    marks: Sequence[Sequence[Rectangle]] | None = None,
    clickable: bool = True,
    on_click: Callable[[int], None] | None = None,
    opens: str | None = None,
) -> int | None:
    """Put a sheet on the page, each tile a button. Returns the index clicked in this very run, else None.

    alt:      what the sheet is, for those who cannot see it.
    tile_px:  wished side of a tile in CSS pixels; the nearest is taken at which an image pixel is whole.
    labels:   one per tile, read out and shown on hover ("map 41, 0 to 2.17"); where there are none its caption is read.
    selected: the tile with the teal mark.
    states:   per tile None, "zero" (a 0 on black), "never fires" or "no slope" (a dashed empty tile).
    badges:   per tile a word of a few letters in its corner, or "".
    captions: (bold, muted) below each tile; a line break in the muted part is kept.
    wrong:    indices with the red frame, whose captions turn red too.
    struck:   indices that are faded under one line. Where it is given, each tile is a switch by itself.
    columns:  "auto" fits 16, 8, 6, 5, 4 ... in a row; a number is kept wherever the width allows.
    keeps_gap: let a row with fewer tiles than columns have the gaps of a full one, as of sheets under each other.
    marks:    per tile the rectangles to draw in teal, in pixels of the tile.
    on_click: called with the index before the page runs again, so that the page already knows its selection.
    opens:    key of the container (`frame.screens.opened_here`) that shows what was clicked, and comes into sight.
    """
    key, count = (
        component_key(key),
        tiles.count,
    )  # a callback stays with its visitor, and so does what it names
    data = tiles_data(tiles) | {
        "tile": tile_px,
        "columns": [16, 8, 6, 5, 4, 3, 2, 1] if columns == "auto" else list(range(int(columns), 0, -1)),
        "keeps": keeps_gap,
        "alt": alt,
        "labels": _labels(count, captions) if labels is None else list(labels),
        "selected": selected,
        "states": None if states is None else list(states),
        "badges": list(badges) if badges is not None and any(badges) else None,
        "captions": None if captions is None else [list(pair) for pair in captions],
        "struck": None if struck is None else [i in struck for i in range(count)],
        "wrong": [i in wrong for i in range(count)] if wrong else None,
        "marks": None if marks is None else [[list(rect) for rect in rects] for rects in marks],
        "clickable": clickable,
        "opens": opens,
    }

    def changed() -> None:
        index = _index(st.session_state[key].get("clicked"), count)
        if on_click is not None and index is not None:
            on_click(index)

    return _index(_sheet(key=key, data=[data], on_clicked_change=changed).clicked, count)


def _labels(tiles: int, captions: Sequence[tuple[str, str]] | None) -> list[str]:
    if captions is None:
        return [f"{i + 1} of {tiles}" for i in range(tiles)]
    return [", ".join(" ".join(part.split()) for part in pair if part) for pair in captions]


def _index(value: Any, count: int) -> int | None:
    # What comes from a browser is a wish.
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count else None


# ---------------------------------------------------------------- one enlarged picture

SMALL = 64 * 64  # pixels; those of larger pictures are too small to point at


@dataclass(frozen=True)
class _Pixels:
    """A picture for the browser. size: (height, width).  values: one text a pixel, row by row, where it has numbers."""

    png: bytes
    size: tuple[int, int]
    values: list[str] | None


_known: Kept[Any] = Kept(16_000_000)  # pictures and grids, by what is on them: thirty who look at the same


def _pixels(image: np.ndarray | bytes, scale: str, limits: Limits) -> _Pixels:
    if isinstance(image, bytes):
        with Image.open(io.BytesIO(image)) as opened:
            return _Pixels(image, (opened.height, opened.width), None)
    image = np.asarray(image)
    key = ("picture", image.tobytes(), image.shape, image.dtype.str, scale, limits)
    return _known.of(key, lambda: _coloured(image, scale, limits))


def _coloured(image: np.ndarray, scale: str, limits: Limits) -> _Pixels:
    height, width = image.shape[:2]
    if image.ndim == 3:
        return _Pixels(png(image), (height, width), None)
    values = [number(float(value)) for value in image.ravel()] if image.size <= SMALL else None
    return _Pixels(png(colour(image, scale, limits)), (height, width), values)


_picture = st.components.v2.component(
    "enlarged_picture",
    html='<div class="root"><div class="frame"><canvas width="1" height="1"></canvas>\n'
    '<span class="rects"></span><span class="cell"></span></div><div class="tip" role="status"></div></div>',
    css=component_source("css", "picture"),
    js=component_source("js", "picture"),
)


def picture(
    image: np.ndarray | bytes,
    key: str,
    *,
    alt: str,
    px: int = 120,
    scale: str = "grey",
    limits: Limits = "own",
    rects: Sequence[Rectangle] = (),
    clickable: bool = False,
    grid: tuple[int, int] | None = None,
    read_out: bool = True,
    smooth: bool = False,
    values: Sequence[str] | None = None,
    on_click: Callable[[int, int], None] | None = None,
) -> tuple[int, int] | None:
    """Put one enlarged picture on the page. Returns the (row, column) clicked in this very run, else None.

    image: (H, W) float, coloured by `scale` and `limits`; (H, W, 3) uint8; or a PNG's bytes.
    px:    wished width in CSS pixels; a pixelated picture takes the nearest whole multiple of its own.
    rects: the teal marks, in pixels of the image.
    clickable, grid: a click gives the cell of a grid of (rows, columns); without `grid`, the pixel itself.
    read_out: say position and value under the pointer; of other pictures than (H, W) arrays only `values` says them.
    smooth: for photos.
    values: what is read out at each pixel, row by row.
    on_click: called with (row, column) before the page runs again.
    """
    key, pixels = component_key(key), _pixels(image, scale, limits)
    values = (list(values) if values is not None else pixels.values) if read_out else None
    cells = grid or (pixels.size if clickable or values else None)
    data = {
        "src": data_uri(pixels.png),
        "w": pixels.size[1],
        "h": pixels.size[0],
        "px": px,
        "alt": alt,
        "rects": [list(rect) for rect in rects],
        "grid": list(cells) if cells else None,
        "values": values if cells == pixels.size else None,
        "clickable": clickable,
        "smooth": smooth,
    }

    def changed() -> None:
        cell = _cell(st.session_state[key].get("clicked"), cells)
        if on_click is not None and cell is not None:
            on_click(*cell)

    return _cell(_picture(key=key, data=[data], on_clicked_change=changed).clicked, cells)


def image_picture(
    image: np.ndarray, key: str, *, alt: str, limits: Limits = (0.0, 1.0), **look: Any
) -> tuple[int, int] | None:
    """Put an image on the page as it looks, grey or in colour. Returns what `picture` returns.

    image:  (C, H, W) float; its numbers are read out under the pointer, of each channel.
    limits: what is black and what is white: (0, 1), or "own" to stretch it to its own range.
    look:   what else `picture` takes.
    """
    image = np.asarray(image)
    if len(image) == 1:
        return picture(image[0], key, alt=alt, limits=limits, **look)
    values = None
    if image[0].size <= SMALL:
        rows = np.moveaxis(image, 0, -1).reshape(-1, len(image)).tolist()
        values = [" · ".join(number(value) for value in row) for row in rows]
    return picture(as_picture(image, limits), key, alt=alt, values=values, **look)


def _cell(value: Any, grid: tuple[int, int] | None) -> tuple[int, int] | None:
    if grid is None or not isinstance(value, list) or len(value) != 2:
        return None
    row, column = _index(value[0], grid[0]), _index(value[1], grid[1])
    return None if row is None or column is None else (row, column)


# ---------------------------------------------------------------- a grid with its numbers


def number_grid(
    values: np.ndarray,
    *,
    alt: str,
    scale: str = "signed",
    limits: Limits = "own",
    digits: int = 2,
    cell_px: int = 29,
    mark: tuple[int, int] | None = None,
) -> None:
    """Put a small grid on the page, each cell coloured by its scale and with its number in it.

    values: (H, W) float.  mark: (row, column) of the cell with the teal frame.
    """
    values = np.asarray(values, dtype=np.float32)
    look = (values.tobytes(), values.shape, scale, limits, digits, cell_px, mark)
    cells = _known.of(look, lambda: _cells(values, scale, limits, digits, cell_px, mark))
    columns = values.shape[1]
    # On a wall a cell is larger, but never so large that its grid lies over the one beside it.
    room = f"(100cqi - {columns - 1}px) / {columns}"
    style = (
        f"--side:min({cell_px}px * var(--cells, 1), {room});display:grid;gap:1px;"
        f"grid-template-columns:repeat({columns},var(--side));line-height:var(--side);"
        f"font-size:min(12px * var(--cells, 1), {room} * {12 / cell_px:.3f});"
        "text-align:center;font-variant-numeric:tabular-nums"
    )
    said = _attribute(f"{alt}, row by row: {in_rows(values, digits)}")
    grid = f'<div role="img" aria-label="{said}" style="{style}">{cells}</div>'
    st.html(f'<div style="container-type:inline-size">{grid}</div>')


def _cells(
    values: np.ndarray, scale: str, limits: Limits, digits: int, cell_px: int, mark: tuple[int, int] | None
) -> str:
    colors = colour(values, scale, limits)
    return "".join(
        _number_cell(_fitting(float(values[place]), digits, cell_px), colors[place], place == mark)
        for place in np.ndindex(values.shape)
    )


def _fitting(value: float, digits: int, cell_px: int) -> str:
    """The number with so many decimals as its cell has room for; a letter is 6 pixels wide, a point 3.

    >>> _fitting(0.163, 2, 28), _fitting(-10.01, 2, 28), _fitting(207.4, 2, 28), _fitting(207.4, 2, 44)
    ('0.16', '−10.0', '207.4', '207.40')
    """
    return next(
        (
            text
            for some in range(digits, 0, -1)
            if 6 * len(text := number(value, some)) - 3 * ("." in text) <= cell_px
        ),
        number(value, 0),
    )


def _number_cell(words: str, shade: np.ndarray, is_marked: bool) -> str:
    ring = f";outline:2px solid {MARK};outline-offset:-2px" if is_marked else ""
    style = f"background:rgb({shade[0]},{shade[1]},{shade[2]});color:{ink_on(shade)}{ring}"
    return f'<div style="{style}">{words}</div>'


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
