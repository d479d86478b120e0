"""Is it learning? Start a training, watch it, stop it, change its rate. It goes on when the page is left.

The page reads the run store and writes wishes into it; the training itself is done by a worker process.
"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import available
from cnn_core.data.sources import dataset_of
from cnn_core.data.splits import split_sizes
from cnn_core.errors import StudentError
from cnn_core.network_name import NetworkName
from cnn_core.runs import Run
from pages.train import again, doctor, start
from pages.train.data_steps import data_steps
from pages.train.end_words import lacks_batch
from pages.train.expectation import sprint, what_is_learnt_from, what_to_expect
from pages.train.live import BOARD, live, seconds_between
from pages.train.strip import strip
from pages.train.words import ASKED_OF_A_SCENE, EXPLAINED, cannot_be_read, not_in_training, summary_before
from pages.ui.forms import guess_accuracy
from pages.ui.forms.recipe import Choice
from pages.ui.frame import held
from pages.ui.frame.board import board_style
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, server, who
from pages.ui.wording import no_room, refusals, screen_summary
from pages.ui.wording.blocks import answer, next_question, problem

require_shell()

DIAGRAM_WIDTH, SIDE_WIDTH = 576, 292  # pixels, where there is room


def ask() -> Run | None:
    """The training that the sidebar looks at, or None where it looks at something else."""
    try:
        network = NetworkName.parse(design.looked_at())
        if network.kind != "run":
            return None
        run = server.store().run(network.name)
        if run.kind == "training":
            _check_readable(run)
    except StudentError as error:
        problem(error)
        return None
    return run if run.kind == "training" else None


def _check_readable(run: Run) -> None:
    """Raise StudentError where its folder does not say (any more) what was trained, how, and on what."""
    try:
        _ = run.spec, run.recipe
        dataset_of(run.dataset)
    except StudentError as error:
        raise StudentError(*cannot_be_read(run.name)) from error


def before(summary: DeltaGenerator) -> Choice:
    """What to train and how, what to expect of it, and the button that starts it. Returns what is chosen.

    summary: the place for it.
    """
    inspected = start.inspected_design()
    verdict = st.empty()  # above the strip
    choice = start.strip(inspected.spec)
    refusals.draw("train")
    no_room.draw()
    again.question(inspected.spec, choice)
    again.way_back()
    wrong = start.misfit(inspected.spec, choice)
    if choice.problem:
        problem(choice.problem)
    elif inspected.spec is not None and wrong is not None:
        start.offer_to_fit(inspected.spec, choice, wrong)
    elif inspected.spec is not None and (lack := lacks_batch(inspected.spec, choice.recipe.batch_size)):
        st.markdown(f":yellow[:material/warning: {lack}]")
    with verdict:
        has_runs = bool(server.store().runs(owner=who.visitor(), limit=1))
        kept = frozenset(filter(held.holds, ASKED_OF_A_SCENE))
        answer(not_in_training(has_runs, kept))
    left, right = st.columns([DIAGRAM_WIDTH, SIDE_WIDTH], gap="medium")
    possible = inspected.spec if choice.problem is None and wrong is None else None
    screen_summary.put(summary, summary_before(possible, choice.dataset, choice.recipe, has_runs, kept))
    with left:
        start.diagram(inspected)
        if possible is not None:
            doctor.before_it_starts(possible, choice)
    if possible is not None:
        with right:
            what_to_expect(possible, choice)
            sprint(possible, choice)
        what_is_learnt_from(choice)
    return choice


def during(run: Run, summary: DeltaGenerator) -> None:
    """A run, also after its end. What moves is drawn anew by itself.  summary: the place for it."""
    status = run.status
    verdict = st.empty()  # above the strip, which stays as it is from second to second
    st.fragment(strip)(run)
    if status.unfinished:
        guess_accuracy.ask(run, "train")
    guess_accuracy.show(run, "train")
    board_style(BOARD, second="left")
    sizes = split_sizes(available(run.dataset).train or dataset_of(run.dataset).count("train"))
    seconds = seconds_between(run)
    st.fragment(live, run_every=seconds)(run, (status.state, seconds), verdict, summary, sizes)
    next_question("one_step", "shows one of its steps in slow motion.")


def explained(dataset: str, train_size: int | None) -> None:
    """What happens to the images, and what the words on this page mean; for whoever wants to know."""
    st.space("small")
    data_steps(dataset, train_size)
    for place, (title, words) in enumerate(EXPLAINED.items()):
        with st.expander(title, key=f"train_explained_{place}"):
            st.markdown(words)


def page(summary: DeltaGenerator) -> None:
    """Before a run or during it.  summary: the place for it."""
    run = ask()
    if run is None:
        choice = before(summary)
        explained(choice.dataset, choice.recipe.train_size)
        next_question("one_step", "shows one step of a training in slow motion.")
    else:
        during(run, summary)
        explained(run.dataset, run.recipe.train_size if run.has_recipe else None)


page(page_head("train"))
