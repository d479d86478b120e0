"""What was tried: data sets and preparations of their images as bars, and two choices that the visitor may overrule."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from cnn_core.data.sources import KNOWN
from cnn_core.errors import StudentError
from cnn_core.opening import PREPARATIONS, Trial
from cnn_core.opening.preparations import fits
from cnn_core.runs import Run
from cnn_core.runs.opened import OpenedFile
from pages.open_network import words
from pages.ui.forms.recipe import data_sets
from pages.ui.frame.controlled import controlled
from pages.ui.visitor import server, who
from pages.ui.wording import refusals
from pages.ui.wording.blocks import problem, what_you_see
from pages.ui.wording.numbers import percent

PLACE = "open_network_choice"
# On a phone the bars need the room of the second column.
_BARS = """<style>
.open-bars { display: grid; grid-template-columns: auto auto 1fr auto; gap: 10px 16px; align-items: center }
@media (max-width: 640px) {
  .open-bars { grid-template-columns: auto 1fr auto }
  .open-bars > .other { display: none }
}
</style><div class="open-bars">%s</div>"""
_CELL = '<div class="{}" style="{}">{}</div>'


def trials(run: Run, file: OpenedFile) -> None:
    """Draw them."""
    ways = file.trials_of(file.dataset)
    if ways:
        st.markdown(f"## {words.WHAT_IT_EXPECTS}")
        st.html(bars(words.bar_rows(ways, file.trial_of(file.dataset, file.preparation), "preparation")))
        what_you_see(words.preparations_told(file))
    best = [trial for key in KNOWN if (trial := file.verdict_of(key).best)]
    if len(best) > 1 or (best and not file.dataset):
        st.markdown(f"## {words.WHICH_IMAGES}")
        st.html(bars(words.bar_rows(best, _chosen(file, best), "dataset")))
        what_you_see(words.data_sets_told(file))
    if file.dataset:
        choices(run, file)


def _chosen(file: OpenedFile, best: Sequence[Trial]) -> Trial | None:
    return next((trial for trial in best if trial.dataset == file.dataset), None)


def bars(rows: Sequence[tuple[str, str, float, bool]]) -> str:
    """HTML of some bars: (what, in other words, fraction, whether it is the chosen one) for each.

    >>> bars([("<1", "", 0.5, True)]).count("50.0 %")
    1
    """
    return _BARS % "".join(_row(*row) for row in rows)


def _row(what: str, other: str, fraction: float, is_chosen: bool) -> str:
    weight = "font-weight:600" if is_chosen else ""
    width = f"width:{100 * fraction:.2f}%;min-width:1px;height:11px;background:currentColor"
    shade = "" if is_chosen else ";opacity:0.6"
    cells = [
        _CELL.format("what", weight, escape(what)),
        _CELL.format("other", "opacity:0.75", escape(other)),
        _CELL.format("bar", "", f'<div style="{width}{shade}"></div>'),
        _CELL.format("share", f"text-align:right;{weight}", percent(fraction)),
    ]
    return "".join(cells)


def choices(run: Run, file: OpenedFile) -> None:
    """Draw the two choices, for the network's owner; the preparation once there is a data set."""
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
                "How its images were prepared",
                list(PREPARATIONS),
                format_func=words.preparation_title,
                filter_mode=None,
                label_visibility="collapsed",
                width=160,
                **controlled(
                    f"open_network-preparation-{run.id}",
                    file.preparation,
                    _choose_preparation,
                    run.id,
                    file,
                ),
            )
    refusals.draw(PLACE)
    if file.refusal:
        problem(StudentError(file.refusal))


def _choose_dataset(run_id: str, file: OpenedFile, dataset: str) -> None:
    if dataset:
        _choose(run_id, dataset, file.said_scale or file.preparation_for(dataset))


def _choose_preparation(run_id: str, file: OpenedFile, preparation: str) -> None:
    _choose(run_id, file.dataset, preparation)


def _choose(run_id: str, dataset: str, preparation: str) -> None:
    with refusals.collect(PLACE):
        server.store().openings.choose(run_id, who.visitor(), dataset, preparation)
        server.wake_runner()
