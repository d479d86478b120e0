"""Where does it go wrong? Accuracy with its uncertainty, who is taken for whom, and how long it holds out."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from cnn_core.data import ImageSet, digit_from_pixels
from cnn_core.errors import StudentError
from cnn_core.training import (
    Evaluation,
    calibration,
    evaluate,
    expected_calibration_error,
)
from pages.evaluate.confusion import MOST, confusion, images_with_answers
from pages.evaluate.map_view import map_view
from pages.evaluate.robust import robust
from pages.ui.drawing.answer_charts import bars
from pages.ui.drawing.evaluation_charts import (
    calibration_chart,
)
from pages.ui.drawing.figure import mode, show
from pages.ui.forms.canvas import digit_canvas
from pages.ui.frame import process
from pages.ui.frame.shell import page_head, require_shell
from pages.ui.visitor import design, networks, server
from pages.ui.wording.blocks import answer, caption, next_question, problem, what_you_see
from pages.ui.wording.numbers import count, loss_text, percent, plural, probability

require_shell()

VIEWS = {
    "confusion": "Who for whom",
    "mistakes": "Mistakes",
    "robust": "Shift and turn",
    "map": "Map",
    "draw": "Draw",
}


# ---------------------------------------------------------------- what is computed, and kept


@st.cache_data(show_spinner=False, max_entries=24)
@process.in_turn
def evaluation_of(weights_key: str, dataset: str, size: int, _shown: Any) -> Evaluation:
    return evaluate(_shown.net, server.images(dataset, "test"))


# ---------------------------------------------------------------- views


def mistakes(
    shown: networks.LoadedNetwork, test: ImageSet, found: Evaluation, classes: tuple[str, ...]
) -> None:
    sure, said = found.probabilities.max(1)
    wrong = (said != test.labels).nonzero()[:, 0]
    ordered = wrong[sure[wrong].argsort(descending=True)].tolist()
    left, right = st.columns([576, 292], gap="medium")
    with left:
        st.markdown(f"**The surest of its {plural(len(ordered), 'mistake')}**")
        images_with_answers(ordered[:MOST], test, found, classes, "mistakes", columns=8)
        what_you_see(
            "Sorted by how sure the network was. Would you have read them? Some labels are a matter of taste."
        )
    with right:
        st.markdown("**Does it know when it does not know?**")
        table = calibration(found.probabilities, test.labels)
        show(
            calibration_chart(table, mode()),
            key="calibration",
            alt="How often it is right, against how sure it is",
        )
        gap = expected_calibration_error(found.probabilities, test.labels)
        caption(
            f"Of answers it is 90 % sure of, 90 % should be right: the dashed line. Its certainty is off by "
            f"{100 * gap:.1f} points on average."
        )


@st.fragment
def draw(shown: networks.LoadedNetwork, classes: tuple[str, ...]) -> None:
    left, right = st.columns([300, 560], gap="medium")
    with left:
        pixels = digit_canvas("digit_pad", px=280)
    with right:
        if pixels is None:
            caption("Draw a digit: the bars follow your pen.")
            return
        try:
            image = digit_from_pixels(pixels)
            chances = shown.net.predict(image[None])[0].tolist()
        except StudentError as error:
            problem(error)
            return
        best = int(np.argmax(chances))
        st.markdown(f"It reads **{classes[best]}**, {probability(chances[best])} sure.")
        show(bars(chances, classes, mode()), key="draw_bars", alt="Probability of each class")


# ---------------------------------------------------------------- the page


def page() -> None:
    shown = networks.current()
    if shown.note:
        caption(shown.note)
    try:
        test = server.images(shown.dataset, "test")
        found = evaluation_of(shown.weights_key, shown.dataset, len(test), shown)
    except StudentError as error:
        problem(error)
        return
    classes = networks.classes_of(shown)
    low, high = found.interval
    wrong = round((1 - found.accuracy) * found.count)
    told = (
        f"It misreads **{count(wrong)}** of {plural(found.count, 'test image')}: **{percent(found.accuracy)}** right, "
        f"between {percent(low)} and {percent(high)} on endlessly many (95 %). Loss {loss_text(found.loss)}."
    )
    answer(told if shown.trained else f"Everywhere, for it has not been trained. {told}")
    if test.is_sample:
        caption(test.source)
    view = st.segmented_control(
        "View",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default="confusion",
        required=True,
        key="view",
        label_visibility="collapsed",
        bind="query-params",
    )
    if view == "mistakes":
        mistakes(shown, test, found, classes)
    elif view == "robust":
        robust(shown, test, classes)
    elif view == "map":
        map_view(shown, test, classes)
    elif view == "draw":
        draw(shown, classes)
    else:
        confusion(shown, test, found, classes)
    if not shown.trained:
        st.button("Look at the lesson’s convnet", on_click=design.look_at, args=("pretrained:lesson",))


page_head("evaluate")
page()
next_question("feature_maps", "opens the network at the very image it got wrong.")
