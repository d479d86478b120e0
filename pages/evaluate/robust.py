"""How accuracy falls as the test digits are shifted, turned and noised."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
import torch

from cnn_core import pretrained
from cnn_core.data import ImageSet
from cnn_core.training import CHANGES, accuracy_under, changed_images
from pages.evaluate import words
from pages.evaluate.exam import Exam
from pages.ui.drawing.contact_sheet import image_sheet
from pages.ui.drawing.evaluation_charts import robustness_chart
from pages.ui.drawing.figure import mode, show
from pages.ui.drawing.legend import in_colour
from pages.ui.drawing.palette import RUNS
from pages.ui.drawing.sheets import sheet
from pages.ui.frame import process
from pages.ui.visitor import networks, server
from pages.ui.wording.blocks import what_you_see

ROBUST = 2_000  # test images of the curves
EXAMPLES = 2  # test images drawn at each strength

Line = tuple[str, list[float]]  # a network's name, its accuracy at each strength


@st.cache_data(show_spinner=False, max_entries=48)
@process.in_turn
def robustness_of(weights_key: str, dataset: str, size: int, change: str, _network: Any) -> list[float]:
    """The accuracy at each strength of a change, on the first test images; fractions."""
    return accuracy_under(_network.net, server.images(dataset, "test").take(ROBUST), change)


def rivals(network: networks.LoadedNetwork) -> list[networks.LoadedNetwork]:
    """The network being looked at, then ours of other designs, trained on the same images; three at most."""
    ours = [name for name in ("lesson", "mlp") if name in pretrained.names()]
    if network.dataset != "mnist":
        ours = []
    others = [
        networks.named(f"pretrained:{name}") for name in ours if network.weights_key != f"pretrained:{name}"
    ]
    return [network, *(other for other in others if other.spec.fingerprint != network.spec.fingerprint)]


def robust(exam: Exam) -> None:
    """Draw the curves of the network and its rivals under one change, what they are asked, and who holds out."""
    change = _ask_change()
    left, right = st.columns([576, 292], gap="medium")
    with left:
        lines = _lines(exam, change)
        _curves(exam, change, lines)
    with right:
        st.markdown("**What they are asked to read**")
        _examples(exam.test, change)
        if len(lines) > 1:
            _who_holds_out(change, lines)


def _ask_change() -> str:
    change = st.segmented_control(
        "Change",
        list(CHANGES),
        format_func=str.title,
        default="shift",
        required=True,
        key="evaluate_change",
        label_visibility="collapsed",
        persist_state="session",
    )
    return str(change or "shift")


def _lines(exam: Exam, change: str) -> list[Line]:
    strengths, _ = CHANGES[change]
    size, dataset = len(exam.test), exam.network.dataset
    with st.spinner(words.reading_all(min(ROBUST, size), len(strengths))):
        return [
            (
                one.title if one.kind == "run" else one.spec.name,
                robustness_of(one.weights_key, dataset, size, change, one),
            )
            for one in rivals(exam.network)
            if one.spec.input_shape == exam.network.spec.input_shape
        ]


def _curves(exam: Exam, change: str, lines: Sequence[Line]) -> None:
    strengths, unit = CHANGES[change]
    names = [in_colour(color, name) for (name, _), color in zip(lines, RUNS[mode()], strict=False)]
    st.markdown(" &emsp; ".join(names))
    show(
        robustness_chart(strengths, lines, unit, 1 / exam.network.spec.classes, mode()),
        key="robustness",
        alt=f"Accuracy against {change}",
    )
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
        clickable=False,
    )


def _who_holds_out(change: str, lines: Sequence[Line]) -> None:
    strengths, _ = CHANGES[change]
    middle = len(strengths) // 2
    accuracies = [(name, values[middle]) for name, values in lines]
    st.markdown(words.who_holds_out(change, strengths[middle], accuracies))
