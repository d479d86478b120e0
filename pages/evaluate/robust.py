"""How accuracy falls as the test images are shifted, turned and noised."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st
import torch

from cnn_core import pretrained
from cnn_core.data import ImageSet
from cnn_core.errors import StudentError
from cnn_core.model import PRESETS, fitted
from cnn_core.training import CHANGES, changed_images
from pages.evaluate import guessing, words
from pages.evaluate.exam import Exam, overlap_of
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.evaluation_charts import robustness_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.legend import in_colour
from pages.ui.drawing.palette import RUNS
from pages.ui.drawing.sheets import sheet
from pages.ui.forms import choice, guess
from pages.ui.frame import address
from pages.ui.trained.fair import RIVALS, race, same_images, trained_on_the_same
from pages.ui.trained.trained import Trained
from pages.ui.visitor import networks, server
from pages.ui.wording import refusals
from pages.ui.wording.blocks import caption, what_you_see
from pages.ui.wording.looking import look
from pages.ui.wording.numbers import percent

ROBUST = 2_000  # test images of the curves
_STARTED = "evaluate_race"  # the run for which this visitor asked for a fair race here
_CHANGE = address.one_of("change", "evaluate_change", {change: change for change in CHANGES}, "shift")
EXAMPLES = 2  # test images drawn at each strength

Line = tuple[str, list[float]]  # a network's name, its accuracy at each strength


def rivals(network: networks.LoadedNetwork) -> list[networks.LoadedNetwork]:
    """The network being looked at, then a convnet and an MLP of other designs than its own.

    Those that the visitor trained on the same images come first; where there are none, ours stand in, which learnt from
    MNIST.
    """
    others = []
    for name in RIVALS:
        try:
            rival = fitted(PRESETS[name], network.spec.input_shape, network.spec.classes)
        except StudentError:  # its layers cannot stand on such images
            continue
        if rival.fingerprint == network.spec.fingerprint:
            continue
        own = trained_on_the_same(network.learnt_from, rival)
        if own is not None:
            others.append(networks.named(own))
        elif network.dataset == "mnist" and name in pretrained.names():
            others.append(networks.named(f"pretrained:{name}"))
    return [network, *others]


def robust(exam: Exam) -> None:
    """Draw the curves of the network and its rivals under one change, what they are asked, and who holds out."""
    change = choice.in_address(_CHANGE, "Change", {change: change.title() for change in CHANGES})
    contest = _contestants(exam.network)
    _say_whether_fair(exam, contest)
    left, right = st.columns([576, 292], gap="medium")
    lines: list[Line] = []
    with left:
        if guess.first(guessing.question(exam, change), guessing.look_of(exam.test, change)):
            lines = _lines(exam, change, contest)
            _curves(exam, change, lines, guessing.show(exam, change, lines[0][1]))
    with right:
        st.markdown("**What they are asked to read**")
        _examples(exam.test, change)
        if len(lines) > 1:
            _who_holds_out(change, lines)


def _contestants(network: networks.LoadedNetwork) -> list[networks.LoadedNetwork]:
    """The network and those of its rivals that take images of the same size."""
    return [one for one in rivals(network) if one.spec.input_shape == network.spec.input_shape]


def _name(one: networks.LoadedNetwork) -> str:
    return one.title if one.kind == "run" else one.spec.name


def _say_whether_fair(exam: Exam, contest: Sequence[networks.LoadedNetwork]) -> None:
    """Say where they learnt from different images, and offer to train rivals on the same; and where it is no test."""
    own = exam.network
    dataset, size = exam.dataset, len(exam.test)
    no_test = [
        words.no_test_of(_name(one), overlap_of(one.learnt_from, dataset, size, exam.test)) for one in contest
    ]
    for said in filter(None, no_test):
        caption(said)
    if not own.trained or all(same_images(own.learnt_from, other.learnt_from) for other in contest):
        return
    caption(words.unfair([(_name(one), one.learnt_from) for one in contest]))
    if own.run_id is not None and not networks.is_training():
        st.button(words.FAIR_RACE, key="fair_race", on_click=_start_race, args=(own.run_id,))
        if st.session_state.get(_STARTED) == own.run_id:
            caption(words.RACE_IS_ON)
        refusals.draw("race")


def _start_race(run_id: str) -> None:
    with refusals.collect("race"):
        race(Trained.of_run(server.store().run(run_id)))
        st.session_state[_STARTED] = run_id


def _lines(exam: Exam, change: str, contest: Sequence[networks.LoadedNetwork]) -> list[Line]:
    strengths, _ = CHANGES[change]
    dataset = exam.dataset
    with st.spinner(words.reading_all(min(ROBUST, len(exam.test)), len(strengths))):
        return [
            (_name(one), look(one, "accuracy_curve", ROBUST, dataset=dataset, change=change))
            for one in contest
        ]


def _curves(exam: Exam, change: str, lines: Sequence[Line], drawn: Sequence[float]) -> None:
    """drawn: what the visitor drew for the first line, per cent; empty where nothing was."""
    strengths, unit = CHANGES[change]
    names = [
        in_colour(color, name, percent(values[-1]))
        for (name, values), color in zip(lines, RUNS[mode()], strict=False)
    ]
    st.markdown(" &emsp; ".join(names))
    show(
        robustness_chart(strengths, lines, unit, 1 / exam.network.spec.classes, mode(), drawn=drawn),
        key="robustness",
        alt=words.robustness_alt(change, strengths, lines),
    )
    if drawn:
        caption(words.what_is_dotted(lines[0][0]))
    what_you_see(words.what_robustness_shows(min(ROBUST, len(exam.test)), change))


def _examples(test: ImageSet, change: str) -> None:
    strengths, _ = CHANGES[change]
    images = [
        changed_images(test.images[i : i + 1], change, strength, seed=1)
        for strength in strengths
        for i in range(EXAMPLES)
    ]
    sheet(
        image_sheet(torch.cat(images).numpy()),
        key="robust_examples",
        alt="Two test images at each strength",
        tile_px=56,
        columns=4,
        captions=[(f"{strength:g}", "") for strength in strengths for _ in range(EXAMPLES)],
        labels=[words.strength_label(change, strength, i) for strength in strengths for i in range(EXAMPLES)],
        clickable=False,
    )


def _who_holds_out(change: str, lines: Sequence[Line]) -> None:
    strengths, _ = CHANGES[change]
    middle = len(strengths) // 2
    accuracies = [(name, values[middle]) for name, values in lines]
    st.markdown(words.who_holds_out(change, strengths[middle], accuracies))
