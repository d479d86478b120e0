"""What was tried: data sets and scales of the input as bars, and the two choices that the visitor may overrule."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from cnn_core.data.sources import KNOWN
from cnn_core.errors import StudentError
from cnn_core.runs import Run
from cnn_core.runs.opened import SCALES, OpenedFile, Trial, fits
from pages.open_network import words
from pages.ui.forms.recipe import data_sets
from pages.ui.frame.controlled import controlled
from pages.ui.visitor import server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import problem, what_you_see
from pages.ui.wording.numbers import percent

PLACE = "open_network_choice"
_BAR = (
    '<div style="display:grid;grid-template-columns:minmax(84px,auto) minmax(84px,auto) 1fr auto;'
    'column-gap:16px;row-gap:10px;align-items:center;max-width:560px">{}</div>'
)
_CELL = '<div style="{}">{}</div>'


def trials(run: Run, file: OpenedFile) -> None:
    """Draw them."""
    scales = [trial for scale in SCALES if (trial := file.trial_of(file.dataset, scale))]
    if scales:
        st.markdown(f"## {words.WHAT_IT_EXPECTS}")
        st.html(bars(words.bar_rows(scales, file.trial_of(file.dataset, file.scale), "scale")))
        what_you_see(words.scales_told(file))
    best = [trial for key in KNOWN if (trial := file.best_of(key))]
    if len(best) > 1:
        st.markdown(f"## {words.WHICH_IMAGES}")
        st.html(bars(words.bar_rows(best, _chosen(file, best), "dataset")))
        what_you_see(words.data_sets_told(file))
    _choices(run, file)


def _chosen(file: OpenedFile, best: Sequence[Trial]) -> Trial | None:
    return next((trial for trial in best if trial.dataset == file.dataset), None)


def bars(rows: Sequence[tuple[str, str, float, bool]]) -> str:
    """HTML of some bars: (what, in other words, fraction, whether it is the chosen one) for each.

    >>> bars([("<1", "", 0.5, True)]).count("50.0 %")
    1
    """
    return _BAR.format("".join(_row(*row) for row in rows))


def _row(what: str, other: str, fraction: float, is_chosen: bool) -> str:
    weight = "font-weight:600" if is_chosen else ""
    width = f"width:{100 * fraction:.2f}%;min-width:1px;height:11px;background:currentColor"
    shade = "" if is_chosen else ";opacity:0.6"
    cells = [
        _CELL.format(weight, escape(what)),
        _CELL.format("opacity:0.75", escape(other)),
        _CELL.format("", f'<div style="{width}{shade}"></div>'),
        _CELL.format(f"text-align:right;{weight}", percent(fraction)),
    ]
    return "".join(cells)


def _choices(run: Run, file: OpenedFile) -> None:
    """The two choices, for the network's owner."""
    titles = data_sets()
    keys = [key for key in titles if fits(run.spec, key)]
    if not keys or not run.is_owner(who.visitor()):
        return
    if file.dataset not in keys:
        keys = [file.dataset, *keys]
    with st.container(horizontal=True):
        st.selectbox(
            "Data set",
            keys,
            format_func=lambda key: words.data_set_title(titles.get(key, "")),
            filter_mode=None,
            label_visibility="collapsed",
            width=230,
            **controlled(f"open_network-data-{run.id}", file.dataset, _choose_dataset, run.id, file),
        )
        if file.dataset:
            st.selectbox(
                "Scale of its input",
                list(SCALES),
                format_func=words.scale_title,
                filter_mode=None,
                label_visibility="collapsed",
                width=160,
                **controlled(f"open_network-scale-{run.id}", file.scale, _choose_scale, run.id, file),
            )
    refusals.draw(PLACE)
    if file.refusal:
        problem(StudentError(file.refusal))


def _choose_dataset(run_id: str, file: OpenedFile, dataset: str) -> None:
    if dataset:
        _choose(run_id, dataset, file.said_scale or file.scale_for(dataset))


def _choose_scale(run_id: str, file: OpenedFile, scale: str) -> None:
    _choose(run_id, file.dataset, scale)


def _choose(run_id: str, dataset: str, scale: str) -> None:
    with refusals.collect(PLACE):
        server.store().openings.choose(run_id, who.visitor(), dataset, scale)
        server.wake_runner()
