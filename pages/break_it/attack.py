"""The view "Attack a digit": how little it takes until the network reads something else, and whether aim does it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core.errors import StudentError
from pages.break_it import attack_asking as asking
from pages.break_it import attack_many, attack_others
from pages.break_it import attack_words as words
from pages.break_it.attack_asking import Asked
from pages.break_it.attack_chart import sure_chart
from pages.break_it.attack_kinds import AIMED
from pages.break_it.attack_pictures import equation
from pages.break_it.attack_trial import place_of, rival_of, trial_of
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.figure import mode
from pages.ui.drawing.figure import show as show_figure
from pages.ui.drawing.sheets import image_picture
from pages.ui.forms.digit_input import (
    ChosenImage,
    begin_with_digit,
    chosen_image,
    look_at_digit,
    say_why_none,
    singular,
    way_and_number,
)
from pages.ui.frame.shell import ROOT, entry
from pages.ui.visitor import networks, server
from pages.ui.wording import screen_summary
from pages.ui.wording.blocks import answer, caption, problem, what_you_see
from pages.ui.wording.classes import article
from pages.ui.wording.picture_words import how_sure

if TYPE_CHECKING:
    from cnn_core.insight import Trial

FIRST_DIGIT = 4  # of the test images
AGAINST = 0.1  # size of the attacks in the recipe that is offered


def draw(
    network: networks.LoadedNetwork, strip: DeltaGenerator, verdict: DeltaGenerator, summary: DeltaGenerator
) -> None:
    """Draw the view.

    strip:   the control strip, a horizontal container in which the choice of the view stands already.
    verdict: the place for the answer in one line, above the strip.
    summary: the place for what is read to whoever does not see the page.
    """
    begin_with_digit(FIRST_DIGIT)
    with strip:
        way = way_and_number(network.dataset, standard=FIRST_DIGIT)
        asked = asking.ask_kind()
    say_why_none(network.dataset)
    left, right = st.columns([576, 292], gap="medium")
    with left:
        chosen = chosen_image(way, network.dataset)
    if chosen is None:
        _say(words.nothing_given(singular(network.dataset)), "", network, verdict, summary)
        asking.tell()
        return
    try:
        with left:
            trial = trial_of(network, chosen.image, chosen.label if network.trained else None, asked)
    except StudentError as error:  # a network for other images than ours
        problem(error)
        return
    classes, place = networks.classes_of(network), place_of(trial, asked)
    said = words.verdict(
        trial, place, classes, asked.direction, singular(network.dataset), is_trained=network.trained
    )
    _say(said, "" if trial.is_misread else words.about_smallest(trial), network, verdict, summary)
    if trial.is_misread:
        _misread(network, trial, chosen, left, right)
    else:
        _attacked(network, trial, place, asked, chosen, classes, left, right)
    asking.tell()


def _say(
    said: str, more: str, network: networks.LoadedNetwork, verdict: DeltaGenerator, summary: DeltaGenerator
) -> None:
    with verdict:
        answer(said)
    screen_summary.put(summary, words.summary_of_attack(network.title, said, more))


def _misread(
    network: networks.LoadedNetwork,
    trial: Trial,
    chosen: ChosenImage,
    left: DeltaGenerator,
    right: DeltaGenerator,
) -> None:
    """Nothing to attack: the image, the answer, and the way to the next one."""
    with left:
        image_picture(chosen.image.numpy(), "attack_misread", alt=chosen.title, px=252)
        following = ((chosen.index or 0) + 1) % len(server.images(network.dataset, "test"))
        st.button(words.NEXT_ONE, key="attack_next", on_click=look_at_digit, args=(following,))
    with right:
        probabilities, classes = trial.probabilities[0].tolist(), networks.classes_of(network)
        figure = bars(probabilities, classes, mode(), truth=chosen.label)
        show_figure(figure, key="attack_bars", alt=how_sure(probabilities, classes))


def _attacked(
    network: networks.LoadedNetwork,
    trial: Trial,
    place: int,
    asked: Asked,
    chosen: ChosenImage,
    classes: Sequence[str],
    left: DeltaGenerator,
    right: DeltaGenerator,
) -> None:
    with left:
        equation(trial, place, asked, chosen, classes)
        asking.ask_size(asked, trial.sizes, place)
        asking.ask_direction(asked)
        _curve(trial, place, classes)
        if asked.kind in AIMED:
            _train_against()
    with right:
        _smallest(trial, asked)
        others = _beside(network, trial, asked, chosen, classes)
    attack_many.section(network, others, asked.kind)


def _curve(trial: Trial, place: int, classes: Sequence[str]) -> None:
    label, rival = trial.label, rival_of(trial, place)
    ending = f", {words.AIMED_LINE}" if trial.attack in AIMED else ""
    st.markdown(f"**{words.HOW_SURE}**")
    show_figure(
        sure_chart(
            trial.sizes,
            (f"{article(classes[label])}{ending}", trial.probabilities[:, label].tolist()),
            (f"{article(classes[rival])}{ending}", trial.probabilities[:, rival].tolist()),
            None
            if trial.control is None
            else (f"{article(classes[label])}, {words.BY_LOT}", trial.control[:, label].tolist()),
            place,
            words.AXES[trial.attack],
            mode(),
        ),
        key="attack_curve",
        alt=words.curve_alt(trial, classes, rival),
    )
    if trial.unseen.all():
        caption(words.NO_PIXEL_COUNTS)
    what_you_see(words.what_you_see(trial, article(classes[label]), len(trial.image) > 1))


def _smallest(trial: Trial, asked: Asked) -> None:
    """The smallest size that works, and the way back to it where the slider stands elsewhere."""
    size = None if trial.smallest is None else trial.sizes[trial.smallest]
    st.metric(words.SMALLEST, words.NONE if size is None else words.size_text(trial.attack, size))
    caption(words.about_smallest(trial))
    if size is not None and asked.size is not None and asked.size != size:
        st.button(words.GO_THERE, key="attack_smallest", icon=":material/search:", on_click=asking.begin_anew)


def _beside(
    network: networks.LoadedNetwork, trial: Trial, asked: Asked, chosen: ChosenImage, classes: Sequence[str]
) -> list[networks.LoadedNetwork]:
    """Other networks at this image. Returns them."""
    st.markdown(f"**{words.HOLDS_OUT}**")
    bars_place = st.container()
    others = attack_others.ask(network)
    with bars_place:
        rows = attack_others.trials(others, chosen, trial.label, asked)
        attack_others.side_by_side(trial, rows, classes, attack_others.called(network))
    if asked.kind == "fgsm" and (said := attack_others.about_augmentation([network, *others])):
        caption(said)
    return others


def _train_against() -> None:
    """The way to the recipe that trains against such attacks."""
    st.page_link(
        ROOT / entry("train").file,
        label=f":primary[{words.TRAIN_AGAINST}]",
        query_params={"recipe": "own", "against": f"{AGAINST:g}"},
        width="content",
    )
    caption(words.why_train_against(AGAINST))
