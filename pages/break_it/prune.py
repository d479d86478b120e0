"""How many can go? The accuracy against how many filters of a layer are out, and the button that takes so many out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from cnn_core.errors import StudentError
from pages.break_it import folded_words as said
from pages.break_it import operating, words
from pages.break_it.later import HEAVY
from pages.break_it.layers import word
from pages.break_it.outcomes import JUDGED, affordable
from pages.ui.drawing.figure import Figure, mode, show, template
from pages.ui.drawing.legend import in_colour
from pages.ui.drawing.palette import INK, RUNS
from pages.ui.visitor import networks
from pages.ui.wording.blocks import caption, problem
from pages.ui.wording.looking import look

if TYPE_CHECKING:
    from cnn_core.insight import Need, Pruning

PASSES = 60  # of all images, that a curve costs
_COUNT = "break_it_count"


def section(
    network: networks.LoadedNetwork, layer: str, filters: int, need: Need | StudentError | None
) -> None:
    """Draw it, folded until it is asked for: nothing is computed while it is closed."""
    one = word(network.spec, layer)
    folded = st.expander(said.how_many(one), key="break_it_how_many", on_change="rerun")
    if not folded.open:
        return
    with folded:
        if not network.trained or networks.is_training():
            caption(words.IN_TRAINING if networks.is_training() else words.UNTRAINED)
            return
        try:
            curve: Pruning = look(network, "pruning", affordable(network, PASSES, JUDGED, HEAVY), layer=layer)
        except StudentError as error:
            problem(error)
            return
        st.markdown(said.how_many_can_go(curve.counts, curve.least, filters, one))
        least, most, grey = _colours(mode())
        names = (in_colour(least, said.LEAST), in_colour(most, said.MOST), in_colour(grey, said.CHANCE))
        st.markdown(" &emsp; ".join(names))
        show(chart(curve, mode()), key="break_it_pruning", alt=said.pruning_alt(curve))
        if yet := said.together(curve.counts, curve.least, curve.mean_of_chance, one):
            st.markdown(yet)
        caption(said.what_curve_is(curve.images, len(curve.chance[0])))
        if not isinstance(need, StudentError) and need is not None:
            _take_out(layer, filters, need, one)


def chart(curve: Pruning, mode: str, height: int = 260) -> Figure:
    """Accuracy without the least needed, the most needed, and as many at random as a band.

    mode: "light" or "dark".
    """
    least, most, grey = _colours(mode)
    low, high = zip(*curve.range_of_chance, strict=True)
    red, green, blue = (int(grey[i : i + 2], 16) for i in (1, 3, 5))
    line = dict(type="scatter", mode="lines", x=list(curve.counts))
    edge = line | dict(line=dict(width=0, color=grey), hoverinfo="skip")
    traces = [
        edge | dict(y=[100 * one for one in high]),
        edge
        | dict(y=[100 * one for one in low], fill="tonexty", fillcolor=f"rgba({red},{green},{blue},0.25)"),
        *(
            line
            | dict(y=[100 * one for one in values], line=dict(width=2.5, color=color), hovertemplate=label)
            for values, color, label in (
                (curve.mean_of_chance, grey, "at random %{y:.1f} %<extra></extra>"),
                (curve.most, most, "most needed out %{y:.1f} %<extra></extra>"),
                (curve.least, least, "least needed out %{y:.1f} %<extra></extra>"),
            )
        ),
    ]
    return dict(
        data=traces,
        layout=dict(
            template=template(mode),
            height=height,
            margin=dict(l=44, r=16, t=28, b=40),
            xaxis=dict(range=[0, curve.counts[-1]], title=dict(text="out")),
            yaxis=dict(range=[0, 100.5]),
        ),
    )


def _colours(mode: str) -> tuple[str, str, str]:
    """Of the least needed, the most needed, and chance."""
    return RUNS[mode][0], RUNS[mode][2], INK[mode][1]


def _take_out(layer: str, filters: int, need: Need, one: str) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        now = st.session_state.get(_COUNT, 1)
        if not isinstance(now, int) or not 1 <= now <= filters:
            st.session_state.pop(_COUNT, None)
        count = int(
            st.number_input(said.least_needed(one), 1, filters, max(1, filters // 2), key=_COUNT, width=220)
        )
        st.button("Take them out", key="break_it_prune", on_click=_prune, args=(layer, filters, need, count))


def _prune(layer: str, filters: int, need: Need, count: int) -> None:
    others = operating.chosen().put_back(layer, range(filters))
    operating.do(others.mute(layer, need.least_needed[:count]))
