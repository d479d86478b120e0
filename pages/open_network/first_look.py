"""The first look at a network that was opened from a file: its number, its layers, what it expects, the ways on."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from cnn_core.model import summarize
from cnn_core.network_name import NetworkName
from cnn_core.runs import Run
from cnn_core.runs.opened import OpenedFile, read_opened
from cnn_core.runs.openings import read_wish
from pages.open_network import door, guessing, words
from pages.open_network.trials import choices, trials
from pages.open_network.ways import ways_on
from pages.ui.drawing.diagram import diagram_alt, network_diagram
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.said_and_measured import unknown
from pages.ui.frame.announcement import announce
from pages.ui.frame.board import board
from pages.ui.trained.trained import Trained
from pages.ui.visitor import design, server
from pages.ui.wording import refusals, screen_summary
from pages.ui.wording.blocks import answer, caption, on_primary, plain
from pages.ui.wording.numbers import percent

_GUESSED = (
    "open_network_guessed"  # the id of the opened network whose layers were guessed: its design may be edited
)


def opened_run() -> Run | None:
    """The network that is looked at, where it was opened from a file; or the one whose design is being corrected."""
    name = NetworkName.parse(design.looked_at())
    run_id = name.name if name.kind == "run" else ""
    if name.kind == "design":
        run_id = st.session_state.get(_GUESSED, "")
    try:
        run = server.store().run(run_id)
    except StudentError:
        return None
    return run if run.is_opened and read_opened(run.folder) is not None else None


def first_look(run: Run, summary: DeltaGenerator) -> None:
    """Draw all of it.  summary: the place for it."""
    file = read_opened(run.folder)
    assert file is not None
    one, spec = Trained.of_run(run), run.spec
    st.session_state[_GUESSED] = run.id if file.guesses else ""
    result = run.status.result or {}
    rows = summarize(spec)
    answer_place = st.empty()
    accuracy, images = result.get("accuracy"), one.of_which_images
    told = guessing.may_tell(run, images)
    with answer_place:
        answer(said := words.answer(len(rows), one.parameters, accuracy, images, file, told))
    screen_summary.put(summary, words.summary_of_opened(file, said))
    announce("open_network_spoken", screen_summary.spoken(said))
    _strip(run, file)
    _correction(run, file)
    top, left, below = board("open_network_board", second="left")
    with top:
        _number(one, run, file, told)
    with left:
        show(network_diagram(spec, mode()), key="open_network_diagram", alt=diagram_alt(spec))
        if told:
            trials(run, file)
    with below:
        _what_it_does_not_say(file, told)
        ways_on(one, told)
    if read_wish(run) is not None:
        st.fragment(_until_measured, run_every=door.LOOK_SECONDS)(run)


def _strip(run: Run, file: OpenedFile) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="open_network_strip"):
        st.markdown(words.about_file(file), width="content")
        st.space("stretch")
        st.button(words.ANOTHER, icon=":material/folder_open:", key="open_another", on_click=door.want)


def _correction(run: Run, file: OpenedFile) -> None:
    """What was guessed, and once the design is corrected in the sidebar, the button that takes it."""
    if not file.guesses:
        return
    if design.looked_at() != design.DESIGN:
        caption(words.LAYERS_GUESSED)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words.onto_design(file.name), width="content")
        st.button(
            on_primary(words.USE_THIS_DESIGN),
            type="primary",
            key="use_this_design",
            on_click=door.bring_again,
            args=(run,),
        )
    refusals.draw(door.PLACE)


def _number(one: Trained, run: Run, file: OpenedFile, told: bool) -> None:
    """Its accuracy, and what `evaluate()` said at home; where there is none, what it was trained on is asked.

    told: whether the accuracy may be seen.
    """
    if one.accuracy is None:
        st.markdown(f"## {words.NOT_TESTED if file.dataset else words.WHAT_WAS_IT}")
        if file.dataset:
            caption(words.why_not_tested(file.dataset))
        else:
            choices(run, file)
        return
    if not told:
        unknown(words.TO_BE_GUESSED, 84)
        return
    st.metric("Accuracy, measured here", percent(one.accuracy))
    if sentence := words.worth(one):
        caption(sentence)
    said = st.text_input(
        words.SAID, placeholder="such as 0.9441", key=f"open_network_said_{one.name}", persist_state="session"
    )
    if not said:
        return
    fraction = words.fraction_of(said)
    if fraction is None:
        caption(words.NO_NUMBER)
        return
    agrees, sentence = words.compared(fraction, one.accuracy, one.count, one.is_sample)
    st.markdown(f":green[:material/check: {sentence}]" if agrees else sentence)


def _what_it_does_not_say(file: OpenedFile, told: bool) -> None:
    not_said = words.not_said(file) if told else []  # it says what was measured
    _sentences(words.not_said_title(not_said), not_said)
    _sentences(words.GUESSED, file.guesses)
    _sentences(words.CHANGED, file.remarks)


def _sentences(title: str, sentences: Sequence[str]) -> None:
    if sentences:
        st.markdown(f"## {title}")
        for sentence in sentences:
            st.markdown(plain(sentence))


def _until_measured(run: Run) -> None:
    caption(words.TESTING)
    if read_wish(run) is None:
        st.rerun()
