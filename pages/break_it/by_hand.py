"""One filter by hand: how strong it is, held at one number, and each of its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.insight import weights_of
from cnn_core.insight.surgery.operation import LARGEST, STRONGEST
from cnn_core.model.layer_files import kind_named
from pages.break_it import folded_words as said
from pages.break_it import operating
from pages.break_it.layers import word
from pages.break_it.outcomes import means_of
from pages.ui.drawing.sheets import picture
from pages.ui.frame.controlled import controlled
from pages.ui.visitor.networks import LoadedNetwork
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption

if TYPE_CHECKING:
    from torch import Tensor

    from cnn_core.insight import Operation

_ONE, _MAP = "break_it_one", "break_it_map"  # which filter, and which of the maps that it reads
_PLACE = "break_it_place"  # (row, column) of the weight that is edited


def section(network: LoadedNetwork, layer: str, filters: int, operation: Operation) -> None:
    """Draw it, folded until it is asked for."""
    one = word(network.spec, layer)
    folded = st.expander(said.by_hand(one), key="break_it_by_hand", on_change="rerun")
    if not folded.open:
        return
    with folded:
        left, right = st.columns(2, gap="medium")
        with left:
            filter = _which(one, filters)
            _strength(network, layer, filter, operation)
        with right:
            _weights(network, layer, filter, operation)


def _which(one: str, filters: int) -> int:
    _within(_ONE, filters)
    return int(st.number_input(one.capitalize(), 0, filters - 1, 0, key=_ONE, persist_state="session"))


def _within(key: str, below: int) -> None:
    """Another layer has fewer: the widget begins anew."""
    now = st.session_state.get(key, 0)
    if not isinstance(now, int) or not 0 <= now < below:
        st.session_state.pop(key)


def _strength(network: LoadedNetwork, layer: str, filter: int, operation: Operation) -> None:
    touch = next((one for one in operation.touches if (one.layer, one.filter) == (layer, filter)), None)
    factor = 1.0 if touch is None or touch.held is not None else touch.factor
    st.slider(
        said.STRENGTH,
        0.0,
        STRONGEST,
        step=0.1,
        format="×%.1f",
        **controlled(f"break-it-strength-{layer}-{filter}", factor, _scale, layer, filter),
    )
    mean = means_of(network, layer)[filter]
    with st.container(horizontal=True):
        st.button(
            said.hold_at(mean),
            key="break_it_hold",
            help=said.WHY_HOLD,
            on_click=_hold,
            args=(layer, filter, mean),
        )
        st.button("As it was", key="break_it_as_it_was", on_click=_as_it_was, args=(layer, filter))
    if touch is not None and touch.held is not None:
        caption(said.held_at(touch.held))


def _scale(layer: str, filter: int, factor: float) -> None:
    with refusals.collect(operating.PLACE):
        operating.do(operating.chosen().scale(layer, [filter], round(float(factor), 2)))


def _hold(layer: str, filter: int, value: float) -> None:
    with refusals.collect(operating.PLACE):
        operating.do(operating.chosen().hold(layer, {filter: value}))


def _as_it_was(layer: str, filter: int) -> None:
    operating.do(operating.chosen().put_back(layer, [filter]))


# ---------------------------------------------------------------- its weights


def _weights(network: LoadedNetwork, layer: str, filter: int, operation: Operation) -> None:
    kind = kind_named(layer)
    if not (kind.has_filters or kind.has_units):
        caption(said.no_kernels(layer))
        return
    weight, bias = weights_of(network.net, layer, filter, operation)
    place = _place_in_list(weight) if weight.ndim == 1 else _place_in_kernel(weight)
    _edited(said.weight_at(place), layer, filter, place, weight[place].item())
    if bias is not None:
        _edited(said.BIAS, layer, filter, (), bias)


def _place_in_list(weight: Tensor) -> tuple[int, ...]:
    _within(_MAP, len(weight))
    chosen = st.number_input(said.READS_NUMBER, 0, len(weight) - 1, 0, key=_MAP, persist_state="session")
    return (int(chosen),)


def _place_in_kernel(weight: Tensor) -> tuple[int, ...]:
    over: tuple[int, ...] = ()
    if weight.ndim == 3 and len(weight) > 1:
        _within(_MAP, len(weight))
        over = (
            int(st.number_input(said.OVER_MAP, 0, len(weight) - 1, 0, key=_MAP, persist_state="session")),
        )
    elif weight.ndim == 3:
        over = (0,)
    kernel = weight[over] if over else weight
    row, column = st.session_state.get(_PLACE, (0, 0))
    row, column = min(row, len(kernel) - 1), min(column, kernel.shape[1] - 1)
    limit = float(kernel.abs().max()) or 1.0
    picture(
        kernel.numpy(),
        "break_it_kernel",
        alt=said.KERNEL_ALT,
        px=132,
        scale="signed",
        limits=(-limit, limit),
        rects=[(row, column, row + 1, column + 1)],
        clickable=True,
        on_click=lambda row, column: st.session_state.update({_PLACE: (row, column)}),
    )
    return (*over, row, column)


def _edited(label: str, layer: str, filter: int, place: tuple[int, ...], value: float) -> None:
    name = "-".join(map(str, ("break-it-weight", layer, filter, *place)))
    st.number_input(
        label,
        -LARGEST,
        LARGEST,
        step=0.05,
        format="%.4f",
        **controlled(name, value, _edit, layer, filter, place),
    )


def _edit(layer: str, filter: int, place: tuple[int, ...], value: float) -> None:
    with refusals.collect(operating.PLACE):
        operating.do(operating.chosen().edit(layer, filter, place, float(value)))
