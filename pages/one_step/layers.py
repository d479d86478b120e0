"""Each layer's maps of the marked image, and beside them what came back: forward on the left, backward on the right."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Any

import numpy as np
import streamlit as st

from cnn_core.insight import LayerWatched
from cnn_core.model import ModelSpec
from cnn_core.model.layers import Activation, Dropout, MaxPooling2D
from pages.one_step import words
from pages.one_step.asking import BACKWARD, LOSS
from pages.one_step.stepping import View
from pages.ui.drawing.contact_sheet import Limits, colour, contact_sheet, image_sheet, ink_on, signed_sheet
from pages.ui.drawing.sheets import sheet
from pages.ui.wording.blocks import caption, small
from pages.ui.wording.numbers import number, probability_tile, signed

TILE_PX, CELL_PX = 56, 27  # five tiles of so many pixels stand in a row, and ten cells
MOST_LAYERS = 8  # of which maps are drawn: the first and the last ones, where there are more


def layers(view: View) -> None:
    """Draw a row for each layer with filters or units, and one for the scores."""
    has_come = view.asked.stage >= BACKWARD
    shown = view.step.layers
    if len(shown) > MOST_LAYERS:
        caption(words.left_out(len(shown) - MOST_LAYERS))
        shown = (*shown[: MOST_LAYERS // 2], *shown[-MOST_LAYERS // 2 :])
    if not any(layer.has_maps for layer in shown):
        _pixels(view, has_come)
    for layer in shown:
        (_maps if layer.has_maps else _units)(view, layer, has_come)
    _scores(view, view.asked.stage >= LOSS)


def below_max_pooling(spec: ModelSpec) -> bool:
    """Whether the maps of some layer go into a max pooling as they are."""
    kinds = [layer for layer in spec.layers if not isinstance(layer, Activation | Dropout)]
    return any(below.has_filters and isinstance(above, MaxPooling2D) for below, above in pairwise(kinds))


def _row(name: str, facts: str, back: str) -> tuple[st.delta_generator.DeltaGenerator, ...]:
    """Two places beside each other, on a phone one below the other, with their headings."""
    # At the bottom: where a heading takes two lines, the pictures still stand beside each other.
    left, right = st.columns(2, gap="xsmall", vertical_alignment="bottom")
    places = left.container(gap="xsmall"), right.container(gap="xsmall")
    places[0].markdown(f"**{name}** {small(facts)}")
    places[1].markdown(small(back))
    return places


def _maps(view: View, layer: LayerWatched, has_come: bool) -> None:
    image = view.marked
    values, back = layer.values[image].numpy(), layer.gradients[image].numpy()
    left, right = _row(layer.name, words.facts(layer, image), words.gradient_heading(has_come, back))
    labels = [words.map_label(layer, image, place, values[place]) for place in range(len(values))]
    with left:
        sheet(
            contact_sheet(values, _scale(values), "shared"),
            f"one_step_maps_{layer.name}",
            alt=words.layer_alt(layer, view.noun),
            labels=labels,
            tile_px=_tile_px(values.shape[-1]),
            **_LOOK,
        )
    with right:
        _back(contact_sheet(back if has_come else 0 * back, "signed", "shared"), layer.name, has_come, back)


def _back(tiles: object, name: str, has_come: bool, back: np.ndarray) -> None:
    sheet(
        tiles,  # type: ignore[arg-type]
        f"one_step_back_{name}",
        alt=words.gradient_alt(name, has_come),
        labels=[words.limits(one) if has_come else "not yet" for one in back],
        states=None if has_come else [""] * len(back),
        tile_px=_tile_px(back.shape[-1]),
        **_LOOK,
    )


_LOOK: dict[str, Any] = {"columns": 5, "keeps_gap": True, "clickable": False}


def _tile_px(width: int) -> int:
    """The largest whole multiple of a map's width at which five stand in a row.

    >>> _tile_px(26), _tile_px(28), _tile_px(11), _tile_px(32), _tile_px(100)
    (52, 56, 55, 32, 100)
    """
    return width * max(1, TILE_PX // width)


def _scale(values: np.ndarray) -> str:
    return "activation" if values.min() >= 0 else "signed"


def _pixels(view: View, has_come: bool) -> None:
    """Of a network without maps: the gradient by the image's own pixels."""
    image = view.step.images[view.marked : view.marked + 1].numpy()
    back = view.step.pixels[view.marked : view.marked + 1].numpy()
    left, right = _row("input", words.PIXELS, words.gradient_heading(has_come, back))
    with left:
        sheet(
            image_sheet(image),
            "one_step_pixels",
            alt=words.PIXELS,
            labels=[words.PIXELS],
            tile_px=112,
            **_LOOK,
        )
    with right:
        sheet(
            signed_sheet(back if has_come else 0 * back),
            "one_step_pixels_back",
            alt=words.gradient_alt("input", has_come),
            labels=[words.limits(back) if has_come else "not yet"],
            states=None if has_come else [""],
            tile_px=112,
            **_LOOK,
        )


def _units(view: View, layer: LayerWatched, has_come: bool) -> None:
    image = view.marked
    values, back = layer.values[image].numpy(), layer.gradients[image].numpy()
    names = [str(int(unit)) for unit in layer.chosen[image]]
    left, right = _row(layer.name, words.unit_facts(layer), words.gradient_heading(has_come, back))
    with left:
        cells(layer.name, names, [_two_figures(float(one)) for one in values], values, _scale(values))
    with right:
        _cells_back(layer.name, names, back if has_come else None)


def _scores(view: View, has_come: bool) -> None:
    image, scores, step = view.marked, view.step.scores, view.step
    p, back = scores.values[image].numpy(), scores.gradients[image].numpy()
    names = [view.classes[int(one)] for one in scores.chosen[image]]
    left, right = _row(
        scores.name,
        words.SCORES,
        words.scores_heading(back, len(step.labels), has_come, view.course.recipe.label_smoothing),
    )
    with left:
        cells(
            scores.name,
            names,
            [probability_tile(float(one)).removesuffix(" %") for one in p],
            p,
            "activation",
            (0.0, 1.0),
        )
    with right:
        _cells_back(scores.name, names, back if has_come else None)


def _cells_back(name: str, names: list[str], back: np.ndarray | None) -> None:
    """The gradient of a row of numbers; None while it has not come."""
    if back is not None:
        cells(f"{name}, gradient", names, _signed_cells(back), back, "signed")
        return
    empty = "outline:1px dashed #888a;outline-offset:-1px"
    _draw(words.cells_to_come(name), names, [""] * len(names), [empty] * len(names))


def _signed_cells(values: np.ndarray) -> list[str]:
    """What stands in cells of gradients; nothing where all of them are too small for two decimals."""
    if abs(values).max(initial=0) < 0.005:
        return [""] * len(values)
    return [_two_figures(float(one), signs=True) for one in values]


def _two_figures(value: float, signs: bool = False) -> str:
    """As it fits into a cell: without the 0 before the point.

    >>> _two_figures(-0.244, True), _two_figures(0.04, True), _two_figures(1.26), _two_figures(0.0)
    ('−.24', '+.04', '1.3', '0')
    >>> _two_figures(-0.001, True)
    '.00'
    """
    if value == 0:
        return "0"
    if abs(value) < 0.005:
        return ".00"
    text = signed(value, 2) if signs else number(value, 2 if abs(value) < 1 else 1)
    return text.replace("0.", ".", 1) if abs(value) < 0.995 else text[:5]


def cells(
    name: str, labels: list[str], told: list[str], values: np.ndarray, scale: str, limits: Limits = "own"
) -> None:
    """Draw a row of numbers in their colours, each above its label.

    told: what stands in the cells.
    """
    shades = colour(values[None], scale, limits)[0]
    looks = [f"background:rgb({shade[0]},{shade[1]},{shade[2]});color:{ink_on(shade)}" for shade in shades]
    _draw(words.cells_alt(name, labels, told), labels, told, looks)


def _draw(said: str, labels: list[str], told: list[str], looks: list[str]) -> None:
    """Cells side by side.  said: to a screen reader.  looks: the style of each."""
    size = f"min({CELL_PX}px, 9.6%)"
    boxes = "".join(
        f'<div style="width:{size};text-align:center">'
        f'<div style="height:{CELL_PX}px;line-height:{CELL_PX}px;{look}">{escape(text)}</div>'
        f'<div style="overflow:hidden;white-space:nowrap">{escape(label[:4])}</div></div>'
        for look, text, label in zip(looks, told, labels, strict=True)
    )
    st.html(
        f'<div role="img" aria-label="{escape(said, quote=True)}" style="display:flex;gap:1px;'
        f'font-variant-numeric:tabular-nums;font-size:calc(12px * var(--cells, 1));letter-spacing:-0.3px">'
        f"{boxes}</div>"
    )
