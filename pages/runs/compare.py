"""Several runs over each other: curves, verdict, seeds as a band, and where they differ."""

from __future__ import annotations

from html import escape

import streamlit as st

from cnn_core import pretrained
from cnn_core.errors import StudentError
from pages.runs.rows import GOING_ON, MOST, after_click, contender, going_on, my_runs, ours, row
from pages.runs.verdicts import band, differences, seed_groups, seeds_in_words, verdict
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.learning_charts import curves
from pages.ui.drawing.legend import colours, names_in_colour
from pages.ui.trained.trained import Contender
from pages.ui.wording.blocks import answer, caption, plain, what_you_see
from pages.ui.wording.numbers import plural

SHOWN = 30  # runs in the list; more on demand


def compare() -> None:
    more = st.session_state.get("runs_more", SHOWN)
    runs = my_runs(more)
    if going_on() != st.session_state.get(GOING_ON):
        st.rerun()  # the whole page, which starts or ends the timer
    listed: dict[str, Contender] = {}
    for run in runs:
        try:
            listed[f"run:{run.id}"] = contender(run)
        except StudentError:  # a run this server can no longer read
            continue
    for name in pretrained.names():
        listed[f"pretrained:{name}"] = ours(name)
    chosen = chosen_keys(list(listed))
    picked = [listed[key] for key in chosen]
    if not runs:
        caption("You have no runs yet, so these are ours. Train one, and it appears here.")
    answer(verdict(picked) if picked else "Choose runs below, up to six.")
    after_click()
    if picked:
        with_curves = [run for run in picked if run.has_curve]
        measure = st.segmented_control(
            "Measure", ["accuracy", "loss"], default="accuracy", required=True, key="runs_measure",
            label_visibility="collapsed", persist_state="session",
        )  # fmt: skip
        if with_curves:
            st.markdown(names_in_colour(with_curves, mode()))
            show(
                curves(
                    [(run.name, run.history) for run in with_curves],
                    mode(),
                    measure=str(measure or "accuracy"),
                ),
                key="runs_curves",
                alt="Curves of the chosen runs",
            )
            what_you_see("One colour a run: solid on digits kept aside, dotted on the digits being learnt.")
        if without := [plain(run.name) for run in picked if not run.has_curve]:
            caption(f"No curve yet, or none was kept: {'; '.join(without)}.")
        for group in seed_groups(picked):
            answer(seeds_in_words(group))
            if sum(len(run.history.validation.epoch) > 1 for run in group) > 1:
                show(band(group, mode()), key=f"band_{group[0].key}", alt="Spread of several seeds")
                what_you_see(
                    "The band reaches from the worst to the best of the seeds, the line is their mean."
                )
        if len(picked) > 1:
            _differences(picked)
    st.markdown("### All my runs")
    colour = colours(picked, mode())
    for key, one in listed.items():
        row(key, one, chosen, colour.get(key), next((run for run in runs if f"run:{run.id}" == key), None))
    if len(runs) >= more:
        st.button("Show more", on_click=lambda: st.session_state.update(runs_more=more + 100))


def chosen_keys(keys: list[str]) -> list[str]:
    """The runs that are compared; at first the two newest and ours."""
    if "runs_chosen" not in st.session_state:
        mine = [key for key in keys if key.startswith("run:")][:2]
        st.session_state["runs_chosen"] = (mine + [key for key in keys if key.startswith("pretrained:")])[:3]
    return [key for key in st.session_state["runs_chosen"] if key in keys][:MOST]


def _differences(picked: list[Contender]) -> None:
    table = differences(picked)
    if not table:
        caption("They differ in nothing.")
        return
    with st.expander(f"Where they differ: {plural(len(table), 'setting')}", expanded=len(table) <= 8):
        rows = [table_row("", [run.name for run in picked], set(range(len(picked))))]
        for name, texts in table.items():
            common = max(set(texts), key=texts.count)
            shared = texts.count(common) > 1
            rows.append(
                table_row(name, texts, {i for i, text in enumerate(texts) if not (shared and text == common)})
            )
        # Six runs are wider than a phone: the table scrolls in itself, never the page.
        st.html(
            '<div style="overflow-x:auto"><table style="border-collapse:collapse">'
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
