"""The list of runs: which there are, what a row tells, and opening a saved network."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from cnn_core import pretrained
from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from cnn_core.runs import Run
from pages.runs import words
from pages.runs.menu import export_menu, run_menu
from pages.runs.picks import MOST, pick
from pages.ui.drawing.legend import in_colour
from pages.ui.frame.shell import ROOT, entry, turn_to
from pages.ui.trained.trained import Trained
from pages.ui.visitor import design, server, who
from pages.ui.wording.numbers import count, duration

_UNSAID = "mnist"  # what a network is taken to have learnt from where nothing else is said


def my_runs(limit: int) -> list[Run]:
    """The visitor's newest trainings; dreams are no networks."""
    return [run for run in server.store().runs(owner=who.visitor(), limit=limit) if run.kind == "training"]


def part_of_my_runs(place: int, size: int) -> tuple[list[Run], bool]:
    """(those of the visitor's trainings that one look at the list shows, whether there are older ones).

    place: how many of the newest are passed over, dreams among them.
    size:  how many are looked at.
    """
    runs = server.store().runs(owner=who.visitor(), limit=place + size + 1)
    return [run for run in runs[place : place + size] if run.kind == "training"], len(runs) > place + size


def networks_of(runs: list[Run]) -> dict[str, Trained]:
    """{name: network} of these runs and of ours."""
    ours = [Trained.of_card(pretrained.card(name)) for name in pretrained.names()]
    return {one.name: one for one in told_apart([*filter(None, map(_readable, runs)), *ours])}


def told_apart(networks: list[Trained]) -> list[Trained]:
    """The same, where those of one title that learnt from several data sets also say from which; MNIST goes unsaid."""
    datasets: dict[str, set[str]] = {}
    for one in networks:
        datasets.setdefault(one.title, set()).add(one.dataset)
    return [
        replace(one, apart=dataset_of(one.dataset).name)
        if len(datasets[one.title]) > 1 and one.dataset != _UNSAID
        else one
        for one in networks
    ]


def _readable(run: Run) -> Trained | None:
    try:
        return Trained.of_run(run)
    except StudentError:  # a run this server can no longer read
        return None


def row(one: Trained, run: Run | None, selection: list[str], colour: str | None) -> None:
    """Draw one line of the list.

    run:    None for one of ours.
    selection: the names of those that are compared.
    colour: of its curve, where one is drawn.
    """
    with st.container(
        horizontal=True, vertical_alignment="center", gap="small", key=f"row_{one.name.replace(':', '_')}"
    ):
        # A row on a desk; two lines where the page is narrow, and on a phone a card.
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            _pick_box(one, selection)
            _facts(one, colour)
        if st.button(
            words.look_inside(one.label),
            key=f"look_{one.name}",
            on_click=design.look_at,
            args=(one.name,),
            type="tertiary",
        ):
            turn_to("feature_maps")
        if run is not None:
            run_menu(run)
        else:
            export_menu(one)


def _pick_box(one: Trained, selection: list[str]) -> None:
    name = one.name
    is_selection = name in selection
    st.checkbox(
        words.compare_box(one.label),
        value=is_selection,
        key=f"pick_{name}",
        label_visibility="collapsed",
        disabled=not is_selection and len(selection) >= MOST,
        on_change=pick,
        args=(name,),
        width=24,
    )


def _facts(one: Trained, colour: str | None) -> None:
    best = "" if one.best is None else words.best_epoch(one.best)
    with st.container(horizontal=True, vertical_alignment="center", gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width=330):
            st.markdown(in_colour(colour, one.label), width=195)
            st.markdown(words.share_in_row(one), width=125)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", width=330):
            st.markdown(f":gray[{count(one.parameters)} parameters]", width=142)
            st.markdown(f":gray[{duration(one.seconds) if one.seconds else '–'}{best}]", width=180)


# ---------------------------------------------------------------- ways on


def open_your_own() -> None:
    """Draw the door to the page that opens a file."""
    page = entry("open_network")
    st.page_link(ROOT / page.file, label=words.OPEN_YOUR_OWN, icon=":material/folder_open:", width="content")


def my_record() -> None:
    """Draw the door to the page with all that the visitor can take away."""
    page = entry("tour")
    st.page_link(ROOT / page.file, label=words.MY_RECORD, icon=":material/description:", width="content")
