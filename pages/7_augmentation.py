"""How many changed images are still recognised? One digit, changed at random, as a network reads it; does it help?"""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.data import AugmentSpec
from cnn_core.errors import StudentError
from cnn_core.export.augmentation import keras_line, keras_r_lines, torchvision_line
from cnn_core.lesson import Reading
from cnn_core.lesson.notebook_lines import lines_of
from cnn_core.runs import Pair
from pages.augmentation import words
from pages.augmentation.dragged import dragged
from pages.augmentation.guessing import may_tell, question
from pages.augmentation.lies import where_the_label_breaks
from pages.augmentation.order import ask_order, start_one, start_pair_button
from pages.augmentation.outcome import outcome
from pages.augmentation.pairs import pairs_of
from pages.augmentation.progress import progress
from pages.augmentation.settings import Settings, ask_settings
from pages.augmentation.sheets import draws, fill_modes, one_alone
from pages.augmentation.trial import Trial
from pages.ui.forms import code_box
from pages.ui.forms.digit_input import begin_with_digit, chosen_image, say_why_none, way_and_number
from pages.ui.frame.shell import page_head, require_shell, turn_to
from pages.ui.visitor import design, networks, server
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, next_question, problem

require_shell()


# ---------------------------------------------------------------- ask


def ask_digit(dataset: str) -> str:
    """Draw the choice of the digit. Returns the way it comes: test, draw or upload."""
    first = 0
    if dataset == "mnist":  # what turns show is plain on a 7, and the sample does not begin with one
        sevens = (server.images(dataset, "test").labels == 7).nonzero()
        first = int(sevens[0]) if len(sevens) else 0
        begin_with_digit(first)
    with st.container(horizontal=True, vertical_alignment="center", key="augment_digit"):
        return way_and_number(dataset, first)


# ---------------------------------------------------------------- act


def act(network: networks.LoadedNetwork, augment: AugmentSpec, pairs: list[Pair]) -> None:
    """Draw what starts the trainings, and how far they are.  pairs: the visitor's of this design."""
    caption(words.DOES_IT_HELP)
    start_both = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Recipe", icon=":material/tune:", width="content"):
            order = ask_order(network.spec, augment, network.dataset)
        alone = st.button(
            "Train with this",
            key="train_one",
            help="One run, with these changes. Opens the Train page.",
        )
    if alone and start_one(order):
        turn_to("train")
    with start_both:
        start_pair_button(order, busy=bool(pairs) and pairs[0].unfinished)
    if pairs:
        progress(pairs[0])


# ---------------------------------------------------------------- show


def verdict(trial: Trial, reading: Reading, kind: str) -> str:
    """The answer in one line.  kind: of the settings."""
    if not trial.network.trained:
        return words.CANNOT_TELL
    if trial.spec.changes_nothing:
        return words.NOTHING_CHANGES
    still = reading.kept(trial.label)
    return words.verdict(still, len(reading), trial.a_digit, kind, trial.untouched_as)


def show(trial: Trial, reading: Reading, settings: Settings, told: bool) -> None:
    """Draw the changed digit in the way that is chosen.  told: whether it may be seen what is read in the draws."""
    if settings.look == "alone":
        one_alone(trial)
    elif settings.look == "fill":
        fill_modes(trial, reading.changes)
    else:
        draws(trial, reading, settings.seed, told)


def show_code(spec: AugmentSpec) -> None:
    """Draw the settings as a student would write them."""
    st.header("The same in your own code", anchor=False)
    code_box.tabs(
        [
            code_box.Program.of("R (keras)", keras_r_lines(spec), words.KERAS_IS_EXACT, "r"),
            code_box.Program.of("Python (Keras)", keras_line(spec), words.KERAS_IS_EXACT),
            code_box.Program.of("torchvision", torchvision_line(spec), words.TORCHVISION_IS_NEAR),
            code_box.ours(lines_of("four_draws").ours),
        ]
    )


# ---------------------------------------------------------------- the page


def page(summary: DeltaGenerator) -> None:
    """The strip, the digit, what is read in it, and what training with such changes brings.

    summary: the place for it.
    """
    network = networks.current()
    pairs = pairs_of(network.spec)
    answer(words.WHAT_IT_IS, "augmentation", "label", "epoch")
    answer_place = st.empty()
    settings = ask_settings(pairs[0].augment if pairs else None, network.spec.input_shape[1:])
    way = ask_digit(network.dataset)
    if network.note:
        caption(network.note)
    say_why_none(network.dataset)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        digit = chosen_image(way, network.dataset)
    if digit is None:
        screen_summary.put(summary, words.SUMMARY_WITHOUT)
        return
    try:
        trial = Trial(network, digit, settings.spec)
        reading = trial.read(trial.draws(settings.count, settings.seed))
    except StudentError as error:
        problem(error)
        return
    with answer_place.container():
        asked = question(trial, reading, settings)
        told = may_tell(asked, trial, reading)
        said = verdict(trial, reading, settings.kind) if told or asked is None else asked.asked
        if told:
            answer(said)
    screen_summary.put(summary, words.summary_of_changes(settings.spec, trial.a_digit, len(reading), said))
    with left:
        show(trial, reading, settings, told)
    with right:
        dragged(trial)
        if server.why_no_images(network.dataset) is None:
            act(network, settings.spec, pairs)
        else:
            caption(words.NOTHING_TO_TRAIN_ON)
    if pairs:
        outcome(pairs)
    where_the_label_breaks(trial)
    show_code(settings.spec)
    if not network.trained:
        st.button("Look at the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",))


page(page_head("augmentation"))
next_question("my_data", "lets a network learn what you draw.")
