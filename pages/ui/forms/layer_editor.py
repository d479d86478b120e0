"""The layers of a network as a list one can click, and under it the settings of the chosen layer.

What each layer and each setting does is said by its kind, in the core: under the layer's name, and behind the "?".

The list is a small component (components/layer_list): Streamlit has no rows that are buttons. A block beside each name
is drawn to scale (height: side of the map, width: logarithm of the channels), so one sees the network taper. The
settings are ordinary widgets. Nothing here decides what is possible: that is the core's `inspect_draft`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2
from typing import Any

import streamlit as st

from cnn_core.model import LAYER_TYPES
from pages.ui.frame.components import component_file
from pages.ui.frame.controlled import controlled
from pages.ui.visitor import design
from pages.ui.wording.blocks import small
from pages.ui.wording.numbers import count, shape_text

# ---------------------------------------------------------------- what a row says


@dataclass(frozen=True)
class Row:
    """One line of the list, in words; `width` and `height` of its block are pixels."""

    name: str
    settings: str
    shape: str
    parameters: str
    width: float
    height: float
    state: str = ""  # "wrong": the layer that cannot work; "unknown": one after it
    fixed: bool = False  # the input, which is no layer and cannot be chosen


def rows_of(draft: design.Draft, inspection: design.Inspection) -> list[Row]:
    """The rows of a draft, the input first. inspection: what `inspect_draft` said of the same draft."""
    shape = tuple(draft["input_shape"])
    rows = [Row("input", "one image, values 0 to 1", shape_text(shape), "–", *block(shape), fixed=True)]
    wrong = inspection.problem.layer if inspection.problem else None
    for name, layer, summary in zip(inspection.names, draft["layers"], inspection.rows, strict=True):
        if summary is not None:
            shape = tuple(summary.output_shape)
            said = (shape_text(shape), count(summary.parameters) if summary.parameters else "–")
            rows.append(Row(name, settings_text(layer), *said, *block(shape), "wrong" * (name == wrong)))
        elif name == wrong:
            rows.append(
                Row(name, settings_text(layer), "does not fit", "", *block(_guess(layer, shape)), "wrong")
            )
        else:
            shape = _guess(layer, shape)
            rows.append(Row(name, settings_text(layer), "?", "?", *block(shape), "unknown"))
    return rows


def settings_text(layer: dict[str, Any]) -> str:
    """What a student set, in the fewest words.

    >>> settings_text({"type": "conv2d", "filters": 64, "kernel_size": 3, "activation": "relu"})
    '64 filters 3×3, relu'
    >>> settings_text({"type": "max_pooling2d", "pool_size": 3, "strides": 2, "padding": "same"})
    '3×3, strides 2, same'
    >>> settings_text({"type": "dropout", "rate": 0.25})
    'drops 25 % while training'
    """
    return LAYER_TYPES[layer["type"]].words(layer)


def block(shape: tuple[int, ...]) -> tuple[float, float]:
    """(width, height) in pixels of the block that stands for a shape (C, H, W) or (units,), at most 31×28.

    >>> block((1, 28, 28)), block((64, 3, 3))
    ((7.0, 28), (27.0, 3))
    """
    depth = log2(max(1, shape[0]))
    if len(shape) == 3:
        return min(31.0, round(7 + 20 / 6 * depth, 1)), min(28, max(3, max(shape[1:])))
    return min(31.0, round(4 + 2.9 * depth, 1)), 3


def _guess(layer: dict[str, Any], before: tuple[int, ...]) -> tuple[int, ...]:
    """A flat block as wide as the layer would be: its height nobody knows."""
    return (int(layer.get(LAYER_TYPES[layer["type"]].counted) or before[0]),)


# ---------------------------------------------------------------- the list

_list = st.components.v2.component(
    "layer_list",
    html="""<div class="head"><span>layer</span><span>output · parameters</span></div>
<ol aria-label="Layers: name, settings, output, parameters"></ol>""",
    css=component_file("layer_list.css"),
    js=component_file("layer_list.js"),
)

LIST_KEY = "layer_list"


def layer_list(rows: list[Row], selected: int | None, choose: Callable[[int | None], None]) -> None:
    """Draw the list. choose: called in a callback with the index of the clicked layer, None to close the editor."""

    def chosen() -> None:
        choice = st.session_state[LIST_KEY].get("choice")
        # A browser can send anything.
        known = isinstance(choice, int) and 0 <= choice < len(rows) - 1
        choose(choice if known else None)

    _list(
        key=LIST_KEY,
        data=[{"rows": [{**vars(row), "label": _label(row)} for row in rows], "selected": selected}],
        on_choice_change=chosen,
    )


def _label(row: Row) -> str:
    """What a screen reader says: all that can be seen of the row, in the same order, and what the signs mean.

    Whoever speaks to the machine says what they see; the name has to hold it (WCAG 2.5.3).
    """
    if row.state:
        return f"{row.name}, {row.settings}, {row.shape if row.state == 'wrong' else 'output unknown'}"
    parameters = "no parameters" if row.parameters == "–" else f"{row.parameters} parameters"
    return f"{row.name}, {row.settings}, {row.shape}, {parameters}"


# ---------------------------------------------------------------- the settings of one layer


@dataclass(frozen=True)
class Edits:
    """What the buttons and widgets of the editor do; each is a callback."""

    set: Callable[[int, str, Any], None]  # (index, setting, value)
    move: Callable[[int], None]  # −1 up, +1 down: the chosen layer
    remove: Callable[[], None]


def editor(draft: design.Draft, index: int, name: str, edits: Edits, note: str = "") -> None:
    """Draw the settings of one layer. note: a sentence under its name."""
    layer, count_of_layers = draft["layers"][index], len(draft["layers"])
    kind = LAYER_TYPES[layer["type"]]
    with st.container(border=True, gap="small"):
        st.markdown(f"**{name}**  \n{small(kind.about)}")
        if note:
            st.markdown(small(note))
        if kind.settings():
            with st.grid(2, min_column_width=80, gap="small"):
                _settings(layer, index, edits)
        else:
            st.markdown(small("Nothing to set."))
        with st.container(horizontal=True, gap="small"):
            _button("layer_up", "Move up", index == 0, edits.move, -1)
            _button("layer_down", "Move down", index == count_of_layers - 1, edits.move, 1)
            _button("layer_remove", "Remove", count_of_layers == 1, edits.remove)


def _button(key: str, label: str, disabled: bool, act: Callable[..., None], *args: Any) -> None:
    st.button(label, key=key, type="tertiary", disabled=disabled, on_click=act, args=args, width="content")


def _settings(layer: dict[str, Any], index: int, edits: Edits) -> None:
    kind = LAYER_TYPES[layer["type"]]
    for name, setting in kind.in_form().items():
        value = kind.value_in(layer, name)
        if not setting.offered:
            value = max(1, value)
        bound = controlled(f"layer-{index}-{kind.type}-{name}", value, edits.set, index, name)
        if setting.offered:
            options = _options(setting.offered, value)
            st.selectbox(
                setting.label,
                options,
                format_func=setting.as_choice,
                filter_mode=None,
                help=setting.help,
                **bound,
            )
        else:
            st.number_input(setting.label, min_value=1, step=1, help=setting.help, **bound)


def _options(offered: tuple[Any, ...], value: Any) -> list[Any]:
    # What came by a link may be unusual: it is shown, and can be left.
    options = list(offered) if value in offered else [*offered, value]
    return options if isinstance(value, str) else sorted(options)
