"""The two views of what there is to take away: a student's own record, and worksheets for a class."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.export import export_answers, export_record, export_worksheets
from pages.tour import record_words, worksheet_words
from pages.tour.record import record_of
from pages.tour.steps import BY_ID, STEPS
from pages.tour.worksheets import sheets_of
from pages.ui.frame import address
from pages.ui.trained.trained import file_stem
from pages.ui.visitor import server, who
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, on_primary

LONGEST_NAME = 60
PREVIEW = 640  # pixels high
_NUMBERS = address.whole("numbers", "sheet_numbers", 1, 999, 1)
_ANSWERED = "sheet_answers"  # the numbers for which the answers were asked for


def record(summary: DeltaGenerator) -> None:
    """Draw the record of the visitor: its name, the way to the file, and a preview.  summary: the place for it."""
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            record_words.NAME,
            max_chars=LONGEST_NAME,
            key="record_name",
            help=record_words.NAME_STAYS,
            width=360,
        )
        button = st.empty()
    below = st.container()
    done = sum(step in BY_ID for step in server.store().notebooks.of(who.visitor()).done)
    found = record_of(name or "", (done, len(STEPS)))
    page = export_record(found)
    with place:
        answer(record_words.what_is_in_it(found))
    _file(button, record_words.DOWNLOAD, page, f"{file_stem(name or '', 'my')}_record.html")
    with below:
        caption(record_words.HOW_TO_PRINT)
        st.iframe(page, height=PREVIEW, alt=record_words.PREVIEW)
    screen_summary.put(summary, record_words.summary_of_record(found))


def worksheets(summary: DeltaGenerator) -> None:
    """Draw the worksheets, and on wish their answers.  summary: the place for it."""
    address.follow(_NUMBERS)
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = st.number_input(
            worksheet_words.NUMBERS,
            1,
            999,
            key="sheet_numbers",
            help=worksheet_words.NUMBERS_HELP,
            persist_state="session",
            width=160,
        )
        button = st.empty()
    address.tell(_NUMBERS)
    sheets = sheets_of(int(seed))
    questions = sum(len(one.questions) for one in sheets)
    page = export_worksheets(sheets)
    with place:
        answer(worksheet_words.what_they_are(len(sheets), questions))
    _file(button, worksheet_words.DOWNLOAD, page, f"worksheets_{seed}.html")
    screen_summary.put(summary, worksheet_words.summary_of_sheets(len(sheets), questions))
    st.iframe(page, height=PREVIEW, alt=worksheet_words.PREVIEW)
    _answers(int(seed))


def _answers(seed: int) -> None:
    if st.session_state.get(_ANSWERED) != seed:
        caption(worksheet_words.ANSWERS_TAKE)
        st.button(worksheet_words.ANSWERS, key="sheet_work_out", on_click=_work_out, args=(seed,))
        return
    page = export_answers(sheets_of(seed, with_answers=True))
    _file(st.empty(), worksheet_words.DOWNLOAD_ANSWERS, page, f"answers_{seed}.html", is_first=False)
    st.iframe(page, height=PREVIEW, alt=worksheet_words.PREVIEW_OF_ANSWERS)


def _work_out(seed: int) -> None:
    st.session_state[_ANSWERED] = seed


def _file(place: DeltaGenerator, label: str, page: str, name: str, is_first: bool = True) -> None:
    place.download_button(
        on_primary(label) if is_first else label,
        page,
        name,
        "text/html",
        key=f"take_away_{name.partition('_')[2] if is_first else 'answers'}",
        icon=":material/download:",
        type="primary" if is_first else "secondary",
        on_click="ignore",
    )
