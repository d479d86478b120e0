"""Several runs over each other: curves, verdict, seeds as a band, where they differ, and the list of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from html import escape

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.network_name import NetworkName
from cnn_core.runs import Run
from cnn_core.training import Racer
from cnn_core.training.race import LEAST, MOST
from pages.runs import guessing, race_lineup, words
from pages.runs.band import band, has_band
from pages.runs.measure import ask_measure
from pages.runs.menu import after_click
from pages.runs.picks import chosen_elsewhere, follow_address, picks, put_only, write_address
from pages.runs.rows import my_runs, networks_of, part_of_my_runs, row
from pages.runs.verdicts import differences, everything_is_known, odd_ones, seed_groups
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.learning_charts import curves, last_value
from pages.ui.drawing.legend import colours, names_in_colour
from pages.ui.frame import held
from pages.ui.frame.streamlit_inside import names_for_the_ear
from pages.ui.trained.fair import has_learnt, is_fair, race
from pages.ui.trained.tables import runs_csv
from pages.ui.trained.trained import Trained
from pages.ui.visitor import server
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import answer, caption, what_you_see
from pages.ui.wording.picture_words import course

SHOWN = 30  # runs in the list at first,
PART = 100  # and of the older ones so many at a time: each row costs 5 ms at each look
_PLACE = "runs_place"  # how many of the newest are passed over
WATCHED = 8  # of the newest: whether one of them goes on
_GOES_ON = "runs_going_on"  # whether the page has a timer


def goes_on() -> bool:
    """Whether a run of the visitor's goes on, so that the page is drawn anew while it does."""
    return any(run.status.unfinished for run in my_runs(WATCHED))


def start_timer() -> bool:
    """Whether the page needs a timer, remembered for `compare`; once in each run of the whole page."""
    st.session_state[_GOES_ON] = goes_on()
    return st.session_state[_GOES_ON]


def compare(summary: DeltaGenerator) -> None:
    """Draw all of it, as a fragment.  summary: the place for it."""
    place = int(st.session_state.get(_PLACE, 0))
    runs, has_older = part_of_my_runs(place, PART if place else SHOWN)
    if goes_on() != st.session_state.get(_GOES_ON):
        st.rerun()  # the whole page, which starts or ends the timer
    follow_address()
    networks = networks_of([*runs, *_chosen_elsewhere(runs)])
    selection = [networks[name] for name in picks(list(networks))]
    write_address(list(networks), [run.name for run in selection])
    server.use(run.name for run in selection)
    if not runs:
        caption(words.NONE_IN_A_SCENE if held.is_hidden("train") else words.NO_RUNS)
    answer(said := words.verdict(selection, guessing.may_tell(selection)))
    guessing.ask(selection)
    screen_summary.put(summary, words.summary_of_runs(len(runs), [run.label for run in selection], said))
    no_room.draw()
    if len(selection) > 1 and not is_fair(selection):
        _offer_fair_race(selection)
    after_click()
    if selection:
        _curves(selection)
        _seeds(selection)
    if len(selection) > 1:
        _differences(selection)
    _all_runs(networks, runs, selection)
    _turn(place, has_older)


def _chosen_elsewhere(runs: Sequence[Run]) -> list[Run]:
    """Runs that are compared and stand in another part of the list."""
    chosen = []
    for name in chosen_elsewhere([f"run:{run.id}" for run in runs]):
        with suppress(StudentError):  # deleted since
            chosen.append(server.store().run(NetworkName.parse(name).name))
    return chosen


def _turn(place: int, has_older: bool) -> None:
    """Draw the ways to the other parts of the list."""
    with st.container(horizontal=True):
        if place:
            newer = place - PART if place > SHOWN else 0
            st.button("Newer runs", key="runs_newer", on_click=_turn_to, args=(newer,))
        if has_older:
            older = place + PART if place else SHOWN
            st.button("Older runs", key="runs_older", on_click=_turn_to, args=(older,))


def _turn_to(place: int) -> None:
    st.session_state[_PLACE] = place


# ---------------------------------------------------------------- the ones that are compared


def _offer_fair_race(selection: Sequence[Trained]) -> None:
    """Say that they learnt from different images, and offer to train rivals of the visitor's own on the same ones."""
    caption(words.unfair([run for run in selection if has_learnt(run)]))
    own = next((run for run in selection if not run.is_ours), None)
    racers = {Racer(run.spec, run.recipe): None for run in selection if run.recipe is not None}
    with st.container(horizontal=True, gap="small"):
        if own is not None:
            st.button(words.FAIR_RACE, key="fair_race", on_click=_start_race, args=(own,))
        if LEAST <= len(racers) <= MOST:
            st.button(words.RACE_THEM, key="race_them", on_click=_set_up_race, args=(tuple(racers),))


def _set_up_race(racers: tuple[Racer, ...]) -> None:
    race_lineup.put(racers)
    st.session_state["runs_view"] = "Race"


def _start_race(own: Trained) -> None:
    with refusals.collect("runs"):
        put_only(race(own))


def _curves(selection: Sequence[Trained]) -> None:
    measure = ask_measure()
    if lines := _with_curve(selection):
        of = "loss" if measure == "loss" else "accuracy"
        ends = {run.name: last_value(run.history, of) for run in lines}
        st.markdown(names_in_colour({run.name: run.label for run in lines}, mode(), ends))
        histories = [(run.label, run.history) for run in lines]
        low = None if measure == "top" else 0  # the learning itself first, then the last per cents
        figure = curves(histories, mode(), measure=of, low=low)
        alt = " ".join(course(run.label, run.history.validation) for run in lines)
        show(figure, key="runs_curves", alt=alt)
        what_you_see(words.CURVES)
    if without := [run for run in selection if not run.has_curve]:
        caption(words.without_curve(without))


def _with_curve(selection: Sequence[Trained]) -> list[Trained]:
    return [run for run in selection if run.has_curve]


def _seeds(selection: Sequence[Trained]) -> None:
    for group in seed_groups(selection):
        answer(words.seeds_in_words(group))
        if has_band(group):
            alt = screen_summary.spoken(words.seeds_in_words(group))
            show(band(group, mode()), key=f"band_{group[0].name}", alt=alt)
            what_you_see(words.BAND)


def _differences(selection: Sequence[Trained]) -> None:
    settings = differences(selection)
    if not settings:
        known = everything_is_known(selection)
        caption(words.NO_DIFFERENCE if known else words.NO_KNOWN_DIFFERENCE)
        return
    with st.expander(words.where_they_differ(len(settings)), expanded=len(settings) <= 8):
        titles = [run.label for run in selection]
        rows = [table_row("", titles, bold=set(range(len(titles))))]
        rows += [table_row(name, texts, bold=odd_ones(texts)) for name, texts in settings.items()]
        # Six runs are wider than a phone: the table scrolls in itself, by keyboard too, never the page.
        st.html(
            '<div style="overflow-x:auto" tabindex="0" role="region" aria-label="The settings that differ">'
            '<table style="border-collapse:collapse">'
            f"{''.join(rows)}</table></div>"
        )


def table_row(name: str, texts: list[str], bold: set[int]) -> str:
    """One row of HTML, of texts that may hold anything; those in `bold` stand out.

    >>> table_row("units", ["64", "<9"], {1}).count("<td")
    3
    """
    cell = '<td style="padding:4px 24px 4px 0;border-bottom:1px solid #8884;vertical-align:top;{}">{}</td>'
    cells = [cell.format("min-width:80px;opacity:0.8", escape(name))]
    cells += [
        cell.format("font-weight:600" if i in bold else "", escape(text)) for i, text in enumerate(texts)
    ]
    return f"<tr>{''.join(cells)}</tr>"


# ---------------------------------------------------------------- the list


def _all_runs(networks: dict[str, Trained], runs: list[Run], selection: Sequence[Trained]) -> None:
    st.markdown(f"## {words.list_heading(bool(runs))}")
    names_for_the_ear("row_")
    by_name = {f"run:{run.id}": run for run in runs}
    colour = colours((run.name for run in _with_curve(selection)), mode())
    names = [run.name for run in selection]
    listed = {name: one for name, one in networks.items() if one.is_ours or name in by_name}
    for name, one in listed.items():
        row(one, by_name.get(name), names, colour.get(name))
    st.download_button(
        "This list, as CSV",
        lambda: runs_csv(listed.values()),
        "runs.csv",
        "text/csv",
        key="runs_csv",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )
