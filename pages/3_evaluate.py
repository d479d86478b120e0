"""Where does it go wrong? Accuracy with its uncertainty, who is taken for whom, and how long it holds out."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data.sources import dataset_of
from cnn_core.errors import StudentError
from pages.evaluate import which_test
from pages.evaluate.confusion import confusion
from pages.evaluate.exam import Exam, exam_of
from pages.evaluate.map_view import map_view
from pages.evaluate.mistakes import mistakes
from pages.evaluate.own_digit import own_digit
from pages.evaluate.robust import robust
from pages.evaluate.words import NOT_TESTED, of_which_images, summary_of_exam, summary_untested, verdict
from pages.ui.forms import choice
from pages.ui.forms.digit_input import say_why_none
from pages.ui.forms.own_picture import confusing
from pages.ui.frame import address
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, networks, server
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, next_question, problem

require_shell()

VIEWS = {  # its name in the code -> (its word on the page, what draws it)
    "confusion": ("Who for whom", confusion),
    "mistakes": ("Mistakes", mistakes),
    "robust": ("Shift and turn", robust),
    "map": ("Map", map_view),
    "draw": ("Draw", lambda exam: own_digit(exam.network)),
}


_OLD_NAMES = {"Your photo": "draw"} | {name: key for key, (name, _) in VIEWS.items()}  # in links of before
VIEW = address.one_of("view", "view", {key: key for key in VIEWS} | _OLD_NAMES, "confusion")


def ask(dataset: str) -> str:
    """Draw the choice of a view. Returns a key of VIEWS."""
    names = {key: name for key, (name, _) in VIEWS.items()} | {"draw": confusing(dataset_of(dataset))}
    return choice.in_address(VIEW, "View", names)


def show(exam: Exam, summary: DeltaGenerator) -> None:
    """Draw the answer, and the view that is chosen.  summary: the place for it."""
    said_first = verdict(exam.evaluation, exam.network.trained, exam.overlap, exam.noun)
    answer(said_first)
    said = of_which_images(exam.network.learnt_from, exam.overlap, exam.noun)
    if beneath := " ".join(filter(None, [said, exam.test.source if exam.test.is_sample else ""])):
        caption(beneath)
    view = ask(exam.network.dataset)
    title, draw_view = VIEWS[view]
    screen_summary.put(summary, summary_of_exam(exam.network.title, said_first, title, view))
    try:
        draw_view(exam)
    except StudentError as error:  # too few images for a map
        problem(error)


def show_untested(network: networks.LoadedNetwork) -> None:
    """Draw what needs no test images: a picture of the visitor's own, and what the network answers."""
    answer(NOT_TESTED)
    say_why_none(network.dataset)
    own_digit(network)


def page(summary: DeltaGenerator) -> None:
    """The network of the sidebar on the test images of its data set.  summary: the place for it."""
    network = networks.current()
    if network.note:
        caption(network.note)
    dataset = which_test.ask(network)
    if server.why_no_images(dataset) is not None:
        show_untested(network)
        screen_summary.put(summary, summary_untested(network.title))
        return
    try:
        exam = exam_of(network, dataset)
    except StudentError as error:
        problem(error)
        return
    show(exam, summary)
    if not network.trained:
        st.button("Look at the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",))


page(page_head("evaluate"))
next_question("runs", "compares this network with an MLP and with your other networks.")
